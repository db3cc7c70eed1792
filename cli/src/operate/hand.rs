//! Takes things back in one VPC, under its lease, each on record before it is done.

use std::collections::BTreeSet;
use std::io::Write;
use std::process;
use std::time::Duration;

use jiff::Timestamp;
use postern_aws::apply::Applier;
use postern_core::changes::{Change, ChangeOutcome, Inverse};
use postern_core::history::{Action, ChangeId, ChangeRecord, ChangeStatus, Pause};
use postern_core::model::cost::MonthlyCost;
use postern_core::model::finding::FindingKey;
use postern_core::model::id::RunId;
use postern_core::model::scope::Scope;
use postern_core::model::token::client_token;
use postern_core::settings::LedgerSettings;
use tokio::time::sleep;

use super::{Area, CommandError, say};

/// As the ledger names this program.
const FUNCTION: &str = "postern";

/// How long to wait for a function that is at work on the VPC.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often to ask meanwhile.
const PAUSE: Duration = Duration::from_secs(2);
/// For how long the lease is taken. Whoever is interrupted keeps the functions waiting for so long.
const LEASE: Duration = Duration::from_secs(180);
/// The lease is taken anew when less than this is left: longer than a call to AWS can take with all its attempts.
const LAST_CHANGE: Duration = Duration::from_secs(90);
/// How long AWS may take for the network interfaces of an endpoint.
pub(super) const SLOWNESS: Duration = Duration::from_secs(600);
/// How often to look whether AWS is done.
pub(super) const LOOK: Duration = Duration::from_secs(5);

/// Something to be taken back.
pub(super) struct Undoing<'a> {
    pub(super) inverse: &'a Inverse,
    /// The change that is taken back, where it is known.
    pub(super) record: Option<&'a ChangeRecord>,
    /// What must still be as it left it; None where it is enough that Postern made it.
    pub(super) change: Option<&'a Change>,
    pub(super) causes: BTreeSet<FindingKey>,
    /// The findings that no control may repair from now on.
    pub(super) held: BTreeSet<FindingKey>,
}

/// The right to change a VPC, and what was done with it.
pub(super) struct Hand<'a> {
    area: &'a Area,
    scope: Scope,
    settings: LedgerSettings,
    run: RunId,
    applier: Applier,
    until: Timestamp,
    position: usize,
    /// The words with which reports say why a finding is held.
    reason: String,
    pauses: BTreeSet<FindingKey>,
    pub(super) expires: Timestamp,
}

impl<'a> Hand<'a> {
    /// Takes the lease of a VPC.
    pub(super) async fn take(
        area: &'a Area,
        scope: Scope,
        settings: LedgerSettings,
        reason: String,
    ) -> Result<Self, CommandError> {
        let begin = area.aws.now();
        let mark = client_token([begin.as_nanosecond().to_string().as_str(), &process::id().to_string()]);
        let run = RunId::from(format!("{FUNCTION}-{mark:.16}"));
        let mut hand = Self {
            applier: area.session.applier(&scope.region, &run),
            expires: begin + days(settings.pause_days),
            area,
            scope,
            settings,
            run,
            until: begin,
            position: 0,
            reason,
            pauses: BTreeSet::new(),
        };
        while !hand.lease().await? {
            if area.aws.now() >= begin + PATIENCE {
                return Err(CommandError::Busy(hand.scope.resource));
            }
            sleep(PAUSE).await;
        }
        Ok(hand)
    }

    /// Gives the lease back, and tells what is held.
    pub(super) async fn give(self, out: &mut dyn Write) -> Result<(), CommandError> {
        self.area.ledger.release(&self.scope, &self.run).await?;
        tell_holds(&self.pauses, &format!("until {:.0}", self.expires), out)
    }

    async fn lease(&mut self) -> Result<bool, CommandError> {
        let now = self.area.aws.now();
        let until = now + LEASE;
        let taken = self.area.ledger.acquire(&self.scope, &self.run, until, now).await?;
        self.until = until;
        Ok(taken.is_some())
    }

    /// Makes sure that the lease is long enough for a change.
    pub(super) async fn renew(&mut self) -> Result<(), CommandError> {
        if self.area.aws.now() + LAST_CHANGE <= self.until || self.lease().await? {
            return Ok(());
        }
        Err(CommandError::Lost(self.scope.resource.clone()))
    }

    /// Takes one thing back. The holds come first: no control is to see it undone and not held.
    pub(super) async fn undo(
        &mut self,
        undoing: Undoing<'_>,
        out: &mut dyn Write,
    ) -> Result<ChangeOutcome, CommandError> {
        self.renew().await?;
        for key in undoing.held {
            self.pause(key).await?;
        }
        let mut record = self.intention(undoing.inverse, undoing.record, undoing.causes);
        let expires = record.time + days(self.settings.retention_days);
        self.area.ledger.intend(&record, expires).await?;
        let outcome = self.patiently(undoing.inverse, undoing.change, out).await?;
        record.status = ChangeStatus::of(&outcome);
        self.area.ledger.conclude(&record, expires).await?;
        if let (ChangeOutcome::Applied { .. }, Some(undone)) = (&outcome, undoing.record) {
            let undone = ChangeRecord {
                undone_by: Some(record.id),
                ..undone.clone()
            };
            let expires = undone.time + days(self.settings.retention_days);
            self.area.ledger.conclude(&undone, expires).await?;
        }
        Ok(outcome)
    }

    /// AWS refuses much while it is at work on something else, such as the removal of network interfaces.
    async fn patiently(
        &mut self,
        inverse: &Inverse,
        change: Option<&Change>,
        out: &mut dyn Write,
    ) -> Result<ChangeOutcome, CommandError> {
        let begin = self.area.aws.now();
        let mut waited = false;
        loop {
            self.renew().await?;
            let outcome = self.applier.undo(inverse, change).await;
            match outcome {
                ChangeOutcome::Failed { cause, transient: true } if self.area.aws.now() < begin + SLOWNESS => {
                    if !waited {
                        say(out, &format!("  waiting for AWS: {cause}"))?;
                    }
                    waited = true;
                    sleep(LOOK).await;
                }
                // An attempt before did it, although AWS did not say so.
                ChangeOutcome::NotNeeded { .. } if waited => return Ok(ChangeOutcome::Applied { created: None }),
                outcome => return Ok(outcome),
            }
        }
    }

    async fn pause(&mut self, key: FindingKey) -> Result<(), CommandError> {
        if self.pauses.contains(&key) {
            return Ok(());
        }
        let pause = Pause {
            key: key.clone(),
            reason: self.reason.clone(),
            expires: self.expires,
        };
        self.area.ledger.pause(&self.scope, &pause).await?;
        self.pauses.insert(key);
        Ok(())
    }

    fn intention(
        &mut self,
        inverse: &Inverse,
        undone: Option<&ChangeRecord>,
        causes: BTreeSet<FindingKey>,
    ) -> ChangeRecord {
        let time = self.area.aws.now();
        let position = self.position;
        self.position += 1;
        ChangeRecord {
            id: ChangeId::new(time, &self.run, position),
            scope: self.scope.clone(),
            run: self.run.clone(),
            function: FUNCTION.to_owned(),
            time,
            action: Action::Undo(inverse.clone()),
            causes,
            triggering_events: Vec::new(),
            monthly_cost: MonthlyCost::ZERO,
            status: ChangeStatus::Intended,
            delivered: false,
            undoes: undone.map(|record| record.id.clone()),
            undone_by: None,
        }
    }
}

fn days(count: u16) -> Duration {
    Duration::from_secs(u64::from(count) * 86_400)
}

/// Says what no control repairs for a while, and how to let them again.
pub(super) fn tell_holds(pauses: &BTreeSet<FindingKey>, when: &str, out: &mut dyn Write) -> Result<(), CommandError> {
    if pauses.is_empty() {
        return Ok(());
    }
    say(
        out,
        &format!("So that no control does it again, these findings are exempt {when}:"),
    )?;
    for key in pauses {
        say(out, &format!("  {key}"))?;
    }
    say(out, "They are repaired again after:")?;
    let commands: BTreeSet<String> = pauses
        .iter()
        .map(|key| format!("  postern resume {} {}", key.control, key.resource.id))
        .collect();
    commands.iter().try_for_each(|command| say(out, command))
}
