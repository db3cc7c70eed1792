//! All scopes of a Region at once, for sweeps.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use postern_core::model::endpoint::Endpoint;
use postern_core::model::id::{EndpointId, Region, SecurityGroupId, VpcId};
use postern_core::model::part::{Gap, Observed, Part};
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::model::snapshot::{SecurityGroup, Vpc, VpcDns, VpcSnapshot};
use postern_core::settings::Settings;

use super::dns_servers::options_of;
use super::groups::{may_be_foreign, unknown_groups};
use super::hosted_zones::{dns_profile, hosted_zones};
use super::{ObserveError, central, complete, dns, dns_servers, gap, observed, traffic, unasked};
use crate::describe::parse::{self, vpc_of};
use crate::describe::{self, filter};
use crate::error::CallError;
use crate::session::Session;

impl Session {
    /// Observes every scope of the Region that has some of these parts. What cannot be listed of one kind of scope leaves
    /// the others as they are: a role of an earlier version may not be allowed every call.
    pub async fn observe_region(
        &self,
        region: &Region,
        parts: &BTreeSet<Part>,
        settings: &Settings,
    ) -> (Vec<Snapshot>, Vec<ObserveError>) {
        let any = |of_scope: &[Part]| of_scope.iter().any(|part| parts.contains(part));
        let (vpcs, services) = tokio::join!(
            async {
                match any(&Part::VPC) {
                    true => self.observe_vpcs(region, parts, settings).await,
                    false => Ok(Vec::new()),
                }
            },
            async {
                match any(&Part::ENDPOINT_SERVICE) {
                    true => self.observe_services(region, parts).await,
                    false => Ok(Vec::new()),
                }
            },
        );
        let (mut snapshots, mut errors) = (Vec::new(), Vec::new());
        match vpcs {
            Ok(vpcs) => snapshots.extend(vpcs.into_iter().map(Snapshot::Vpc)),
            Err(error) => errors.push(error),
        }
        match services {
            Ok(services) => snapshots.extend(services.into_iter().map(Snapshot::Service)),
            Err(error) => errors.push(error),
        }
        (snapshots, errors)
    }

    /// Observes these parts of every VPC of the Region, those of other owners that are shared with us included. The
    /// calls grow with pages, and with VPCs where their DNS attributes are asked for, which AWS tells one at a time, or
    /// where their hosted zones decide with these settings.
    ///
    /// DNS attributes that cannot be read, for whatever reason, leave a gap in their VPC alone.
    pub async fn observe_vpcs(
        &self,
        region: &Region,
        parts: &BTreeSet<Part>,
        settings: &Settings,
    ) -> Result<Vec<VpcSnapshot>, ObserveError> {
        Box::pin(self.sweep(region, parts, settings, None))
            .await
            .map_err(|source| ObserveError {
                target: format!("the VPCs of {region}"),
                source,
            })
    }

    /// The same of some VPCs only, of as many as a filter takes.
    pub(super) async fn sweep(
        &self,
        region: &Region,
        parts: &BTreeSet<Part>,
        settings: &Settings,
        only: Option<&BTreeSet<VpcId>>,
    ) -> Result<Vec<VpcSnapshot>, CallError> {
        self.catalogues().require(settings.full_service_names());
        let (account, ec2) = (self.account(), &self.ec2(region));
        let here = || only.map_or_else(Vec::new, |vpcs| vec![filter("vpc-id", vpcs.iter().map(VpcId::as_str))]);
        let (vpcs, subnets, route_tables, endpoints, security_groups, mut services, network_acls) = tokio::try_join!(
            describe::vpcs(ec2, here()),
            observed(Part::Subnets, parts, async {
                by_vpc(describe::subnets(ec2, here()).await?, |subnet| {
                    Ok((vpc_of(describe::SUBNETS, subnet.vpc_id())?, parse::subnet(subnet)?))
                })
            }),
            observed(Part::RouteTables, parts, async {
                by_vpc(describe::route_tables(ec2, here()).await?, |table| {
                    Ok((
                        vpc_of(describe::ROUTE_TABLES, table.vpc_id())?,
                        parse::route_table(table)?,
                    ))
                })
            }),
            observed(Part::Endpoints, parts, async {
                by_vpc(describe::endpoints(ec2, here()).await?, |endpoint| {
                    let parsed = parse::endpoint(endpoint, account, region)?;
                    Ok((vpc_of(describe::ENDPOINTS, endpoint.vpc_id())?, parsed))
                })
            }),
            observed(Part::SecurityGroups, parts, async {
                // Those of other VPCs, too, which endpoints may have.
                by_vpc(describe::security_groups(ec2, Vec::new()).await?, |group| {
                    Ok((
                        vpc_of(describe::SECURITY_GROUPS, group.vpc_id())?,
                        parse::security_group(group)?,
                    ))
                })
            }),
            observed(Part::Services, parts, self.catalogues().get(ec2, region, self.now())),
            observed(Part::NetworkAcls, parts, async {
                by_vpc(describe::network_acls(ec2, here()).await?, |acl| {
                    Ok((vpc_of(describe::NETWORK_ACLS, acl.vpc_id())?, parse::network_acl(acl)?))
                })
            }),
        )?;
        if let Ok(catalogue) = &mut services {
            let endpoints = endpoints.iter().flat_map(BTreeMap::values).flat_map(BTreeMap::values);
            complete(self, region, catalogue, endpoints).await?;
        }
        let options: BTreeMap<_, _> = vpcs
            .iter()
            .filter_map(|vpc| Some((VpcId::from(vpc.vpc_id()?), options_of(vpc)?)))
            .collect();
        let vpcs = vpcs.iter().map(parse::vpc).collect::<Result<Vec<_>, _>>()?;
        let dns = stream::iter(vpcs).map(async |vpc| {
            let dns = dns_of(self, region, &vpc, parts).await;
            (vpc, dns)
        });
        let dns: Vec<_> = dns.buffer_unordered(describe::CONCURRENT_CALLS).collect().await;
        let snapshots = dns.into_iter().filter_map(|(vpc, dns)| {
            let endpoints = share(&endpoints, &vpc.id);
            Some(VpcSnapshot {
                account: account.clone(),
                region: region.clone(),
                dns: dns?,
                dns_servers: Err(unasked(Part::Dns)),
                subnets: share(&subnets, &vpc.id),
                route_tables: share(&route_tables, &vpc.id),
                security_groups: groups_of(&security_groups, &vpc.id, &endpoints),
                endpoints,
                services: services.clone(),
                network_acls: share(&network_acls, &vpc.id),
                hosted_zones: Err(unasked(Part::HostedZones)),
                dns_profile: Err(unasked(Part::HostedZones)),
                central: Err(unasked(Part::Central)),
                traffic: Err(unasked(Part::Traffic)),
                vpc,
            })
        });
        let mut snapshots: Vec<_> = snapshots.collect();
        let with_options = snapshots.iter_mut().map(|snapshot| {
            let options = options.get(&snapshot.vpc.id).cloned();
            (snapshot, options)
        });
        // What fails is a gap in the VPCs concerned.
        dns_servers::observe(self, region, with_options, settings).await.ok();
        if parts.contains(&Part::HostedZones) {
            for snapshot in &mut snapshots {
                snapshot.hosted_zones = hosted_zones(self, snapshot, settings).await;
                snapshot.dns_profile = dns_profile(self, snapshot, settings).await;
            }
        }
        if parts.contains(&Part::Traffic) {
            traffic::observe(self, region, &mut snapshots, settings).await;
        }
        if parts.contains(&Part::Central) {
            central::among(&mut snapshots, settings);
        }
        Ok(snapshots)
    }
}

/// The groups of a VPC, and those of other VPCs that its endpoints have.
fn groups_of(
    all: &Observed<ByVpc<SecurityGroupId, SecurityGroup>>,
    vpc: &VpcId,
    endpoints: &Observed<BTreeMap<EndpointId, Endpoint>>,
) -> Observed<BTreeMap<SecurityGroupId, SecurityGroup>> {
    let mut groups = share(all, vpc)?;
    if let (Ok(all), Ok(endpoints)) = (all, endpoints) {
        for id in unknown_groups(endpoints, &groups) {
            let found = all.values().find_map(|groups| groups.get(&id));
            groups.extend(
                found
                    .filter(|group| may_be_foreign(group))
                    .map(|group| (id, group.clone())),
            );
        }
    }
    Ok(groups)
}

/// None: the VPC no longer exists.
async fn dns_of(session: &Session, region: &Region, vpc: &Vpc, parts: &BTreeSet<Part>) -> Option<Observed<VpcDns>> {
    if vpc.owner != *session.account() {
        let reason = format!("{} belongs to account {}", vpc.id, vpc.owner);
        return Some(Err(Gap {
            part: Part::Dns,
            reason,
        }));
    }
    if !parts.contains(&Part::Dns) {
        return Some(Err(unasked(Part::Dns)));
    }
    // One call for each of the two attributes.
    for _ in 0..2 {
        session.turn_to_read(region, describe::VPC_ATTRIBUTE).await;
    }
    match dns(&session.ec2(region), &vpc.id).await {
        Ok(dns) => Some(Ok(dns)),
        Err(error) if error.not_found() => None,
        Err(error) => Some(Err(gap(Part::Dns, &error))),
    }
}

type ByVpc<K, T> = BTreeMap<VpcId, BTreeMap<K, T>>;

fn by_vpc<S, K: Ord, T>(
    items: Vec<S>,
    parse: impl Fn(&S) -> Result<(VpcId, (K, T)), CallError>,
) -> Result<ByVpc<K, T>, CallError> {
    let mut sorted = ByVpc::new();
    for item in &items {
        let (vpc, (id, item)) = parse(item)?;
        sorted.entry(vpc).or_default().insert(id, item);
    }
    Ok(sorted)
}

/// What one VPC has of everything; a gap for one is a gap for all.
fn share<K: Ord + Clone, T: Clone>(all: &Observed<ByVpc<K, T>>, vpc: &VpcId) -> Observed<BTreeMap<K, T>> {
    match all {
        Ok(all) => Ok(all.get(vpc).cloned().unwrap_or_default()),
        Err(gap) => Err(gap.clone()),
    }
}
