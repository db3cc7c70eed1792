//! What a VPC looks like after a change: the model of AWS that plans and laws are checked against.

use std::collections::btree_map::Entry;

use crate::changes::{Change, DnsAttribute, Inverse, NewEndpoint};
use crate::model::id::{EndpointId, SecurityGroupId, SubnetId};
use crate::model::managed::{MANAGED_GROUP_NAME, TAG_MANAGED};
use crate::model::snapshot::{
    Endpoint, EndpointKind, EndpointState, IngressRule, IngressSource, Protocol, SecurityGroup, Snapshot, Subnet, Tags,
};

/// The snapshot after the change; the same snapshot where the change finds nothing to do, or where the part that it
/// concerns was not observed.
pub fn simulate(snapshot: &Snapshot, change: &Change) -> Snapshot {
    let mut after = snapshot.clone();
    match change {
        Change::EnableVpcDns { attribute, .. } => set_dns(&mut after, *attribute, true),
        Change::CreateManagedGroup { .. } => create_group(&mut after),
        Change::AuthorizeIngress { cidrs, .. } => {
            if let Some(id) = managed_id(&after) {
                with_group(&mut after, &id, |group| {
                    for cidr in cidrs {
                        let rule = https_from(IngressSource::Cidr(*cidr));
                        if !group.ingress.contains(&rule) {
                            group.ingress.push(rule);
                        }
                    }
                });
            }
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
        Change::AttachManagedGroup { endpoint, .. } => {
            if let Some(group) = managed_id(&after) {
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
            with_group(&mut after, group, |g| {
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

/// The id that `simulate` gave to what a change created, or of the managed group that it refers to, by the snapshot
/// after the change.
pub fn simulated_id(change: &Change, after: &Snapshot) -> Option<String> {
    match change {
        Change::CreateEndpoint(new) => Some(endpoint_id(new).0),
        Change::CreateManagedGroup { .. } | Change::AuthorizeIngress { .. } | Change::AttachManagedGroup { .. } => {
            after.managed_group().map(|group| group.id.0.clone())
        }
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
    let security_groups = new.group.iter().filter_map(|_| managed_id(snapshot)).collect();
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

fn managed_id(snapshot: &Snapshot) -> Option<SecurityGroupId> {
    snapshot.managed_group().map(|group| group.id.clone())
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

fn with_group(snapshot: &mut Snapshot, id: &SecurityGroupId, edit: impl FnOnce(&mut SecurityGroup)) {
    if let Ok(groups) = &mut snapshot.security_groups
        && let Some(group) = groups.get_mut(id)
    {
        edit(group);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::changes::ManagedGroup;
    use crate::model::id::VpcId;
    use crate::model::snapshot::{Part, SubnetClass};
    use crate::testing::{ALLOW_ALL, VPC, World, bare, compliant, https, nets, zone};

    fn managed() -> ManagedGroup {
        ManagedGroup { vpc: VpcId::from(VPC) }
    }

    /// `vpce-sts` has one zone and no private DNS, `vpce-s3` one route table; the VPC has a managed group.
    fn world() -> World {
        bare()
            .subnet("subnet-a", "a", SubnetClass::Private)
            .subnet("subnet-b", "b", SubnetClass::Private)
            .interface("vpce-sts", "sts", &["subnet-a"])
            .edit_endpoint("vpce-sts", |e| e.private_dns = false)
            .gateway("vpce-s3", "s3", &["rtb-private"])
            .managed_group("sg-managed", &[https("10.0.0.0/24")])
            .dns(false, false)
    }

    fn new_endpoint() -> NewEndpoint {
        NewEndpoint {
            vpc: VPC.into(),
            service: "com.amazonaws.eu-central-1.kms".into(),
            endpoint_kind: EndpointKind::Interface,
            subnets: [(zone("a"), "subnet-a".into()), (zone("b"), "subnet-b".into())].into(),
            route_tables: BTreeSet::new(),
            group: Some(managed()),
            private_dns: true,
            policy: Some("{}".to_owned()),
            client_token: "token".to_owned(),
        }
    }

    /// One of each kind that does something to `world()`, with the part that it changes.
    fn changes() -> Vec<(Change, Part)> {
        vec![
            (
                Change::EnableVpcDns {
                    vpc: VPC.into(),
                    attribute: DnsAttribute::Support,
                },
                Part::Dns,
            ),
            (
                Change::EnableVpcDns {
                    vpc: VPC.into(),
                    attribute: DnsAttribute::Hostnames,
                },
                Part::Dns,
            ),
            (
                Change::AuthorizeIngress {
                    group: managed(),
                    cidrs: nets(&["10.0.1.0/24", "10.0.2.0/24"]),
                },
                Part::SecurityGroups,
            ),
            (Change::CreateEndpoint(new_endpoint()), Part::Endpoints),
            (
                Change::AddSubnet {
                    endpoint: "vpce-sts".into(),
                    subnet: "subnet-b".into(),
                    zone: zone("b"),
                },
                Part::Endpoints,
            ),
            (
                Change::AssociateRouteTable {
                    endpoint: "vpce-s3".into(),
                    route_table: "rtb-isolated".into(),
                },
                Part::Endpoints,
            ),
            (
                Change::AttachManagedGroup {
                    endpoint: "vpce-sts".into(),
                    group: managed(),
                },
                Part::Endpoints,
            ),
            (
                Change::EnablePrivateDns {
                    endpoint: "vpce-sts".into(),
                },
                Part::Endpoints,
            ),
            (
                Change::ReplacePolicy {
                    endpoint: "vpce-s3".into(),
                    before: world().snapshot.endpoints.unwrap()[&"vpce-s3".into()]
                        .policy
                        .clone()
                        .unwrap(),
                    after: ALLOW_ALL.to_owned(),
                },
                Part::Endpoints,
            ),
        ]
    }

    fn undone(before: &Snapshot, change: &Change) -> Snapshot {
        let after = simulate(before, change);
        let inverse = change.inverse(simulated_id(change, &after).as_deref()).unwrap();
        simulate_inverse(&after, &inverse)
    }

    #[test]
    fn each_change_does_something_once_and_is_taken_back_by_its_inverse() {
        for (change, _) in changes() {
            let before = world().snapshot;
            let after = simulate(&before, &change);
            assert_ne!(after, before, "{change}");
            assert_eq!(simulate(&after, &change), after, "{change}");
            assert_eq!(undone(&before, &change), before, "{change}");
        }
    }

    #[test]
    fn what_was_not_observed_stays_unknown() {
        for (change, part) in changes() {
            let unknown = world().gap(part).snapshot;
            assert_eq!(simulate(&unknown, &change), unknown, "{change}");
            let nothing = Part::ALL.into_iter().fold(world(), World::gap).snapshot;
            assert_eq!(simulate(&nothing, &change), nothing, "{change}");
        }
    }

    #[test]
    fn changes_of_what_is_not_there_do_nothing() {
        let empty = World {
            snapshot: Snapshot {
                endpoints: Ok([].into()),
                security_groups: Ok([].into()),
                ..world().snapshot
            },
            ..world()
        };
        let of_what_exists = changes()
            .into_iter()
            .filter(|(c, _)| !matches!(c, Change::EnableVpcDns { .. } | Change::CreateEndpoint(_)));
        for (change, _) in of_what_exists {
            assert_eq!(simulate(&empty.snapshot, &change), empty.snapshot, "{change}");
        }
    }

    #[test]
    fn the_managed_group_is_created_at_most_once() {
        let change = Change::CreateManagedGroup { vpc: VPC.into() };
        assert_eq!(simulate(&world().snapshot, &change), world().snapshot);
        let before = compliant().snapshot;
        let after = simulate(&before, &change);
        assert_eq!(
            after.managed_group().map(|g| g.id.to_string()),
            simulated_id(&change, &after)
        );
        assert_eq!(undone(&before, &change), before);
    }

    #[test]
    fn a_created_endpoint_is_as_it_was_asked_for() {
        let after = simulate(&world().snapshot, &Change::CreateEndpoint(new_endpoint()));
        let endpoints = after.endpoints.unwrap();
        let created = &endpoints[&endpoint_id(&new_endpoint())];
        assert_eq!(created.state, EndpointState::Pending);
        assert_eq!(created.subnets, BTreeSet::from(["subnet-a".into(), "subnet-b".into()]));
        assert_eq!(created.security_groups, BTreeSet::from(["sg-managed".into()]));
        assert_eq!((created.private_dns, created.policy.as_deref()), (true, Some("{}")));
        let gateway = NewEndpoint {
            endpoint_kind: EndpointKind::Gateway,
            subnets: [].into(),
            route_tables: BTreeSet::from(["rtb-main".into()]),
            group: None,
            private_dns: false,
            ..new_endpoint()
        };
        let after = simulate(&world().snapshot, &Change::CreateEndpoint(gateway.clone()));
        let created = &after.endpoints.unwrap()[&endpoint_id(&gateway)];
        assert_eq!(created.state, EndpointState::Available);
        assert_eq!(created.route_tables, gateway.route_tables);
    }

    #[test]
    fn each_network_interface_takes_one_address() {
        let free = |snapshot: &Snapshot| -> Vec<_> {
            let subnets = snapshot.subnets.as_ref().unwrap().values();
            subnets.map(|s| s.free_addresses).collect()
        };
        let mut state = world().snapshot;
        assert_eq!(free(&state), [200, 200]);
        for (change, _) in changes() {
            state = simulate(&state, &change);
        }
        assert_eq!(free(&state), [199, 198]);
    }

    #[test]
    fn what_is_revoked_is_what_was_authorized() {
        let change = Change::AuthorizeIngress {
            group: managed(),
            cidrs: nets(&["10.0.1.0/24"]),
        };
        let wider = IngressRule {
            ports: Some((0, 1_024)),
            ..https("10.0.1.0/24")
        };
        let before = world()
            .managed_group("sg-managed", &[https("10.0.0.0/24"), wider, https("::/0")])
            .snapshot;
        assert_eq!(undone(&before, &change), before);
    }
}
