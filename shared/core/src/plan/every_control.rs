//! Every control of the registry in each of its cases. The scopes are found among random ones, so that a new control needs
//! no test of its own here, and one that cannot get into a case fails.

use std::sync::LazyLock;

use jiff::Timestamp;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::{Plan, Restraints, plan};
use crate::controls::CONTROLS;
use crate::evaluation::{Control, Evaluate, Finding, PolicyCache, evaluate};
use crate::history::ChangeHistory;
use crate::model::finding::{FindingKey, Verdict};
use crate::model::part::Part;
use crate::model::scope_snapshot::Snapshot;
use crate::settings::{Exemption, ExemptionSelector, Mode, Settings};
use crate::testing::World;
use crate::testing::service::{ServiceWorld, services};
use crate::testing::strategy::enforced_worlds;

/// So many random scopes of each kind.
const COUNT: usize = 1_500;

/// A scope and what its owner wants, at a moment, with one finding of a control.
struct Case<'a> {
    scope: &'a Scope,
    finding: Finding,
}

#[derive(Clone)]
enum Scope {
    Vpc(Box<World>),
    Service(Box<ServiceWorld>),
}

impl Scope {
    fn parts(&self) -> (Snapshot, &Settings, &ChangeHistory, Timestamp) {
        match self {
            Self::Vpc(world) => (world.snapshot.state(), &world.settings, &world.history, world.now),
            Self::Service(world) => (world.state(), &world.settings, &world.history, world.now),
        }
    }

    fn settings(&mut self) -> &mut Settings {
        match self {
            Self::Vpc(world) => &mut world.settings,
            Self::Service(world) => &mut world.settings,
        }
    }

    fn findings_in(&self, control: &Control, state: &Snapshot) -> Vec<Finding> {
        let (_, settings, history, now) = self.parts();
        evaluate(&[control], state, settings, history, now, &PolicyCache::default())
    }

    fn findings(&self, control: &Control) -> Vec<Finding> {
        self.findings_in(control, &self.parts().0)
    }

    fn finding(&self, key: &FindingKey, control: &Control) -> Option<Finding> {
        self.findings(control).into_iter().find(|finding| finding.key == *key)
    }

    fn plan(&self) -> Plan {
        let (state, settings, history, now) = self.parts();
        let free = Restraints::default();
        plan(CONTROLS, &state, settings, history, &free, now, &PolicyCache::default()).1
    }

    fn gap(&self, part: Part) -> Self {
        match self.clone() {
            Self::Vpc(world) => Self::Vpc(Box::new(world.gap(part))),
            Self::Service(world) => Self::Service(Box::new(world.gap(part))),
        }
    }
}

/// Drawn once for all tests.
static SCOPES: LazyLock<Vec<Scope>> = LazyLock::new(|| {
    let mut runner = TestRunner::deterministic();
    let mut scopes = Vec::new();
    for _ in 0..COUNT {
        let vpc = enforced_worlds().new_tree(&mut runner).unwrap().current();
        scopes.push(Scope::Vpc(Box::new(vpc)));
        let service = services().new_tree(&mut runner).unwrap().current();
        scopes.push(Scope::Service(Box::new(service)));
    }
    scopes
});

/// The scopes that a control is a requirement on.
fn of_kind<'a>(control: &Control, scopes: &'a [Scope]) -> impl Iterator<Item = &'a Scope> {
    scopes.iter().filter(|scope| {
        matches!(
            (control.evaluate, scope),
            (Evaluate::Vpc(_), Scope::Vpc(_)) | (Evaluate::Service(_), Scope::Service(_))
        )
    })
}

/// The findings of a control on these scopes.
fn cases<'a>(control: &Control, scopes: &'a [Scope]) -> Vec<Case<'a>> {
    let of_kind = of_kind(control, scopes);
    of_kind
        .flat_map(|scope| {
            let findings = scope.findings(control);
            findings.into_iter().map(move |finding| Case { scope, finding })
        })
        .collect()
}

/// The first open non-compliant finding of which this holds.
fn open<'a>(cases: &'a [Case<'a>], wanted: impl Fn(&Case<'_>) -> bool) -> Option<&'a Case<'a>> {
    let open = |case: &&Case<'_>| case.finding.verdict() == Verdict::NonCompliant && case.finding.open();
    cases.iter().filter(open).find(|case| wanted(case))
}

fn planned<'a>(plan: &'a Plan, key: &'a FindingKey) -> impl Iterator<Item = &'a super::PlannedChange> {
    plan.changes.iter().filter(|planned| planned.causes.contains(key))
}

#[test]
fn every_control_is_compliant_in_some_scope_and_not_in_another() {
    for control in CONTROLS {
        let cases = cases(control, &SCOPES);
        for verdict in [Verdict::Compliant, Verdict::NonCompliant] {
            let found = cases.iter().any(|case| case.finding.verdict() == verdict);
            assert!(found, "{} is never {verdict:?}", control.name);
        }
    }
}

/// What a control that is never "not applicable" is about: it says nothing where there is no such thing.
#[test]
fn every_control_is_not_applicable_or_silent_in_some_scope() {
    for control in CONTROLS {
        let not_applicable = cases(control, &SCOPES)
            .iter()
            .any(|case| case.finding.verdict() == Verdict::NotApplicable);
        let silent = of_kind(control, &SCOPES).any(|scope| scope.findings(control).is_empty());
        assert!(not_applicable || silent, "{}", control.name);
    }
}

/// That each part decides in some scope is tested beside each control.
#[test]
fn control_proposes_nothing_where_a_part_that_it_needs_is_a_gap() {
    for control in CONTROLS {
        let parts = control.needs.iter().copied();
        for part in parts.filter(|part| *part != Part::Configuration && !part.dispensable()) {
            for scope in of_kind(control, &SCOPES).take(50) {
                let known = scope.findings(control);
                let unknown = scope.gap(part).findings(control);
                let proposes = unknown.iter().any(|finding| finding.changes().is_some());
                assert!(known == unknown || !proposes, "{} {part:?}", control.name);
            }
        }
    }
}

#[test]
fn exempt_finding_of_every_control_is_accepted_and_nothing_is_planned_for_it() {
    for control in CONTROLS {
        let cases = cases(control, &SCOPES);
        // Where the control remediates, such a finding.
        let proposes = |case: &Case<'_>| control.changes.is_empty() || case.finding.changes().is_some();
        let Case { scope, finding } = open(&cases, proposes).unwrap_or_else(|| panic!("{}", control.name));
        let mut exempt = (*scope).clone();
        exempt.settings().exemptions.push(Exemption {
            control: control.name.to_owned(),
            selector: ExemptionSelector::Resource(finding.key.resource.id.clone()),
            reason: "ticket 42".to_owned(),
            owner: None,
            since: None,
            expires: "2999-01-01T00:00:00Z".parse().unwrap(),
        });
        let accepted = exempt.finding(&finding.key, control).unwrap();
        assert_eq!(accepted.verdict(), Verdict::NonCompliant, "{}", control.name);
        assert!(accepted.exempt.is_some() && !accepted.open(), "{}", control.name);
        assert_eq!(planned(&exempt.plan(), &finding.key).count(), 0, "{}", control.name);
    }
}

#[test]
fn planned_remediation_of_every_control_makes_its_finding_compliant() {
    for control in CONTROLS.iter().filter(|control| !control.changes.is_empty()) {
        let cases = cases(control, &SCOPES);
        let automatic = |case: &Case<'_>| {
            case.finding.mode == Mode::Enforce
                && case.finding.changes().is_some()
                && planned(&case.scope.plan(), &case.finding.key).next().is_some()
        };
        let Case { scope, finding } = open(&cases, automatic).unwrap_or_else(|| panic!("{}", control.name));
        let mut state = scope.parts().0;
        for planned in &scope.plan().changes {
            planned.change.simulate_in(&mut state);
        }
        let after = scope.findings_in(control, &state);
        let after = after.iter().find(|after| after.key == finding.key);
        assert!(
            after.is_none_or(|after| after.verdict() != Verdict::NonCompliant),
            "{}: {after:#?}",
            control.name
        );
    }
}

#[test]
fn remediation_of_every_control_is_shown_and_not_made_where_a_limit_refuses_it() {
    for control in CONTROLS.iter().filter(|control| !control.changes.is_empty()) {
        let cases = cases(control, &SCOPES);
        let made = |case: &Case<'_>| {
            let plan = case.scope.plan();
            let enforced = planned(&plan, &case.finding.key).any(|planned| planned.mode == Mode::Enforce);
            enforced && plan.refused.is_none()
        };
        let Case { scope, finding } = open(&cases, made).unwrap_or_else(|| panic!("{}", control.name));
        let mut limited = (*scope).clone();
        limited.settings().limits.changes_per_run = 0;
        let plan = limited.plan();
        let refused: Vec<_> = planned(&plan, &finding.key).collect();
        assert!(!refused.is_empty(), "{}", control.name);
        for planned in refused {
            let reason = plan.refusal(planned);
            assert!(
                reason.is_some_and(|reason| reason.contains("changes_per_run")),
                "{}: {reason:?}",
                control.name
            );
        }
        assert_eq!(plan.enforced().count(), 0);
        assert!(
            limited.finding(&finding.key, control).unwrap().open(),
            "{}",
            control.name
        );
    }
}
