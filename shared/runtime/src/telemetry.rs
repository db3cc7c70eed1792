//! Metrics in CloudWatch's embedded metric format.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use postern_aws::Calls;
use postern_engine::Counts;
use serde_json::{Value, json};

const NAMESPACE: &str = "Postern";

/// What one invocation did.
#[derive(Debug)]
pub struct Metrics {
    function: &'static str,
    started: Instant,
    took: Duration,
    /// Before the invocation began; once it is over, its own.
    calls: Calls,
    counts: Counts,
    /// Messages that are delivered again.
    failed_messages: usize,
    /// Whether alerts have a subscriber, where that was checked.
    heard: Option<bool>,
    /// Whether a sweep found that events are missing, where that is known.
    missing: Option<bool>,
}

impl Metrics {
    pub(crate) fn start(function: &'static str, calls: Calls) -> Self {
        Self {
            function,
            started: Instant::now(),
            took: Duration::ZERO,
            calls,
            counts: Counts::default(),
            failed_messages: 0,
            heard: None,
            missing: None,
        }
    }

    /// What the run found and did.
    pub(crate) fn count(&mut self, counts: Counts) {
        self.counts = counts;
    }

    /// Whether alerts have a subscriber.
    pub(crate) fn alerts_heard(&mut self, heard: bool) {
        self.heard = Some(heard);
    }

    /// Whether a sweep found that events are missing.
    pub(crate) fn events_missing(&mut self, missing: Option<bool>) {
        self.missing = missing;
    }

    /// How many scopes were reconciled.
    pub fn reconciliations(&self) -> usize {
        self.counts.reconciliations
    }

    /// How many requests were sent to AWS, retries counted each.
    pub fn calls(&self) -> u64 {
        self.calls.total()
    }

    /// Ends the invocation, with so many messages that are delivered again.
    pub(crate) fn finish(&mut self, failed_messages: usize, calls: &Calls) {
        self.took = self.started.elapsed();
        self.calls = calls.since(&self.calls);
        self.failed_messages = failed_messages;
    }

    /// Writes the metrics to the log, from which CloudWatch takes them.
    pub fn emit(&self) {
        let document = self.document(Timestamp::now());
        // Lambda's log is the only place to complain, and writing to it is what failed.
        let _ = writeln!(io::stdout(), "{document}");
    }

    pub(crate) fn document(&self, now: Timestamp) -> Value {
        let counts = &self.counts;
        let milliseconds = self.took.as_secs_f64() * 1e3;
        let mut metrics = vec![
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
            ("MessagesFailed", json!(self.failed_messages), "Count"),
        ];
        if let Some(heard) = self.heard {
            metrics.push(("AlertsUnheard", json!(u8::from(!heard)), "Count"));
        }
        if let Some(missing) = self.missing {
            metrics.push(("EventsMissing", json!(u8::from(missing)), "Count"));
        }
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
    use super::*;

    #[test]
    fn every_declared_metric_has_its_value_beside_it() {
        let mut metrics = Metrics::start("sweeper", Calls::default());
        metrics.count(Counts {
            non_compliant: 1,
            applied: 1,
            skipped: 1,
            ..Counts::default()
        });
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
