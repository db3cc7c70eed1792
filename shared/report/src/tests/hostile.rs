//! Names that somebody chose who wants to do harm, in every output of an audit.

use super::drawings::{snapshot, with_service};
use super::fixtures::repaired;
use crate::audit::Audit;
use crate::published::Report;
use crate::terminal::Colour;
use crate::{asff, csv, html, ocsf, terminal};

/// Markup, a formula, a sequence that changes the title of a terminal, text that shows in another order, and a path.
const NAMES: [&str; 5] = [
    "\"'></text></title><script>alert(1)</script><img src=x onerror=alert(1)>",
    "=HYPERLINK(\"x\")",
    "\u{1b}]0;owned\u{7}\u{1b}[31m\r\nCRITICAL",
    "pay\u{202e}gpj.exe",
    "../../../etc/passwd",
];

fn audit(name: &str) -> Audit {
    let mut service = snapshot();
    let permissions = service.permissions.as_mut().unwrap();
    let mut permission = permissions["*"].clone();
    permission.principal = name.to_owned();
    permissions.insert(name.to_owned(), permission);
    let balancers = service.load_balancers.as_mut().unwrap();
    let mut balancer = balancers.values().next().unwrap().clone();
    balancer.arn = name.to_owned();
    balancers.insert(name.to_owned(), balancer);
    let mut audit = with_service(&service);
    let mut found = repaired();
    found.name = Some(name.to_owned());
    for finding in &mut found.findings {
        finding.name = Some(name.to_owned());
    }
    audit.scopes[0].report = Report::of(&found);
    audit
}

fn outputs(audit: &Audit) -> [(&'static str, String); 6] {
    let lines = |documents: Vec<serde_json::Value>| documents.iter().map(|one| format!("{one}\n")).collect::<String>();
    [
        ("text", terminal::render(audit, Colour::Never)),
        ("html", html::render(audit)),
        ("json", audit.json()),
        ("csv", csv::render(audit.reports())),
        ("ocsf", lines(audit.reports().flat_map(ocsf::render).collect())),
        ("asff", lines(asff::render(audit.reports()))),
    ]
}

#[test]
fn hostile_names_are_harmless_in_every_output() {
    for name in NAMES {
        for (format, text) in outputs(&audit(name)) {
            let raw = text
                .chars()
                .find(|c| !matches!(c, '\r' | '\n') && (c.is_control() || *c == '\u{202e}'));
            // Style and script of the page are indented by spaces.
            assert_eq!(raw, None, "{format} of {name:?}");
            let lines = text.split('\n').filter(|line| line.starts_with("CRITICAL"));
            assert_eq!(lines.count(), 0, "{format} of {name:?}");
            match format {
                "html" => {
                    assert_eq!(text.matches("<script").count(), 1, "{name:?}");
                    assert_eq!(text.matches("<img").count(), 0, "{name:?}");
                    assert_eq!(text.matches("<svg").count(), text.matches("</svg>").count(), "{name:?}");
                }
                "csv" => {
                    for cell in text.split("\",\"").flat_map(|cells| cells.split("\"\r\n\"")) {
                        assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
                    }
                }
                "text" => assert!(!text.contains("[31m\r"), "{name:?}"),
                _ => {
                    let documents = serde_json::Deserializer::from_str(&text).into_iter::<serde_json::Value>();
                    assert!(documents.map(Result::unwrap).count() > 0, "{format} of {name:?}");
                }
            }
        }
    }
}
