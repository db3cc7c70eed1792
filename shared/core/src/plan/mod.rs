//! From findings to an ordered, conflict-free, priced list of changes.

mod release;
mod reserve;
mod rollback;
#[cfg(test)]
mod rollback_tests;

pub use self::release::{Notice, NoticeKind, Release, ReleaseTarget, notices, release};
pub use self::reserve::{Budget, Reservation, reservations};
pub use self::rollback::{Difference, Rollback, Undo, UndoStep, reopened, rollback};

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::changes::{Change, ChangeKind};
use crate::evaluation::policies::Policies;
use crate::evaluation::{Control, Finding, evaluate_with};
use crate::history::ChangeHistory;
use crate::model::cost::MonthlyCost;
use crate::model::finding::FindingKey;
use crate::model::snapshot::{Part, Snapshot};
use crate::settings::{Limits, Mode, Settings};

/// Protects against a control whose remediation has no effect: far more changes than a VPC can need.
const MOST_CHANGES: usize = 1_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The changes that enforce mode applies, in this order, and then those that it would apply to audited controls.
    pub changes: Vec<PlannedChange>,
    /// Why no change of it may be applied.
    pub refused: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedChange {
    pub change: Change,
    /// The findings that it remedies.
    pub causes: BTreeSet<FindingKey>,
    /// Enforce: to be applied. Audit: only shown.
    pub mode: Mode,
    pub monthly_cost: MonthlyCost,
}

/// What earlier plans of the same run have used of the limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    pub changes: usize,
}

/// The findings of `evaluate`, and the plan for them.
///
/// Plans by simulation: evaluates, simulates the changes that come first, and evaluates again, until no finding has
/// automatic changes. The applied plan therefore leaves nothing that could still be planned.
pub fn plan(
    controls: &[&Control],
    snapshot: &Snapshot,
    settings: &Settings,
    history: &ChangeHistory,
    spent: Spent,
    now: Timestamp,
) -> (Vec<Finding>, Plan) {
    let policies = Policies::default();
    let evaluate =
        |controls: &[&Control], state: &Snapshot| evaluate_with(controls, state, settings, history, now, &policies);
    let found = evaluate(controls, snapshot);
    let mut findings = found.clone();
    let mut state = snapshot.clone();
    let mut plan = Plan::default();
    for mode in [Mode::Enforce, Mode::Audit] {
        loop {
            let open: Vec<_> = findings.iter().filter_map(|f| proposal(f, mode)).collect();
            // Of two that change the same, the more severe one comes first, and the other builds on it.
            let first = |(finding, changes): &&(&Finding, &[Change])| (stage(changes), Reverse(finding.severity));
            let Some((_, changes)) = open.iter().min_by_key(first) else {
                break;
            };
            let before = plan.changes.len();
            let mut altered: BTreeSet<Part> = BTreeSet::new();
            for change in *changes {
                let after = change.simulate(&state);
                if after == state {
                    continue;
                }
                state = after;
                altered.extend(change.alters());
                plan.changes.push(PlannedChange {
                    change: change.clone(),
                    causes: open
                        .iter()
                        .filter(|(_, c)| c.contains(change))
                        .map(|(finding, _)| finding.key.clone())
                        .collect(),
                    mode,
                    monthly_cost: change.monthly_cost(&settings.prices, &snapshot.region),
                });
            }
            if plan.changes.len() == before || before >= MOST_CHANGES {
                plan.refused = Some("planning did not come to an end; this is a defect of a control".to_owned());
                return (found, plan);
            }
            let (affected, unaffected): (Vec<&Control>, Vec<&Control>) = controls
                .iter()
                .copied()
                .partition(|control| control.needs.iter().any(|part| altered.contains(part)));
            findings.retain(|finding| unaffected.iter().any(|control| control.name == finding.key.control));
            findings.extend(evaluate(&affected, &state));
            findings.sort_by(|a, b| a.key.cmp(&b.key));
        }
    }
    plan.refused = over_limit(&plan, &settings.limits, history, spent, now);
    (found, plan)
}

fn proposal(finding: &Finding, mode: Mode) -> Option<(&Finding, &[Change])> {
    let changes = finding.changes()?;
    (finding.mode == mode).then_some((finding, changes))
}

/// Changes on which others depend come first.
fn stage(changes: &[Change]) -> Option<ChangeKind> {
    changes.iter().map(Change::kind).max()
}

fn over_limit(plan: &Plan, limits: &Limits, history: &ChangeHistory, spent: Spent, now: Timestamp) -> Option<String> {
    let changes = plan.enforced().count();
    if changes == 0 {
        return None;
    }
    let adds = plan.monthly_cost();
    let added = history.spent(limits.window(), now);
    if adds > MonthlyCost::ZERO && adds + added > limits.monthly_cost_per_vpc {
        return Some(format!(
            "the plan adds {adds} a month to the {added} of the last {} hours, the limit per VPC is {} \
             (limits.monthly_cost_per_vpc)",
            limits.window_hours, limits.monthly_cost_per_vpc
        ));
    }
    if changes + spent.changes > limits.changes_per_run {
        return Some(format!(
            "the plan has {changes} changes besides the {} of this run, the limit per run is {} \
             (limits.changes_per_run)",
            spent.changes, limits.changes_per_run
        ));
    }
    let hopeless = reservations(plan, limits, now).into_iter().find(Reservation::hopeless);
    hopeless.map(|reservation| reservation.refusal())
}

impl Plan {
    /// The changes that enforce mode applies.
    pub fn enforced(&self) -> impl Iterator<Item = &PlannedChange> {
        self.changes.iter().filter(|planned| planned.mode == Mode::Enforce)
    }

    /// What the changes that enforce mode applies add to the bill each month.
    pub fn monthly_cost(&self) -> MonthlyCost {
        self.enforced().map(|planned| planned.monthly_cost).sum()
    }
}

#[cfg(test)]
mod laws;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::{
        AuthorizeIngress, CreateManagedGroup, DnsAttribute, EnableVpcDns, ManagedGroup, ReplacePolicy,
    };
    use crate::controls::{
        CONTROLS, endpoint_missing, policy_open, private_dns_disabled, subnet_uncovered, vpc_dns_disabled,
    };
    use crate::evaluation::{Assessment, Context, Remediation, evaluate};
    use crate::model::finding::{ResourceKind, Severity};
    use crate::model::snapshot::{Gap, SubnetClass};
    use crate::settings::Modes;
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
                planned.monthly_cost,
                planned.change,
                causes.join(", ")
            )
        };
        plan.changes.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn changes_are_planned_in_an_order_in_which_each_can_succeed() {
        insta::assert_snapshot!(lines(&broken().plan()), @"
        Enforce $0.00 enable DNS hostnames on vpc-1 for vpc-dns-disabled
        Enforce $0.00 create gateway endpoint to com.amazonaws.eu-central-1.dynamodb in vpc-1 on 2 route tables for endpoint-missing
        Enforce $0.00 create security group postern-endpoint-ingress in vpc-1 for endpoint-missing, ingress-blocked, private-dns-disabled
        Enforce $0.00 admit TCP 443 from 10.0.0.0/22, 10.0.4.0/23 in security group postern-endpoint-ingress for endpoint-missing, ingress-blocked, private-dns-disabled
        Enforce $14.60 create interface endpoint to com.amazonaws.eu-central-1.kms in vpc-1 with 2 zones for endpoint-missing
        Enforce $7.30 add subnet-c (eu-central-1c) to vpce-sts for subnet-uncovered
        Enforce $0.00 associate rtb-isolated with vpce-s3 for gateway-route-missing
        Enforce $0.00 attach security group postern-endpoint-ingress to vpce-sts for ingress-blocked
        Enforce $0.00 attach security group postern-endpoint-ingress to vpce-ecr for private-dns-disabled
        Enforce $0.00 enable private DNS on vpce-ecr for private-dns-disabled
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
        Enforce $0.00 enable DNS hostnames on vpc-1 for vpc-dns-disabled
        Enforce $7.30 add subnet-c (eu-central-1c) to vpce-sts for subnet-uncovered
        Enforce $0.00 associate rtb-isolated with vpce-s3 for gateway-route-missing
        Enforce $0.00 create security group postern-endpoint-ingress in vpc-1 for ingress-blocked, private-dns-disabled
        Enforce $0.00 admit TCP 443 from 10.0.0.0/22, 10.0.4.0/23 in security group postern-endpoint-ingress for ingress-blocked, private-dns-disabled
        Enforce $0.00 attach security group postern-endpoint-ingress to vpce-sts for ingress-blocked
        Enforce $0.00 attach security group postern-endpoint-ingress to vpce-ecr for private-dns-disabled
        Enforce $0.00 enable private DNS on vpce-ecr for private-dns-disabled
        Audit $0.00 create gateway endpoint to com.amazonaws.eu-central-1.dynamodb in vpc-1 on 2 route tables for endpoint-missing
        Audit $14.60 create interface endpoint to com.amazonaws.eu-central-1.kms in vpc-1 with 2 zones for endpoint-missing
        Audit $0.00 replace the policy of vpce-s3 for policy-open
        ");
        assert_eq!(plan.enforced().count(), 8);
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
        endpoint-missing on vpc-1 (com.amazonaws.eu-central-1.kms, interface)
        ingress-blocked on vpce-sts
        private-dns-disabled on vpce-ecr (cn.com.amazonaws.eu-central-1.ecr.api)
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
        world.settings.prices.regions = [("eu-central-1".into(), 0.012)].into();
        // Two zones of kms and one more of sts; the gateway endpoint costs nothing.
        assert_eq!(world.plan().monthly_cost().to_string(), "$26.28");
        world.settings.modes = Modes::default();
        assert_eq!(world.plan().monthly_cost(), MonthlyCost::ZERO);
    }

    fn refused(world: &World, spent: Spent, limit: impl FnOnce(&mut Limits)) -> Option<String> {
        let mut world = world.clone();
        limit(&mut world.settings.limits);
        let (_, Plan { changes, refused }) = plan(
            CONTROLS,
            &world.snapshot,
            &world.settings,
            &world.history,
            spent,
            world.now,
        );
        assert_eq!(changes, world.plan().changes, "it is reported whole");
        refused
    }

    #[test]
    fn findings_of_a_plan_describe_the_state_before_it() {
        let world = broken();
        let (settings, history) = (&world.settings, &world.history);
        let (found, planned) = plan(
            CONTROLS,
            &world.snapshot,
            settings,
            history,
            Spent::default(),
            world.now,
        );
        assert_eq!(found, evaluate(CONTROLS, &world.snapshot, settings, history, world.now));
        assert_eq!(planned, world.plan());
    }

    #[test]
    fn plan_at_a_limit_is_accepted_and_over_it_is_refused() {
        let world = broken();
        let count = world.plan().changes.len();
        let dollars = MonthlyCost::from_dollars;
        let none = Spent::default();
        let spent = Spent { changes: 2 };
        assert_eq!(refused(&world, none, |l| l.monthly_cost_per_vpc = dollars(21.90)), None);
        assert_eq!(
            refused(&world, none, |l| l.monthly_cost_per_vpc = dollars(21.89)).unwrap(),
            "the plan adds $21.90 a month to the $0.00 of the last 24 hours, the limit per VPC is $21.89 \
             (limits.monthly_cost_per_vpc)"
        );
        assert_eq!(refused(&world, none, |l| l.monthly_cost_total = dollars(21.90)), None);
        let total = refused(&world, none, |l| l.monthly_cost_total = dollars(21.89)).unwrap();
        assert!(total.contains("limits.monthly_cost_total"), "{total}");
        assert_eq!(refused(&world, none, |l| l.changes_per_hour = count), None);
        let hour = refused(&world, none, |l| l.changes_per_hour = count - 1).unwrap();
        assert!(hour.contains("limits.changes_per_hour"), "{hour}");
        assert_eq!(refused(&world, spent, |l| l.changes_per_run = count + 2), None);
        assert_eq!(
            refused(&world, spent, |l| l.changes_per_run = count + 1).unwrap(),
            format!(
                "the plan has {count} changes besides the 2 of this run, the limit per run is {} \
                 (limits.changes_per_run)",
                count + 1
            )
        );
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
        assert_eq!(refused(&compliant(), exhausted, tight), None);
        let mut audited = broken();
        audited.settings.modes = Modes::default();
        assert_eq!(refused(&audited, exhausted, tight), None);
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
            &world.snapshot,
            &world.settings,
            &world.history,
            Spent::default(),
            world.now,
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
            severity: Severity::Low,
            needs: &[Part::Dns, Part::SecurityGroups],
            changes: &[],
            opt_in: false,
            writes_perimeter_policies: false,
            evaluate,
        };
        let world = bare();
        plan(
            &[&control],
            &world.snapshot,
            &world.settings,
            &world.history,
            Spent::default(),
            world.now,
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
                return never_content(Change::CreateManagedGroup(CreateManagedGroup { vpc: VPC.into() }));
            };
            let n = group.ingress.len();
            never_content(Change::AuthorizeIngress(AuthorizeIngress {
                group: ManagedGroup { vpc: VPC.into() },
                cidrs: [net(&format!("10.{}.{}.0/24", n / 256, n % 256))].into(),
            }))
        });
        assert_eq!(busy.changes.len(), MOST_CHANGES + 1);
        for plan in [idle, busy] {
            assert!(plan.refused.unwrap().contains("did not come to an end"));
        }
    }
}
