//! Order, causes, prices and limits of plans, in named cases.

use super::*;
use crate::changes::{
    AuthorizeIngress, CreateManagedGroup, DnsAttribute, EnableVpcDns, HTTPS, ManagedGroup, ReplacePolicy,
};
use crate::controls::{
    CONTROLS, endpoint_missing, policy_open, private_dns_disabled, subnet_uncovered, vpc_dns_disabled,
};
use crate::evaluation::{Assessment, Concern, Context, Evaluate, Remediation};
use crate::model::cost::{Prices, RegionPrices};
use crate::model::finding::ResourceKind;
use crate::model::part::Gap;
use crate::model::snapshot::SubnetClass;
use crate::settings::{Limits, Modes};
use crate::testing::{ALLOW_ALL, VPC, World, bare, compliant, net};

/// Something wrong of every sort.
fn broken() -> World {
    compliant()
        .dns(true, false)
        .without("vpce-kms")
        .without("vpce-dynamodb")
        .interface("vpce-ecr", "ecr.api", &["subnet-a"])
        .group("sg-closed", &[])
        .edit_endpoint("vpce-ecr", |e| {
            e.private_dns = false;
            e.security_groups = ["sg-closed".into()].into();
        })
        .edit_endpoint("vpce-sts", |e| {
            e.subnets.remove(&"subnet-c".into());
            e.security_groups = ["sg-closed".into()].into();
        })
        .edit_endpoint("vpce-s3", |e| {
            e.route_tables.remove(&"rtb-isolated".into());
            e.policy = Some(ALLOW_ALL.to_owned());
        })
}

fn lines(plan: &Plan) -> String {
    let line = |planned: &PlannedChange| {
        let causes: BTreeSet<_> = planned.causes.iter().map(|key| key.control.as_str()).collect();
        let causes: Vec<_> = causes.into_iter().collect();
        format!(
            "{:?} {} {} for {}",
            planned.mode,
            planned.monthly_cost.unwrap_or_default(),
            planned.change,
            causes.join(", ")
        )
    };
    plan.changes.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn changes_are_planned_in_an_order_in_which_each_can_succeed() {
    insta::assert_snapshot!(lines(&broken().plan()), @"
    Enforce $0.00 create gateway endpoint to com.amazonaws.eu-central-1.dynamodb in vpc-1 on 2 route tables for endpoint-missing
    Enforce $7.30 add subnet-c (eu-central-1c) to vpce-sts for subnet-uncovered
    Enforce $0.00 associate rtb-isolated with vpce-s3 for gateway-route-missing
    Enforce $0.00 create security group postern-endpoint-ingress in vpc-1 for ingress-blocked, vpc-dns-disabled
    Enforce $0.00 admit TCP 443 from 10.0.0.0/22, 10.0.4.0/23 in security group postern-endpoint-ingress for ingress-blocked, vpc-dns-disabled
    Enforce $0.00 attach security group postern-endpoint-ingress to vpce-sts for ingress-blocked, vpc-dns-disabled
    Enforce $0.00 enable DNS hostnames on vpc-1 for vpc-dns-disabled
    Enforce $14.60 create interface endpoint to com.amazonaws.eu-central-1.kms in vpc-1 with 2 zones for endpoint-missing
    Enforce $0.00 replace the policy of vpce-s3 for policy-open
    ");
}

#[test]
fn audited_changes_come_after_enforced_ones() {
    let world = broken()
        .mode(&endpoint_missing::CONTROL, Mode::Audit)
        .mode(&policy_open::CONTROL, Mode::Audit);
    let plan = world.plan();
    insta::assert_snapshot!(lines(&plan), @"
    Enforce $7.30 add subnet-c (eu-central-1c) to vpce-sts for subnet-uncovered
    Enforce $0.00 associate rtb-isolated with vpce-s3 for gateway-route-missing
    Enforce $0.00 create security group postern-endpoint-ingress in vpc-1 for ingress-blocked, vpc-dns-disabled
    Enforce $0.00 admit TCP 443 from 10.0.0.0/22, 10.0.4.0/23 in security group postern-endpoint-ingress for ingress-blocked, vpc-dns-disabled
    Enforce $0.00 attach security group postern-endpoint-ingress to vpce-sts for ingress-blocked, vpc-dns-disabled
    Enforce $0.00 enable DNS hostnames on vpc-1 for vpc-dns-disabled
    Audit $0.00 create gateway endpoint to com.amazonaws.eu-central-1.dynamodb in vpc-1 on 2 route tables for endpoint-missing
    Audit $14.60 create interface endpoint to com.amazonaws.eu-central-1.kms in vpc-1 with 2 zones for endpoint-missing
    Audit $0.00 replace the policy of vpce-s3 for policy-open
    ");
    assert_eq!(plan.enforced().count(), 6);
}

#[test]
fn change_that_depends_on_an_audited_control_is_not_enforced() {
    let world = bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .require(&["sts"])
        .dns(false, false)
        .mode(&vpc_dns_disabled::CONTROL, Mode::Audit);
    assert_eq!(world.plan().enforced().count(), 0);
    assert_eq!(world.plan().changes.len(), 2);
}

#[test]
fn change_names_every_finding_that_it_remedies() {
    let world = broken();
    let plan = world.plan();
    let group = plan
        .changes
        .iter()
        .find(|p| p.change.kind() == ChangeKind::CreateManagedGroup)
        .unwrap();
    let causes: Vec<_> = group.causes.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(causes.join("\n"), @"
    ingress-blocked on vpce-sts
    vpc-dns-disabled on vpc-1
    ");
}

#[test]
fn second_policy_change_builds_on_the_first_and_severity_decides_the_order() {
    let world = compliant()
        .edit_endpoint("vpce-s3", |e| e.policy = Some(ALLOW_ALL.to_owned()))
        .bound_but("vpce-s3");
    let plan = world.plan();
    let causes: Vec<_> = plan
        .changes
        .iter()
        .flat_map(|p| &p.causes)
        .map(ToString::to_string)
        .collect();
    assert_eq!(causes, ["policy-open on vpce-s3", "credentials-unbound on vpce-s3"]);
    let [
        Change::ReplacePolicy(ReplacePolicy {
            before: open,
            after: closed,
            ..
        }),
        Change::ReplacePolicy(ReplacePolicy { before, after, .. }),
    ] = [&plan.changes[0].change, &plan.changes[1].change]
    else {
        panic!("{plan:#?}")
    };
    assert_eq!((open.as_str(), before), (ALLOW_ALL, closed));
    for added in [
        "DenyUntrustedPrincipals",
        "DenyUntrustedResources",
        "DenyInstanceCredentialsOfOtherVpcs",
    ] {
        assert!(after.contains(added), "{after}");
    }
}

#[test]
fn cost_of_a_plan_uses_the_price_of_the_region() {
    let mut world = broken();
    let dearer = RegionPrices {
        interface_endpoint_zone_hour: Some(0.012),
        ..RegionPrices::default()
    };
    world.settings.prices.regions.insert("eu-central-1".into(), dearer);
    // Two zones of kms and one more of sts; the gateway endpoint costs nothing.
    assert_eq!(world.plan().monthly_cost().to_string(), "$26.28");
    world.settings.modes = Modes::default();
    assert_eq!(world.plan().monthly_cost(), MonthlyCost::ZERO);
}

#[test]
fn cost_limits_withhold_what_has_no_known_price() {
    let mut world = broken();
    world.settings.prices = Prices::default();
    let plan = world.plan();
    let (unpriced, priced): (Vec<_>, Vec<_>) = plan.changes.iter().partition(|planned| planned.monthly_cost.is_none());
    assert!(!unpriced.is_empty() && !priced.is_empty(), "{plan:#?}");
    for planned in &unpriced {
        let reason = planned.withheld.as_deref().unwrap();
        assert!(
            reason.contains("is unknown") && reason.contains("postern prices"),
            "{reason}"
        );
    }
    // What costs nothing is remediated all the same.
    assert!(plan.enforced().next().is_some());
    assert!(
        plan.enforced()
            .all(|planned| planned.monthly_cost == Some(MonthlyCost::ZERO))
    );
}

/// The plan under a limit: which controls are remediated, and why others are not.
fn limited(world: &World, spent: Spent, limit: impl FnOnce(&mut Limits)) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut world = world.clone();
    limit(&mut world.settings.limits);
    let (_, limited) = plan(
        CONTROLS,
        &world.snapshot.state(),
        &world.settings,
        &world.history,
        &Restraints::after(spent),
        world.now,
        &world.policies,
    );
    let changes = |plan: &Plan| plan.changes.iter().map(|p| p.change.clone()).collect::<Vec<_>>();
    assert_eq!(changes(&limited), changes(&world.plan()), "it is reported completely");
    let applied = limited
        .enforced()
        .flat_map(|p| &p.causes)
        .map(|key| key.control.clone());
    let withheld = limited.changes.iter().filter_map(|p| p.withheld.clone());
    (applied.collect(), withheld.collect())
}

#[test]
fn findings_of_a_plan_describe_the_state_before_it() {
    let world = broken();
    let (settings, history) = (&world.settings, &world.history);
    let (found, planned) = plan(
        CONTROLS,
        &world.snapshot.state(),
        settings,
        history,
        &Restraints::default(),
        world.now,
        &world.policies,
    );
    assert_eq!(found, world.all_findings());
    assert_eq!(planned, world.plan());
}

#[test]
fn plan_at_a_limit_is_applied_completely() {
    let world = broken();
    let count = world.plan().changes.len();
    let dollars = MonthlyCost::from_dollars;
    let spent = Spent { changes: 2 };
    type Limit = fn(&mut Limits, usize);
    let at_limits: [(Spent, Limit); 4] = [
        (Spent::default(), |l, _| {
            l.monthly_cost_per_vpc = MonthlyCost::from_dollars(21.90)
        }),
        (Spent::default(), |l, _| {
            l.monthly_cost_total = MonthlyCost::from_dollars(21.90)
        }),
        (Spent::default(), |l, count| l.changes_per_hour = count),
        (spent, |l, count| l.changes_per_run = count + 2),
    ];
    for (spent, limit) in at_limits {
        assert_eq!(limited(&world, spent, |l| limit(l, count)).1, BTreeSet::new());
    }
    for (limit, name) in [
        (
            (|l: &mut Limits| l.monthly_cost_total = MonthlyCost::from_dollars(21.89)) as fn(&mut Limits),
            "monthly_cost_total",
        ),
        (|l| l.changes_per_hour = 3, "changes_per_hour"),
        (|l| l.changes_per_run = 3, "changes_per_run"),
    ] {
        let (_, withheld) = limited(&world, Spent::default(), limit);
        assert!(
            withheld
                .iter()
                .all(|reason| reason.starts_with(&format!("limits.{name} is "))),
            "{withheld:?}"
        );
        assert!(!withheld.is_empty(), "{name}");
    }
    let (_, withheld) = limited(&world, Spent::default(), |l| l.monthly_cost_per_vpc = dollars(21.89));
    assert_eq!(
        withheld,
        ["limits.monthly_cost_per_vpc is $21.89: the remediation adds $7.30 a month to the $14.60 of the last 24 hours"
            .to_owned()]
        .into()
    );
}

#[test]
fn cost_limit_withholds_no_change_that_is_free_of_charge() {
    let (applied, withheld) = limited(&broken(), Spent::default(), |l| {
        l.monthly_cost_per_vpc = MonthlyCost::ZERO
    });
    let free = [
        "endpoint-missing",
        "gateway-route-missing",
        "ingress-blocked",
        "policy-open",
        "vpc-dns-disabled",
    ];
    assert_eq!(
        applied,
        free.map(str::to_owned).into(),
        "the missing gateway endpoint is free of charge"
    );
    assert_eq!(withheld.len(), 2, "{withheld:?}");
}

#[test]
fn most_severe_findings_are_remediated_first() {
    let (applied, withheld) = limited(&broken(), Spent::default(), |l| l.changes_per_run = 1);
    assert_eq!(applied, ["policy-open".to_owned()].into());
    assert!(!withheld.is_empty());
}

#[test]
fn changes_of_a_finding_are_withheld_together_with_what_requires_them() {
    let world = bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .require(&["sts"])
        .dns(false, false);
    for most in 0..=world.plan().changes.len() {
        let mut tight = world.clone();
        tight.settings.limits.changes_per_run = most;
        let plan = tight.plan();
        let created = plan.enforced().any(|p| p.change.kind() == ChangeKind::CreateEndpoint);
        let count = plan.enforced().count();
        assert!(
            created == (count == 5) && [0, 2, 5].contains(&count),
            "{most}: {plan:#?}"
        );
    }
}

#[test]
fn refused_reservation_withholds_only_what_counts_against_its_budget() {
    let world = broken();
    let plan = world.plan();
    let canary = Canary {
        perimeter: "0123456789ab".to_owned(),
        endpoints: 0,
        most: 0,
        reason: String::new(),
    };
    let reservations = reservations(&plan, &world.settings, Some(&canary), world.now);
    assert_eq!(reservations.len(), 3);
    for reservation in reservations {
        let mut cut = plan.clone();
        cut.withhold_for(&reservation);
        let kept: BTreeSet<_> = cut.enforced().map(|p| p.change.kind()).collect();
        match &reservation.budget {
            Budget::ChangesPerHour { .. } => assert_eq!(kept, BTreeSet::new()),
            Budget::CostPerWindow { .. } => {
                assert!(kept.contains(&ChangeKind::ReplacePolicy) && !kept.contains(&ChangeKind::AddSubnet));
                assert_eq!(cut.monthly_cost(), MonthlyCost::ZERO);
            }
            Budget::Canaries { .. } => {
                assert!(kept.contains(&ChangeKind::AddSubnet) && !kept.contains(&ChangeKind::ReplacePolicy));
            }
        }
    }
}

#[test]
fn audited_plan_exceeds_no_limit() {
    let exhausted = Spent { changes: 9 };
    let tight = |l: &mut Limits| {
        l.changes_per_run = 0;
        l.monthly_cost_total = MonthlyCost::ZERO;
        l.changes_per_hour = 0;
        l.monthly_cost_per_vpc = MonthlyCost::ZERO;
    };
    assert_eq!(limited(&compliant(), exhausted, tight).1, BTreeSet::new());
    let mut audited = broken();
    audited.settings.modes = Modes::default();
    assert_eq!(limited(&audited, exhausted, tight).1, BTreeSet::new());
}

#[test]
fn full_subnet_gets_no_more_endpoints() {
    let world = bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .edit_subnet("subnet-a", |s| s.free_addresses = 1)
        .require(&["sts", "ecr.api"]);
    let created: Vec<_> = world
        .plan()
        .changes
        .into_iter()
        .filter(|p| p.change.kind() == ChangeKind::CreateEndpoint)
        .collect();
    assert_eq!(created.len(), 1);
}

#[test]
fn function_plans_only_for_its_own_controls() {
    let only = [&private_dns_disabled::CONTROL, &subnet_uncovered::CONTROL];
    let world = broken();
    let (_, plan) = plan(
        &only,
        &world.snapshot.state(),
        &world.settings,
        &world.history,
        &Restraints::default(),
        world.now,
        &world.policies,
    );
    let kinds: BTreeSet<_> = plan.changes.iter().map(|p| p.change.kind()).collect();
    assert_eq!(
        kinds,
        BTreeSet::from([ChangeKind::AddSubnet]),
        "private DNS waits for the attributes"
    );
}

fn unending(evaluate: fn(&Context<'_>) -> Result<Vec<Assessment>, Gap>) -> Plan {
    let control = Control {
        name: "never-content",
        summary: "",
        documentation: "",
        finds: "nothing",
        remediation: "nothing",
        concern: Concern::Reachability,
        severity: Severity::Low,
        frameworks: &[],
        resource: ResourceKind::Vpc,
        needs: &[Part::Dns, Part::SecurityGroups],
        changes: &[
            ChangeKind::EnableVpcDns,
            ChangeKind::CreateManagedGroup,
            ChangeKind::AuthorizeIngress,
        ],
        opt_in: false,
        writes_perimeter_policies: false,
        evaluate: Evaluate::Vpc(evaluate),
    };
    let world = bare();
    plan(
        &[&control],
        &world.snapshot.state(),
        &world.settings,
        &world.history,
        &Restraints::default(),
        world.now,
        &world.policies,
    )
    .1
}

fn never_content(change: Change) -> Result<Vec<Assessment>, Gap> {
    let key = FindingKey::new("never-content", ResourceKind::Vpc, VPC);
    Ok(vec![key.non_compliant("Bad.", Remediation::Automatic(vec![change]))])
}

#[test]
fn control_whose_remediation_has_no_effect_is_detected() {
    let idle = unending(|_| {
        never_content(Change::EnableVpcDns(EnableVpcDns {
            vpc: VPC.into(),
            attribute: DnsAttribute::Support,
        }))
    });
    assert_eq!(idle.changes, []);
    let busy = unending(|context| {
        let Some(group) = context.snapshot.managed_group() else {
            return never_content(Change::CreateManagedGroup(CreateManagedGroup::for_ingress(VPC.into())));
        };
        let n = group.ingress.len();
        never_content(Change::AuthorizeIngress(AuthorizeIngress {
            group: ManagedGroup { vpc: VPC.into() },
            ports: HTTPS,
            cidrs: [net(&format!("10.{}.{}.0/24", n / 256, n % 256))].into(),
        }))
    });
    assert_eq!(busy.changes.len(), MOST_CHANGES + 1);
    for plan in [idle, busy] {
        assert!(plan.refused.unwrap().contains("did not come to an end"));
    }
}
