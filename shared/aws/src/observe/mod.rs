//! Observes VPCs and endpoint services as they are now.

mod central;
mod clients;
mod dns_servers;
mod groups;
mod hosted_zones;
mod load_balancers;
mod region;
mod resolve;
mod service;
mod traffic;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_ec2::Client;
use postern_core::changes::DnsAttribute;
use postern_core::model::catalogue::Catalogue;
use postern_core::model::endpoint::Endpoint;
use postern_core::model::id::{Region, VpcId};
use postern_core::model::part::{Gap, Observed, Part};
use postern_core::model::scope::ScopedResource;
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::model::snapshot::{VpcDns, VpcSnapshot};
use postern_core::settings::Settings;

pub use central::Spokes;
pub use clients::CLIENT_CALLS;
pub use resolve::{Resolution, resolve_calls};

use crate::describe::{self, filter, parse};
use crate::error::{CallError, chain};
use crate::metric_data::METRIC_DATA;
use crate::session::Session;

/// The IAM actions without which there is no snapshot.
pub const VPC_CALLS: &[&str] = &[describe::VPCS];

/// Resources could not be observed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("could not observe {target}")]
pub struct ObserveError {
    /// Such as `vpc-… in eu-central-1`.
    pub target: String,
    #[source]
    source: CallError,
}

impl ObserveError {
    /// Whether another attempt may succeed.
    pub fn transient(&self) -> bool {
        self.source.transient()
    }

    /// The call that failed.
    pub fn call_error(&self) -> &CallError {
        &self.source
    }
}

/// The IAM actions that observing a part requires, besides `VPC_CALLS`.
pub fn calls(part: Part) -> &'static [&'static str] {
    match part {
        Part::Dns => &[describe::VPC_ATTRIBUTE, dns_servers::DHCP_OPTIONS],
        Part::Subnets => &[describe::SUBNETS],
        Part::RouteTables => &[describe::ROUTE_TABLES],
        Part::Endpoints => &[describe::ENDPOINTS],
        Part::SecurityGroups => &[describe::SECURITY_GROUPS],
        Part::Services => &[describe::SERVICES],
        Part::NetworkAcls => &[describe::NETWORK_ACLS],
        Part::HostedZones => &[
            hosted_zones::ZONES_OF_VPC,
            hosted_zones::RECORDS,
            hosted_zones::PROFILES,
        ],
        Part::Central => central::CALLS,
        Part::Traffic => &[METRIC_DATA],
        Part::Configuration => &[describe::CONFIGURATIONS],
        Part::Permissions => &[describe::PERMISSIONS],
        Part::Connections => &[describe::CONNECTIONS],
        Part::LoadBalancers => &[load_balancers::LOAD_BALANCERS, load_balancers::ATTRIBUTES],
        Part::TargetHealth => &[load_balancers::TARGET_GROUPS, load_balancers::TARGET_HEALTH],
    }
}

impl Session {
    /// Observes these parts of a resource of the account, all in one round trip. None: the resource no longer exists.
    ///
    /// A part that AWS refuses for good becomes a gap. A failure that may pass is an error: incomplete data is never
    /// acted on. Hosted zones and metrics are asked for only where they decide with these settings, and any failure is a gap.
    pub async fn observe(
        &self,
        region: &Region,
        resource: &ScopedResource,
        parts: &BTreeSet<Part>,
        settings: &Settings,
    ) -> Result<Option<Snapshot>, ObserveError> {
        // Boxed: the futures of the SDK's calls are large.
        let observed = match resource {
            ScopedResource::Vpc(vpc) => Box::pin(observe(self, region, vpc, parts, settings))
                .await
                .map(|vpc| vpc.map(Snapshot::Vpc)),
            ScopedResource::EndpointService(service) => {
                let observed = Box::pin(service::observe(self, region, service, parts)).await;
                observed.map(|service| service.map(Snapshot::Service))
            }
        };
        observed.map_err(|source| ObserveError {
            target: format!("{resource} in {region}"),
            source,
        })
    }
}

async fn observe(
    session: &Session,
    region: &Region,
    vpc: &VpcId,
    parts: &BTreeSet<Part>,
    settings: &Settings,
) -> Result<Option<VpcSnapshot>, CallError> {
    session.catalogues().require(settings.full_service_names());
    let (account, ec2) = (session.account(), &session.ec2(region));
    let here = || vec![filter("vpc-id", [vpc.as_str()])];
    let parts_of_it = async {
        tokio::try_join!(
            observed(Part::Dns, parts, async {
                // The VPC was just made or just deleted, and not all of AWS knows.
                dns(ec2, vpc).await.map_err(|error| match error.not_found() {
                    true => error.into_transient(),
                    false => error,
                })
            }),
            observed(Part::Subnets, parts, async {
                parse::all(describe::subnets(ec2, here()).await?, parse::subnet)
            }),
            observed(Part::RouteTables, parts, async {
                parse::all(describe::route_tables(ec2, here()).await?, parse::route_table)
            }),
            observed(Part::Endpoints, parts, async {
                let endpoints = describe::endpoints(ec2, here()).await?;
                parse::all(endpoints, |endpoint| parse::endpoint(endpoint, account, region))
            }),
            observed(Part::SecurityGroups, parts, async {
                parse::all(describe::security_groups(ec2, here()).await?, parse::security_group)
            }),
            observed(
                Part::Services,
                parts,
                session.catalogues().get(ec2, region, session.now())
            ),
            observed(Part::NetworkAcls, parts, async {
                parse::all(describe::network_acls(ec2, here()).await?, parse::network_acl)
            }),
        )
    };
    let (found, seen) = tokio::join!(vpcs(ec2, vpc), parts_of_it);
    // What fails because the VPC is gone does not count.
    let Some(vpc) = found? else { return Ok(None) };
    let dhcp_options = dns_servers::options_of(&vpc);
    let (dns, subnets, route_tables, endpoints, mut security_groups, mut services, network_acls) = seen?;
    if let (Ok(endpoints), Ok(groups)) = (&endpoints, &mut security_groups) {
        groups.extend(groups::foreign(ec2, endpoints, groups).await?);
    }
    if let Ok(catalogue) = &mut services {
        let endpoints = endpoints.iter().flat_map(BTreeMap::values);
        complete(session, region, catalogue, endpoints).await?;
    }
    let mut snapshot = VpcSnapshot {
        account: account.clone(),
        region: region.clone(),
        vpc: parse::vpc(&vpc)?,
        dns,
        dns_servers: Err(unasked(Part::Dns)),
        subnets,
        route_tables,
        endpoints,
        security_groups,
        services,
        network_acls,
        hosted_zones: Err(unasked(Part::HostedZones)),
        dns_profile: Err(unasked(Part::HostedZones)),
        central: Err(unasked(Part::Central)),
        traffic: Err(unasked(Part::Traffic)),
    };
    dns_servers::observe(session, region, [(&mut snapshot, dhcp_options)], settings).await?;
    if parts.contains(&Part::HostedZones) {
        snapshot.hosted_zones = hosted_zones::hosted_zones(session, &snapshot, settings).await;
        snapshot.dns_profile = hosted_zones::dns_profile(session, &snapshot, settings).await;
    }
    if parts.contains(&Part::Traffic) {
        traffic::observe(session, region, std::slice::from_mut(&mut snapshot), settings).await;
    }
    snapshot.central = observed(
        Part::Central,
        parts,
        central::central(session, region, &snapshot, settings),
    )
    .await?;
    Ok(Some(snapshot))
}

/// Adds services to the catalogue that the listing omits.
async fn complete(
    session: &Session,
    region: &Region,
    catalogue: &mut Arc<Catalogue>,
    endpoints: impl Iterator<Item = &Endpoint>,
) -> Result<(), CallError> {
    let (ec2, listed) = (session.ec2(region), Arc::clone(catalogue));
    *catalogue = session.catalogues().complete(&ec2, region, listed, endpoints).await?;
    Ok(())
}

async fn vpcs(ec2: &Client, vpc: &VpcId) -> Result<Option<aws_sdk_ec2::types::Vpc>, CallError> {
    match describe::vpcs(ec2, vec![filter("vpc-id", [vpc.as_str()])]).await {
        Ok(found) => Ok(found.into_iter().next()),
        Err(error) if error.not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

async fn dns(ec2: &Client, vpc: &VpcId) -> Result<VpcDns, CallError> {
    let (support, hostnames) = tokio::try_join!(
        describe::dns_attribute(ec2, vpc, DnsAttribute::Support),
        describe::dns_attribute(ec2, vpc, DnsAttribute::Hostnames),
    )?;
    Ok(VpcDns { support, hostnames })
}

/// Observes the part if it is wanted, and turns a failure that lasts into a gap.
async fn observed<T>(
    part: Part,
    parts: &BTreeSet<Part>,
    observation: impl Future<Output = Result<T, CallError>>,
) -> Result<Observed<T>, CallError> {
    if !parts.contains(&part) {
        return Ok(Err(unasked(part)));
    }
    match observation.await {
        Ok(found) => Ok(Ok(found)),
        Err(error) if error.transient() => Err(error),
        Err(error) => Ok(Err(gap(part, &error))),
    }
}

fn unasked(part: Part) -> Gap {
    Gap {
        part,
        reason: format!("{} not observed by this function", words(part)),
    }
}

fn gap(part: Part, error: &CallError) -> Gap {
    Gap {
        part,
        reason: chain(&error),
    }
}

fn words(part: Part) -> &'static str {
    match part {
        Part::Dns => "the VPC's DNS attributes were",
        Part::Subnets => "the subnets were",
        Part::RouteTables => "the route tables were",
        Part::Endpoints => "the endpoints were",
        Part::SecurityGroups => "the security groups were",
        Part::Services => "the service catalogue was",
        Part::NetworkAcls => "the network ACLs were",
        Part::HostedZones => "the private hosted zones were",
        Part::Central => "the VPCs that share endpoints were",
        Part::Traffic => "the traffic of the endpoints was",
        Part::Configuration => "the configuration was",
        Part::Permissions => "the permissions were",
        Part::Connections => "the connections were",
        Part::LoadBalancers => "the load balancers were",
        Part::TargetHealth => "the health of the targets was",
    }
}
