//! What a VPC looks like after a change: the model of AWS that plans and laws are checked against.

use std::collections::btree_map::Entry;

use crate::change::{Change, DnsAttribute, GroupRef, Inverse, MANAGED_GROUP_NAME, NewEndpoint, TAG_MANAGED};
use crate::id::{EndpointId, SecurityGroupId, SubnetId};
use crate::snapshot::{
    Endpoint, EndpointKind, EndpointState, IngressRule, IngressSource, Protocol, SecurityGroup, Snapshot, Subnet, Tags,
};

/// The snapshot after the change; the same snapshot where the change finds nothing to do, or where the part that it
/// concerns was not observed.
pub fn simulate(snapshot: &Snapshot, change: &Change) -> Snapshot {
    let mut after = snapshot.clone();
    match change {
        Change::EnableVpcDns { attribute, .. } => set_dns(&mut after, *attribute, true),
        Change::CreateManagedGroup { .. } => create_group(&mut after),
        Change::AuthorizeIngress { group, cidrs } => {
            with_group(&mut after, group, |group| {
                for cidr in cidrs {
                    let rule = https_from(IngressSource::Cidr(*cidr));
                    if !group.ingress.contains(&rule) {
                        group.ingress.push(rule);
                    }
                }
            });
        }
        Change::CreateEndpoint(new) => create_endpoint(&mut after, new),
        Change::AddSubnet { endpoint, subnet, .. } => {
            let mut added = false;
            with_endpoint(&mut after, endpoint, |e| added = e.subnets.insert(subnet.clone()));
            if added {
                take_address(&mut after, subnet);
            }
        }
        Change::AssociateRouteTable { endpoint, route_table } => {
            with_endpoint(&mut after, endpoint, |e| {
                e.route_tables.insert(route_table.clone());
            });
        }
        Change::AttachManagedGroup { endpoint, group } => {
            if let Some(group) = resolve(&after, group) {
                with_endpoint(&mut after, endpoint, |e| {
                    e.security_groups.insert(group);
                });
            }
        }
        Change::EnablePrivateDns { endpoint } => with_endpoint(&mut after, endpoint, |e| e.private_dns = true),
        Change::ReplacePolicy {
            endpoint,
            after: policy,
            ..
        } => {
            with_endpoint(&mut after, endpoint, |e| e.policy = Some(policy.clone()));
        }
    }
    after
}

/// The snapshot after the change was taken back.
pub fn simulate_inverse(snapshot: &Snapshot, inverse: &Inverse) -> Snapshot {
    let mut after = snapshot.clone();
    match inverse {
        Inverse::DisableVpcDns { attribute, .. } => set_dns(&mut after, *attribute, false),
        Inverse::DeleteSecurityGroup { group } => {
            if let Ok(groups) = &mut after.security_groups {
                groups.remove(group);
            }
        }
        Inverse::RevokeIngress { group, cidrs } => {
            with_group(&mut after, &GroupRef::Existing(group.clone()), |g| {
                g.ingress.retain(|rule| {
                    !matches!(&rule.source, IngressSource::Cidr(cidr) if cidrs.contains(&cidr.to_string()))
                        || *rule != https_from(rule.source.clone())
                });
            });
        }
        Inverse::DeleteEndpoint { endpoint } => {
            let removed = after.endpoints.as_mut().ok().and_then(|e| e.remove(endpoint));
            for subnet in removed.iter().flat_map(|e| &e.subnets) {
                give_address_back(&mut after, subnet);
            }
        }
        Inverse::RemoveSubnet { endpoint, subnet } => {
            let mut removed = false;
            with_endpoint(&mut after, endpoint, |e| removed = e.subnets.remove(subnet));
            if removed {
                give_address_back(&mut after, subnet);
            }
        }
        Inverse::DisassociateRouteTable { endpoint, route_table } => {
            with_endpoint(&mut after, endpoint, |e| {
                e.route_tables.remove(route_table);
            });
        }
        Inverse::DetachGroup { endpoint, group } => {
            with_endpoint(&mut after, endpoint, |e| {
                e.security_groups.remove(group);
            });
        }
        Inverse::DisablePrivateDns { endpoint } => with_endpoint(&mut after, endpoint, |e| e.private_dns = false),
        Inverse::RestorePolicy { endpoint, policy } => {
            with_endpoint(&mut after, endpoint, |e| e.policy = Some(policy.clone()));
        }
    }
    after
}

/// The id that `simulate` gives to what a change creates.
pub fn simulated_id(change: &Change) -> Option<String> {
    match change {
        Change::CreateManagedGroup { vpc } => Some(group_id(vpc.as_str()).0),
        Change::CreateEndpoint(new) => Some(endpoint_id(new).0),
        Change::AuthorizeIngress {
            group: GroupRef::Managed(vpc),
            ..
        }
        | Change::AttachManagedGroup {
            group: GroupRef::Managed(vpc),
            ..
        } => Some(group_id(vpc.as_str()).0),
        _ => None,
    }
}

fn group_id(vpc: &str) -> SecurityGroupId {
    SecurityGroupId(format!("sg-managed-{vpc}"))
}

fn endpoint_id(new: &NewEndpoint) -> EndpointId {
    EndpointId(format!("vpce-{}", new.client_token))
}

fn set_dns(snapshot: &mut Snapshot, attribute: DnsAttribute, value: bool) {
    if let Ok(dns) = &mut snapshot.dns {
        match attribute {
            DnsAttribute::Support => dns.support = value,
            DnsAttribute::Hostnames => dns.hostnames = value,
        }
    }
}

fn create_group(snapshot: &mut Snapshot) {
    if snapshot.managed_group().is_some() {
        return;
    }
    let id = group_id(snapshot.vpc.id.as_str());
    let group = SecurityGroup {
        id: id.clone(),
        name: MANAGED_GROUP_NAME.to_owned(),
        owner: snapshot.account.clone(),
        ingress: Vec::new(),
        tags: managed_tags(),
    };
    if let Ok(groups) = &mut snapshot.security_groups {
        groups.insert(id, group);
    }
}

fn create_endpoint(snapshot: &mut Snapshot, new: &NewEndpoint) {
    let security_groups = new.group.iter().filter_map(|group| resolve(snapshot, group)).collect();
    let endpoint = Endpoint {
        id: endpoint_id(new),
        kind: new.endpoint_kind,
        service: Some(new.service.clone()),
        service_region: None,
        owner: snapshot.account.clone(),
        state: if new.endpoint_kind == EndpointKind::Gateway {
            EndpointState::Available
        } else {
            EndpointState::Pending
        },
        requester_managed: false,
        subnets: new.subnets.values().cloned().collect(),
        route_tables: new.route_tables.clone(),
        security_groups,
        private_dns: new.private_dns,
        policy: new.policy.clone(),
        created: None,
        tags: managed_tags(),
    };
    let Ok(endpoints) = &mut snapshot.endpoints else { return };
    if let Entry::Vacant(place) = endpoints.entry(endpoint.id.clone()) {
        place.insert(endpoint);
        for subnet in new.subnets.values() {
            take_address(snapshot, subnet);
        }
    }
}

/// Each network interface of an endpoint takes one address of its subnet.
fn take_address(snapshot: &mut Snapshot, subnet: &SubnetId) {
    with_subnet(snapshot, subnet, |s| {
        s.free_addresses = s.free_addresses.saturating_sub(1)
    });
}

fn give_address_back(snapshot: &mut Snapshot, subnet: &SubnetId) {
    with_subnet(snapshot, subnet, |s| {
        s.free_addresses = s.free_addresses.saturating_add(1)
    });
}

fn managed_tags() -> Tags {
    Tags::from([(TAG_MANAGED.to_owned(), "true".to_owned())])
}

fn https_from(source: IngressSource) -> IngressRule {
    IngressRule {
        protocol: Protocol::Tcp,
        ports: Some((443, 443)),
        source,
    }
}

fn resolve(snapshot: &Snapshot, group: &GroupRef) -> Option<SecurityGroupId> {
    group.resolve(snapshot.managed_group().map(|g| g.id.as_str()))
}

fn with_subnet(snapshot: &mut Snapshot, id: &SubnetId, edit: impl FnOnce(&mut Subnet)) {
    if let Ok(subnets) = &mut snapshot.subnets
        && let Some(subnet) = subnets.get_mut(id)
    {
        edit(subnet);
    }
}

fn with_endpoint(snapshot: &mut Snapshot, id: &EndpointId, edit: impl FnOnce(&mut Endpoint)) {
    if let Ok(endpoints) = &mut snapshot.endpoints
        && let Some(endpoint) = endpoints.get_mut(id)
    {
        edit(endpoint);
    }
}

fn with_group(snapshot: &mut Snapshot, group: &GroupRef, edit: impl FnOnce(&mut SecurityGroup)) {
    let Some(id) = resolve(snapshot, group) else { return };
    if let Ok(groups) = &mut snapshot.security_groups
        && let Some(group) = groups.get_mut(&id)
    {
        edit(group);
    }
}
