//! Which services are required in a VPC, and from which of its subnets.

use std::collections::BTreeMap;

use crate::evaluation::Context;
use crate::model::catalogue::{Catalogue, Service};
use crate::model::endpoint::{Endpoint, EndpointKind, EndpointState};
use crate::model::id::{RouteTableId, ServiceName};
use crate::model::part::Gap;
use crate::model::service_facts::against_private_dns;
use crate::model::snapshot::Subnet;
use crate::settings::Requirement;

/// A service that the settings require in this VPC.
pub struct Required<'a> {
    pub service: &'a Service,
    /// The subnets that need it; empty where none of the VPC matches.
    pub subnets: Vec<&'a Subnet>,
}

/// What the settings require in a VPC of one kind of endpoint.
pub struct Requirements<'a> {
    /// Interface or Gateway.
    pub kind: EndpointKind,
    /// Merged over all requirements and sorted by name.
    pub services: Vec<Required<'a>>,
    pub unresolved: Vec<Unresolved<'a>>,
}

/// A required service that the Region's catalogue does not list as it is required, or lists more than once.
pub struct Unresolved<'a> {
    pub name: &'a str,
    /// What is wrong, in a sentence.
    pub explanation: &'static str,
    /// Why, and what to do.
    pub reason: String,
}

fn requirements<'a>(context: &Context<'a>, kind: EndpointKind) -> Result<Requirements<'a>, Gap> {
    let mut services: BTreeMap<&ServiceName, Required<'a>> = BTreeMap::new();
    let mut unresolved = BTreeMap::new();
    let catalogue = context.snapshot.services.as_ref().map_err(Gap::clone)?;
    for requirement in &context.settings.requirements {
        if requirement.kind != kind || !requirement.vpcs.matches(&context.snapshot.vpc) {
            continue;
        }
        let subnets = matching_subnets(context, requirement)?;
        for name in &requirement.services {
            match resolve(name, kind, catalogue, context) {
                Ok(listed) => {
                    let fips = fips_variant(listed, catalogue).filter(|_| requirement.fips);
                    if requirement.fips && fips.is_none() {
                        unresolved.insert(name.as_str(), no_fips_variant(name, context));
                    }
                    let service = fips.unwrap_or(listed);
                    let entry = services.entry(&service.name).or_insert_with(|| Required {
                        service,
                        subnets: Vec::new(),
                    });
                    entry
                        .subnets
                        .extend(subnets.iter().filter(|s| s.owner == context.snapshot.account));
                }
                Err(reason) => {
                    let explanation = "The required service is not in the Region's catalogue.";
                    unresolved.insert(name.as_str(), (explanation, reason));
                }
            }
        }
    }
    let mut services: Vec<_> = services.into_values().collect();
    for required in &mut services {
        required.subnets.sort_by_key(|subnet| &subnet.id);
        required.subnets.dedup_by_key(|subnet| &subnet.id);
    }
    let unresolved = unresolved.into_iter();
    Ok(Requirements {
        kind,
        services,
        unresolved: unresolved
            .map(|(name, (explanation, reason))| Unresolved {
                name,
                explanation,
                reason,
            })
            .collect(),
    })
}

fn matching_subnets<'a>(
    context: &Context<'a>,
    requirement: &crate::settings::Requirement,
) -> Result<Vec<&'a Subnet>, Gap> {
    let snapshot = context.snapshot;
    let mut matching = Vec::new();
    for subnet in snapshot.subnets.as_ref().map_err(Gap::clone)?.values() {
        if requirement
            .subnets
            .matches(snapshot.class_of(&subnet.id)?, &subnet.tags)
        {
            matching.push(subnet);
        }
    }
    Ok(matching)
}

/// Whether a requirement is about a service, by its full name or, if it is one of AWS, by its short name.
pub(super) fn is_required_by(requirement: &Requirement, name: &str, short: Option<&str>) -> bool {
    requirement.services.iter().any(|required| {
        let variant = |short: &str| fips_names(required).any(|variant| variant == short);
        required == name || short.is_some_and(|short| required == short || (requirement.fips && variant(short)))
    })
}

/// The FIPS variant of an interface service, such as `kms-fips` of `kms` and `iot-fips.api` of `iot.api`. A service that is
/// one already is its own. AWS marks them in their names alone.
/// [AWS services that integrate with AWS PrivateLink](https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html)
fn fips_variant<'a>(service: &'a Service, catalogue: &'a Catalogue) -> Option<&'a Service> {
    let short = service.short_name()?;
    if short.split(['.', '-']).any(|word| word == "fips") {
        return Some(service);
    }
    fips_names(short).find_map(|variant| catalogue.of_short_name(&variant, service.kind).next())
}

/// The short names that the FIPS variant of a service may have.
fn fips_names(short: &str) -> impl Iterator<Item = String> {
    let first = short.split_once('.');
    let first = first.map(|(first, rest)| format!("{first}-fips.{rest}"));
    [format!("{short}-fips")].into_iter().chain(first)
}

fn no_fips_variant(name: &str, context: &Context<'_>) -> (&'static str, String) {
    let reason = format!(
        "{} has no FIPS variant of `{name}`, so that the service without FIPS is required instead. If that is accepted, \
         require `{name}` in a block without `fips`, or add an exemption.",
        context.snapshot.region
    );
    ("The required service has no FIPS variant in the Region.", reason)
}

/// Names are looked up in the catalogue, never built: not every service follows `com.amazonaws.<region>.<name>`.
fn resolve<'a>(
    name: &str,
    kind: EndpointKind,
    catalogue: &'a Catalogue,
    context: &Context<'_>,
) -> Result<&'a Service, String> {
    let region = &context.snapshot.region;
    if let Some(service) = catalogue.find(name, kind) {
        return Ok(service);
    }
    let short: Vec<_> = catalogue.of_short_name(name, kind).collect();
    match short.as_slice() {
        [service] => Ok(service),
        [] => Err(format!(
            "{region} has no {} service `{name}`. Correct the name in `postern.toml`, or limit the requirement to VPCs of \
             Regions that have the service.",
            kind.word()
        )),
        several => {
            let names: Vec<_> = several.iter().map(|service| service.name.as_str()).collect();
            Err(format!(
                "`{name}` can mean {}. Use the full name in `postern.toml`.",
                names.join(" or ")
            ))
        }
    }
}

impl<'a> Context<'a> {
    /// The services that are required through interface endpoints.
    pub fn required_interface(&self) -> Result<&Requirements<'a>, Gap> {
        let required = self
            .interface
            .get_or_init(|| requirements(self, EndpointKind::Interface));
        required.as_ref().map_err(Gap::clone)
    }

    /// The services that are required through gateway endpoints.
    pub fn required_gateway(&self) -> Result<&Requirements<'a>, Gap> {
        let required = self.gateway.get_or_init(|| requirements(self, EndpointKind::Gateway));
        required.as_ref().map_err(Gap::clone)
    }

    /// Whether the settings require a service anywhere, by its full name or, if it is one of AWS, by its short name.
    pub fn requires_anywhere(&self, name: &str, short: Option<&str>) -> bool {
        let mut requirements = self.settings.requirements.iter();
        requirements.any(|requirement| is_required_by(requirement, name, short))
    }

    /// The usable endpoints of a service in this VPC. Endpoints to other Regions do not count.
    pub fn serving(&self, service: &Service) -> Result<Vec<&'a Endpoint>, Gap> {
        self.endpoints_to(service, Endpoint::usable)
    }

    /// The endpoints of a service in a state that Postern does not know: they may serve this VPC or not.
    pub fn doubtful(&self, service: &Service) -> Result<Vec<&'a Endpoint>, Gap> {
        self.endpoints_to(service, |e| e.state == EndpointState::Unknown)
    }

    fn endpoints_to(&self, service: &Service, chosen: fn(&Endpoint) -> bool) -> Result<Vec<&'a Endpoint>, Gap> {
        let endpoints = self.snapshot.endpoints.as_ref().map_err(Gap::clone)?;
        Ok(endpoints
            .values()
            .filter(|e| e.kind == service.kind && e.service.as_ref() == Some(&service.name))
            .filter(|e| chosen(e) && self.local(e))
            .collect())
    }

    pub fn local(&self, endpoint: &Endpoint) -> bool {
        endpoint
            .service_region
            .as_ref()
            .is_none_or(|region| *region == self.snapshot.region)
    }

    /// The catalogue's entry for the service of an endpoint.
    pub fn service_of(&self, endpoint: &Endpoint) -> Result<Option<&'a Service>, Gap> {
        let catalogue = self.snapshot.services.as_ref().map_err(Gap::clone)?;
        Ok(catalogue.of_endpoint(endpoint))
    }

    /// Whether private DNS is wanted on the interface endpoint of a service. It is off in a hub: private hosted zones hold the
    /// names there. Where the service has a gateway type as well,
    /// its normal DNS name is for the clients of the gateway endpoint.
    pub fn wants_private_dns(&self, service: &Service) -> Result<bool, Gap> {
        let catalogue = self.snapshot.services.as_ref().map_err(Gap::clone)?;
        Ok(self.hub().is_none()
            && service.amazon()
            && against_private_dns(service).is_none()
            && service.kind == EndpointKind::Interface
            && !service.private_dns_names.is_empty()
            && catalogue.find(service.name.as_str(), EndpointKind::Gateway).is_none())
    }

    /// The route tables of these subnets.
    pub fn route_tables_of(&self, subnets: &[&Subnet]) -> Result<Vec<RouteTableId>, Gap> {
        let mut tables = Vec::new();
        for subnet in subnets {
            tables.extend(self.snapshot.route_table_of(&subnet.id)?.map(|table| table.id.clone()));
        }
        tables.sort();
        tables.dedup();
        Ok(tables)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::PolicyCache;
    use crate::history::ChangeHistory;
    use crate::model::snapshot::SubnetClass;
    use crate::settings::SubnetSelector;
    use crate::testing::{STRANGER, World, bare, compliant, service, tags};

    fn with<T>(world: &World, look: impl FnOnce(&Context<'_>) -> T) -> T {
        let (history, policies) = (ChangeHistory::default(), PolicyCache::default());
        look(&Context::new(
            &world.snapshot,
            &world.settings,
            &history,
            world.now,
            &policies,
        ))
    }

    /// Each required interface service, by short name, with the subnets that need it.
    fn needed(world: &World) -> Vec<(String, Vec<String>)> {
        with(world, |context| {
            let short = |s: &Service| s.short_name().unwrap().to_owned();
            let required = context.required_interface().unwrap();
            required
                .services
                .iter()
                .map(|r| (short(r.service), r.subnets.iter().map(|s| s.id.to_string()).collect()))
                .collect()
        })
    }

    fn classes(classes: &[SubnetClass]) -> SubnetSelector {
        SubnetSelector {
            classes: classes.iter().copied().collect(),
            ..SubnetSelector::default()
        }
    }

    #[test]
    fn requirements_of_one_service_are_merged_and_services_sorted() {
        let mut world = bare()
            .subnet("subnet-a", "a", SubnetClass::Private)
            .subnet("subnet-b", "b", SubnetClass::Isolated)
            .subnet("subnet-web", "c", SubnetClass::Public)
            .require(&["sts", "kms"])
            .require(&["com.amazonaws.eu-central-1.sts", "sts"]);
        world.settings.requirements[0].subnets = classes(&[SubnetClass::Private, SubnetClass::Isolated]);
        world.settings.requirements[1].subnets = classes(&[SubnetClass::Private, SubnetClass::Public]);
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            needed(&world),
            [
                ("kms".to_owned(), names(&["subnet-a", "subnet-b"])),
                ("sts".to_owned(), names(&["subnet-a", "subnet-b", "subnet-web"])),
            ]
        );
    }

    #[test]
    fn subnets_are_selected_by_class_and_by_every_tag() {
        let mut world = bare()
            .subnet("subnet-app", "a", SubnetClass::Private)
            .subnet("subnet-other", "a", SubnetClass::Private)
            .edit_subnet("subnet-app", |s| s.tags = tags(&[("tier", "app"), ("env", "prod")]))
            .edit_subnet("subnet-other", |s| s.tags = tags(&[("tier", "app")]))
            .require(&["sts"]);
        world.settings.requirements[0].subnets.tags = tags(&[("tier", "app"), ("env", "prod")]);
        assert_eq!(needed(&world), [("sts".to_owned(), vec!["subnet-app".to_owned()])]);
        world.settings.requirements[0].subnets = classes(&[SubnetClass::Public]);
        assert_eq!(needed(&world), [("sts".to_owned(), vec![])]);
    }

    #[test]
    fn subnet_of_another_owner_needs_nothing() {
        let world = bare()
            .subnet("subnet-a", "a", SubnetClass::Private)
            .edit_subnet("subnet-a", |s| s.owner = STRANGER.into())
            .require(&["sts"]);
        assert_eq!(needed(&world), [("sts".to_owned(), vec![])]);
    }

    #[test]
    fn fips_variant_is_required_where_the_region_has_it() {
        let mut world = bare()
            .subnet("subnet-a", "a", SubnetClass::Private)
            .edit_catalogue(|services| {
                for name in ["kms-fips", "iot.api", "iot-fips.api"] {
                    services.push(service(&format!("com.amazonaws.eu-central-1.{name}")));
                }
            })
            .require(&["kms", "sts", "iot.api", "com.amazonaws.eu-central-1.kms-fips"]);
        let names = |world: &World| needed(world).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(&world), ["iot.api", "kms", "kms-fips", "sts"]);
        world.settings.requirements[0].fips = true;
        assert_eq!(names(&world), ["iot-fips.api", "kms-fips", "sts"]);
        with(&world, |context| {
            let required = context.required_interface().unwrap();
            let unresolved: Vec<_> = required.unresolved.iter().map(|u| (u.name, u.explanation)).collect();
            assert_eq!(
                unresolved,
                [("sts", "The required service has no FIPS variant in the Region.")]
            );
        });
    }

    #[test]
    fn unresolved_service_is_reported_once_and_others_are_evaluated() {
        let world = compliant().require(&["nonsense", "sts"]).require(&["nonsense"]);
        with(&world, |context| {
            let Requirements {
                services, unresolved, ..
            } = context.required_interface().unwrap();
            assert_eq!(services.len(), 2);
            let names: Vec<_> = unresolved.iter().map(|u| u.name).collect();
            assert_eq!(names, ["nonsense"]);
            assert!(unresolved[0].reason.contains("no interface service"));
        });
    }

    #[test]
    fn service_is_required_in_the_kind_of_the_requirement() {
        let gateway_of_sts = compliant().require_gateway(&["sts"]);
        with(&gateway_of_sts, |context| {
            let unresolved = &context.required_gateway().unwrap().unresolved;
            assert_eq!(
                unresolved[0].reason,
                "eu-central-1 has no gateway service `sts`. Correct the name in `postern.toml`, or limit the requirement to \
                 VPCs of Regions that have the service."
            );
        });
    }

    #[test]
    fn service_names_of_china_regions_are_found() {
        let mut world = bare()
            .subnet("subnet-a", "a", SubnetClass::Private)
            .require(&["ecr.api"]);
        world.snapshot.region = "cn-north-1".into();
        let name = "cn.com.amazonaws.cn-north-1.ecr.api";
        let services = vec![service(name), service("com.amazonaws.cn-north-1.ecr.dkr")];
        world.snapshot.services = Ok(std::sync::Arc::new(Catalogue::new(services)));
        with(&world, |context| {
            let services = &context.required_interface().unwrap().services;
            assert_eq!(services[0].service.name.as_str(), name);
        });
    }

    #[test]
    fn only_aws_interface_services_without_a_gateway_form_want_private_dns() {
        let world = compliant();
        let services = world.snapshot.services.as_ref().unwrap().services();
        let wanted: Vec<_> = services
            .iter()
            .filter(|s| with(&world, |context| context.wants_private_dns(s).unwrap()))
            .map(|s| s.short_name().unwrap())
            .collect();
        assert_eq!(
            wanted,
            [
                "freetier",
                "ecr.api",
                "email-smtp",
                "guardduty-data",
                "kms",
                "rum",
                "sts",
            ]
        );
    }

    #[test]
    fn serving_and_doubtful_endpoints_are_distinguished() {
        let world = compliant()
            .interface("vpce-odd", "sts", &["subnet-a"])
            .edit_endpoint("vpce-odd", |e| e.state = EndpointState::Unknown)
            .interface("vpce-dead", "sts", &["subnet-a"])
            .edit_endpoint("vpce-dead", |e| e.state = EndpointState::Failed);
        with(&world, |context| {
            let name = world.full_name("sts");
            let catalogue = world.snapshot.services.as_ref().unwrap();
            let sts = catalogue.find(name.as_str(), EndpointKind::Interface).unwrap();
            let ids = |endpoints: Vec<&Endpoint>| endpoints.iter().map(|e| e.id.to_string()).collect::<Vec<_>>();
            assert_eq!(ids(context.serving(sts).unwrap()), ["vpce-sts"]);
            assert_eq!(ids(context.doubtful(sts).unwrap()), ["vpce-odd"]);
        });
    }

    #[test]
    fn route_tables_of_subnets_are_listed_once() {
        let world = compliant().edit_table("rtb-isolated", |t| t.subnets.clear());
        with(&world, |context| {
            let subnets = context.all_subnets().unwrap();
            let tables = context.route_tables_of(&subnets).unwrap();
            assert_eq!(
                tables,
                ["rtb-main", "rtb-private", "rtb-public"].map(RouteTableId::from)
            );
        });
    }
}
