//! The service catalogues of Regions, kept while a function is warm.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_ec2::Client;
use jiff::{SignedDuration, Timestamp};
use postern_core::model::catalogue::Catalogue;
use postern_core::model::endpoint::{Endpoint, EndpointKind};
use postern_core::model::id::{Region, ServiceName};
use tokio::sync::Mutex as AsyncMutex;

use super::{parse, service_by_name, services};
use crate::error::CallError;

/// AWS adds services and zones every few days.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(6);
/// How many services one observation asks for by name. The others are asked for by later ones.
const MOST_BY_NAME: usize = 20;

/// The catalogues of one account: the same zone has other names in other accounts.
#[derive(Debug, Default)]
pub(crate) struct Catalogues {
    kept: Mutex<BTreeMap<Region, Arc<AsyncMutex<Option<Kept>>>>>,
    /// Full names of services that the settings require.
    required: Mutex<BTreeSet<ServiceName>>,
}

/// A service by its full name, with its Region, if it is another one.
type ByName = (ServiceName, Option<Region>);

#[derive(Debug)]
struct Kept {
    catalogue: Arc<Catalogue>,
    since: Timestamp,
    /// What AWS was asked for by name, whether it exists or not.
    asked: BTreeSet<ByName>,
}

impl Catalogues {
    /// The catalogue, from AWS where none is kept or the kept one is too old. Concurrent callers wait for one answer.
    pub(crate) async fn get(&self, ec2: &Client, region: &Region, now: Timestamp) -> Result<Arc<Catalogue>, CallError> {
        let slot = self.slot(region);
        let mut slot = slot.lock().await;
        if let Some(kept) = &*slot
            && now.duration_since(kept.since) < MAX_AGE
        {
            return Ok(Arc::clone(&kept.catalogue));
        }
        let mut listed = parse::services(&services(ec2, Vec::new()).await?, region)?;
        listed.retain(|service| service.region.is_none());
        let catalogue = Arc::new(Catalogue::new(listed));
        *slot = Some(Kept {
            catalogue: Arc::clone(&catalogue),
            since: now,
            asked: BTreeSet::new(),
        });
        Ok(catalogue)
    }

    /// Services that are asked for by name where the listing omits them.
    pub(crate) fn require(&self, names: impl IntoIterator<Item = ServiceName>) {
        let mut required = self.required.lock().unwrap_or_else(PoisonError::into_inner);
        required.extend(names);
    }

    /// The catalogue with the services of these endpoints and those that the settings name. The listing omits some of the
    /// Region, and all of other Regions, which AWS describes by name only
    /// ([DescribeVpcEndpointServices](https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpointServices.html)).
    pub(crate) async fn complete(
        &self,
        ec2: &Client,
        region: &Region,
        catalogue: Arc<Catalogue>,
        endpoints: impl Iterator<Item = &Endpoint>,
    ) -> Result<Arc<Catalogue>, CallError> {
        let omitted = self.omitted(&catalogue, endpoints);
        if omitted.is_empty() {
            return Ok(catalogue);
        }
        let slot = self.slot(region);
        let mut slot = slot.lock().await;
        let Some(kept) = &mut *slot else {
            return Ok(catalogue);
        };
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        let new: Vec<_> = omitted.into_iter().filter(|name| !kept.asked.contains(name)).collect();
        for (name, other) in new.into_iter().take(MOST_BY_NAME) {
            // One unknown name fails a call for several.
            match service_by_name(ec2, &name, other.as_ref()).await {
                Ok(details) => {
                    let mut services = parse::services(&details, region)?;
                    services.retain(|service| service.name == name && service.region == other);
                    found.extend(services);
                }
                Err(error) if error.transient() => return Err(error),
                Err(error) if error.is(&["InvalidServiceName"]) => unknown.push((name.clone(), other.clone())),
                Err(_) => {}
            }
            kept.asked.insert((name, other));
        }
        if !(found.is_empty() && unknown.is_empty()) {
            kept.catalogue = Arc::new(kept.catalogue.with(found, unknown));
        }
        Ok(Arc::clone(&kept.catalogue))
    }

    /// What the catalogue lacks of these endpoints and of the settings.
    fn omitted<'a>(&self, catalogue: &Catalogue, endpoints: impl Iterator<Item = &'a Endpoint>) -> BTreeSet<ByName> {
        let lacking = endpoints.filter(|endpoint| !endpoint.dead() && catalogue.of_endpoint(endpoint).is_none());
        let mut omitted: BTreeSet<_> = lacking
            .filter_map(|endpoint| Some((endpoint.service.clone()?, endpoint.service_region.clone())))
            .collect();
        let kinds = [EndpointKind::Interface, EndpointKind::Gateway];
        let required = self.required.lock().unwrap_or_else(PoisonError::into_inner);
        let lacking = required
            .iter()
            .filter(|name| !kinds.iter().any(|kind| catalogue.find(name.as_str(), *kind).is_some()));
        omitted.extend(lacking.map(|name| (name.clone(), None)));
        omitted
    }

    fn slot(&self, region: &Region) -> Arc<AsyncMutex<Option<Kept>>> {
        let mut slots = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(region.clone()).or_default())
    }
}
