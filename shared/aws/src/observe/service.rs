//! Endpoint services as they are now: one, or all of a Region.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{AllowedPrincipal, ServiceConfiguration};
use futures_util::{StreamExt, TryStreamExt, stream};
use postern_core::model::endpoint_service::{Connection, EndpointService, Permission, ServiceSnapshot, ServiceState};
use postern_core::model::id::{EndpointId, EndpointServiceId, Region};
use postern_core::model::part::{Observed, Part};

use super::{ObserveError, gap, load_balancers, observed, unasked};
use crate::describe::{self, filter, parse};
use crate::error::CallError;
use crate::session::Session;

type Connections = BTreeMap<EndpointServiceId, BTreeMap<EndpointId, Connection>>;

impl Session {
    /// Observes these parts of every endpoint service of the account in the Region. Permissions take a call for each
    /// service.
    pub async fn observe_services(
        &self,
        region: &Region,
        parts: &BTreeSet<Part>,
    ) -> Result<Vec<ServiceSnapshot>, ObserveError> {
        Box::pin(observe_all(self, region, parts))
            .await
            .map_err(|source| ObserveError {
                target: format!("the endpoint services of {region}"),
                source,
            })
    }
}

/// None: the service no longer exists.
pub(super) async fn observe(
    session: &Session,
    region: &Region,
    service: &EndpointServiceId,
    parts: &BTreeSet<Part>,
) -> Result<Option<ServiceSnapshot>, CallError> {
    let ec2 = &session.ec2(region);
    let of_service = || vec![filter("service-id", [service.as_str()])];
    let (found, connections) = tokio::try_join!(
        describe::configurations(ec2, of_service()),
        observed(Part::Connections, parts, async {
            by_service(session, region, of_service()).await
        }),
    )?;
    let Some(service) = existing(session, &found)?.into_iter().next() else {
        return Ok(None);
    };
    snapshot(session, region, service, &connections, parts).await
}

async fn observe_all(
    session: &Session,
    region: &Region,
    parts: &BTreeSet<Part>,
) -> Result<Vec<ServiceSnapshot>, CallError> {
    let services = existing(
        session,
        &describe::configurations(&session.ec2(region), Vec::new()).await?,
    )?;
    if services.is_empty() {
        return Ok(Vec::new());
    }
    let connections = observed(Part::Connections, parts, async {
        by_service(session, region, Vec::new()).await
    });
    let connections = &connections.await?;
    let snapshots =
        stream::iter(services).map(async |service| snapshot(session, region, service, connections, parts).await);
    let snapshots: Vec<_> = snapshots.buffered(describe::CONCURRENT_CALLS).try_collect().await?;
    Ok(snapshots.into_iter().flatten().collect())
}

/// None: the service was deleted in the meantime.
async fn snapshot(
    session: &Session,
    region: &Region,
    service: EndpointService,
    connections: &Observed<Connections>,
    parts: &BTreeSet<Part>,
) -> Result<Option<ServiceSnapshot>, CallError> {
    let ec2 = &session.ec2(region);
    // A service that was deleted in the meantime is no gap.
    let permissions = async {
        match parts.contains(&Part::Permissions) {
            true => {
                session.turn_to_read(region, describe::PERMISSIONS).await;
                match describe::permissions(ec2, &service.id).await {
                    Err(error) if error.not_found() => Ok(None),
                    found => permissions_of(found).map(Some),
                }
            }
            false => Ok(Some(Err(unasked(Part::Permissions)))),
        }
    };
    let (permissions, load_balancers, target_health) = tokio::try_join!(
        permissions,
        observed(Part::LoadBalancers, parts, async {
            load_balancers::load_balancers(session, region, &service.load_balancers).await
        }),
        observed(Part::TargetHealth, parts, async {
            load_balancers::target_health(session, region, &service.load_balancers).await
        }),
    )?;
    let Some(permissions) = permissions else {
        return Ok(None);
    };
    let connections = match connections {
        Ok(all) => Ok(all.get(&service.id).cloned().unwrap_or_default()),
        Err(gap) => Err(gap.clone()),
    };
    Ok(Some(ServiceSnapshot {
        account: session.account().clone(),
        region: region.clone(),
        permissions,
        connections,
        load_balancers,
        target_health,
        service,
    }))
}

fn permissions_of(
    found: Result<Vec<AllowedPrincipal>, CallError>,
) -> Result<Observed<BTreeMap<String, Permission>>, CallError> {
    match found.and_then(|found| parse::all(found, parse::permission)) {
        Ok(permissions) => Ok(Ok(permissions)),
        Err(error) if error.transient() => Err(error),
        Err(error) => Ok(Err(gap(Part::Permissions, &error))),
    }
}

/// AWS lists a deleted service for a while.
fn existing(session: &Session, found: &[ServiceConfiguration]) -> Result<Vec<EndpointService>, CallError> {
    let mut services = Vec::new();
    for configuration in found {
        let service = parse::configuration(configuration, session.account())?;
        if service.state != ServiceState::Deleted {
            services.push(service);
        }
    }
    Ok(services)
}

async fn by_service(
    session: &Session,
    region: &Region,
    filters: Vec<aws_sdk_ec2::types::Filter>,
) -> Result<Connections, CallError> {
    let mut sorted = Connections::new();
    for connection in describe::connections(&session.ec2(region), filters).await? {
        let (service, connection) = parse::connection(&connection, region)?;
        sorted
            .entry(service)
            .or_default()
            .insert(connection.endpoint.clone(), connection);
    }
    Ok(sorted)
}
