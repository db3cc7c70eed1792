//! The one thing to do next.

use super::page::{Page, argument, foreign};
use super::phrases::resume;
use crate::published::{Change, ChangeResult, Finding, Outcome, Remediation, Report, SafetyClass};

/// One sentence, and a command, a link or settings.
pub(crate) fn next(report: &Report) -> Page {
    let urgent = report.findings.iter().find(|finding| finding.outcome == report.outcome);
    let command = report.notices.iter().find_map(|notice| notice.command.as_deref());
    let (text, lines) = match (command, urgent) {
        (Some(command), _) if report.outcome <= Outcome::Manual => {
            let text = "To delete the resource, first remove what Postern created in it:";
            (text.to_owned(), vec![foreign(command, 200)])
        }
        (_, Some(finding)) => step(finding, report),
        (_, None) => without_finding(report),
    };
    let mut page = Page::default();
    page.wrapped("Next step: ", &text);
    for line in lines {
        page.verbatim(format!("  {line}"));
    }
    page
}

fn step(finding: &Finding, report: &Report) -> (String, Vec<String>) {
    let console = vec![finding.console.clone()];
    match finding.outcome {
        Outcome::Failed => (
            "Remove the cause named above. The next event or sweep tries again. The resource:".to_owned(),
            console,
        ),
        Outcome::Refused => (
            "Raise the limit in the settings, or make the changes yourself. The resource:".to_owned(),
            console,
        ),
        Outcome::Conflict => (
            "Put the configuration below into your own code, then resume remediation:".to_owned(),
            vec![resume(finding)],
        ),
        Outcome::Manual => by_hand(finding, report),
        Outcome::Indeterminate => (
            "Remove the cause named above. The next sweep evaluates it again. The resource:".to_owned(),
            console,
        ),
        Outcome::Audit => (
            "To make these changes here, run the first line. To have the control enforced in the whole account and Region, \
             put the others into section [modes] of the settings:"
                .to_owned(),
            enforcing(finding, report),
        ),
        Outcome::Pending => (
            "None. The next run completes and confirms the repair.".to_owned(),
            Vec::new(),
        ),
        Outcome::Repaired => (
            "None. To roll back every change of this run:".to_owned(),
            vec![format!("postern rollback --run {}", argument(&report.run))],
        ),
        Outcome::ExemptionEnds => (
            "Remedy the finding, or extend its exemption in the settings. To list the exemptions:".to_owned(),
            vec!["postern exemptions".to_owned()],
        ),
        Outcome::Resolved | Outcome::Exempt | Outcome::Compliant | Outcome::NotApplicable => {
            ("None.".to_owned(), Vec::new())
        }
    }
}

/// The command that makes the changes of the finding, and what section `[modes]` of the settings has to have. Interrupting
/// changes need a flag and a mode of their own.
fn enforcing(finding: &Finding, report: &Report) -> Vec<String> {
    let own = match &finding.remediation {
        Some(Remediation::Automatic { changes }) => changes.as_slice(),
        Some(Remediation::Manual { .. }) | None => &[],
    };
    let interrupts = own.iter().filter_map(|at| report.changes.get(*at)).any(|change| {
        matches!(
            change.safety_class,
            SafetyClass::Interrupting | SafetyClass::Disconnecting
        )
    });
    let flag = if interrupts { " --interrupting" } else { "" };
    let control = &finding.control;
    let apply = format!(
        "postern apply {} --control {}{flag}",
        argument(&report.scope.resource.id),
        argument(control)
    );
    let mut lines = vec![apply, format!("{} = \"enforce\"", foreign(control, 60))];
    if interrupts {
        lines.extend(["[modes.interrupting]", "mode = \"enforce\""].map(str::to_owned));
    }
    lines
}

/// A finding that only a person can remediate, perhaps because of a change that Postern made to the same resource.
fn by_hand(finding: &Finding, report: &Report) -> (String, Vec<String>) {
    let restricts = |change: &&Change| {
        matches!(
            change.safety_class,
            SafetyClass::Restrictive | SafetyClass::Disconnecting
        ) && change.result == ChangeResult::Applied
            && change
                .causes
                .iter()
                .any(|cause| cause.resource.id == finding.resource.id)
    };
    let restricting = report
        .changes
        .iter()
        .filter(restricts)
        .find_map(|change| change.id.as_deref());
    match restricting {
        Some(id) => (
            "If it follows from the change that Postern made to the resource, roll that back:".to_owned(),
            vec![format!("postern rollback {}", argument(id))],
        ),
        None => (
            "Follow the advice above. The resource:".to_owned(),
            vec![finding.console.clone()],
        ),
    }
}

/// Of a report about changes alone.
fn without_finding(report: &Report) -> (String, Vec<String>) {
    if report.outcome == Outcome::Failed {
        return (
            "Look at the scope of the failed change:".to_owned(),
            vec![report.console.clone()],
        );
    }
    let history = format!("postern history --resource {}", argument(&report.scope.resource.id));
    ("None. To see the changes in this scope:".to_owned(), vec![history])
}
