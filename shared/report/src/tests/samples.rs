//! A finding of each control with its alert, for its page.

use std::collections::BTreeMap;
use std::path::Path;

use postern_core::changes::ChangeOutcome;
use postern_core::controls::CONTROLS;
use postern_core::evaluation::{Control, PolicyCache};
use postern_core::history::ChangeHistory;
use postern_core::model::part::name;
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::plan::{Restraints, plan};
use postern_core::settings::Settings;

use super::fixtures::{news, reconciliation};
use super::worlds::worlds;
use crate::control_page::{Sample, samples};
use crate::published::Verdict;
use crate::{Message, Reconciliation};

/// What the control finds in a world, and the alert about it in audit mode.
fn sample(control: &'static Control, (snapshot, settings): &(Snapshot, Settings)) -> Option<Sample> {
    let template = reconciliation();
    let (findings, plan) = plan(
        &[control],
        snapshot,
        settings,
        &ChangeHistory::default(),
        &Restraints::default(),
        template.time,
        &PolicyCache::default(),
    );
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
    let finding = report
        .findings
        .iter()
        .find(|finding| finding.verdict == Verdict::NonCompliant)?
        .clone();
    let Message { subject, body, .. } = Message::alert(&report);
    Some(Sample { finding, subject, body })
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the file is what is tested")]
fn generated_samples_are_what_the_controls_find_in_a_few_worlds() {
    let worlds = worlds();
    let found: BTreeMap<&str, Sample> = CONTROLS
        .iter()
        .filter_map(|control| {
            let sample = worlds.iter().find_map(|world| sample(control, world))?;
            Some((control.name, sample))
        })
        .collect();
    let text = serde_json::to_string_pretty(&found).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples.json");
    if std::env::var_os("GENERATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let lacking: Vec<_> = CONTROLS
        .iter()
        .map(|control| control.name)
        .filter(|name| !found.contains_key(name))
        .collect();
    assert_eq!(lacking, [""; 0], "these have a page without a sample");
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(committed == text, "samples.json is not current: run `make generate`");
}

#[test]
fn page_has_the_sample_of_the_control_between_documentation_and_exemption() {
    for control in CONTROLS {
        let page = crate::control_page::control_page(control);
        let parts = [
            control.documentation,
            "## Frameworks",
            "## Sample finding",
            "## Exempt a resource",
        ];
        let places: Vec<_> = parts.iter().map(|part| page.find(part).unwrap()).collect();
        assert!(places.is_sorted(), "{page}");
        let sample = &samples()[control.name];
        assert_eq!(sample.finding.control, control.name);
        assert!(page.contains(&format!("Subject: {}", sample.subject)) && page.contains(&sample.body));
    }
}
