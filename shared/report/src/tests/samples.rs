//! A finding of each control with its alert, for its page.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use postern_core::changes::ChangeOutcome;
use postern_core::controls::CONTROLS;
use postern_core::evaluation::{Control, Finding, PolicyCache};
use postern_core::functions::FUNCTIONS;
use postern_core::history::ChangeHistory;
use postern_core::model::finding::Verdict;
use postern_core::model::part::name;
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::plan::{Restraints, plan};
use postern_core::settings::Settings;

use super::fixtures::{news, reconciliation};
use super::worlds::worlds;
use crate::control_page::{Sample, control_page, with_sample};
use crate::{Message, Reconciliation};

/// What the control finds in a world, and the alert about it in audit mode.
fn sample(control: &'static Control, (snapshot, settings): &(Snapshot, Settings)) -> Option<Sample> {
    let template = reconciliation();
    let (mut findings, mut plan) = plan(
        &[control],
        snapshot,
        settings,
        &ChangeHistory::default(),
        &Restraints::default(),
        template.time,
        &PolicyCache::default(),
    );
    let non_compliant = |finding: &&Finding| finding.verdict() == Verdict::NonCompliant;
    let key = findings.iter().find(non_compliant)?.key.clone();
    findings.retain(|finding| finding.key == key);
    plan.changes.retain(|change| change.causes.contains(&key));
    let outcome = ChangeOutcome::Skipped {
        reason: "audit mode".to_owned(),
    };
    let report = news(&Reconciliation {
        scope: snapshot.scope(),
        name: name(snapshot.tags()),
        triggering_events: Vec::new(),
        controls: [(control.name.to_owned(), settings.modes.of(control.name))].into(),
        outcomes: plan.changes.iter().map(|_| outcome.clone()).collect(),
        findings,
        plan,
        ..template
    })?;
    let finding = report.findings.first()?.clone();
    let Message { subject, body, .. } = Message::alert(&report);
    Some(Sample { finding, subject, body })
}

/// By control.
fn all() -> BTreeMap<&'static str, Sample> {
    let worlds = worlds();
    let of = |control: &&'static Control| {
        let sample = worlds.iter().find_map(|world| sample(control, world))?;
        Some((control.name, sample))
    };
    CONTROLS.iter().filter_map(of).collect()
}

/// The whole page, as `docs/controls` has it.
fn page(control: &Control, sample: Option<&Sample>) -> String {
    let functions: Vec<_> = FUNCTIONS
        .iter()
        .filter(|function| function.controls().iter().any(|c| c.name == control.name))
        .map(|function| format!("`{}`", function.name))
        .collect();
    format!(
        "# {}\n\nNon-compliant when: {}\n\nSeverity: {}. Evaluated by: {}.\n\n{}\n",
        control.name,
        control.summary,
        control.severity.as_str(),
        functions.join(", "),
        with_sample(control, sample)
    )
}

fn index() -> String {
    let rows = CONTROLS.iter().map(|control| {
        let Control {
            name,
            severity,
            summary,
            ..
        } = control;
        format!("| [{name}]({name}.md) | {} | {summary} |\n", severity.as_str())
    });
    let rows: String = rows.collect();
    format!("# Controls\n\n| Control | Severity | Non-compliant when |\n| --- | --- | --- |\n{rows}")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/controls")
}

#[expect(clippy::disallowed_methods, reason = "the file is what is tested")]
fn current(path: &Path, content: &str) {
    if std::env::var_os("GENERATE").is_some() {
        std::fs::write(path, content).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == content,
        "{} is not current: run `make generate`",
        path.display()
    );
}

#[test]
fn generated_samples_are_what_controls_find_in_a_few_worlds() {
    let samples = all();
    let text = serde_json::to_string_pretty(&samples).unwrap() + "\n";
    current(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples.json"), &text);
    let lacking: Vec<_> = CONTROLS
        .iter()
        .map(|c| c.name)
        .filter(|name| !samples.contains_key(name))
        .collect();
    assert!(
        lacking.len() * 10 <= CONTROLS.len(),
        "no world has a sample of {lacking:?}"
    );
}

#[test]
fn generated_pages_are_those_of_the_controls_and_no_page_is_left_of_one_that_is_gone() {
    let samples = all();
    for control in CONTROLS {
        let path = folder().join(format!("{}.md", control.name));
        current(&path, &page(control, samples.get(control.name)));
    }
    current(&folder().join("README.md"), &index());
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let known = name == "README" || CONTROLS.iter().any(|control| control.name == name);
        assert!(known, "{}", path.display());
    }
}

#[test]
fn page_has_a_sample_with_its_alert_between_documentation_and_exemption() {
    let samples = all();
    for control in CONTROLS {
        let page = control_page(control);
        let Some(sample) = samples.get(control.name) else {
            assert!(!page.contains("## Sample finding"), "{page}");
            continue;
        };
        let parts = [
            control.documentation,
            "## Frameworks",
            "## Sample finding",
            &sample.subject,
            sample.body.trim_end(),
            "## Exempt a resource",
            &format!("resource = \"{}\"", sample.finding.resource.id),
        ];
        let places: Vec<_> = parts.iter().map(|part| page.find(part).unwrap()).collect();
        assert!(places.is_sorted(), "{page}");
        assert_eq!(sample.finding.control, control.name);
    }
}
