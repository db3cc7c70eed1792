//! Endpoint services as they are now: one, or all of a Region.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::ServiceConfiguration;
use futures_util::{StreamExt, TryStreamExt, stream};
use postern_core::model::endpoint_service::{Connection, EndpointService, ServiceSnapshot, ServiceState};
use postern_core::model::id::{EndpointId, EndpointServiceId, Region};
use postern_core::model::snapshot::{Observed, Part};

use super::{ObserveError, observed, unasked};
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
    let permissions = observed(Part::Permissions, parts, async {
        parse::all(describe::permissions(ec2, &service.id).await?, parse::permission)
    });
    let permissions = match permissions.await {
        Err(error) if error.not_found() => return Ok(None),
        permissions => permissions?,
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
        load_balancers: Err(unasked(Part::LoadBalancers)),
        target_health: Err(unasked(Part::TargetHealth)),
        service,
    }))
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
