//! The state of a model cloud.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use jiff::Timestamp;

use crate::api_error::ApiError;
use crate::clock::Clock;
use crate::dynamodb::{self, Tables};
use crate::faults::{Fault, Faults};
use crate::form::Form;
use crate::log::{Entry, Service};
use crate::sns::Published;
use crate::world::{World, WriteFaults};
use crate::{ec2, load_balancers};

/// What all handles of one cloud and its clients share.
pub(crate) struct Shared {
    pub(crate) seed: u64,
    pub(crate) clock: Clock,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) tables: Tables,
    pub(crate) published: Vec<Published>,
    pub(crate) rng: Rng,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    /// Faults of the next calls of an operation.
    pub(crate) planned: BTreeMap<String, VecDeque<Option<Fault>>>,
    pub(crate) log: Vec<Arc<Entry>>,
}

impl Shared {
    /// Without faults, with the usual services, otherwise empty.
    pub(crate) fn new(seed: u64) -> Self {
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
        Self {
            seed,
            clock,
            state: Mutex::new(state),
        }
    }

    /// Calls are made as a whole, so the state is valid even after a panic.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The fault of this call.
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

    /// Answers a call to EC2 or to load balancers.
    pub(crate) fn world(
        &mut self,
        service: Service,
        caller: &Arc<str>,
        region: &str,
        operation: &str,
        form: Form,
        fault: Option<Fault>,
    ) -> Result<String, ApiError> {
        let now = self.clock.now();
        self.world.advance_to(now);
        self.world.write_faults = self.trouble(fault);
        let answer = match service {
            Service::LoadBalancers => load_balancers::answer(&mut self.world, caller, region, operation, &form),
            _ => ec2::answer(&mut self.world, caller, region, operation, &form),
        };
        let effects = self.world.take_journal();
        let mutating = ec2::mutates(operation) && form.flag("DryRun") != Some(true);
        let (code, message) = match &answer {
            Ok(_) => (None, String::new()),
            Err(error) => (Some(error.code.clone()), error.message.clone()),
        };
        let entry = Entry {
            number: 0,
            at: now,
            caller: Arc::clone(caller),
            region: region.to_owned(),
            service,
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

    fn trouble(&self, planned: Option<Fault>) -> WriteFaults {
        let elapsed = self.clock.elapsed();
        let rate = |fault| match planned == Some(fault) {
            true => 1.0,
            false => self.faults.rate(fault, elapsed),
        };
        WriteFaults {
            stale: rate(Fault::Stale),
            stale_for: self.faults.stale_for,
            endpoint_fails: rate(Fault::EndpointFails),
        }
    }

    pub(crate) fn dynamodb(&mut self, target: &str, body: &[u8], now: Timestamp) -> (u16, Vec<u8>) {
        let answer = dynamodb::answer(&mut self.tables, target, body, now);
        let words = String::from_utf8_lossy(&answer.1);
        if answer.0 != 200 && words.contains("the model does not know") {
            crate::not_modelled(format_args!("{target}: {words}"));
        }
        answer
    }

    pub(crate) fn record(&mut self, mut entry: Entry) {
        entry.number = u64::try_from(self.log.len()).unwrap_or(u64::MAX);
        self.log.push(Arc::new(entry));
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cloud of seed {}", self.seed)
    }
}

/// Everything needed to reproduce the run.
impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        write!(f, "seed {}: {}; {} calls", self.seed, state.faults, state.log.len())?;
        for (fault, count) in &state.world.injected {
            write!(f, ", {count} {fault:?}")?;
        }
        Ok(())
    }
}
