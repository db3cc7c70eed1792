//! gateway-route-missing: see [`CONTROL`].

use std::collections::BTreeSet;

use crate::changes::{AssociateRouteTable, Change, ChangeKind};
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation, in_unknown_state};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::managed::managed_by;
use crate::model::part::{Gap, Part};

pub static CONTROL: Control = Control {
    name: "gateway-route-missing",
    summary: "The route table of a subnet that needs a service is not associated with the service's gateway endpoint.",
    documentation: "\
A gateway endpoint serves only the subnets of the route tables that it is associated with. Other subnets reach the \
service through a NAT gateway, at a price per gigabyte, or not at all. A subnet without a route table of its own \
uses the main route table of the VPC.

**Remediation** (automatic, interrupting). Associates the route table with the endpoint. Open connections of the \
table's subnets to the service drop and are opened again through the endpoint. Gateway endpoints cost nothing.",
    finds: "a route table that does not lead to the gateway endpoint",
    remediation: "associates it",
    concern: Concern::Reachability,
    severity: Severity::Medium,
    frameworks: &[
        (Framework::Nist80053, "AC-4"),
        (Framework::Nist80053, "SC-7"),
        (Framework::PciDss4, "1.3.2"),
        (Framework::CisControls8, "12.2"),
        (Framework::DataPerimeter, "network-of-resources"),
    ],
    resource: ResourceKind::RouteTable,
    needs: &[Part::Subnets, Part::RouteTables, Part::Endpoints, Part::Services],
    changes: &[ChangeKind::AssociateRouteTable],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    let mut findings = Vec::new();
    let services = &context.required_gateway()?.services;
    for required in services {
        let serving = context.serving(required.service)?;
        let service = &required.service.name;
        // Without an endpoint, endpoint-missing reports it.
        let Some(chosen) = serving
            .iter()
            .min_by_key(|e| (managed_by(e, context.snapshot).is_some(), &e.id))
        else {
            continue;
        };
        let associated: BTreeSet<_> = serving.iter().flat_map(|e| &e.route_tables).collect();
        let doubtful = context.doubtful(required.service)?;
        for table in context.route_tables_of(&required.subnets)? {
            let key = FindingKey::new(CONTROL.name, ResourceKind::RouteTable, &table).for_service(service);
            findings.push(if associated.contains(&table) {
                key.compliant("The route table is associated with the gateway endpoint.")
            } else if let Some(endpoint) = doubtful.iter().find(|e| e.route_tables.contains(&table)) {
                in_unknown_state(key, endpoint)
            } else {
                key.non_compliant(
                    format!(
                        "{table} is not associated with {}, so its subnets do not reach {service} privately.",
                        chosen.id
                    ),
                    Remediation::Automatic(vec![Change::AssociateRouteTable(AssociateRouteTable {
                        endpoint: chosen.id.clone(),
                        route_table: table,
                    })]),
                )
            });
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::endpoint::EndpointState;
    use crate::model::finding::Verdict;
    use crate::model::snapshot::{RouteTarget, SubnetClass};
    use crate::testing::{STRANGER, World, advice, assert_needs, bare, changes, compliant, route};

    /// A private and an isolated subnet; `vpce-s3` serves the private one only.
    fn off_the_table() -> World {
        bare()
            .subnet("subnet-a", "a", SubnetClass::Private)
            .subnet("subnet-db", "a", SubnetClass::Isolated)
            .require_gateway(&["s3"])
            .gateway("vpce-s3", "s3", &["rtb-private"])
    }

    fn association(endpoint: &str, table: &str) -> Change {
        Change::AssociateRouteTable(AssociateRouteTable {
            endpoint: endpoint.into(),
            route_table: table.into(),
        })
    }

    #[test]
    fn route_table_of_requiring_subnets_has_one_finding() {
        let world = off_the_table().subnet("subnet-a2", "a", SubnetClass::Private);
        let about: Vec<_> = world
            .findings(&CONTROL)
            .into_iter()
            .map(|f| (f.key.resource.id.clone(), f.verdict()))
            .collect();
        assert_eq!(
            about,
            [
                ("rtb-isolated".to_owned(), Verdict::NonCompliant),
                ("rtb-private".to_owned(), Verdict::Compliant),
            ],
            "neither the public table nor the main one, which serves no subnet"
        );
    }

    #[test]
    fn route_table_without_the_route_is_associated() {
        let finding = off_the_table().judge(&CONTROL, "rtb-isolated");
        assert_eq!(changes(&finding), [association("vpce-s3", "rtb-isolated")]);
        assert_eq!(finding.key.service.as_deref(), Some("com.amazonaws.eu-central-1.s3"));
    }

    #[test]
    fn subnet_without_an_association_uses_the_main_route_table() {
        let world = off_the_table().edit_table("rtb-isolated", |t| t.subnets.clear());
        let finding = world.judge(&CONTROL, "rtb-main");
        assert_eq!(changes(&finding), [association("vpce-s3", "rtb-main")]);
        let associated = world.edit_endpoint("vpce-s3", |e| {
            e.route_tables.insert("rtb-main".into());
        });
        assert_eq!(associated.verdict(&CONTROL, "rtb-main"), Verdict::Compliant);
    }

    #[test]
    fn blackhole_route_does_not_make_a_subnet_public() {
        let leads_out = |active| {
            off_the_table().edit_table("rtb-isolated", |t| {
                let mut way = route("0.0.0.0/0", RouteTarget::InternetGateway("igw-1".to_owned()));
                way.active = active;
                t.routes.push(way);
            })
        };
        assert_eq!(
            leads_out(false).verdict(&CONTROL, "rtb-isolated"),
            Verdict::NonCompliant
        );
        assert_eq!(leads_out(true).findings(&CONTROL).len(), 1);
    }

    #[test]
    fn route_tables_of_several_endpoints_count_together() {
        let world = off_the_table().gateway("vpce-s3-too", "s3", &["rtb-isolated"]);
        assert_eq!(world.verdict(&CONTROL, "rtb-isolated"), Verdict::Compliant);
    }

    #[test]
    fn endpoint_managed_by_others_is_reported_and_not_changed() {
        let kept = off_the_table().edit_endpoint("vpce-s3", |e| e.owner = STRANGER.into());
        let finding = kept.judge(&CONTROL, "rtb-isolated");
        assert_eq!(finding.verdict(), Verdict::NonCompliant);
        assert!(
            advice(&finding).contains("vpce-s3 belongs to account 444455556666"),
            "{finding:#?}"
        );
        let beside = kept.gateway("vpce-z", "s3", &[]);
        assert_eq!(
            changes(&beside.judge(&CONTROL, "rtb-isolated")),
            [association("vpce-z", "rtb-isolated")]
        );
    }

    #[test]
    fn endpoint_in_an_unknown_state_is_indeterminate() {
        let world = off_the_table()
            .gateway("vpce-odd", "s3", &["rtb-isolated"])
            .edit_endpoint("vpce-odd", |e| e.state = EndpointState::Unknown);
        assert_eq!(world.verdict(&CONTROL, "rtb-isolated"), Verdict::Indeterminate);
        assert_eq!(world.verdict(&CONTROL, "rtb-private"), Verdict::Compliant);
    }

    #[test]
    fn missing_endpoint_is_reported_by_endpoint_missing_alone() {
        let dead = off_the_table().edit_endpoint("vpce-s3", |e| e.state = EndpointState::Deleting);
        assert_eq!(dead.findings(&CONTROL), []);
        let abroad = off_the_table().edit_endpoint("vpce-s3", |e| e.service_region = Some("us-east-1".into()));
        assert_eq!(abroad.findings(&CONTROL), []);
        let interface = compliant().require(&["s3"]).interface("vpce-s3", "s3", &["subnet-a"]);
        assert!(
            interface
                .findings(&CONTROL)
                .iter()
                .all(|f| f.key.service.as_deref() != Some("com.amazonaws.eu-central-1.s3"))
        );
    }

    #[test]
    fn service_that_is_not_required_has_no_findings() {
        let mut world = off_the_table();
        world.settings.requirements.clear();
        assert_eq!(world.findings(&CONTROL), []);
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        assert_needs(&CONTROL, &[off_the_table()]);
    }
}
