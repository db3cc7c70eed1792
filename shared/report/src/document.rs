//! The report as people and programs receive it: one JSON document.

use jiff::Timestamp;
use schemars::generate::SchemaSettings;
use schemars::transform::transform_subschemas;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use super::Verification;
use postern_core::changes::{Change, ChangeOutcome, Inverse, Safety};
use postern_core::evaluation::Exempt;
use postern_core::history::{ChangeId, FindingStatus, RemediationConflict};
use postern_core::model::cost::MonthlyCost;
use postern_core::model::finding::{FindingKey, Resource, Severity, Verdict};
use postern_core::model::id::{AccountId, Region, RunId, VpcId};
use postern_core::model::snapshot::EndpointKind;
use postern_core::plan::Notice;
use postern_core::settings::Mode;
use postern_core::trigger::TriggeringEvent;

/// What Postern found in one VPC, what it did about it, and what it leaves to people.
///
/// Text that Postern did not write itself has its control and format characters escaped as `\n` or `\u{202e}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Postern report")]
pub struct Report {
    pub schema: SchemaTag,
    /// That of its findings which asks the most of people.
    pub outcome: FindingStatus,
    /// The highest of its findings, exempt ones aside.
    pub severity: Severity,
    pub account: AccountId,
    pub region: Region,
    pub vpc: VpcId,
    /// The VPC in the AWS console.
    pub console: String,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub time: Timestamp,
    /// The Lambda function that ran.
    pub function: String,
    pub run: RunId,
    /// The same for the same news, so that a repeat can be dropped.
    pub idempotency_key: String,
    /// Who did what that made Postern look.
    pub triggering_events: Vec<TriggeringEvent>,
    pub summary: Summary,
    /// Set where the report was too large to be sent whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated: Option<Truncated>,
    pub plan: PlanSummary,
    /// The non-compliant, the indeterminate and the resolved ones of which something is new, most severe first, exempt
    /// ones last.
    pub findings: Vec<ReportedFinding>,
    /// In the order of the plan, and then those of earlier runs that did not come to tell of them.
    pub changes: Vec<ReportedChange>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
}

/// Which version of this document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SchemaTag {
    #[serde(rename = "postern.report/1")]
    V1,
}

/// Counts of everything, whether or not it is in a truncated report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    pub compliant: usize,
    pub not_applicable: usize,
    /// Findings that are as they were told before, and so not in this report.
    pub unchanged: usize,
    pub findings: FindingCounts,
    pub changes: ChangeCounts,
}

/// Reported findings by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingCounts {
    pub failed: usize,
    pub refused: usize,
    pub contested: usize,
    pub manual: usize,
    pub indeterminate: usize,
    pub pending: usize,
    pub audit: usize,
    pub repaired: usize,
    pub resolved: usize,
    pub exempt: usize,
}

/// Planned changes by result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeCounts {
    pub applied: usize,
    pub not_needed: usize,
    pub skipped: usize,
    pub failed: usize,
}

/// What the plan costs, in US dollars a month, data processing aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanSummary {
    /// What the changes of enforced controls add.
    pub monthly_cost: MonthlyCost,
    /// What the changes of controls in audit mode would add.
    pub audit_monthly_cost: MonthlyCost,
    /// Why nothing of the plan was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportedFinding {
    pub control: String,
    pub severity: Severity,
    pub mode: Mode,
    pub verdict: Verdict,
    pub outcome: FindingStatus,
    pub resource: Resource,
    /// The endpoint service in question, where the resource alone does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The form of the service in question, where it may have two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_kind: Option<EndpointKind>,
    pub explanation: String,
    /// Set where somebody answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exempt: Option<Exempt>,
    /// Set where somebody undoes its repair again and again, so that it is left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict: Option<RemediationConflict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<ReportedRemediation>,
    /// What a fresh look said after the remediation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,
    /// The resource in the AWS console.
    pub console: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ReportedRemediation {
    Automatic {
        /// Positions in `changes`, from 0. Empty where changes for other findings remedy this one as well.
        changes: Vec<usize>,
    },
    /// What a person has to do.
    Manual { advice: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportedChange {
    /// In the ledger: for `postern rollback`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<ChangeId>,
    /// The run that made it, where that was an earlier one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    pub text: String,
    /// In audit mode it is only shown.
    pub mode: Mode,
    pub effect: Safety,
    /// What it adds to the bill each month, in US dollars, data processing aside.
    pub monthly_cost: MonthlyCost,
    pub outcome: ChangeOutcome,
    /// The change for programs. Left out of truncated reports first, together with `causes` and `inverse`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// The findings that it remedies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<FindingKey>,
    /// What undoes it, where it was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inverse: Option<ReportedInverse>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportedInverse {
    pub change: Inverse,
    /// The AWS command that carries it out.
    pub command: String,
}

/// What a truncated report lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Truncated {
    /// The least severe ones.
    pub findings_left_out: usize,
    /// The last ones.
    pub changes_left_out: usize,
    /// Changes, among those that are in the report, without `change`, `causes` and `inverse`.
    pub changes_without_details: usize,
    /// The last ones.
    pub occasions_left_out: usize,
    /// Texts that end before their end.
    pub texts_shortened: usize,
    pub note: String,
}

impl FindingCounts {
    pub fn of(mut self, outcome: FindingStatus) -> usize {
        *self.slot(outcome)
    }

    pub(super) fn slot(&mut self, outcome: FindingStatus) -> &mut usize {
        match outcome {
            FindingStatus::Failed => &mut self.failed,
            FindingStatus::Refused => &mut self.refused,
            FindingStatus::Manual => &mut self.manual,
            FindingStatus::Indeterminate => &mut self.indeterminate,
            FindingStatus::Pending => &mut self.pending,
            FindingStatus::Audit => &mut self.audit,
            FindingStatus::Repaired => &mut self.repaired,
            FindingStatus::Resolved => &mut self.resolved,
            FindingStatus::Contested => &mut self.contested,
            FindingStatus::Exempt => &mut self.exempt,
        }
    }
}

impl ChangeCounts {
    pub(super) fn slot(&mut self, outcome: &ChangeOutcome) -> &mut usize {
        match outcome {
            ChangeOutcome::Applied { .. } => &mut self.applied,
            ChangeOutcome::NotNeeded { .. } => &mut self.not_needed,
            ChangeOutcome::Skipped { .. } => &mut self.skipped,
            ChangeOutcome::Failed { .. } => &mut self.failed,
        }
    }
}

impl Report {
    /// Edits every text that Postern did not write itself. Of the changes, what `change` and `inverse` hold is left
    /// alone: a part of a policy or of a command is worse than none.
    pub(super) fn edit_texts(&mut self, edit: &mut dyn FnMut(&mut String)) {
        edit(&mut self.run.0);
        edit(&mut self.function);
        edit(&mut self.account.0);
        edit(&mut self.region.0);
        edit(&mut self.vpc.0);
        edit(&mut self.console);
        self.plan.refused.iter_mut().for_each(&mut *edit);
        for triggering_event in &mut self.triggering_events {
            edit_event(triggering_event, edit);
        }
        for notice in &mut self.notices {
            edit(&mut notice.text);
            edit(&mut notice.event_id);
            notice.command.iter_mut().for_each(&mut *edit);
        }
        for finding in &mut self.findings {
            finding.edit_texts(edit);
        }
        for change in &mut self.changes {
            change.edit_texts(edit);
        }
    }
}

fn edit_event(event: &mut TriggeringEvent, edit: &mut dyn FnMut(&mut String)) {
    edit(&mut event.event);
    edit(&mut event.event_id);
    let failure = event
        .failure
        .iter_mut()
        .flat_map(|failure| [&mut failure.code, &mut failure.resource]);
    failure.for_each(&mut *edit);
    let Some(actor) = &mut event.actor else { return };
    edit(&mut actor.identity);
    [
        &mut actor.identity_type,
        &mut actor.user_agent,
        &mut actor.source_address,
        &mut actor.invoked_by,
    ]
    .into_iter()
    .flatten()
    .for_each(edit);
}

impl ReportedFinding {
    fn edit_texts(&mut self, edit: &mut dyn FnMut(&mut String)) {
        edit(&mut self.control);
        edit(&mut self.resource.id);
        self.service.iter_mut().for_each(&mut *edit);
        edit(&mut self.explanation);
        self.exempt.iter_mut().for_each(|exempt| edit(&mut exempt.reason));
        if let Some(undone_by) = self.conflict.as_mut().and_then(|conflict| conflict.undone_by.as_mut()) {
            edit_event(undone_by, edit);
        }
        if let Some(ReportedRemediation::Manual { advice }) = &mut self.remediation {
            edit(advice);
        }
        if let Some(Verification::Pending { reason } | Verification::Unremedied { reason }) = &mut self.verification {
            edit(reason);
        }
        edit(&mut self.console);
    }
}

impl ReportedChange {
    fn edit_texts(&mut self, edit: &mut dyn FnMut(&mut String)) {
        edit(&mut self.text);
        self.run.iter_mut().for_each(|run| edit(&mut run.0));
        match &mut self.outcome {
            ChangeOutcome::Applied { created } => created.iter_mut().for_each(&mut *edit),
            ChangeOutcome::NotNeeded { reason } | ChangeOutcome::Skipped { reason } => edit(reason),
            ChangeOutcome::Failed { cause, .. } => edit(cause),
        }
        for cause in &mut self.causes {
            edit(&mut cause.control);
            edit(&mut cause.resource.id);
            cause.service.iter_mut().for_each(&mut *edit);
        }
    }
}

/// The JSON Schema of a report. Objects have no properties but the described ones.
pub fn schema() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Report>();
    close(&mut schema);
    schema
}

fn close(schema: &mut Schema) {
    if schema.get("properties").is_some() {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
    transform_subschemas(&mut close, schema);
}
