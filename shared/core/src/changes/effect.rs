//! Whether a change is in effect, by what was observed.

use ipnet::IpNet;
use serde_json::Value;

use crate::changes::{Change, DnsAttribute, Inverse, ManagedGroup, NewEndpoint};
use crate::model::id::{EndpointId, RunId};
use crate::model::managed::{TAG_MANAGED, TAG_RUN};
use crate::model::snapshot::{
    Endpoint, Gap, IngressRule, IngressSource, Observed, Protocol, SecurityGroup, Snapshot, Tags,
};

/// What a look at the state after a change says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EffectCheck {
    Done {
        /// The id of what was created, or of the managed group that the change refers to.
        created: Option<String>,
    },
    /// With what is so instead.
    NotDone(String),
}

type EffectResult = Result<EffectCheck, Gap>;

/// Whether the run made this change. A gap where what it changes was not observed.
pub fn change_effect(change: &Change, run: &RunId, snapshot: &Snapshot) -> EffectResult {
    match change {
        Change::EnableVpcDns { attribute, .. } => {
            let on = dns(*attribute, snapshot)?;
            Ok(when(on, None, || format!("{attribute} is disabled")))
        }
        Change::CreateManagedGroup { vpc } => match managed_group(snapshot)? {
            Some(group) if made_by(&group.tags, run) => Ok(done(Some(group.id.to_string()))),
            Some(group) => Ok(not_done(format!("another run created {}", group.id))),
            None => Ok(not_done(format!(
                "{} is not in {vpc}",
                ManagedGroup { vpc: vpc.clone() }
            ))),
        },
        Change::AuthorizeIngress { group, cidrs } => {
            let Some(found) = managed_group(snapshot)? else {
                return Ok(not_done(format!("{group} is not there")));
            };
            // A wider rule is what somebody else made.
            let missing = cidrs
                .iter()
                .find(|cidr| !exact_sources(found).any(|source| source == *cidr));
            Ok(match missing {
                None => done(Some(found.id.to_string())),
                Some(cidr) => not_done(format!("{} has no rule for {cidr}", found.id)),
            })
        }
        Change::CreateEndpoint(new) => {
            let endpoints = snapshot.endpoints.as_ref().map_err(Gap::clone)?;
            let made = endpoints
                .values()
                .find(|endpoint| is(endpoint, new) && made_by(&endpoint.tags, run));
            Ok(match made {
                Some(endpoint) => done(Some(endpoint.id.to_string())),
                None => not_done(format!("no endpoint to {} is of this run", new.service)),
            })
        }
        Change::AddSubnet {
            endpoint: id, subnet, ..
        } => of_endpoint(snapshot, id, |endpoint| {
            when(endpoint.subnets.contains(subnet), None, || {
                format!("{id} is not in {subnet}")
            })
        }),
        Change::AssociateRouteTable {
            endpoint: id,
            route_table,
        } => of_endpoint(snapshot, id, |endpoint| {
            when(endpoint.route_tables.contains(route_table), None, || {
                format!("{id} is not associated with {route_table}")
            })
        }),
        Change::AttachManagedGroup { endpoint: id, group } => {
            let Some(found) = managed_group(snapshot)? else {
                return Ok(not_done(format!("{group} is not there")));
            };
            of_endpoint(snapshot, id, |endpoint| {
                let attached = endpoint.security_groups.contains(&found.id);
                when(attached, Some(found.id.to_string()), || {
                    format!("{} is not attached to {id}", found.id)
                })
            })
        }
        Change::EnablePrivateDns { endpoint: id } => of_endpoint(snapshot, id, |endpoint| {
            when(endpoint.private_dns, None, || {
                format!("private DNS is disabled on {id}")
            })
        }),
        Change::ReplacePolicy {
            endpoint: id, after, ..
        } => of_endpoint(snapshot, id, |endpoint| {
            when(has_policy(endpoint, after), None, || format!("{id} has another policy"))
        }),
    }
}

/// Whether a change is taken back. A gap where what it concerns was not observed.
pub fn inverse_effect(inverse: &Inverse, snapshot: &Snapshot) -> EffectResult {
    let gone = |id: &EndpointId, left: &dyn Fn(&Endpoint) -> bool, text: String| {
        let endpoints = snapshot.endpoints.as_ref().map_err(Gap::clone)?;
        let left = endpoints
            .get(id)
            .is_some_and(|endpoint| !endpoint.dead() && left(endpoint));
        Ok(when(!left, None, || text))
    };
    match inverse {
        Inverse::DisableVpcDns { attribute, .. } => {
            let on = dns(*attribute, snapshot)?;
            Ok(when(!on, None, || format!("{attribute} is enabled")))
        }
        Inverse::DeleteSecurityGroup { group } => {
            let groups = snapshot.security_groups.as_ref().map_err(Gap::clone)?;
            Ok(when(!groups.contains_key(group), None, || format!("{group} is there")))
        }
        Inverse::RevokeIngress { group, cidrs } => {
            let groups = snapshot.security_groups.as_ref().map_err(Gap::clone)?;
            let rules = groups.get(group).into_iter().flat_map(exact_sources);
            let left: Vec<_> = rules
                .map(ToString::to_string)
                .filter(|cidr| cidrs.contains(cidr))
                .collect();
            Ok(when(left.is_empty(), None, || {
                format!("{group} admits {}", left.join(", "))
            }))
        }
        Inverse::DeleteEndpoint { endpoint: id } => gone(id, &|_| true, format!("{id} is there")),
        Inverse::RemoveSubnet { endpoint: id, subnet } => gone(
            id,
            &|endpoint| endpoint.subnets.contains(subnet),
            format!("{id} is in {subnet}"),
        ),
        Inverse::DisassociateRouteTable {
            endpoint: id,
            route_table,
        } => gone(
            id,
            &|endpoint| endpoint.route_tables.contains(route_table),
            format!("{id} is associated with {route_table}"),
        ),
        Inverse::DetachGroup { endpoint: id, group } => gone(
            id,
            &|endpoint| endpoint.security_groups.contains(group),
            format!("{group} is attached to {id}"),
        ),
        Inverse::DisablePrivateDns { endpoint: id } => gone(
            id,
            &|endpoint| endpoint.private_dns,
            format!("private DNS is enabled on {id}"),
        ),
        Inverse::RestorePolicy { endpoint: id, policy } => gone(
            id,
            &|endpoint| !has_policy(endpoint, policy),
            format!("{id} has another policy"),
        ),
    }
}

fn done(created: Option<String>) -> EffectCheck {
    EffectCheck::Done { created }
}

fn not_done(instead: String) -> EffectCheck {
    EffectCheck::NotDone(instead)
}

fn when(so: bool, created: Option<String>, instead: impl FnOnce() -> String) -> EffectCheck {
    if so { done(created) } else { not_done(instead()) }
}

fn dns(attribute: DnsAttribute, snapshot: &Snapshot) -> Observed<bool> {
    let dns = snapshot.dns.as_ref().map_err(Gap::clone)?;
    Ok(match attribute {
        DnsAttribute::Support => dns.support,
        DnsAttribute::Hostnames => dns.hostnames,
    })
}

fn managed_group(snapshot: &Snapshot) -> Observed<Option<&SecurityGroup>> {
    snapshot.security_groups.as_ref().map_err(Gap::clone)?;
    Ok(snapshot.managed_group())
}

fn of_endpoint(snapshot: &Snapshot, id: &EndpointId, look: impl FnOnce(&Endpoint) -> EffectCheck) -> EffectResult {
    let endpoints = snapshot.endpoints.as_ref().map_err(Gap::clone)?;
    Ok(match endpoints.get(id) {
        Some(endpoint) if !endpoint.dead() => look(endpoint),
        _ => not_done(format!("{id} is gone")),
    })
}

fn is(endpoint: &Endpoint, new: &NewEndpoint) -> bool {
    endpoint.kind == new.endpoint_kind && endpoint.service.as_ref() == Some(&new.service)
}

fn made_by(tags: &Tags, run: &RunId) -> bool {
    is_managed(tags) && tags.get(TAG_RUN).is_some_and(|value| value == run.as_str())
}

/// Whether Postern created what carries these tags.
pub fn is_managed(tags: &Tags) -> bool {
    tags.get(TAG_MANAGED).is_some_and(|value| value == "true")
}

/// The networks of the rules that are as Postern makes them.
pub fn exact_sources(group: &SecurityGroup) -> impl Iterator<Item = &IpNet> {
    group.ingress.iter().filter_map(|rule| match rule {
        IngressRule {
            protocol: Protocol::Tcp,
            ports: Some((443, 443)),
            source: IngressSource::Cidr(cidr),
        } => Some(cidr),
        _ => None,
    })
}

pub fn has_policy(endpoint: &Endpoint, policy: &str) -> bool {
    endpoint.policy.as_ref().is_some_and(|live| same_policy(live, policy))
}

/// AWS writes documents anew: only what they say can be compared.
fn same_policy(a: &str, b: &str) -> bool {
    match (serde_json::from_str::<Value>(a), serde_json::from_str::<Value>(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}
