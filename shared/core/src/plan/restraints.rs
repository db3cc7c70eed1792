//! What keeps changes of a plan from being applied for the safety of the network, whatever the limits.

use std::collections::BTreeSet;

use super::limits::Positions;
use super::{Plan, PlannedChange, Spent};
use crate::model::finding::{FindingKey, Severity};
use crate::model::id::SubnetId;

/// What a run has to know besides settings and history to tell which changes it may apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restraints {
    pub spent: Spent,
    /// Why the perimeter is not known to contain the account in which Postern runs. Nothing that relies on the perimeter
    /// is applied then.
    pub perimeter: Option<String>,
    /// Set while the perimeter is new.
    pub canary: Option<Canary>,
    /// Subnets in which nobody has a network interface, endpoints aside. Empty where nobody looked.
    pub idle: BTreeSet<SubnetId>,
}

/// A perimeter under which too few endpoints were closed and verified. Only a few endpoints are closed until then, so
/// that a mistake in the settings does not reach all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// The digest of the perimeter.
    pub perimeter: String,
    /// How many endpoints may still be closed.
    pub endpoints: usize,
    /// How many may be closed according to the ledger's counter, which still counts what crashed runs reserved.
    pub most: usize,
    /// Why others are not closed.
    pub reason: String,
}

impl Restraints {
    /// Of a run that made so many changes before and that nothing else restrains.
    pub fn after(spent: Spent) -> Self {
        Self {
            spent,
            ..Self::default()
        }
    }
}

impl Plan {
    /// Withholds what must not be applied now, with all that belongs to the same findings.
    pub(super) fn admit(
        &mut self,
        restraints: &Restraints,
        outside_window: Option<&str>,
        severity: impl Fn(&FindingKey) -> Severity,
    ) {
        if let Some(reason) = outside_window {
            let interrupts = |planned: &&PlannedChange| planned.change.safety().interrupts() && planned.idle.is_none();
            let refused =
                |changes: &[&PlannedChange]| changes.iter().find(|c| interrupts(c)).map(|_| reason.to_owned());
            self.withhold_findings(&severity, refused);
        }
        if let Some(reason) = &restraints.perimeter {
            let relies = |changes: &[&PlannedChange]| {
                let relies = changes.iter().any(|planned| planned.change.relies_on_perimeter());
                relies.then(|| reason.clone())
            };
            self.withhold_findings(&severity, relies);
        }
        if let Some(canary) = &restraints.canary {
            let mut closed = BTreeSet::new();
            let beyond = |changes: &[&PlannedChange]| {
                let mut with: BTreeSet<_> = closed.clone();
                with.extend(restricted(changes.iter().copied()));
                if with.len() > closed.len() && with.len() > canary.endpoints {
                    return Some(canary.reason.clone());
                }
                closed = with;
                None
            };
            self.withhold_findings(&severity, beyond);
        }
    }

    /// Withholds the changes of each finding that is refused, the most severe finding first, unless another finding needs
    /// them. `refused` gets the changes of a finding with everything that they require.
    fn withhold_findings(
        &mut self,
        severity: impl Fn(&FindingKey) -> Severity,
        mut refused: impl FnMut(&[&PlannedChange]) -> Option<String>,
    ) {
        let mut kept = Positions::new();
        let mut withheld = Vec::new();
        for own in self.findings(severity) {
            let wanted = self.with_required(&own);
            match refused(&self.at(&wanted)) {
                None => kept.extend(wanted),
                Some(reason) => withheld.push((wanted, reason)),
            }
        }
        for (positions, reason) in withheld {
            self.withhold(positions.difference(&kept).copied().collect(), &reason);
        }
    }

    /// How many endpoints the plan closes.
    pub(super) fn restricted_endpoints(&self) -> usize {
        restricted(self.enforced()).collect::<BTreeSet<_>>().len()
    }
}

/// The endpoints and endpoint services that these changes close.
pub(super) fn restricted<'a>(changes: impl IntoIterator<Item = &'a PlannedChange>) -> impl Iterator<Item = String> {
    let changes = changes.into_iter();
    changes.filter_map(|planned| planned.change.closes().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Change;
    use crate::changes::ChangeKind;
    use crate::controls::CONTROLS;
    use crate::plan::plan;
    use crate::settings::{ApprovedServices, Mode};
    use crate::testing::{ALLOW_ALL, World, compliant};

    fn open(endpoints: &[&str]) -> World {
        endpoints.iter().fold(compliant(), |world, endpoint| {
            world.edit_endpoint(endpoint, |e| e.policy = Some(ALLOW_ALL.to_owned()))
        })
    }

    fn planned(world: &World, restraints: &Restraints) -> Plan {
        plan(
            CONTROLS,
            &world.snapshot.state(),
            &world.settings,
            &world.history,
            restraints,
            world.now,
            &world.policies,
        )
        .1
    }

    fn kinds(plan: &Plan) -> Vec<ChangeKind> {
        plan.enforced().map(|planned| planned.change.kind()).collect()
    }

    /// What lets the clients of the compliant VPC's endpoints in.
    const ADMITTING: [ChangeKind; 3] = [
        ChangeKind::CreateManagedGroup,
        ChangeKind::AuthorizeIngress,
        ChangeKind::AttachManagedGroup,
    ];

    #[test]
    fn nothing_that_relies_on_the_perimeter_is_applied_while_it_may_be_wrong() {
        let world = open(&["vpce-s3"])
            .without("vpce-kms")
            .without("vpce-dynamodb")
            .group("sg-https", &[]);
        let restraints = Restraints {
            perimeter: Some("the perimeter is wrong".to_owned()),
            ..Restraints::default()
        };
        let plan = planned(&world, &restraints);
        assert_eq!(kinds(&plan), ADMITTING);
        let withheld: Vec<_> = plan
            .changes
            .iter()
            .filter(|planned| planned.withheld.is_some())
            .collect();
        assert!(withheld.len() >= 3, "{plan:#?}");
        assert!(
            withheld
                .iter()
                .all(|planned| plan.refusal(planned) == Some("the perimeter is wrong"))
        );
        assert!(planned(&world, &Restraints::default()).enforced().count() > withheld.len());
    }

    /// The S3 gateway endpoint lacks the route table of the compliant VPC's subnets.
    fn without_route() -> World {
        compliant().edit_endpoint("vpce-s3", |e| e.route_tables.clear())
    }

    fn idle(world: &World) -> Restraints {
        Restraints {
            idle: world.snapshot.subnets.as_ref().unwrap().keys().cloned().collect(),
            ..Restraints::default()
        }
    }

    #[test]
    fn interrupting_change_waits_for_the_maintenance_window_and_others_do_not() {
        let mut world = without_route().group("sg-https", &[]);
        let text = "[modes.interrupting]\nwindow = { weekdays = ['sat'], from = '02:00', to = '05:00' }";
        world.settings.modes.window = crate::settings::Settings::parse(text, &crate::controls::known())
            .unwrap()
            .modes
            .window;
        let plan = planned(&world, &Restraints::default());
        assert_eq!(kinds(&plan), [&ADMITTING[..], &ADMITTING[2..]].concat());
        let withheld: Vec<_> = plan
            .changes
            .iter()
            .filter_map(|planned| planned.withheld.as_deref())
            .collect();
        assert!(!withheld.is_empty() && withheld.iter().all(|reason| reason.contains("sat 02:00 to 05:00 UTC")));
        world.now = "2026-11-28T03:00:00Z".parse().unwrap();
        assert!(kinds(&planned(&world, &Restraints::default())).contains(&ChangeKind::AssociateRouteTable));
    }

    #[test]
    fn interrupting_change_that_meets_no_client_is_made_although_its_class_is_audited() {
        let mut world = without_route();
        world.settings.modes.interrupting = crate::settings::Mode::Audit;
        assert_eq!(kinds(&planned(&world, &Restraints::default())), []);
        let plan = planned(&world, &idle(&world));
        assert!(kinds(&plan).contains(&ChangeKind::AssociateRouteTable), "{plan:#?}");
        let affected = plan.enforced().find_map(|planned| planned.idle.clone()).unwrap();
        assert!(!affected.is_empty());
        let mut other = idle(&world);
        other.idle.retain(|subnet| !affected.contains(subnet));
        let fewer = planned(&world, &other).enforced().count();
        assert!(
            fewer < plan.enforced().count(),
            "a client is in a subnet that the change affects"
        );
    }

    #[test]
    fn quarantine_waits_for_its_class_although_no_client_is_in_the_vpc() {
        // Clients of an interface endpoint may come from other VPCs and from on premises.
        for (id, made) in [("vpce-kms", false), ("vpce-s3", true)] {
            let mut world = compliant();
            world.settings.modes.interrupting = Mode::Audit;
            world.settings.approved_services = Some(ApprovedServices {
                aws: false,
                names: BTreeSet::new(),
                accounts: BTreeSet::new(),
                quarantine: true,
            });
            world.settings.requirements.clear();
            let plan = planned(&world, &idle(&world));
            let of_endpoint = |planned: &&PlannedChange| matches!(&planned.change, Change::QuarantineEndpoint(change) if change.endpoint.as_str() == id);
            assert_eq!(plan.changes.iter().filter(of_endpoint).count(), 1, "{plan:#?}");
            assert_eq!(plan.enforced().filter(of_endpoint).count() == 1, made, "{id}");
        }
    }

    #[test]
    fn new_perimeter_closes_as_many_endpoints_as_it_may_and_withholds_the_others() {
        let world = open(&["vpce-s3", "vpce-kms", "vpce-dynamodb"]).dns(false, true);
        let applied = |endpoints| {
            let canary = Canary {
                perimeter: "0123456789ab".to_owned(),
                endpoints,
                most: endpoints,
                reason: "the perimeter is new".to_owned(),
            };
            let restraints = Restraints {
                canary: Some(canary),
                ..Restraints::default()
            };
            let plan = planned(&world, &restraints);
            let withheld = plan.changes.iter().filter(|planned| planned.withheld.is_some());
            (plan.restricted_endpoints(), plan.enforced().count(), withheld.count())
        };
        let all = planned(&world, &Restraints::default()).enforced().count();
        assert_eq!(applied(0), (0, all - 3, 3));
        assert_eq!(applied(1), (1, all - 2, 2));
        assert_eq!(applied(3), (3, all, 0));
    }
}
