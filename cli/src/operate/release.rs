//! `release`: removes from a VPC or subnet what Postern created, so that it can be deleted.

use std::collections::BTreeSet;
use std::io::Write;

use postern_core::changes::Inverse;
use postern_core::controls::CONTROLS;
use postern_core::history::ChangeRecord;
use postern_core::model::finding::FindingKey;
use postern_core::model::scope::{Scope, ScopedResource};
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::plan::{self, ReleaseTarget, reopened};
use postern_core::settings::Settings;
use postern_core::trigger::Target;
use postern_engine::{Session, UndoRequest};

use super::pauses::{describe, pauses};
use super::resolve::scope_of;
use super::undo::{under_lease, undo, wait_line};
use super::{CommandError, OperatorContext, Release, consent, say};
use crate::output::Status;

/// Removes what Postern created in a VPC or subnet, and waits until AWS has removed it.
///
/// # Errors
/// If AWS or the ledger could not be read or written. What was done until then is on record.
pub async fn release(
    context: &OperatorContext,
    settings: &Settings,
    arguments: &Release,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let Some(target) = &arguments.target else {
        return release_all(context, settings, arguments, out).await;
    };
    let scope = match target {
        ReleaseTarget::Vpc(vpc) => Some(context.scope(ScopedResource::Vpc(vpc.clone()))),
        ReleaseTarget::EndpointService(service) => {
            Some(context.scope(ScopedResource::EndpointService(service.clone())))
        }
        ReleaseTarget::Subnet(subnet) => scope_of(context, Target::Subnet(subnet.clone())).await?,
    };
    let Some(scope) = scope else {
        say(out, &format!("{target} does not exist."))?;
        return Ok(Status::Found);
    };
    let release = ScopeRelease {
        context,
        settings,
        target,
        scope,
    };
    match arguments.changing.dry_run {
        true => release.dry_run(out).await,
        false => release.apply(out).await,
    }
}

/// Removes what Postern created in every VPC of the Region, after one question. A VPC in which it stops does not keep the
/// others from being released.
async fn release_all(
    context: &OperatorContext,
    settings: &Settings,
    arguments: &Release,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let vpcs = context.own_vpcs().await?;
    let targets: Vec<ReleaseTarget> = vpcs.into_iter().map(ReleaseTarget::Vpc).collect();
    let mut releases = Vec::new();
    for target in &targets {
        let ReleaseTarget::Vpc(vpc) = target else { continue };
        let release = ScopeRelease {
            context,
            settings,
            target,
            scope: context.scope(ScopedResource::Vpc(vpc.clone())),
        };
        let mut text = Vec::new();
        let plan = release.plan(&mut text).await?;
        let Some(plan) = plan.filter(|plan| plan.created) else {
            continue;
        };
        out.write_all(&text)?;
        if !plan.inverses.is_empty() {
            releases.push(release);
        }
    }
    if releases.is_empty() {
        let line = format!(
            "Nothing is to be removed in the VPCs of {} in {}.",
            context.account,
            context.region()
        );
        say(out, &line)?;
        return Ok(Status::Fine);
    }
    if arguments.changing.dry_run {
        say(out, "Nothing was changed: this was a dry run.")?;
        return Ok(Status::Fine);
    }
    out.flush()?;
    if !arguments.yes && !consent("Remove all of this?").await? {
        say(out, "Nothing was changed.")?;
        return Ok(Status::Found);
    }
    let mut worst = Status::Fine;
    for release in releases {
        worst = worst.max(release.apply(out).await?);
    }
    Ok(worst)
}

struct ScopeRelease<'a> {
    context: &'a OperatorContext,
    settings: &'a Settings,
    target: &'a ReleaseTarget,
    scope: Scope,
}

struct ReleasePlan {
    snapshot: Snapshot,
    records: Vec<ChangeRecord>,
    inverses: Vec<Inverse>,
    /// Whether there is anything that Postern created, even if it stays.
    created: bool,
}

impl ScopeRelease<'_> {
    async fn dry_run(&self, out: &mut dyn Write) -> Result<Status, CommandError> {
        let Some(plan) = self.plan(out).await? else {
            return Ok(Status::Found);
        };
        let paused = (1..=plan.inverses.len()).flat_map(|count| self.to_pause(&plan, count));
        let time = format!("for {} days", self.settings.ledger.pause_days);
        describe(self.context.repeated(), &paused.collect(), &time, out)?;
        say(out, "Nothing was changed: this was a dry run.")?;
        Ok(Status::Fine)
    }

    async fn apply(&self, out: &mut dyn Write) -> Result<Status, CommandError> {
        let reason = format!("removed with `postern release {}`", self.target);
        under_lease(
            (self.context, "release", self.settings),
            &self.scope,
            out,
            async |session, out| self.steps(session, &reason, out).await,
        )
        .await
    }

    async fn steps(
        &self,
        session: &mut Session<'_>,
        reason: &str,
        out: &mut dyn Write,
    ) -> Result<Status, CommandError> {
        let Some(plan) = self.plan(out).await? else {
            return Ok(Status::Found);
        };
        let now = self.context.aws.now();
        for (position, inverse) in plan.inverses.iter().enumerate() {
            let findings = self.to_pause(&plan, position + 1);
            let record = made_by(inverse, &plan.records);
            let request = UndoRequest {
                inverse,
                record,
                expected: None,
                causes: record.map_or_else(|| findings.clone(), |record| record.causes.clone()),
                pauses: pauses(findings, reason, now, self.settings.ledger),
            };
            let status = undo(session, request, out).await?;
            if status != Status::Fine {
                return Ok(status);
            }
        }
        let mut waiting = Ok(());
        let mut on_wait = || waiting = wait_line("it removes the network interfaces", out);
        let busy = session.wait_for_removal(&plan.inverses, &mut on_wait).await?;
        waiting?;
        if let Some(endpoint) = busy {
            let line = format!("AWS still removes network interfaces of {endpoint}; nothing is left for you to do.");
            say(out, &line)?;
        }
        Ok(Status::Fine)
    }

    /// Observes, plans, and says what the plan is. None where Postern has nothing to release there.
    async fn plan(&self, out: &mut dyn Write) -> Result<Option<ReleasePlan>, CommandError> {
        let (scope, target, context) = (&self.scope, self.target, self.context);
        let history = context.ledger.past(scope, None).await?;
        let Some(snapshot) = context.observe(scope).await? else {
            say(out, &format!("{} does not exist.", scope.resource))?;
            return Ok(None);
        };
        let owner = snapshot.owner();
        if *owner != scope.account {
            let line = format!(
                "{} belongs to account {owner}; Postern creates nothing in shared VPCs.",
                scope.resource
            );
            say(out, &line)?;
            return Ok(None);
        }
        let plan = plan::release(target, &snapshot, &history.records).map_err(CommandError::Gap)?;
        let line = match (plan.inverses.is_empty(), plan.in_use.is_empty()) {
            (true, true) => format!("Postern has created nothing in {target}."),
            (true, false) => format!("Nothing that Postern created in {target} can be removed."),
            (false, _) => format!("Created by Postern in {target} and removed, in this order:"),
        };
        say(out, &line)?;
        for (inverse, resource) in plan.inverses.iter().zip(&plan.removed) {
            say(out, &format!("  {resource}"))?;
            say(out, &format!("    {}{}", inverse.command(), context.region_flag()))?;
        }
        for (heading, resources) in [
            ("Created by Postern and kept:", &plan.in_use),
            ("Not created by Postern and kept:", &plan.remaining),
        ] {
            if !resources.is_empty() {
                say(out, heading)?;
            }
            resources
                .iter()
                .try_for_each(|resource| say(out, &format!("  {resource}")))?;
        }
        Ok(Some(ReleasePlan {
            snapshot,
            records: history.records,
            created: !plan.inverses.is_empty() || !plan.in_use.is_empty(),
            inverses: plan.inverses,
        }))
    }

    /// The findings that a control would repair at once after so many removals.
    fn to_pause(&self, plan: &ReleasePlan, count: usize) -> BTreeSet<FindingKey> {
        let removed = plan.inverses.get(..count).unwrap_or_default();
        let now = self.context.aws.now();
        let mut findings = reopened(removed, CONTROLS, &plan.snapshot, self.settings, now);
        let made = removed.last().and_then(|inverse| made_by(inverse, &plan.records));
        findings.extend(made.into_iter().flat_map(|record| record.causes.iter().cloned()));
        findings
    }
}

/// The change that this inverse undoes.
fn made_by<'a>(inverse: &Inverse, records: &'a [ChangeRecord]) -> Option<&'a ChangeRecord> {
    let mut in_effect = records.iter().rev().filter(|record| record.counts());
    in_effect.find(|record| record.inverse().as_ref() == Some(inverse))
}
