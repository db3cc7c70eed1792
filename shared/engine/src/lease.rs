//! The lease of a scope: one run may change a scope at a time.

use std::time::Duration;

use jiff::Timestamp;
use postern_aws::ledger::LedgerError;
use postern_core::model::scope::Scope;
use tokio::time::sleep;

use crate::budget::Budget;
use crate::context::RunContext;
use crate::error::ReconcileError;

/// What the lease outlasts an invocation by: longer than a call to AWS can take with all its attempts.
const MARGIN: Duration = Duration::from_secs(60);
/// The length of an invocation whose deadline is not known.
const INVOCATION: Duration = Duration::from_secs(300);
/// A command takes the lease for so long at a time. If the command is killed, functions wait until the lease ends.
const COMMAND: Duration = Duration::from_secs(180);

/// How long a run waits for the lease of a scope and how long it holds it.
#[derive(Clone, Copy, Debug)]
pub struct LeaseTerms {
    /// How long to wait for a run that holds the lease.
    patience: Duration,
    /// When to stop waiting in any case.
    give_up: Option<Timestamp>,
    /// How often to ask meanwhile.
    pause: Duration,
    length: Length,
    /// No change is started when less than this is left of the lease.
    reserve: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Length {
    Until(Timestamp),
    /// From when it is taken. It is never renewed.
    Once(Duration),
    /// From when it is taken, and again whenever it is about to end.
    Renewed(Duration),
}

/// The right to change a scope. No other run has it at the same time.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) scope: Scope,
    /// How often the lease of the scope was taken, this time included.
    pub(crate) version: u64,
    /// Whether this run had to wait for another one.
    pub(crate) waited: bool,
    until: Timestamp,
    terms: LeaseTerms,
}

impl LeaseTerms {
    /// For an invocation: the lease is held until the invocation must have ended.
    pub fn invocation(budget: &Budget) -> Self {
        Self {
            patience: Duration::from_secs(30),
            give_up: budget.last_start(),
            pause: Duration::from_secs(1),
            length: match budget.deadline() {
                Some(deadline) => Length::Until(deadline + MARGIN),
                None => Length::Once(INVOCATION + MARGIN),
            },
            reserve: Duration::from_secs(45),
        }
    }

    /// For a command, which may wait for AWS for many minutes: the lease is renewed as long as the command runs.
    pub fn command() -> Self {
        Self {
            patience: Duration::from_secs(60),
            give_up: None,
            pause: Duration::from_secs(2),
            length: Length::Renewed(COMMAND),
            reserve: Duration::from_secs(90),
        }
    }

    fn until(&self, now: Timestamp) -> Timestamp {
        match self.length {
            Length::Until(until) => until,
            Length::Once(length) | Length::Renewed(length) => now + length,
        }
    }
}

impl Lease {
    /// Takes the lease of a scope, and waits for it if need be.
    pub(crate) async fn acquire(
        context: &RunContext<'_>,
        scope: &Scope,
        terms: LeaseTerms,
    ) -> Result<Self, ReconcileError> {
        let limit = context.now() + terms.patience;
        let limit = terms.give_up.map_or(limit, |give_up| limit.min(give_up));
        let mut waited = false;
        loop {
            let now = context.now();
            let until = terms.until(now);
            if let Some(version) = context.ledger.acquire(scope, &context.run, until, now).await? {
                return Ok(Self {
                    scope: scope.clone(),
                    version,
                    waited,
                    until,
                    terms,
                });
            }
            if now >= limit {
                return Err(ReconcileError::LeaseBusy(scope.resource.clone()));
            }
            if let (false, Some(on_wait)) = (waited, context.on_wait) {
                on_wait(scope);
            }
            waited = true;
            sleep(terms.pause).await;
        }
    }

    /// Until when the run may wait for AWS, so that time is left to report. None: as long as it likes.
    pub(crate) fn waits_until(&self) -> Option<Timestamp> {
        self.terms.give_up
    }

    /// Makes sure that the lease lasts for one more call to AWS.
    ///
    /// # Errors
    /// If it does not and cannot be renewed.
    pub(crate) async fn extend(&mut self, context: &RunContext<'_>) -> Result<(), ReconcileError> {
        let now = context.now();
        if now + self.terms.reserve <= self.until {
            return Ok(());
        }
        match self.terms.length {
            Length::Until(_) | Length::Once(_) => Err(ReconcileError::NoTimeLeft(self.scope.resource.clone())),
            Length::Renewed(_) => {
                let until = self.terms.until(now);
                let renewed = context.ledger.acquire(&self.scope, &context.run, until, now).await?;
                self.version = renewed.ok_or_else(|| ReconcileError::LeaseLost(self.scope.resource.clone()))?;
                self.until = until;
                Ok(())
            }
        }
    }

    pub(crate) async fn release(self, context: &RunContext<'_>) -> Result<(), LedgerError> {
        context.ledger.release(&self.scope, &context.run).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Rig;

    fn invocation(rig: &Rig, seconds: u64) -> LeaseTerms {
        let deadline = rig.cloud.now() + Duration::from_secs(seconds);
        LeaseTerms::invocation(&Budget::until(Some(deadline)))
    }

    #[tokio::test(start_paused = true)]
    async fn lease_is_waited_for_until_the_run_that_holds_it_ends() {
        let rig = Rig::new("");
        let (first, second) = (rig.context("run-1"), rig.context("run-2"));
        let held = Lease::acquire(&first, &rig.scope(), invocation(&rig, 120))
            .await
            .unwrap();
        assert!(!held.waited);
        let scope = rig.scope();
        let waiting = Lease::acquire(&second, &scope, invocation(&rig, 120));
        let (taken, ()) = tokio::join!(waiting, async {
            sleep(Duration::from_secs(10)).await;
            held.release(&first).await.unwrap();
        });
        let taken = taken.unwrap();
        assert!(taken.waited);
        assert_eq!(taken.version, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn lease_that_another_run_keeps_is_busy_in_the_end() {
        let rig = Rig::new("");
        let (first, second) = (rig.context("run-1"), rig.context("run-2"));
        let _held = Lease::acquire(&first, &rig.scope(), invocation(&rig, 300))
            .await
            .unwrap();
        let before = rig.cloud.now();
        let error = Lease::acquire(&second, &rig.scope(), invocation(&rig, 300))
            .await
            .unwrap_err();
        assert!(matches!(error, ReconcileError::LeaseBusy(_)), "{error}");
        assert!(rig.cloud.now().duration_since(before).as_secs() >= 30);
        // An invocation that is about to end waits for nobody.
        let before = rig.cloud.now();
        let error = Lease::acquire(&second, &rig.scope(), invocation(&rig, 22))
            .await
            .unwrap_err();
        assert!(matches!(error, ReconcileError::LeaseBusy(_)), "{error}");
        assert!(rig.cloud.now().duration_since(before).as_secs() < 10);
    }

    #[tokio::test(start_paused = true)]
    async fn lease_of_a_run_that_died_ends_by_itself() {
        let rig = Rig::new("");
        let (first, second) = (rig.context("run-1"), rig.context("run-2"));
        let _died = Lease::acquire(&first, &rig.scope(), invocation(&rig, 60))
            .await
            .unwrap();
        // The rest of the invocation and what the lease outlasts it by.
        tokio::time::advance(Duration::from_secs(125)).await;
        let lease = Lease::acquire(&second, &rig.scope(), invocation(&rig, 60))
            .await
            .unwrap();
        assert_eq!((lease.version, lease.waited), (2, false));
    }

    #[tokio::test(start_paused = true)]
    async fn invocation_starts_no_change_that_could_outlast_its_lease() {
        let rig = Rig::new("");
        let context = rig.context("run-1");
        let mut lease = Lease::acquire(&context, &rig.scope(), invocation(&rig, 120))
            .await
            .unwrap();
        tokio::time::advance(Duration::from_secs(100)).await;
        lease.extend(&context).await.unwrap();
        tokio::time::advance(Duration::from_secs(40)).await;
        let error = lease.extend(&context).await.unwrap_err();
        assert!(matches!(error, ReconcileError::NoTimeLeft(_)), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn lease_of_a_command_is_renewed_unless_another_run_took_it() {
        let rig = Rig::new("");
        let (command, function) = (rig.context("postern-1"), rig.context("run-2"));
        let mut lease = Lease::acquire(&command, &rig.scope(), LeaseTerms::command())
            .await
            .unwrap();
        tokio::time::advance(Duration::from_secs(120)).await;
        lease.extend(&command).await.unwrap();
        assert_eq!(lease.version, 2);
        // The command sleeps too long, and a function takes the lease.
        tokio::time::advance(Duration::from_secs(200)).await;
        Lease::acquire(&function, &rig.scope(), invocation(&rig, 120))
            .await
            .unwrap();
        let error = lease.extend(&command).await.unwrap_err();
        assert!(matches!(error, ReconcileError::LeaseLost(_)), "{error}");
    }
}
