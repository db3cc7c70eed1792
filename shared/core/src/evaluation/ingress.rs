//! Which networks the security groups of an endpoint admit, and how to admit the subnets that need it.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use crate::changes::{AttachManagedGroup, AuthorizeIngress, Change, CreateManagedGroup, ManagedGroup};
use crate::evaluation::network_acls::{Lost, Usage};
use crate::evaluation::service_ports::ServicePorts;
use crate::evaluation::{Context, quotas};
use crate::model::address::AddressType;
use crate::model::endpoint::Endpoint;
use crate::model::id::{SecurityGroupId, ServiceName};
use crate::model::managed::{GroupPurpose, TAG_MANAGED, is_managed};
use crate::model::part::Gap;
use crate::model::snapshot::{IngressRule, IngressSource, SecurityGroup, Subnet};

/// Whether the security groups of an endpoint admit subnets.
pub enum Admission {
    Admitted,
    /// These networks are not admitted.
    Blocked(BTreeSet<IpNet>),
    /// It depends on something that is not observed; the reason.
    Unclear(String),
}

impl<'a> Context<'a> {
    /// Every subnet of the VPC: private DNS sends the clients of all of them to the endpoint.
    pub fn all_subnets(&self) -> Result<Vec<&'a Subnet>, Gap> {
        Ok(self.snapshot.subnets.as_ref().map_err(Gap::clone)?.values().collect())
    }

    /// The subnets whose clients use the endpoint.
    pub fn clients(&self, endpoint: &Endpoint) -> Result<Vec<&'a Subnet>, Gap> {
        let services = &self.required_interface()?.services;
        if endpoint.holds_name() {
            return self.all_subnets();
        }
        if self.served_centrally(endpoint)?.is_some() {
            return Ok(Vec::new());
        }
        let required = services
            .iter()
            .find(|required| endpoint.service.as_ref() == Some(&required.service.name));
        Ok(required.map(|required| required.subnets.clone()).unwrap_or_default())
    }

    /// Whether the endpoint's groups admit one of the ports from each of these subnets, by each address family to which the
    /// endpoint's names resolve.
    pub fn admission(&self, endpoint: &Endpoint, ports: &ServicePorts, subnets: &[&Subnet]) -> Result<Admission, Gap> {
        let groups = self.snapshot.security_groups.as_ref().map_err(Gap::clone)?;
        Ok(admission_of(groups, endpoint, ports, subnets))
    }

    /// The managed group, and the changes after which it admits all of these ports from these subnets, by these address
    /// families. Err where AWS would refuse them, with what to do.
    pub fn managed_group_for(
        &self,
        ports: &ServicePorts,
        vpc_subnets: &[&Subnet],
        addresses: AddressType,
    ) -> Result<Result<(ManagedGroup, Vec<Change>), String>, Gap> {
        if let Some(advice) = self.taken_name(GroupPurpose::Ingress)? {
            return Ok(Err(advice));
        }
        let vpc = &self.snapshot.vpc.id;
        let group = ManagedGroup { vpc: vpc.clone() };
        let mut changes = Vec::new();
        let managed = self.snapshot.managed_group();
        if managed.is_none() {
            changes.push(Change::CreateManagedGroup(CreateManagedGroup::for_ingress(vpc.clone())));
        }
        let rules: Vec<_> = managed.iter().flat_map(|managed| &managed.ingress).collect();
        let missing = |networks: &[IpNet]| {
            let of_ports = ports.ranges().iter().map(|ports| {
                let admitted = Admitted::by(&rules, &[*ports]);
                let left = networks
                    .iter()
                    .copied()
                    .filter(|net| !admitted.on_some(net))
                    .collect::<Vec<_>>();
                (*ports, BTreeSet::from_iter(IpNet::aggregate(&left)))
            });
            of_ports.collect::<Vec<_>>()
        };
        let fits = |rules: &[((u16, u16), BTreeSet<IpNet>)]| {
            quotas::admits_rules(managed, rules.iter().flat_map(|(_, networks)| networks))
        };
        let networks = vpc_subnets.iter().flat_map(|subnet| subnet.networks(addresses));
        let mut wanted = missing(&networks.collect::<Vec<_>>());
        if !fits(&wanted) && vpc_subnets.len() == self.all_subnets()?.len() {
            // Every address of the VPC belongs to one of its subnets, or to none.
            let cidrs = self.snapshot.vpc.cidrs.iter().copied();
            let family = |cidr: &IpNet| match cidr {
                IpNet::V4(_) => addresses.ipv4(),
                IpNet::V6(_) => addresses.ipv6(),
            };
            wanted = missing(&cidrs.filter(family).collect::<Vec<_>>());
        }
        if !fits(&wanted) {
            return Ok(Err(quotas::rule_quota(
                wanted.iter().flat_map(|(_, networks)| networks),
            )));
        }
        for (ports, cidrs) in wanted {
            if !cidrs.is_empty() {
                changes.push(Change::AuthorizeIngress(AuthorizeIngress {
                    group: group.clone(),
                    ports,
                    cidrs,
                }));
            }
        }
        Ok(Ok((group, changes)))
    }

    /// What to do where the VPC has a security group with the name of the one that Postern would create, and Postern did not
    /// create it.
    pub fn taken_name(&self, purpose: GroupPurpose) -> Result<Option<String>, Gap> {
        let groups = self.snapshot.security_groups.as_ref().map_err(Gap::clone)?;
        if self.snapshot.group_for(purpose).is_some() {
            return Ok(None);
        }
        let name = purpose.group_name();
        let taken = groups.values().find(|group| group.name == name);
        Ok(taken.map(|group| {
            format!(
                "{} has the name {name}, under which Postern would create a security group, and lacks the tag \
                 `{TAG_MANAGED}` = `true`. AWS renames no security group: delete it, if need be after you created one with \
                 the same rules and another name, or add the tag if Postern may manage it.",
                group.id
            )
        }))
    }

    /// The changes after which the endpoint admits every subnet of the VPC on every port of its service: what it takes
    /// before all clients are led to it. Err where no change of Postern does it, with what to do.
    pub fn admit_all(&self, endpoint: &Endpoint, service: &ServiceName) -> Result<Result<Vec<Change>, String>, Gap> {
        let subnets = self.all_subnets()?;
        let Some(ports) = ServicePorts::of(service).filter(|ports| !ports.udp) else {
            return Ok(Err(format!(
                "Admit every port of {service} from every subnet of the VPC in a security group of {} first. The security \
                 group that Postern manages admits the TCP ports that AWS documents.",
                endpoint.id
            )));
        };
        let usage = Usage {
            ports,
            addresses: endpoint.dns_records,
            clients: subnets,
            by_spokes: false,
            present: Vec::new(),
        };
        let network_acls = self.network_acls()?;
        let hosts = network_acls.subnets(&endpoint.subnets);
        let mut lost = Lost::default();
        for more in hosts.iter().filter_map(|host| network_acls.cut_off(&usage, host)) {
            lost.extend(more);
        }
        if lost != Lost::default() {
            return Ok(Err(lost.advice(endpoint.id.as_str())));
        }
        for range in usage.ports.ranges() {
            let admission = self.admission(endpoint, &ServicePorts::of_one(*range), &usage.clients)?;
            if !matches!(admission, Admission::Admitted) {
                return self.admit(endpoint, &usage.ports, &usage.clients);
            }
        }
        Ok(Ok(Vec::new()))
    }

    /// The changes that admit these subnets to an endpoint. Groups of others are never edited. Err where AWS would refuse
    /// them, with what to do.
    pub fn admit(
        &self,
        endpoint: &Endpoint,
        ports: &ServicePorts,
        subnets: &[&Subnet],
    ) -> Result<Result<Vec<Change>, String>, Gap> {
        let attached = self.snapshot.managed_group();
        let attached = attached.is_some_and(|group| endpoint.security_groups.contains(&group.id));
        if let Some(full) = self.group_quota(endpoint)?.filter(|_| !attached) {
            return Ok(Err(full));
        }
        let (group, mut changes) = match self.managed_group_for(ports, subnets, endpoint.dns_records)? {
            Ok(prepared) => prepared,
            Err(advice) => return Ok(Err(advice)),
        };
        if !attached {
            changes.push(Change::AttachManagedGroup(AttachManagedGroup {
                endpoint: endpoint.id.clone(),
                group,
            }));
        }
        Ok(Ok(changes))
    }
}

/// Whether these groups, of the endpoint's VPC, admit each of the subnets, of any VPC: on one of the ports at least, since
/// people know which their clients use, or on all of them where that takes the managed group.
pub fn admission_of(
    groups: &BTreeMap<SecurityGroupId, SecurityGroup>,
    endpoint: &Endpoint,
    ports: &ServicePorts,
    subnets: &[&Subnet],
) -> Admission {
    let (mut of_people, mut managed) = (Vec::new(), Vec::new());
    let mut unknown = Vec::new();
    for id in &endpoint.security_groups {
        match groups.get(id) {
            Some(group) if is_managed(&group.tags) => managed.extend(&group.ingress),
            Some(group) => of_people.extend(&group.ingress),
            None => unknown.push(id.as_str()),
        }
    }
    let chosen = Admitted::by(&of_people, ports.ranges());
    let rules = [of_people, managed].concat();
    let every = Admitted::by(&rules, ports.ranges());
    let blocked = blocked(subnets, endpoint.dns_records, |net| {
        chosen.on_some(net) || every.on_all(net)
    });
    if blocked.is_empty() {
        return Admission::Admitted;
    }
    let some_port = |rule: &&&IngressRule| {
        ports
            .ranges()
            .iter()
            .any(|(first, last)| rule.admits_tcp(*first, *last))
    };
    let by_membership = rules.iter().filter(some_port).filter_map(|rule| match &rule.source {
        IngressSource::Group(id) | IngressSource::PrefixList(id) => Some(id),
        IngressSource::Cidr(_) => None,
    });
    if let Some(source) = by_membership.min() {
        return Admission::Unclear(format!(
            "a rule admits {ports} from {source}, and Postern does not observe which clients that covers"
        ));
    }
    if !unknown.is_empty() {
        return Admission::Unclear(format!(
            "security group {} was not found in the VPC",
            unknown.join(", ")
        ));
    }
    Admission::Blocked(blocked)
}

/// The networks that rules admit, by port range.
struct Admitted(Vec<Vec<IpNet>>);

impl Admitted {
    fn by(rules: &[&IngressRule], ports: &[(u16, u16)]) -> Self {
        let on = |(first, last): &(u16, u16)| {
            let admitting = rules.iter().filter(|rule| rule.admits_tcp(*first, *last));
            let networks: Vec<IpNet> = admitting
                .filter_map(|rule| match rule.source {
                    IngressSource::Cidr(net) => Some(net),
                    IngressSource::Group(_) | IngressSource::PrefixList(_) => None,
                })
                .collect();
            IpNet::aggregate(&networks)
        };
        Self(ports.iter().map(on).collect())
    }

    fn on_some(&self, net: &IpNet) -> bool {
        self.0.iter().flatten().any(|admitted| admitted.contains(net))
    }

    fn on_all(&self, net: &IpNet) -> bool {
        let mut ranges = self.0.iter();
        ranges.all(|admitted| admitted.iter().any(|admitted| admitted.contains(net)))
    }
}

/// The networks of the subnets that are not admitted, adjacent ones merged.
fn blocked(subnets: &[&Subnet], addresses: AddressType, admitted: impl Fn(&IpNet) -> bool) -> BTreeSet<IpNet> {
    let networks = subnets.iter().flat_map(|subnet| subnet.networks(addresses));
    let wanted: Vec<IpNet> = networks.filter(|net| !admitted(net)).collect();
    IpNet::aggregate(&wanted).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evaluation::PolicyCache;
    use crate::history::ChangeHistory;
    use crate::model::endpoint::EndpointState;
    use crate::model::snapshot::SubnetClass;
    use crate::testing::{World, bare, https, nets};

    /// What the endpoint's group does not admit of subnets at `10.0.n.0/24`.
    fn lacking(subnets: usize, ingress: &[IngressRule]) -> BTreeSet<IpNet> {
        let mut world = bare();
        for n in 0..subnets {
            world = world.subnet(&format!("subnet-{n}"), "a", SubnetClass::Private);
        }
        let world = world.interface("vpce-sts", "sts", &[]).group("sg-https", ingress);
        match admission(&world) {
            Admission::Admitted => BTreeSet::new(),
            Admission::Blocked(networks) => networks,
            Admission::Unclear(reason) => panic!("{reason}"),
        }
    }

    fn admission(world: &World) -> Admission {
        let (history, policies) = (ChangeHistory::default(), PolicyCache::default());
        let context = Context::new(&world.snapshot, &world.settings, &history, world.now, &policies);
        let endpoint = &world.snapshot.endpoints.as_ref().unwrap()[&"vpce-sts".into()];
        assert_eq!(endpoint.state, EndpointState::Available);
        {
            let ports = ServicePorts::of(endpoint.service.as_ref().unwrap()).unwrap();
            let subnets = context.all_subnets().unwrap();
            context.admission(endpoint, &ports, &subnets).unwrap()
        }
    }

    #[test]
    fn adjacent_subnets_are_admitted_by_one_exact_rule() {
        assert_eq!(lacking(4, &[]), nets(&["10.0.0.0/22"]));
        assert_eq!(
            lacking(4, &[https("10.0.1.0/24")]),
            nets(&["10.0.0.0/24", "10.0.2.0/23"])
        );
        assert_eq!(lacking(3, &[]), nets(&["10.0.0.0/23", "10.0.2.0/24"]));
    }

    #[test]
    fn wider_and_adjoining_rules_admit() {
        assert_eq!(lacking(3, &[https("0.0.0.0/0")]), nets(&[]));
        assert_eq!(lacking(2, &[https("10.0.0.0/24"), https("10.0.1.0/24")]), nets(&[]));
        let quarters = ["10.0.0.0/26", "10.0.0.64/26", "10.0.0.128/26", "10.0.0.192/26"].map(https);
        assert_eq!(lacking(1, &quarters), nets(&[]));
        assert_eq!(lacking(1, &quarters[..3]), nets(&["10.0.0.0/24"]));
    }

    #[test]
    fn group_source_in_the_reason_does_not_depend_on_order() {
        let by = |id: &str| IngressRule {
            source: IngressSource::Group(id.to_owned()),
            ..https("10.0.0.0/24")
        };
        let reason = |ingress: &[IngressRule]| {
            let world = bare()
                .subnet("subnet-a", "a", SubnetClass::Private)
                .interface("vpce-sts", "sts", &[])
                .group("sg-https", ingress);
            match admission(&world) {
                Admission::Unclear(reason) => reason,
                _ => panic!("decided"),
            }
        };
        assert_eq!(reason(&[by("sg-2"), by("sg-1")]), reason(&[by("sg-1"), by("sg-2")]));
        assert!(reason(&[by("sg-2"), by("sg-1")]).contains("sg-1"));
    }

    #[test]
    fn ports_of_a_service_are_read_as_people_write_them() {
        let text = |name: &str| ServicePorts::of(&name.into()).map(|ports| ports.to_string());
        for (name, expected) in [
            ("com.amazonaws.eu-central-1.sts", Some("TCP 443")),
            (
                "com.amazonaws.eu-central-1.email-smtp",
                Some("TCP 25, 465, 587, 2465 or 2587"),
            ),
            ("com.amazonaws.eu-central-1.datasync", Some("TCP 443 or 1024-1064")),
            ("com.amazonaws.eu-central-1.highlander", Some("TCP 443 or 4195")),
            ("com.amazonaws.eu-central-1.tomorrow", None),
        ] {
            assert_eq!(text(name).as_deref(), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn missing_and_admitted_networks_are_all_of_the_subnets(
            count in 1..6_usize,
            admitted in prop::collection::vec((0..8_u8, 0..4_u8, 24..=26_u8), 0..6),
        ) {
            let rules: Vec<_> = admitted
                .iter()
                .map(|(third, quarter, length)| {
                    let net = ipnet::Ipv4Net::new([10, 0, *third, quarter * 64].into(), *length).unwrap().trunc();
                    https(&net.to_string())
                })
                .collect();
            let before = lacking(count, &rules);
            let opened: Vec<_> = before.iter().map(|net| https(&net.to_string())).collect();
            prop_assert_eq!(lacking(count, &[rules, opened].concat()), nets(&[]));
            // No address outside the subnets is let in.
            let size: u64 = before.iter().map(|net| 1 << (32 - net.prefix_len())).sum();
            prop_assert!(size.is_multiple_of(256) && size <= 256 * count as u64);
        }
    }
}
