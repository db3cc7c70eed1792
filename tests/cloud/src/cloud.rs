//! The handle of one model cloud.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_ec2::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SharedTimeSource;
use fastrand::Rng;
use jiff::Timestamp;
use postern_aws::Aws;

use crate::clock::Clock;
use crate::connector::Connector;
use crate::dynamodb::Tables;
use crate::ec2::{self, Refusal};
use crate::faults::{Fault, Faults};
use crate::form::Form;
use crate::log::{Entry, Service};
use crate::sns::Published;
use crate::world::{Trouble, World};
use crate::{REGION, dynamodb};

/// One AWS, of which all clones are handles. Futures of its clients may be dropped at any moment: whatever was done
/// until then was done whole.
#[derive(Clone)]
pub struct Cloud(Arc<Shared>);

struct Shared {
    seed: u64,
    clock: Clock,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) tables: Tables,
    pub(crate) published: Vec<Published>,
    pub(crate) rng: Rng,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    /// Faults for the next call of an operation.
    planned: BTreeMap<String, VecDeque<Option<Fault>>>,
    log: Vec<Arc<Entry>>,
}

/// What a call that was done by hand gave.
#[derive(Clone, Debug)]
pub struct Answer {
    pub xml: String,
    pub entry: Arc<Entry>,
}

impl Cloud {
    /// Without faults, with the usual services, otherwise empty. It seeds this thread's `fastrand` too, from which the
    /// SDK takes its back-offs, so that a run on one thread is the same each time.
    pub fn new(seed: u64) -> Self {
        fastrand::seed(seed);
        let mut rng = Rng::with_seed(seed);
        let clock = Clock::start();
        let world = World::new(clock.now(), rng.fork());
        let state = State {
            world,
            tables: Tables::new(seed),
            published: Vec::new(),
            rng,
            clock,
            faults: Faults::none(),
            planned: BTreeMap::new(),
            log: Vec::new(),
        };
        Self(Arc::new(Shared {
            seed,
            clock,
            state: Mutex::new(state),
        }))
    }

    pub fn seed(&self) -> u64 {
        self.0.seed
    }

    /// The cloud's time, from 2026-03-02T09:00:00Z on.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The clients of one caller, an ARN such as that of a function's role: of one warm function, say.
    pub fn aws(&self, caller: &str) -> Aws {
        Aws::new(self.config(caller))
    }

    /// What clients of a caller are made from, with the retries and time-outs of production.
    pub fn config(&self, caller: &str) -> SdkConfig {
        let credentials = Credentials::new("AKIAEXAMPLE", "secret", None, None, "model-cloud");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(aws_config::Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(Connector::new(self.clone(), caller))
            .retry_config(postern_aws::retries())
            .timeout_config(postern_aws::timeouts())
            // Bodies come whole or not at all.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .sleep_impl(TokioSleep::new())
            .time_source(SharedTimeSource::new(self.0.clock))
            .build()
    }

    /// Looks at the world, or changes it by no call of anybody: nothing is logged.
    pub fn edit<R>(&self, edit: impl FnOnce(&mut World) -> R) -> R {
        let now = self.now();
        let mut state = self.state();
        state.world.settle(now);
        state.world.trouble = Trouble::default();
        let result = edit(&mut state.world);
        state.world.take_journal();
        result
    }

    /// One EC2 call by hand, as a customer makes it: at once, without faults, logged like all others.
    ///
    /// # Errors
    /// If EC2 refuses it.
    pub fn call(&self, caller: &str, operation: &str, parameters: &[(&str, &str)]) -> Result<Answer, Refusal> {
        let fields = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let form = Form::new(fields);
        let now = self.now();
        let mut state = self.state();
        let result = state.ec2(&Arc::from(caller), REGION, operation, form, now, None);
        let entry = state.log.last().cloned();
        match (result, entry) {
            (Err(refusal), _) => Err(refusal),
            (Ok(xml), Some(entry)) => Ok(Answer { xml, entry }),
            (Ok(_), None) => crate::unmodelled("a call that is not logged"),
        }
    }

    /// From now on this goes wrong.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// The next calls of an operation, such as `CreateVpcEndpoint`, go wrong in this way, one each; `None` goes well.
    pub fn plan(&self, operation: &str, faults: impl IntoIterator<Item = impl Into<Option<Fault>>>) {
        let mut state = self.state();
        let planned = state.planned.entry(operation.to_owned()).or_default();
        planned.extend(faults.into_iter().map(Into::into));
    }

    /// What went wrong on purpose so far, and how often.
    pub fn injected(&self) -> BTreeMap<Fault, u64> {
        self.state().world.injected.clone()
    }

    /// Every call that arrived, in order.
    pub fn log(&self) -> Vec<Arc<Entry>> {
        self.log_since(0)
    }

    /// The calls after the first so many.
    pub fn log_since(&self, count: usize) -> Vec<Arc<Entry>> {
        self.state().log.get(count..).unwrap_or_default().to_vec()
    }

    /// What was published to topics, in order.
    pub fn published(&self) -> Vec<Published> {
        self.state().published.clone()
    }

    /// Looks into the tables.
    pub fn tables<R>(&self, look: impl FnOnce(&mut Tables) -> R) -> R {
        look(&mut self.state().tables)
    }

    /// Nothing is left half done when a test panics.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What goes wrong with this call.
    pub(crate) fn draw(&mut self, service: Service, operation: &str) -> Option<Fault> {
        let planned = self.planned.get_mut(operation).and_then(VecDeque::pop_front);
        let fault = match planned {
            Some(planned) => planned,
            None => {
                let action = format!("{}:{operation}", service.prefix());
                self.faults.draw(&action, self.clock.elapsed(), &mut self.rng)
            }
        };
        if let Some(fault) = fault.filter(|fault| !fault.of_writes()) {
            *self.world.injected.entry(fault).or_default() += 1;
        }
        fault
    }

    pub(crate) fn ec2(
        &mut self,
        caller: &Arc<str>,
        region: &str,
        operation: &str,
        form: Form,
        now: Timestamp,
        fault: Option<Fault>,
    ) -> Result<String, Refusal> {
        self.world.settle(now);
        self.world.trouble = self.trouble(fault);
        let answer = ec2::answer(&mut self.world, caller, region, operation, &form);
        let effects = self.world.take_journal();
        let mutating = ec2::mutates(operation) && form.flag("DryRun") != Some(true);
        let (code, message) = match &answer {
            Ok(_) => (None, String::new()),
            Err(refusal) => (Some(refusal.code.clone()), refusal.message.clone()),
        };
        let entry = Entry {
            number: 0,
            at: now,
            caller: Arc::clone(caller),
            region: region.to_owned(),
            service: Service::Ec2,
            operation: operation.to_owned(),
            parameters: form.into_pairs(),
            mutating,
            code,
            message,
            fault,
            effects,
            response: answer.as_ref().ok().filter(|_| mutating).cloned(),
        };
        self.record(entry);
        answer
    }

    fn trouble(&self, planned: Option<Fault>) -> Trouble {
        let elapsed = self.clock.elapsed();
        let rate = |fault| match planned == Some(fault) {
            true => 1.0,
            false => self.faults.rate(fault, elapsed),
        };
        Trouble {
            stale: rate(Fault::Stale),
            stale_for: self.faults.stale_for,
            endpoint_fails: rate(Fault::EndpointFails),
        }
    }

    pub(crate) fn dynamodb(&mut self, target: &str, body: &[u8], now: Timestamp) -> (u16, Vec<u8>) {
        let answer = dynamodb::answer(&mut self.tables, target, body, now);
        let words = String::from_utf8_lossy(&answer.1);
        if answer.0 != 200 && words.contains("the model does not know") {
            crate::unmodelled(format_args!("{target}: {words}"));
        }
        answer
    }

    pub(crate) fn record(&mut self, mut entry: Entry) {
        entry.number = u64::try_from(self.log.len()).unwrap_or(u64::MAX);
        self.log.push(Arc::new(entry));
    }
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cloud of seed {}", self.0.seed)
    }
}

/// What it takes to see the same again.
impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        write!(f, "seed {}: {}; {} calls", self.0.seed, state.faults, state.log.len())?;
        for (fault, count) in &state.world.injected {
            write!(f, ", {count} {fault:?}")?;
        }
        Ok(())
    }
}
