//! Whole Regions as they are now, with the plan for each VPC and endpoint service. Nothing is changed, and no ledger is needed.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use postern_aws::observe::ObserveError;
use postern_aws::{Session, chain};
use postern_core::evaluation::{Control, PolicyCache};
use postern_core::history::ChangeHistory;
use postern_core::model::id::{Region, RunId, VpcId};
use postern_core::model::part::{Part, name};
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::model::snapshot::VpcSnapshot;
use postern_core::plan::{Restraints, plan};
use postern_core::settings::{Mode, Settings};
use postern_report::Reconciliation;
use postern_report::audit::{AuditedScope, Topology};
use postern_report::published::Report;

use crate::execution::not_applied;

/// Regions that are observed at the same time. Each has a rate limit of its own.
const CONCURRENT_REGIONS: usize = 16;

/// What is asked for.
#[derive(Clone)]
pub struct AuditRequest<'a> {
    pub run: RunId,
    /// Who asks, such as `postern audit`.
    pub actor: &'a str,
    pub controls: &'a [&'static Control],
    /// Controls are evaluated in the modes of these settings.
    pub settings: &'a Settings,
    /// Only these VPCs. Empty: all, and all endpoint services.
    pub vpcs: BTreeSet<VpcId>,
    /// Shared by all VPCs of the audit.
    pub policies: PolicyCache,
}

/// What there is in one Region.
#[derive(Debug)]
pub struct RegionAudit {
    pub region: Region,
    pub found: Result<RegionScopes, ObserveError>,
}

#[derive(Debug, Default)]
pub struct RegionScopes {
    pub scopes: Vec<AuditedScope>,
    /// VPCs of other accounts, which are not evaluated.
    pub shared_vpcs: usize,
    /// Why the endpoint services are not known.
    pub services_gap: Option<String>,
}

/// Audits Regions side by side. `done` is called after each.
pub async fn audit_regions(
    session: &Session,
    regions: Vec<Region>,
    request: &AuditRequest<'_>,
    mut done: impl FnMut(&RegionAudit),
) -> Vec<RegionAudit> {
    let audits = stream::iter(regions).map(|region| audit_region(session, region, request));
    let mut audits = audits.buffer_unordered(CONCURRENT_REGIONS);
    let mut all = Vec::new();
    while let Some(audit) = audits.next().await {
        done(&audit);
        all.push(audit);
    }
    all
}

async fn audit_region(session: &Session, region: Region, request: &AuditRequest<'_>) -> RegionAudit {
    let parts = Part::all();
    let (vpcs, services) = tokio::join!(session.observe_vpcs(&region, &parts, request.settings), async {
        match request.vpcs.is_empty() {
            true => session.observe_services(&region, &parts).await,
            false => Ok(Vec::new()),
        }
    });
    let found = vpcs.map(|snapshots| {
        let mut found = RegionScopes::default();
        match services {
            Ok(services) => {
                let services = services.into_iter().map(Snapshot::Service);
                found
                    .scopes
                    .extend(services.map(|snapshot| audit_scope(&snapshot, session, request)));
            }
            Err(error) => found.services_gap = Some(chain(&error)),
        }
        let wanted = |snapshot: &VpcSnapshot| request.vpcs.is_empty() || request.vpcs.contains(&snapshot.vpc.id);
        for snapshot in snapshots.into_iter().filter(wanted) {
            if snapshot.vpc.owner == snapshot.account {
                found
                    .scopes
                    .push(audit_scope(&Snapshot::Vpc(snapshot), session, request));
            } else {
                found.shared_vpcs += 1;
            }
        }
        found
    });
    RegionAudit { region, found }
}

fn audit_scope(snapshot: &Snapshot, session: &Session, request: &AuditRequest<'_>) -> AuditedScope {
    let (settings, time) = (request.settings, session.now());
    let topology = |report: &Report| match snapshot {
        Snapshot::Vpc(vpc) => Topology::of(vpc, report, settings, time),
        Snapshot::Service(service) => Topology::of_service(service, settings),
    };
    let history = ChangeHistory::default();
    let (findings, plan) = plan(
        request.controls,
        snapshot,
        settings,
        &history,
        &Restraints::default(),
        time,
        &request.policies,
    );
    let planned = plan.changes.iter();
    let outcomes = planned
        .map(|planned| not_applied(planned, plan.refusal(planned)))
        .collect();
    let controls = request.controls.iter();
    let report = Report::of(&Reconciliation {
        run: request.run.clone(),
        function: request.actor.to_owned(),
        settings: settings.version.clone(),
        scope: snapshot.scope(),
        name: name(snapshot.tags()),
        time,
        triggering_events: Vec::new(),
        controls: controls
            .map(|control| (control.name.to_owned(), settings.modes.of(control.name)))
            .filter(|(_, mode)| *mode != Mode::Off)
            .collect(),
        findings,
        plan,
        outcomes,
        ids: BTreeMap::new(),
        earlier: Vec::new(),
        notices: Vec::new(),
        verification: BTreeMap::new(),
    });
    AuditedScope {
        topology: topology(&report),
        report,
        history: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use postern_cloud::{Fault, REGION};
    use postern_core::controls::CONTROLS;
    use postern_report::audit::ProofKind;
    use postern_report::published::Outcome;

    use super::*;
    use crate::testing::Rig;

    fn request(rig: &Rig) -> AuditRequest<'_> {
        AuditRequest {
            run: "audit-1".into(),
            actor: "postern audit",
            controls: CONTROLS,
            settings: &rig.settings,
            vpcs: BTreeSet::new(),
            policies: PolicyCache::default(),
        }
    }

    async fn audit(rig: &Rig, request: &AuditRequest<'_>) -> RegionAudit {
        let session = rig.aws.own_session().await.unwrap();
        let mut done = 0;
        let mut audits = audit_regions(&session, vec![REGION.into()], request, |_| done += 1).await;
        assert_eq!((audits.len(), done), (1, 1));
        audits.remove(0)
    }

    #[tokio::test(start_paused = true)]
    async fn audit_shows_open_policy_with_its_proof_and_writes_nothing() {
        let rig = Rig::new("policy-open = \"audit\"\n");
        let audit = audit(&rig, &request(&rig)).await;
        let [scope] = audit.found.unwrap().scopes.try_into().unwrap();
        let open = |finding: &&postern_report::published::Finding| finding.outcome == Outcome::Audit;
        let open: Vec<_> = scope.report.findings.iter().filter(open).collect();
        assert_eq!(open[0].control, "policy-open");
        let endpoint = scope.topology.endpoint(&rig.endpoint).unwrap();
        let kinds: Vec<_> = endpoint.proofs.iter().map(|proof| proof.kind).collect();
        assert_eq!(kinds, [ProofKind::Principal, ProofKind::Resource]);
        assert_eq!(scope.topology.subnets.len(), 2);
        assert!(rig.cloud.log_since(0).iter().all(|entry| !entry.mutating));
        assert!(rig.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_vpcs_that_are_asked_for_are_audited() {
        let rig = Rig::new("");
        let request = AuditRequest {
            vpcs: BTreeSet::from(["vpc-0000000000000000".into()]),
            ..request(&rig)
        };
        assert!(audit(&rig, &request).await.found.unwrap().scopes.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn region_whose_vpcs_may_not_be_listed_is_an_error_of_that_region() {
        let rig = Rig::new("");
        rig.cloud.plan("DescribeVpcs", [Fault::Denied]);
        let error = audit(&rig, &request(&rig)).await.found.unwrap_err();
        assert!(error.call_error().denied());
    }
}
