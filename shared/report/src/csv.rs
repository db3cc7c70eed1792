//! Findings as comma-separated values (RFC 4180), one line each, for spreadsheets.

use std::borrow::Cow;

use crate::frameworks::labels;
use crate::published::{Finding, Remediation, Report};

const COLUMNS: [&str; 19] = [
    "time",
    "account",
    "region",
    "scope",
    "scope_name",
    "control",
    "severity",
    "mode",
    "verdict",
    "outcome",
    "resource_kind",
    "resource",
    "resource_name",
    "service",
    "explanation",
    "advice",
    "exempt_reason",
    "frameworks",
    "console",
];

/// A heading, and then the findings of the reports in their order.
pub fn render<'a>(reports: impl IntoIterator<Item = &'a Report>) -> String {
    let mut table = line(COLUMNS.map(Cow::from));
    for report in reports {
        for finding in &report.findings {
            table.push_str(&line(cells(report, finding)));
        }
    }
    table
}

fn cells<'a>(report: &'a Report, finding: &'a Finding) -> [Cow<'a, str>; 19] {
    let text = |text: &'a Option<String>| Cow::from(text.as_deref().unwrap_or_default());
    let advice = match &finding.remediation {
        Some(Remediation::Manual { advice }) => advice.as_str(),
        Some(Remediation::Automatic { .. }) | None => "",
    };
    let exempt = finding.exempt.as_ref().map_or("", |exempt| exempt.reason.as_str());
    [
        report.time.to_string().into(),
        report.scope.account.as_str().into(),
        report.scope.region.as_str().into(),
        report.scope.resource.id.as_str().into(),
        text(&report.scope.resource.name),
        finding.control.as_str().into(),
        finding.severity.as_str().into(),
        finding.mode.as_str().into(),
        finding.verdict.as_str().into(),
        finding.outcome.as_str().into(),
        finding.resource.kind.as_str().into(),
        finding.resource.id.as_str().into(),
        text(&finding.resource.name),
        text(&finding.service),
        finding.explanation.as_str().into(),
        advice.into(),
        exempt.into(),
        labels(finding).join("; ").into(),
        finding.console.as_str().into(),
    ]
}

fn line<'a>(cells: impl IntoIterator<Item = Cow<'a, str>>) -> String {
    let cells: Vec<_> = cells.into_iter().map(|text| cell(&text)).collect();
    cells.join(",") + "\r\n"
}

/// A quoted cell. An apostrophe keeps spreadsheets from taking text for a formula
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let apostrophe = if formula { "'" } else { "" };
    format!("\"{apostrophe}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{news, repaired};

    #[test]
    fn every_finding_is_a_line_with_a_cell_for_each_column() {
        let table = render([&Report::of(&repaired())]);
        let lines: Vec<_> = table.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 7);
        for line in &lines {
            assert_eq!(line.matches("\",\"").count(), COLUMNS.len() - 1, "{line}");
        }
        assert!(
            lines[1].contains("\"policy-open\",\"critical\",\"enforce\",\"non-compliant\",\"repaired\",\"endpoint\"")
        );
    }

    #[test]
    fn foreign_text_is_neither_a_formula_nor_another_cell() {
        let mut report = news(&repaired()).unwrap();
        report.scope.resource.name = Some("=cmd|' /C calc'!A0".to_owned());
        report.findings.truncate(1);
        report.findings[0].explanation = "a \"b\", c\",\"d".to_owned();
        let table = render([&report]);
        assert!(table.contains("\"'=cmd|' /C calc'!A0\""), "{table}");
        assert!(table.contains("\"a \"\"b\"\", c\"\",\"\"d\""), "{table}");
        assert_eq!(table.matches("\r\n").count(), 2);
        for start in ["+", "-", "@", "\t"] {
            assert!(cell(&format!("{start}1")).starts_with("\"'"));
        }
    }
}
