//! Notices that events do not arrive: a stopped trail or a disabled rule starts no function, so only a sweep can tell.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use postern_aws::chain;
use postern_aws::ledger::{EventWatch, Ledger};
use postern_core::model::id::{AccountId, Region};
use tracing::{error, warn};

/// For how long a warm function remembers that it recorded an event, so that most invocations need no call for it.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(10);

/// The ledger, and the account and Region whose events are watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RegionLedger<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) account: &'a AccountId,
    pub(crate) region: &'a Region,
}

/// A sweep that ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sweep<'a> {
    pub(crate) began: Timestamp,
    /// The version of its settings.
    pub(crate) settings: &'a str,
    /// How many findings it was the first to report.
    pub(crate) news: usize,
}

/// When a warm function last recorded that an event arrived.
#[derive(Debug, Default)]
pub(crate) struct Recorded(Mutex<Option<Timestamp>>);

impl Recorded {
    /// Records that an event arrived. What cannot be recorded is recorded with the next event.
    pub(crate) async fn event(&self, watched: RegionLedger<'_>, now: Timestamp) {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| now.duration_since(last) < REMEMBERED) {
            return;
        }
        match watched.ledger.event_arrived(watched.account, watched.region, now).await {
            Ok(()) => *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now),
            Err(error) => warn!(error = chain(&error), "it is not recorded that an event arrived"),
        }
    }
}

/// Compares what a sweep found with the events since the sweep before, and records the sweep. Gives whether events are
/// missing; None where that cannot be known.
pub(crate) async fn after_sweep(watched: RegionLedger<'_>, sweep: Sweep<'_>) -> Option<bool> {
    let watch = match watched.ledger.event_watch(watched.account, watched.region).await {
        Ok(watch) => watch,
        Err(error) => {
            warn!(error = chain(&error), "whether events are missing is not known");
            return None;
        }
    };
    let missing = missing(&watch, sweep);
    if missing == Some(true) {
        error!(
            findings = sweep.news,
            last_event = watch.last_event.map(tracing::field::display),
            last_sweep = watch.last_sweep.map(tracing::field::display),
            "the sweep found changes, and no event has arrived since the sweep before: the trail may be stopped, or a \
             rule disabled; run `postern doctor`"
        );
    }
    let recorded = watched
        .ledger
        .sweep_began(watched.account, watched.region, sweep.began, sweep.settings)
        .await;
    if let Err(error) = recorded {
        warn!(error = chain(&error), "the sweep is not recorded");
    }
    missing
}

/// New findings under the settings of the sweep before are due to changes, and each change has an event.
fn missing(watch: &EventWatch, sweep: Sweep<'_>) -> Option<bool> {
    let before = watch.last_sweep?;
    if watch.settings.as_deref() != Some(sweep.settings) {
        return None;
    }
    let arrived = watch
        .last_event
        .is_some_and(|event| event >= before.checked_sub(REMEMBERED).unwrap_or(before));
    Some(sweep.news > 0 && !arrived)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use postern_cloud::ACCOUNT;
    use postern_cloud::world::NewEndpoint;
    use serde_json::Value;

    use super::*;
    use crate::testing::{Log, OPEN, Rig, modified, schedule};

    /// Adds an endpoint that everybody may use, as somebody would whose event is lost.
    fn open_another(rig: &Rig) -> String {
        rig.cloud.edit(|world| {
            let mut open = NewEndpoint::gateway(&rig.vpc, "dynamodb");
            open.policy = Some(OPEN.to_owned());
            world.add_endpoint(open)
        })
    }

    async fn sweep(rig: &Rig, run: &str) -> Value {
        tokio::time::advance(Duration::from_secs(6 * 3_600)).await;
        let deadline = rig.cloud.now() + Duration::from_secs(120);
        let (answer, metrics) = rig.handler.handle(schedule(), run.into(), Some(deadline)).await;
        answer.unwrap();
        metrics.document(Timestamp::UNIX_EPOCH)["EventsMissing"].clone()
    }

    #[tokio::test(start_paused = true)]
    async fn change_that_only_a_sweep_finds_means_that_events_are_missing() {
        let (rig, log) = (Rig::new(), Log::start());
        assert_eq!(
            sweep(&rig, "run-1").await,
            Value::Null,
            "the first sweep finds what was there before"
        );
        assert_eq!(sweep(&rig, "run-2").await, 0);
        open_another(&rig);
        assert_eq!(sweep(&rig, "run-3").await, 1);
        let lines = log.lines();
        let line = lines.iter().find(|line| line["level"] == "ERROR").unwrap();
        assert_eq!(line["findings"], 1);
        assert!(line["message"].as_str().unwrap().contains("postern doctor"), "{line}");
        assert_eq!(sweep(&rig, "run-4").await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn change_after_an_event_of_the_same_time_means_nothing() {
        let rig = Rig::new();
        sweep(&rig, "run-1").await;
        sweep(&rig, "run-2").await;
        let event = modified(ACCOUNT, &rig.endpoint);
        let (answer, _) = rig.handler.handle(event, "run-3".into(), None).await;
        answer.unwrap();
        open_another(&rig);
        assert_eq!(sweep(&rig, "run-4").await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn arrival_of_events_is_recorded_once_in_ten_minutes() {
        let rig = Rig::new();
        let handle = async |run: &str| {
            let before = rig.cloud.log().len();
            let event = modified(ACCOUNT, &rig.endpoint);
            let (answer, _) = rig.handler.handle(event, run.into(), None).await;
            answer.unwrap();
            let log = rig.cloud.log_since(before);
            let watch = |entry: &&std::sync::Arc<postern_cloud::Entry>| {
                entry.parameters.iter().any(|(_, value)| value.contains("\"watch\""))
            };
            log.iter().filter(watch).count()
        };
        assert_eq!(handle("run-1").await, 1);
        tokio::time::advance(Duration::from_secs(120)).await;
        assert_eq!(handle("run-2").await, 0);
        tokio::time::advance(Duration::from_secs(600)).await;
        assert_eq!(handle("run-3").await, 1);
    }

    #[test]
    fn other_settings_explain_new_findings() {
        let watch = EventWatch {
            last_event: None,
            last_sweep: Some(Timestamp::UNIX_EPOCH),
            settings: Some("9f86d081884c".to_owned()),
        };
        let sweep = |settings| Sweep {
            began: Timestamp::UNIX_EPOCH,
            settings,
            news: 2,
        };
        assert_eq!(missing(&watch, sweep("9f86d081884c")), Some(true));
        assert_eq!(missing(&watch, sweep("e3b0c44298fc")), None);
        assert_eq!(missing(&EventWatch::default(), sweep("9f86d081884c")), None);
    }
}
