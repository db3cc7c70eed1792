//! The page of an audit.

use postern_core::controls::CONTROLS;
use postern_core::evaluation::{Control, PolicyCache};
use postern_core::history::ChangeHistory;
use postern_core::model::part::name;
use postern_core::model::scope_snapshot::Snapshot;
use postern_core::plan::{Restraints, plan};

use super::audit::example;
use super::fixtures::reconciliation;
use super::worlds::crowded;
use crate::Reconciliation;
use crate::audit::{AuditedScope, Topology};
use crate::html;
use crate::published::Report;

/// A VPC with ten endpoints, as an audit evaluates it.
fn audited() -> AuditedScope {
    let (snapshot, settings) = crowded();
    let controls: Vec<&Control> = CONTROLS.to_vec();
    let template = reconciliation();
    let (findings, plan) = plan(
        &controls,
        &snapshot,
        &settings,
        &ChangeHistory::default(),
        &Restraints::default(),
        template.time,
        &PolicyCache::default(),
    );
    let report = Report::of(&Reconciliation {
        scope: snapshot.scope(),
        name: name(snapshot.tags()),
        triggering_events: Vec::new(),
        outcomes: Vec::new(),
        findings,
        plan,
        ..template
    });
    let Snapshot::Vpc(vpc) = &snapshot else {
        panic!("{}", snapshot.scope())
    };
    AuditedScope {
        topology: Topology::of(vpc, &report, &settings, report.time),
        report,
        history: Vec::new(),
    }
}

#[test]
fn page_of_two_thousand_endpoints_with_several_findings_each_stays_below_ten_megabytes() {
    let scope = serde_json::to_string(&audited()).unwrap();
    let scopes = (0..200).map(|number| {
        // Ids of other VPCs are as long and differ.
        let own = scope
            .replace("vpce-0", &format!("vpce-{number:03}"))
            .replace("vpc-0", &format!("vpc-{number:03}"));
        serde_json::from_str(&own).unwrap()
    });
    let mut audit = example();
    audit.scopes = scopes.collect();
    let page = html::render(&audit);
    assert_eq!(page.matches("<g data-endpoint=").count(), 2_000);
    let (findings, proofs) = (
        page.matches("<article ").count(),
        page.matches("<g data-proof=").count(),
    );
    assert!(findings >= 8_000, "{findings}");
    assert!(proofs >= 3_000, "{proofs}");
    assert!(
        page.len() < 10 << 20,
        "{} for {findings} findings, {proofs} proofs",
        page.len()
    );
}

#[test]
fn proof_that_answers_both_questions_is_shown_once_and_common_condition_keys_are_shown_once() {
    let mut audit = example();
    audit.scopes = vec![audited()];
    let endpoint = &mut audit.scopes[0].topology.endpoints[0];
    assert_eq!(
        (endpoint.proofs.len(), endpoint.requests().len()),
        (2, 1),
        "{endpoint:#?}"
    );
    let page = html::render(&audit);
    let endpoints = &audit.scopes[0].topology.endpoints;
    let requests: usize = endpoints.iter().map(|endpoint| endpoint.requests().len()).sum();
    assert_eq!(page.matches("<summary>Proof: ").count(), requests);
    assert_eq!(page.matches("aws:SecureTransport = true").count(), 1);
    assert_eq!(page.matches("aws:SourceVpce = ").count(), requests);
}

#[test]
fn page_shows_what_is_between_backticks_as_code() {
    let page = html::render(&example());
    assert!(page.contains("<code>arn:aws:iam::444455556666:root</code> can call <code>s3:GetObject</code>"));
    let text = page.split("<main>").nth(1).unwrap().split("<script>").next().unwrap();
    assert!(!text.contains('`'), "{text}");
}

#[test]
fn headings_name_the_kind_of_a_resource_and_findings_come_before_frameworks() {
    let page = html::render(&example());
    for heading in [
        "<h3>VPC vpc-0f1e2d3c4b5a69788",
        "<h3>Route table rtb-0badcafe0badcafe0",
        "<h3>Endpoint vpce-0a1b2c3d4e5f60718 “payments-s3” <i>com.amazonaws.eu-central-1.s3</i>",
    ] {
        assert!(page.contains(heading), "{heading}");
    }
    let place = |part: &str| page.find(part).unwrap();
    assert!(place("id=\"findings\"") < place("id=\"frameworks\""));
    for sign in [
        "class=\"legend\"",
        "one of two subnets of the zone has it",
        "no network interface in the zone",
    ] {
        assert_eq!(page.matches(sign).count(), 1, "{sign}");
    }
}
