//! Logs as JSON, and metrics in CloudWatch's embedded metric format.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use postern_aws::Calls;
use postern_core::changes::ChangeOutcome;
use postern_core::evaluation::Finding;
use postern_core::model::finding::Verdict;
use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

const NAMESPACE: &str = "Postern";

/// One JSON object a line on standard output. `RUST_LOG` chooses the level.
pub(crate) fn init() {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .from_env_lossy();
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false)
        .with_env_filter(filter)
        .init();
}

/// What one invocation did.
#[derive(Debug)]
pub struct Metrics {
    function: &'static str,
    started: Instant,
    took: Duration,
    /// Before it began, and then its own.
    calls: Calls,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    reconciliations: usize,
    non_compliant: usize,
    indeterminate: usize,
    exempt: usize,
    applied: usize,
    not_needed: usize,
    skipped: usize,
    failed: usize,
    failed_messages: usize,
}

impl Metrics {
    pub(crate) fn start(function: &'static str, calls: Calls) -> Self {
        Self {
            function,
            started: Instant::now(),
            took: Duration::ZERO,
            calls,
            counts: Counts::default(),
        }
    }

    /// Counts one reconciled VPC.
    pub(crate) fn count(&mut self, findings: &[Finding], outcomes: &[ChangeOutcome]) {
        let counts = &mut self.counts;
        counts.reconciliations += 1;
        for finding in findings {
            match finding.verdict() {
                Verdict::NonCompliant if finding.accepted().is_some() => counts.exempt += 1,
                Verdict::NonCompliant => counts.non_compliant += 1,
                Verdict::Indeterminate => counts.indeterminate += 1,
                Verdict::Compliant | Verdict::NotApplicable => {}
            }
        }
        for outcome in outcomes {
            match outcome {
                ChangeOutcome::Applied { .. } => counts.applied += 1,
                ChangeOutcome::NotNeeded { .. } => counts.not_needed += 1,
                ChangeOutcome::Skipped { .. } => counts.skipped += 1,
                ChangeOutcome::Failed { .. } => counts.failed += 1,
            }
        }
    }

    /// How many VPCs were reconciled.
    pub fn reconciliations(&self) -> usize {
        self.counts.reconciliations
    }

    /// How many requests were sent to AWS, with all repetitions.
    pub fn calls(&self) -> u64 {
        self.calls.total()
    }

    /// The invocation is over, with this many messages that come back.
    pub(crate) fn finish(&mut self, failed_messages: usize, calls: &Calls) {
        self.took = self.started.elapsed();
        self.calls = calls.since(&self.calls);
        self.counts.failed_messages = failed_messages;
    }

    /// Writes the metrics to the log, from which CloudWatch takes them.
    pub fn emit(&self) {
        let document = self.document(Timestamp::now());
        // Lambda's log is the only place to complain, and writing to it is what failed.
        let _ = writeln!(io::stdout(), "{document}");
    }

    fn document(&self, now: Timestamp) -> Value {
        let counts = &self.counts;
        let milliseconds = self.took.as_secs_f64() * 1e3;
        let metrics = [
            ("Duration", json!(milliseconds), "Milliseconds"),
            ("ApiCalls", json!(self.calls()), "Count"),
            ("Reconciliations", json!(counts.reconciliations), "Count"),
            ("FindingsNonCompliant", json!(counts.non_compliant), "Count"),
            ("FindingsIndeterminate", json!(counts.indeterminate), "Count"),
            ("FindingsExempt", json!(counts.exempt), "Count"),
            ("ChangesApplied", json!(counts.applied), "Count"),
            ("ChangesNotNeeded", json!(counts.not_needed), "Count"),
            ("ChangesSkipped", json!(counts.skipped), "Count"),
            ("ChangesFailed", json!(counts.failed), "Count"),
            ("MessagesFailed", json!(counts.failed_messages), "Count"),
        ];
        let definitions: Vec<_> = metrics
            .iter()
            .map(|(name, _, unit)| json!({"Name": name, "Unit": unit}))
            .collect();
        let mut document = json!({
            "_aws": {
                "Timestamp": now.as_millisecond(),
                "CloudWatchMetrics": [
                    {"Namespace": NAMESPACE, "Dimensions": [["Function"]], "Metrics": definitions},
                ],
            },
            "Function": self.function,
        });
        if let Some(members) = document.as_object_mut() {
            members.extend(metrics.into_iter().map(|(name, value, _)| (name.to_owned(), value)));
        }
        document
    }
}

#[cfg(test)]
mod tests {
    use postern_core::evaluation::{Conclusion, Remediation};
    use postern_core::model::finding::{FindingKey, ResourceKind, Severity};
    use postern_core::settings::Mode;

    use super::*;

    #[test]
    fn every_metric_that_is_declared_has_its_value_beside_it() {
        let mut metrics = Metrics::start("sweeper", Calls::default());
        metrics.count(
            &[Finding {
                key: FindingKey::new("policy-open", ResourceKind::Endpoint, "vpce-1"),
                name: None,
                service: None,
                severity: Severity::Critical,
                mode: Mode::Audit,
                conclusion: Conclusion::NonCompliant {
                    explanation: "open".to_owned(),
                    remediation: Remediation::Manual("close it".to_owned()),
                },
                exempt: None,
                suppression: None,
            }],
            &[
                ChangeOutcome::Applied { created: None },
                ChangeOutcome::Skipped { reason: String::new() },
            ],
        );
        metrics.finish(2, &Calls::default());
        let document = metrics.document(Timestamp::UNIX_EPOCH);
        let declared = document["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        assert!(
            declared
                .iter()
                .all(|metric| document[metric["Name"].as_str().unwrap()].is_number()),
            "{document}"
        );
        assert_eq!(document["_aws"]["Timestamp"], 0);
        assert_eq!(document["Function"], "sweeper");
        let of = |name: &str| document[name].as_u64().unwrap();
        assert_eq!(
            [
                "FindingsNonCompliant",
                "ChangesApplied",
                "ChangesSkipped",
                "ChangesFailed",
                "MessagesFailed"
            ]
            .map(of),
            [1, 1, 1, 0, 2]
        );
    }
}
