//! Reports as text for people: an alert of about 40 lines at 80 columns, for e-mail, chat and SMS.

pub(crate) mod digest;
pub(crate) mod page;
pub(crate) mod phrases;
mod step;

use postern_core::model::text::plural;

use crate::cost::Cost;
use crate::published::{Change, ChangeResult, Finding, Mode, Outcome, Remediation, Report, TriggeringEvent};
use page::{Page, code_line, foreign};
use phrases::{happened, level, named, noun, status, subject_of, terms};

/// Lines of an alert. Only if every section is long there are a few more.
const MOST_LINES: usize = 40;
/// Lines that changes and findings get even if everything else is long.
const LEAST_FOR_CHANGES: usize = 5;
const LEAST_FOR_FINDINGS: usize = 7;
/// Lines with which a single finding can be shown at length.
const GENEROUS: usize = 16;
const MOST_EVENTS: usize = 3;
const MOST_CODE: usize = 12;
/// Characters of a text of others.
const LONGEST_TEXT: usize = 600;

/// What people have to know of a report, and what to do about it.
pub fn alert(report: &Report) -> String {
    let mut page = heading(report);
    page.section(notices(report));
    let events = events(&report.triggering_events);
    let mut end = step::next(report);
    end.section(code(report));
    end.section(reference(report));
    let blank = 4;
    let room = MOST_LINES.saturating_sub(page.len() + events.len() + end.len() + blank);
    let changes = changes(report, (room / 2).max(LEAST_FOR_CHANGES));
    let room = room.saturating_sub(changes.len()).max(LEAST_FOR_FINDINGS);
    page.section(findings(report, room));
    page.section(events);
    page.section(changes);
    page.section(end);
    page.finish()
}

fn heading(report: &Report) -> Page {
    let mut page = Page::default();
    page.wrapped("", &format!("{}: {}", level(report), happened(report, true).join(", ")));
    page.wrapped_at_most(
        2,
        "",
        &format!(
            "{} {} in {}, account {}, {}",
            noun(report),
            named(&report.scope.resource),
            foreign(&report.scope.region, 40),
            foreign(&report.scope.account, 40),
            report.time.strftime("%Y-%m-%d %H:%M UTC"),
        ),
    );
    page
}

fn notices(report: &Report) -> Page {
    let mut page = Page::default();
    for notice in report.notices.iter().take(1) {
        page.wrapped_at_most(4, "", &foreign(&notice.text, LONGEST_TEXT));
    }
    page
}

/// Open findings first, most severe first. Those that do not fit are counted.
fn findings(report: &Report, room: usize) -> Page {
    let mut alerting: Vec<_> = report.findings.iter().filter(|f| f.outcome > Outcome::Exempt).collect();
    alerting.sort_by_key(|finding| (!finding.outcome.open(), std::cmp::Reverse(finding.severity)));
    let mut page = Page::default();
    let mut shown = 0;
    for (position, finding) in alerting.iter().enumerate() {
        let mut entry = Page::default();
        let generous = alerting.len() == 1 && room >= GENEROUS;
        add_finding(finding, generous, &mut entry);
        let last = position + 1 == alerting.len();
        // The line that counts the others needs room as well.
        if shown > 0 && page.len() + entry.len() + usize::from(!last) > room {
            break;
        }
        page.extend(entry);
        shown += 1;
    }
    let left: Vec<_> = alerting.iter().skip(shown).collect();
    if !left.is_empty() {
        let mut controls: Vec<&str> = left.iter().map(|finding| finding.control.as_str()).collect();
        controls.sort_unstable();
        controls.dedup();
        let controls = foreign(&controls.join(", "), 200);
        let count = left.len();
        page.wrapped_at_most(
            2,
            "",
            &format!("... and {count} more finding{}: {controls}", plural(count)),
        );
    }
    page
}

fn add_finding(finding: &Finding, generous: bool, page: &mut Page) {
    let (explanation, advice) = if generous { (6, 6) } else { (3, 2) };
    let severity = finding.severity.as_str().to_uppercase();
    let control = foreign(&finding.control, 60);
    page.wrapped("", &format!("{severity} {control}: {}", status(finding.outcome)));
    page.wrapped_at_most(2, "  ", &subject_of(finding));
    let past = matches!(finding.outcome, Outcome::Repaired | Outcome::Pending);
    let before = if past { "  Was: " } else { "  " };
    page.wrapped_at_most(explanation, before, &foreign(&finding.explanation, LONGEST_TEXT));
    if let Some(since) = finding.open_since {
        page.wrapped("  ", &format!("Open since {}.", since.strftime("%Y-%m-%d %H:%M UTC")));
    }
    if let Some(reason) = finding.verification.as_ref().and_then(|seen| seen.reason.as_deref()) {
        page.wrapped_at_most(2, "  Check: ", &foreign(reason, LONGEST_TEXT));
    }
    match &finding.remediation {
        Some(Remediation::Manual { advice: text }) => {
            page.wrapped_at_most(advice, "  To do: ", &foreign(text, LONGEST_TEXT));
        }
        Some(Remediation::Automatic { .. }) | None => {}
    }
}

/// Who did what when with which tool.
fn events(events: &[TriggeringEvent]) -> Page {
    let mut page = Page::default();
    let called: Vec<_> = events.iter().filter(|event| event.actor.is_some()).collect();
    for event in called.iter().take(MOST_EVENTS) {
        page.wrapped_at_most(3, "", &caller(event));
    }
    if called.len() > MOST_EVENTS {
        let more = called.len() - MOST_EVENTS;
        page.wrapped("", &format!("... and {more} more call{}.", plural(more)));
    }
    if called.is_empty() && !events.is_empty() {
        page.wrapped("", "Found by the scheduled sweep; no call is known that led to this.");
    }
    page
}

/// Such as `Who: arn:… called ModifyVpcEndpoint with Terraform on 2026-03-01 11:59:58 UTC.`
fn caller(event: &TriggeringEvent) -> String {
    let actor = event.actor.as_ref();
    let identity = actor.map(|actor| foreign(&actor.identity, 160)).unwrap_or_default();
    let via = actor.and_then(|actor| actor.tool.as_deref());
    let via = via
        .map(|tool| format!(" with {}", foreign(tool, 40)))
        .unwrap_or_default();
    let from = actor.and_then(|actor| actor.source_address.as_deref());
    let from = from
        .map(|address| format!(" from {}", foreign(address, 60)))
        .unwrap_or_default();
    let at = event
        .time
        .map(|time| time.strftime(" at %Y-%m-%d %H:%M:%S UTC").to_string());
    let call = foreign(&event.event, 60);
    format!("Who: {identity} called {call}{via}{from}{}", at.unwrap_or_default())
}

/// What Postern did and proposes, with price and safety class.
fn changes(report: &Report, room: usize) -> Page {
    let (enforced, proposed): (Vec<_>, Vec<_>) = report.changes.iter().partition(|c| c.mode == Mode::Enforce);
    let mut page = Page::default();
    let title = match &report.plan.refused {
        Some(reason) => {
            page.wrapped_at_most(3, "Postern made no change: ", &foreign(reason, LONGEST_TEXT));
            "Changes that were refused"
        }
        None => "Changes that Postern made or tried",
    };
    let rooms = if proposed.is_empty() { room } else { room / 2 };
    list(&enforced, title, rooms, &mut page);
    let title = "Changes that Postern proposes (audit mode, nothing was changed)";
    list(&proposed, title, room, &mut page);
    page
}

/// Adds changes until the page has so many lines, but at least one.
fn list(changes: &[&Change], title: &str, room: usize, page: &mut Page) {
    if changes.is_empty() {
        return;
    }
    let priced = changes.iter().filter(|change| change.result != ChangeResult::Failed);
    let total = match changes.len() {
        0 | 1 => String::new(),
        _ => format!(", {}", Cost::of(priced.copied())),
    };
    page.wrapped("", &format!("{title}{total}:"));
    let mut sorted = changes.to_vec();
    sorted.sort_by_key(|change| change.result != ChangeResult::Failed);
    for (position, change) in sorted.iter().enumerate() {
        let entry = entry(change);
        let last = position + 1 == sorted.len();
        if position > 0 && page.len() + entry.len() + usize::from(!last) > room {
            let more = sorted.len() - position;
            page.wrapped("  ", &format!("... and {more} more change{}", plural(more)));
            return;
        }
        page.extend(entry);
    }
}

fn entry(change: &Change) -> Page {
    let mut page = Page::default();
    let result = match (change.mode, change.result) {
        (Mode::Audit, _) => "",
        (Mode::Enforce, ChangeResult::Applied) => "applied: ",
        (Mode::Enforce, ChangeResult::NotNeeded) => "not needed: ",
        (Mode::Enforce, ChangeResult::Skipped) => "not made: ",
        (Mode::Enforce, ChangeResult::Postponed) => "put off: ",
        (Mode::Enforce, ChangeResult::Failed) => "FAILED: ",
    };
    let at = change
        .time
        .map(|time| time.strftime(" at %H:%M UTC").to_string())
        .unwrap_or_default();
    let text = foreign(&change.text, 200);
    page.wrapped_at_most(4, "  - ", &format!("{result}{text}{at} ({})", terms(change)));
    if let (ChangeResult::Failed | ChangeResult::Postponed, Some(reason)) = (change.result, &change.reason) {
        page.wrapped_at_most(4, "    Cause: ", &foreign(reason, LONGEST_TEXT));
    }
    page
}

/// The compliant configuration that ends a remediation conflict.
fn code(report: &Report) -> Page {
    let mut page = Page::default();
    let conflicts = report.findings.iter().filter_map(|finding| finding.conflict.as_ref());
    let mut codes = conflicts.filter_map(|conflict| Some((conflict.tool.as_deref(), conflict.code.as_ref()?)));
    let Some((tool, code)) = codes.next() else {
        return page;
    };
    let text = match tool {
        Some("CloudFormation" | "the CDK") => &code.cloudformation,
        Some(_) | None => &code.terraform,
    };
    let lines: Vec<_> = text.lines().collect();
    for line in lines.iter().take(MOST_CODE) {
        page.verbatim(format!("    {}", code_line(line)));
    }
    if lines.len() > MOST_CODE {
        page.verbatim("    ... the rest is in the whole report");
    }
    page
}

/// Where the whole report is.
fn reference(report: &Report) -> Page {
    let mut page = Page::default();
    page.wrapped(
        "",
        &format!("Whole report: topic Reports, run {}", foreign(&report.run, 80)),
    );
    page
}
