//! Runs one storm.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use postern_aws::Aws;
use postern_cloud::{ACCOUNT, Cloud, Entry, Faults, Service, World};
use postern_core::functions::{FUNCTIONS, Function, SWEEPER};
use postern_core::model::id::RunId;
use postern_core::settings::Settings;
use postern_runtime::{Configuration, Handler};
use serde_json::Value;
use tokio::task::{JoinError, JoinSet, LocalSet};
use tokio::time::{Instant, sleep_until, timeout};

use crate::checks;
use crate::figures::Figures;
use crate::operators::operate;
use crate::people::People;
use crate::queues::{Batch, Queues};
use crate::setup::{OPERATOR, POLICIES, alert_topic, role, set_up, topic};
use crate::size::Size;
use crate::trace::trace;

/// As in the template.
const CONCURRENCY: usize = 2;
/// As in the template, of the functions that events start.
const TIME: Duration = Duration::from_secs(120);
/// Within this time after the faults end, everything must come to rest.
const CALM: Duration = Duration::from_secs(24 * 3_600);
/// Scheduled sweeps at the end. They take hours, so that hourly limits expire in between.
const ROUNDS: u64 = 24;

pub(crate) struct Storm {
    cloud: Cloud,
    configuration: Configuration,
    settings: Arc<Settings>,
    rng: Rng,
    queues: Queues,
    people: People,
    warm: BTreeMap<&'static str, Vec<Arc<Handler>>>,
    running: JoinSet<Done>,
    operators: JoinSet<()>,
    busy: BTreeMap<&'static str, usize>,
    /// Entries of the cloud's log that were turned into events.
    events_read: usize,
    figures: Figures,
}

struct Done {
    batch: Batch,
    handler: Arc<Handler>,
    /// None if the invocation crashed.
    answer: Option<Value>,
    /// Calls to AWS; zero if unknown.
    calls: u64,
}

/// Runs one storm and checks its invariants.
///
/// # Errors
/// The invariant that does not hold, with everything needed to reproduce it.
pub fn run_storm(seed: u64, kind: Size) -> Result<Figures, String> {
    play(seed, kind, Storm::figures)
}

/// The calls to AWS of one storm, in their order, those of people included.
///
/// # Errors
/// As [`run_storm`].
pub fn calls_of_storm(seed: u64, kind: Size) -> Result<Vec<Arc<Entry>>, String> {
    play(seed, kind, |storm| storm.cloud.log())
}

fn play<T>(seed: u64, kind: Size, look: impl FnOnce(&Storm) -> T) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| error.to_string())?;
    LocalSet::new().block_on(&runtime, async {
        let mut storm = Storm::gather(seed, kind);
        let checked = storm.run().await;
        checked.map(|()| look(&storm)).map_err(|violation| {
            format!(
                "{kind:?} storm of {}\n{violation}\n{}",
                storm.cloud,
                trace(&storm.cloud)
            )
        })
    })
}

impl Storm {
    /// Nobody does anything, and nothing fails.
    #[cfg(test)]
    pub(crate) fn calm(cloud: Cloud, configuration: Configuration, settings: Arc<Settings>) -> Self {
        let mut rng = Rng::with_seed(cloud.seed());
        let mut queues = Queues::new(&mut rng);
        queues.faulty = false;
        Self::new(cloud, People::nobody(), queues, (configuration, settings), rng)
    }

    /// Runs functions and sweeps until nothing is left to do. Gives the messages that ended in dead-letter queues.
    #[cfg(test)]
    pub(crate) async fn settle(&mut self) -> Result<usize, String> {
        let calm = Instant::now();
        let mut dead = 0;
        for round in 0..ROUNDS {
            let calls = self.cloud.log().len();
            self.drain(calm + CALM).await?;
            dead += self.queues.redrive();
            let changed = self.cloud.log_since(calls);
            if round > 0
                && !changed
                    .iter()
                    .any(|entry| entry.mutating && entry.service == Service::Ec2)
            {
                return Ok(dead);
            }
            tokio::time::sleep(Duration::from_secs(600)).await;
            self.queues.schedule(&SWEEPER, round);
        }
        Err("the sweeps did not come to an end".to_owned())
    }

    fn gather(seed: u64, kind: Size) -> Self {
        let mut rng = Rng::with_seed(seed);
        let cloud = Cloud::new(seed);
        let (configuration, settings) = set_up(&cloud, kind, &mut rng);
        let length = match kind {
            Size::Small => Duration::from_secs(rng.u64(5..120)),
            Size::Large => Duration::from_secs(rng.u64(60..3_600)),
        };
        cloud.set_faults(Faults::random(&mut rng, length));
        let people = People::new(kind, length, &mut rng);
        let queues = Queues::new(&mut rng);
        Self::new(cloud, people, queues, (configuration, settings), rng)
    }

    fn new(
        cloud: Cloud,
        people: People,
        queues: Queues,
        (configuration, settings): (Configuration, Arc<Settings>),
        rng: Rng,
    ) -> Self {
        Self {
            people,
            queues,
            warm: BTreeMap::new(),
            running: JoinSet::new(),
            operators: JoinSet::new(),
            busy: BTreeMap::new(),
            events_read: 0,
            figures: Figures::default(),
            cloud,
            configuration,
            settings,
            rng,
        }
    }

    async fn run(&mut self) -> Result<(), String> {
        self.run_with_faults().await?;
        self.queues.faulty = false;
        let calm = Instant::now();
        loop {
            self.drain(calm + CALM).await?;
            if self.queues.redrive() == 0 {
                break;
            }
        }
        self.sweep_until_quiet(calm + CALM).await?;
        checks::all(
            &self.cloud,
            &self.settings,
            &self.configuration.destinations,
            self.figures.busiest,
        )
        .await?;
        checks::quarantine::every_quarantine_can_be_rolled_back(&self.cloud, &self.settings).await
    }

    /// The time with faults and changes by people.
    async fn run_with_faults(&mut self) -> Result<(), String> {
        while let Some(next) = self.people.next() {
            self.work_until(next).await;
            self.people.act(&self.cloud, &mut self.rng);
            if self.rng.u8(..8) == 0 {
                let (cloud, settings) = (self.cloud.clone(), Arc::clone(&self.settings));
                self.operators.spawn_local(operate(cloud, settings, self.rng.fork()));
            }
        }
        Ok(())
    }

    /// Runs functions until all queues are empty.
    async fn drain(&mut self, latest: Instant) -> Result<(), String> {
        loop {
            self.queue_events();
            let due = FUNCTIONS.iter().filter_map(|function| self.queues.due(function)).min();
            let Some(due) = due else {
                if self.running.is_empty() && self.operators.is_empty() {
                    return Ok(());
                }
                self.finish_one().await;
                continue;
            };
            if due > latest {
                return Err("messages keep coming back long after the last fault".to_owned());
            }
            self.work_until(due.max(Instant::now()) + Duration::from_millis(1))
                .await;
        }
    }

    /// One scheduled sweep. Returns its mutating calls and its reports.
    async fn sweep(&mut self, number: u64, latest: Instant) -> Result<Vec<String>, String> {
        // Longer than a lease and than AWS takes to show a change.
        tokio::time::sleep(Duration::from_secs(600)).await;
        let (calls, reports) = (self.cloud.log().len(), self.cloud.published().len());
        self.queues.schedule(&SWEEPER, number);
        loop {
            self.drain(latest).await?;
            if self.queues.redrive() == 0 {
                break;
            }
        }
        let asked = self.cloud.log_since(calls).into_iter();
        let asked = asked.filter(|entry| entry.mutating && entry.service == Service::Ec2);
        let said = self.cloud.published().split_off(reports).into_iter();
        Ok(asked
            .map(|entry| entry.operation.clone())
            .chain(said.map(|report| report.message))
            .collect())
    }

    /// Sweeps until one changes and reports nothing: a sweep finds what no event announced, retries what AWS or a limit
    /// refused, and reports what follows from that.
    async fn sweep_until_quiet(&mut self, latest: Instant) -> Result<(), String> {
        let mut left = Vec::new();
        for round in 0..ROUNDS {
            left = self.sweep(round, latest).await?;
            if left.is_empty() {
                return Ok(());
            }
        }
        Err(format!(
            "every sweep called or reported something, the last one {left:?}"
        ))
    }

    /// Delivers messages as they become due, until this time.
    async fn work_until(&mut self, end: Instant) {
        loop {
            self.queue_events();
            self.start_what_is_due();
            let idle = FUNCTIONS
                .iter()
                .filter(|function| self.busy_with(function) < CONCURRENCY);
            let due = idle.filter_map(|function| self.queues.due(function)).min();
            let next = due.unwrap_or(end).min(end);
            tokio::select! {
                biased;
                Some(done) = self.running.join_next() => self.finish(done),
                () = sleep_until(next) => {
                    if next >= end {
                        return;
                    }
                }
            }
        }
    }

    fn busy_with(&self, function: &Function) -> usize {
        self.busy.get(function.name).copied().unwrap_or_default()
    }

    /// Turns the new calls into events.
    fn queue_events(&mut self) {
        let entries = self.cloud.log_since(self.events_read);
        self.events_read += entries.len();
        for entry in entries {
            if let Some(event) = entry.event() {
                self.queues.event(&event, &mut self.rng);
            }
            let ours = |id: &str| {
                let look = |world: &mut World| world.endpoint_service(id).is_some_and(|it| it.owner == ACCOUNT);
                self.cloud.edit(look)
            };
            for notification in entry.notifications().iter().filter(|it| ours(&it.service)) {
                self.queues.notification(notification, &mut self.rng);
            }
        }
    }

    fn start_what_is_due(&mut self) {
        for function in FUNCTIONS {
            while self.busy_with(function) < CONCURRENCY
                && let Some(batch) = self.queues.receive(function)
            {
                *self.busy.entry(function.name).or_default() += 1;
                self.start(batch);
            }
        }
    }

    fn start(&mut self, batch: Batch) {
        self.figures.invocations += 1;
        let handler = self.warm.get_mut(batch.function.name).and_then(Vec::pop);
        let handler = handler.unwrap_or_else(|| Arc::new(self.cold(batch.function)));
        let run = RunId::from(format!("{:08x}-{:04}", self.rng.u32(..), self.figures.invocations));
        let crash =
            (self.queues.faulty && self.rng.u8(..4) == 0).then(|| Duration::from_millis(self.rng.u64(1..3_000)));
        let deadline = self.cloud.now() + TIME;
        self.running.spawn_local(async move {
            let work = handler.handle(batch.payload.clone(), run, Some(deadline));
            let (answer, calls) = match timeout(crash.unwrap_or(TIME), Box::pin(work)).await {
                Ok((answer, metrics)) => (answer.ok(), metrics.calls()),
                Err(_) => (None, 0),
            };
            Done {
                batch,
                handler,
                answer,
                calls,
            }
        });
    }

    fn cold(&self, function: &'static Function) -> Handler {
        let aws: Aws = self.cloud.aws(&role(function));
        Handler::new(function, Ok(self.configuration.clone()), aws).with_policies(POLICIES.clone())
    }

    async fn finish_one(&mut self) {
        tokio::select! {
            biased;
            Some(done) = self.running.join_next() => self.finish(done),
            Some(operated) = self.operators.join_next() => propagate_panic(operated),
        }
    }

    fn finish(&mut self, done: Result<Done, JoinError>) {
        let done = propagate_panic(done);
        let function = done.batch.function.name;
        self.figures.busiest = self.figures.busiest.max(done.calls);
        if let Some(busy) = self.busy.get_mut(function) {
            *busy -= 1;
        }
        match done.answer {
            Some(answer) => {
                self.queues.done(&done.batch, &answer, &mut self.rng);
                self.warm.entry(function).or_default().push(done.handler);
            }
            None => self.figures.crashed += 1,
        }
    }

    fn figures(&self) -> Figures {
        let log = self.cloud.log();
        let by_postern = |caller: &str| caller.contains(":role/postern-");
        let changed = log.iter().filter(|entry| entry.changed());
        let published = self.cloud.published();
        Figures {
            calls: log.iter().filter(|entry| by_postern(&entry.caller)).count(),
            faults: self.cloud.injected().values().sum(),
            changes: changed.clone().filter(|entry| by_postern(&entry.caller)).count(),
            rolled_back: changed.filter(|entry| *entry.caller == *OPERATOR).count(),
            reports: published.iter().filter(|message| message.topic == topic()).count(),
            alerts: published
                .iter()
                .filter(|message| message.topic == alert_topic())
                .count(),
            ..self.figures
        }
    }
}

/// The result of a task. Its panic is propagated.
fn propagate_panic<T>(done: Result<T, JoinError>) -> T {
    done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
