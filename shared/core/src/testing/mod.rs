//! VPCs for tests, stated in a few lines, with their settings and what a control concludes.

mod baseline;
pub(crate) mod central;
mod history;
pub(crate) mod service;
pub(crate) mod strategy;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use postern_policy::template;

pub(crate) use baseline::{bare, compliant, perimeter, service};
pub(crate) use history::{NOW, RUN, TERRAFORM, record, support, tagged, triggering_event};

use crate::changes::{Change, Inverse};
use crate::controls::{CONTROLS, credentials_unbound};
use crate::evaluation::{Control, Finding, PolicyCache, evaluate};
use crate::history::ChangeHistory;
use crate::model::address::AddressType;
use crate::model::catalogue::{Catalogue, Service};
use crate::model::endpoint::{Endpoint, EndpointKind, EndpointState};
use crate::model::finding::Verdict;
use crate::model::hosted_zone::HostedZone;
use crate::model::id::{ServiceName, SubnetId, Zone};
use crate::model::managed::{GroupPurpose, TAG_MANAGED};
use crate::model::network_acl::{AclEntry, NetworkAcl};
use crate::model::part::{Gap, Observed, Part, Tags};
use crate::model::scope_snapshot::Snapshot;
use crate::model::snapshot::{
    IngressRule, IngressSource, Protocol, Route, RouteTable, RouteTarget, SecurityGroup, Subnet, SubnetClass, VpcDns,
    VpcSnapshot,
};
use crate::plan::{Plan, Restraints, plan};
use crate::settings::{Exemption, ExemptionSelector, Mode, Requirement, Settings, SubnetSelector, VpcSelector};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const STRANGER: &str = "444455556666";
pub(crate) const REGION: &str = "eu-central-1";
pub(crate) const VPC: &str = "vpc-1";
pub(crate) const ALLOW_ALL: &str =
    r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
pub(crate) const PARTNER: &str = "com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0";

/// A VPC and what its owner wants, at a moment.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) snapshot: VpcSnapshot,
    pub(crate) settings: Settings,
    pub(crate) history: ChangeHistory,
    pub(crate) now: Timestamp,
    /// Shared by all worlds, as a warm function shares it among VPCs.
    pub(crate) policies: PolicyCache,
}

/// A line for each thing, without the catalogue, which is much the same in all.
impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn lines<K, T: fmt::Debug>(f: &mut fmt::Formatter<'_>, things: &Observed<BTreeMap<K, T>>) -> fmt::Result {
            match things {
                Ok(things) => things.values().try_for_each(|thing| writeln!(f, "{thing:?}")),
                Err(gap) => writeln!(f, "{gap:?}"),
            }
        }
        let VpcSnapshot { vpc, dns, services, .. } = &self.snapshot;
        writeln!(f, "{vpc:?}\n{dns:?}")?;
        lines(f, &self.snapshot.subnets)?;
        lines(f, &self.snapshot.route_tables)?;
        lines(f, &self.snapshot.endpoints)?;
        lines(f, &self.snapshot.security_groups)?;
        lines(f, &self.snapshot.network_acls)?;
        lines(f, &self.snapshot.hosted_zones)?;
        writeln!(
            f,
            "{:?} services",
            services.as_ref().map(|catalogue| catalogue.services().len())
        )?;
        writeln!(f, "{:?}", self.settings)
    }
}

/// The zone of a letter; longer names are taken as they are.
pub(crate) fn zone(letter: &str) -> Zone {
    match letter.len() {
        1 => Zone(format!("{REGION}{letter}")),
        _ => letter.into(),
    }
}

pub(crate) fn net(cidr: &str) -> IpNet {
    cidr.parse().unwrap()
}

pub(crate) fn nets(cidrs: &[&str]) -> BTreeSet<IpNet> {
    cidrs.iter().copied().map(net).collect()
}

pub(crate) fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

pub(crate) fn route(destination: &str, target: RouteTarget) -> Route {
    Route {
        destination: destination.to_owned(),
        target,
        active: true,
    }
}

/// A network ACL that allows everything but what these entries deny.
fn network_acl(id: &str, entries: &[AclEntry]) -> NetworkAcl {
    let all = [false, true].into_iter().flat_map(|egress| {
        ["0.0.0.0/0", "::/0"].map(|network| AclEntry {
            number: 100,
            egress,
            tcp: true,
            ports: None,
            network: net(network),
            allow: true,
        })
    });
    NetworkAcl {
        id: id.into(),
        subnets: BTreeSet::new(),
        entries: entries.iter().cloned().chain(all).collect(),
    }
}

/// A rule that admits TCP 443 from a network.
pub(crate) fn https(cidr: &str) -> IngressRule {
    rule(Protocol::Tcp, Some((443, 443)), IngressSource::Cidr(net(cidr)))
}

pub(crate) fn rule(protocol: Protocol, ports: Option<(u16, u16)>, source: IngressSource) -> IngressRule {
    IngressRule {
        protocol,
        ports,
        source,
    }
}

impl World {
    /// Adds a subnet to the VPC and to the route table of a class; the nth gets the addresses `10.0.n.0/24`.
    pub(crate) fn subnet(mut self, id: &str, letter: &str, class: SubnetClass) -> Self {
        let subnets = self.snapshot.subnets.as_mut().unwrap();
        let subnet = Subnet {
            id: id.into(),
            owner: ACCOUNT.into(),
            zone: zone(letter),
            ipv4: Some(net(&format!("10.0.{}.0/24", subnets.len()))),
            ipv6: BTreeSet::new(),
            free_addresses: 200,
            outpost: false,
            tags: Tags::new(),
        };
        subnets.insert(subnet.id.clone(), subnet);
        self = self.acl("acl-default", id, &[]);
        let table = match class {
            SubnetClass::Public => "rtb-public",
            SubnetClass::Private => "rtb-private",
            SubnetClass::Isolated => "rtb-isolated",
        };
        self.edit_table(table, |t| {
            t.subnets.insert(id.into());
        })
    }

    /// Adds an available endpoint with private DNS and the perimeter policy, in `sg-https`.
    pub(crate) fn interface(self, id: &str, service: &str, subnets: &[&str]) -> Self {
        let mut endpoint = self.an_endpoint(id, service, EndpointKind::Interface);
        endpoint.subnets = subnets.iter().copied().map(SubnetId::from).collect();
        endpoint.security_groups = BTreeSet::from(["sg-https".into()]);
        endpoint.private_dns = true;
        self.endpoint(endpoint)
    }

    pub(crate) fn gateway(self, id: &str, service: &str, tables: &[&str]) -> Self {
        let mut endpoint = self.an_endpoint(id, service, EndpointKind::Gateway);
        endpoint.route_tables = tables.iter().map(|table| (*table).into()).collect();
        self.endpoint(endpoint)
    }

    fn an_endpoint(&self, id: &str, service: &str, kind: EndpointKind) -> Endpoint {
        let region = self.snapshot.region.as_str();
        Endpoint {
            id: id.into(),
            kind,
            service: Some(self.full_name(service)),
            target: None,
            service_region: None,
            owner: ACCOUNT.into(),
            state: EndpointState::Available,
            requester_managed: false,
            subnets: BTreeSet::new(),
            route_tables: BTreeSet::new(),
            security_groups: BTreeSet::new(),
            address_type: AddressType::Ipv4,
            dns_records: AddressType::Ipv4,
            private_dns: false,
            private_dns_inbound_only: false,
            policy: Some(template(service, region, &self.settings.perimeter).unwrap()),
            created: None,
            tags: Tags::new(),
        }
    }

    /// The service's name in the catalogue, by its short or full name.
    pub(crate) fn full_name(&self, name: &str) -> ServiceName {
        let services = self.snapshot.services.as_ref().unwrap().services();
        let named = |s: &&Service| s.name.as_str() == name || s.short_name() == Some(name);
        services.iter().find(named).unwrap().name.clone()
    }

    pub(crate) fn endpoint(mut self, endpoint: Endpoint) -> Self {
        let endpoints = self.snapshot.endpoints.as_mut().unwrap();
        endpoints.insert(endpoint.id.clone(), endpoint);
        self
    }

    /// Associates a private hosted zone with the VPC, with the name of a service by its short name.
    pub(crate) fn hosted_zone(mut self, id: &str, service: &str) -> Self {
        let zone = HostedZone {
            id: id.to_owned(),
            name: format!("{service}.{REGION}.amazonaws.com"),
            owner: ACCOUNT.into(),
            records: Ok(Vec::new()),
        };
        self.snapshot.hosted_zones.as_mut().unwrap().insert(id.to_owned(), zone);
        self
    }

    pub(crate) fn without(mut self, endpoint: &str) -> Self {
        let endpoints = self.snapshot.endpoints.as_mut().unwrap();
        endpoints.remove(&endpoint.into()).unwrap();
        self
    }

    pub(crate) fn group(mut self, id: &str, ingress: &[IngressRule]) -> Self {
        let group = SecurityGroup {
            id: id.into(),
            name: id.to_owned(),
            owner: ACCOUNT.into(),
            ingress: ingress.to_vec(),
            tags: Tags::new(),
        };
        let groups = self.snapshot.security_groups.as_mut().unwrap();
        groups.insert(group.id.clone(), group);
        self
    }

    /// The network ACL that new subnets get.
    fn default_acl(mut self) -> Self {
        let acls = self.snapshot.network_acls.as_mut().unwrap();
        let acl = network_acl("acl-default", &[]);
        acls.insert(acl.id.clone(), acl);
        self
    }

    /// Gives a subnet a network ACL, new or not, with these entries before those that allow everything.
    pub(crate) fn acl(mut self, id: &str, subnet: &str, entries: &[AclEntry]) -> Self {
        let acls = self.snapshot.network_acls.as_mut().unwrap();
        for acl in acls.values_mut() {
            acl.subnets.remove(&subnet.into());
        }
        let new = network_acl(id, entries);
        let acl = acls.entry(id.into()).or_insert_with(|| new.clone());
        acl.entries = new.entries;
        acl.subnets.insert(subnet.into());
        self
    }

    /// Adds the group that Postern manages.
    pub(crate) fn managed_group(self, id: &str, ingress: &[IngressRule]) -> Self {
        self.own_group(GroupPurpose::Ingress, id, ingress)
    }

    /// Adds the group of endpoints in quarantine.
    pub(crate) fn quarantine_group(self, id: &str) -> Self {
        self.own_group(GroupPurpose::Quarantine, id, &[])
    }

    fn own_group(self, purpose: GroupPurpose, id: &str, ingress: &[IngressRule]) -> Self {
        let mut world = self.group(id, ingress);
        let group = world
            .snapshot
            .security_groups
            .as_mut()
            .unwrap()
            .get_mut(&id.into())
            .unwrap();
        group.name = purpose.group_name().to_owned();
        group.tags = tags(&[(TAG_MANAGED, "true")]);
        world
    }

    /// Requires interface endpoints for the private and isolated subnets.
    pub(crate) fn require(self, services: &[&str]) -> Self {
        self.require_of(EndpointKind::Interface, services)
    }

    pub(crate) fn require_gateway(self, services: &[&str]) -> Self {
        self.require_of(EndpointKind::Gateway, services)
    }

    fn require_of(mut self, kind: EndpointKind, services: &[&str]) -> Self {
        self.settings.requirements.push(Requirement {
            services: services.iter().map(ToString::to_string).collect(),
            kind,
            fips: false,
            vpcs: VpcSelector::default(),
            subnets: SubnetSelector::default(),
        });
        self
    }

    pub(crate) fn exempt(mut self, control: &Control, selector: ExemptionSelector, expires: &str) -> Self {
        self.settings.exemptions.push(Exemption {
            control: control.name.to_owned(),
            selector,
            reason: "ticket 42".to_owned(),
            owner: None,
            since: None,
            expires: expires.parse().unwrap(),
        });
        self
    }

    pub(crate) fn mode(mut self, control: &Control, mode: Mode) -> Self {
        self.settings.modes.controls.insert(control.name.to_owned(), mode);
        self
    }

    /// Enforces credentials-unbound too, with the policies of all endpoints but one such that it is content.
    pub(crate) fn bound_but(self, endpoint: &str) -> Self {
        let mut world = self.mode(&credentials_unbound::CONTROL, Mode::Enforce);
        for finding in world.findings(&credentials_unbound::CONTROL) {
            if finding.key.resource.id != endpoint {
                for change in changes(&finding) {
                    world.snapshot = change.make_in(&world.snapshot);
                }
            }
        }
        world
    }

    pub(crate) fn dns(mut self, support: bool, hostnames: bool) -> Self {
        self.snapshot.dns = Ok(VpcDns { support, hostnames });
        self
    }

    /// The DNS servers that the DHCP options name.
    pub(crate) fn dns_servers(mut self, servers: &[&str]) -> Self {
        self.snapshot.dns_servers = Ok(servers.iter().map(|server| (*server).to_owned()).collect());
        self
    }

    pub(crate) fn edit_subnet(mut self, id: &str, edit: impl FnOnce(&mut Subnet)) -> Self {
        edit(self.snapshot.subnets.as_mut().unwrap().get_mut(&id.into()).unwrap());
        self
    }

    pub(crate) fn edit_table(mut self, id: &str, edit: impl FnOnce(&mut RouteTable)) -> Self {
        edit(
            self.snapshot
                .route_tables
                .as_mut()
                .unwrap()
                .get_mut(&id.into())
                .unwrap(),
        );
        self
    }

    pub(crate) fn edit_endpoint(mut self, id: &str, edit: impl FnOnce(&mut Endpoint)) -> Self {
        edit(self.snapshot.endpoints.as_mut().unwrap().get_mut(&id.into()).unwrap());
        self
    }

    /// What an endpoint processed since the first day that is counted, on which the endpoint is 30 days old.
    pub(crate) fn processed(mut self, id: &str, bytes: u64) -> Self {
        let traffic = self.snapshot.traffic.as_mut().unwrap();
        traffic.bytes.insert(id.into(), bytes);
        let created = traffic.since - SignedDuration::from_hours(30 * 24);
        self.edit_endpoint(id, |e| e.created = Some(created))
    }

    pub(crate) fn edit_service(self, short: &str, kind: EndpointKind, edit: impl FnOnce(&mut Service)) -> Self {
        let name = self.full_name(short);
        self.edit_catalogue(|services| {
            edit(services.iter_mut().find(|s| s.name == name && s.kind == kind).unwrap());
        })
    }

    /// Adds a service of AWS to the catalogue, by its short name.
    pub(crate) fn offer(self, short: &str) -> Self {
        let added = service(&format!("com.amazonaws.{REGION}.{short}"));
        self.edit_catalogue(|services| services.push(added))
    }

    pub(crate) fn edit_catalogue(mut self, edit: impl FnOnce(&mut Vec<Service>)) -> Self {
        let before = self.snapshot.services.as_ref().unwrap();
        let mut services = before.services().to_vec();
        edit(&mut services);
        let unknown = before.unknown.clone();
        self.snapshot.services = Ok(Arc::new(Catalogue::new(services).with(Vec::new(), unknown)));
        self
    }

    /// Makes a part of the snapshot a gap.
    pub(crate) fn gap(mut self, part: Part) -> Self {
        let gap = Gap {
            part,
            reason: format!("the call for {part:?} was denied"),
        };
        match part {
            Part::Dns => {
                self.snapshot.dns_servers = Err(gap.clone());
                self.snapshot.dns = Err(gap);
            }
            Part::Subnets => self.snapshot.subnets = Err(gap),
            Part::RouteTables => self.snapshot.route_tables = Err(gap),
            Part::Endpoints => self.snapshot.endpoints = Err(gap),
            Part::SecurityGroups => self.snapshot.security_groups = Err(gap),
            Part::Services => self.snapshot.services = Err(gap),
            Part::NetworkAcls => self.snapshot.network_acls = Err(gap),
            Part::HostedZones => {
                self.snapshot.dns_profile = Err(gap.clone());
                self.snapshot.hosted_zones = Err(gap);
            }
            Part::Central => self.snapshot.central = Err(gap),
            Part::Traffic => self.snapshot.traffic = Err(gap),
            Part::Configuration | Part::Permissions | Part::Connections | Part::LoadBalancers | Part::TargetHealth => {
                panic!("{part:?} is no part of a VPC")
            }
        }
        self
    }

    pub(crate) fn findings(&self, control: &Control) -> Vec<Finding> {
        self.evaluate(&[control])
    }

    fn evaluate(&self, controls: &[&Control]) -> Vec<Finding> {
        evaluate(
            controls,
            &self.snapshot.state(),
            &self.settings,
            &self.history,
            self.now,
            &self.policies,
        )
    }

    pub(crate) fn all_findings(&self) -> Vec<Finding> {
        self.evaluate(CONTROLS)
    }

    /// The one finding of a control about a resource, a service by its short or full name, or both: `subnet-a kms`.
    pub(crate) fn judge(&self, control: &Control, about: &str) -> Finding {
        let mut found = self.findings(control);
        found.retain(|Finding { key, .. }| {
            about.split(' ').all(|word| {
                let short = format!(".{word}");
                let service = key.service.as_ref();
                key.resource.id == word || service.is_some_and(|s| s == word || s.ends_with(&short))
            })
        });
        match <[Finding; 1]>::try_from(found) {
            Ok([finding]) => finding,
            Err(found) => panic!("not one finding about {about}: {found:#?}"),
        }
    }

    pub(crate) fn verdict(&self, control: &Control, about: &str) -> Verdict {
        self.judge(control, about).verdict()
    }

    pub(crate) fn plan(&self) -> Plan {
        self.findings_and_plan().1
    }

    pub(crate) fn findings_and_plan(&self) -> (Vec<Finding>, Plan) {
        plan(
            CONTROLS,
            &self.snapshot.state(),
            &self.settings,
            &self.history,
            &Restraints::default(),
            self.now,
            &self.policies,
        )
    }
}

impl VpcSnapshot {
    pub(crate) fn state(&self) -> Snapshot {
        Snapshot::Vpc(self.clone())
    }
}

impl From<Snapshot> for VpcSnapshot {
    fn from(snapshot: Snapshot) -> Self {
        match snapshot {
            Snapshot::Vpc(vpc) => vpc,
            Snapshot::Service(service) => panic!("{} is no VPC", service.service.id),
        }
    }
}

impl Change {
    /// The VPC after the change.
    pub(crate) fn make_in(&self, vpc: &VpcSnapshot) -> VpcSnapshot {
        self.simulate(&vpc.state()).into()
    }
}

impl Inverse {
    /// The VPC after the inverse.
    pub(crate) fn make_in(&self, vpc: &VpcSnapshot) -> VpcSnapshot {
        self.simulate(&vpc.state()).into()
    }
}

/// The changes that would make a non-compliant finding good.
pub(crate) fn changes(finding: &Finding) -> &[Change] {
    assert_eq!(finding.verdict(), Verdict::NonCompliant, "{finding:#?}");
    match finding.changes() {
        Some(changes) => changes,
        None => panic!("not automatic: {finding:#?}"),
    }
}

/// The advice about a finding that is not remediated.
pub(crate) fn advice(finding: &Finding) -> String {
    match finding.advice() {
        Some(advice) => advice.into_owned(),
        None => panic!("not manual: {finding:#?}"),
    }
}

/// That each part which a control says it needs decides about one of these VPCs, and that no other part decides about
/// any of them.
pub(crate) fn assert_needs(control: &Control, worlds: &[World]) {
    for part in Part::VPC {
        let needed = control.needs.contains(&part);
        let mut decided = false;
        for world in worlds {
            let known = world.findings(control);
            let unknown = world.clone().gap(part).findings(control);
            if known == unknown {
                continue;
            }
            decided = true;
            assert!(needed, "{} reads {part:?} and does not say so", control.name);
            if part.dispensable()
                && unknown
                    .iter()
                    .all(|finding| finding.verdict() != Verdict::Indeterminate)
            {
                continue;
            }
            let [finding] = unknown.as_slice() else {
                panic!("a gap gives one finding: {unknown:#?}")
            };
            assert_eq!(finding.verdict(), Verdict::Indeterminate);
            assert_eq!(finding.key.resource.id, world.snapshot.vpc.id.as_str());
            let reason = format!("the call for {part:?} was denied");
            assert!(finding.explanation().contains(&reason), "{}", finding.explanation());
        }
        assert!(decided || !needed, "{} does not read {part:?}", control.name);
    }
}
