//! What the demo prints while it is played, and at its end.

use std::process::ExitCode;
use std::time::Instant;

use postern_core::history::{Action, ChangeRecord, ChangeStatus};
use postern_tests::alert::Alert;
use postern_tests::chain::Delivery;
use postern_tests::checks::Check;
use postern_tests::play::{Played, Progress, Round};
use serde_json::Value;

use crate::letter::{field, letter};
use crate::paint::Paint;
use crate::table::table;

pub(crate) struct Show {
    paint: Paint,
    start: Instant,
    round: String,
    /// Each planned change once, with its monthly cost in US dollars.
    plan: Vec<(String, f64)>,
}

impl Show {
    pub(crate) fn new() -> Self {
        Self {
            paint: Paint::for_stdout(),
            start: Instant::now(),
            round: String::new(),
            plan: Vec::new(),
        }
    }

    pub(crate) fn progress(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Starting => {
                println!("Everything runs on this machine; nothing of it talks to AWS.\n");
                self.step("starting moto (EC2) and ministack (CloudFormation, EventBridge, SQS, Lambda, SNS)");
            }
            Progress::Deploying { mode } => {
                self.step(&format!("deploying infra/postern.yaml, settings in {mode} mode"))
            }
            Progress::Seeded { vpc, checks } => {
                self.step(&format!("{} is there, with faults:", vpc.id));
                for check in checks {
                    self.line(&format!(
                        "{} {} ({})",
                        self.paint.mark(check.passed),
                        check.what,
                        check.state
                    ));
                }
            }
            Progress::Playing { round } => self.begin(round),
            Progress::Delivered(delivery) => self.delivered(delivery),
            Progress::Received(alert) => self.received(alert),
            Progress::Hastened { seconds } => self.line(&self.paint.dim(&format!(
                "(a message that a function gives back is there again after {seconds} seconds here, not after the 12 \
                 minutes of the template)"
            ))),
            Progress::Broken { what } => self.step(&format!("ada {what}")),
            Progress::Unanswered { action } => self.step(&format!(
                "{} from now on EC2 carries {action} out, but its answer is lost, and so is every further one",
                self.paint.mark(false)
            )),
            Progress::Healed => self.step(&format!(
                "{} EC2 answers again; the message is on its way back",
                self.paint.mark(true)
            )),
            Progress::Recorded(records) => self.recorded(records),
            Progress::Typed { command, output } => self.typed(command, output),
            Progress::Undelivered(event) => self.step(&format!(
                "{} of another morning is in a dead-letter queue, since EventBridge could not deliver it",
                self.paint.bold(event.event())
            )),
            Progress::Done(round) => self.done(round),
        }
    }

    pub(crate) fn end(&self, played: &Played) -> ExitCode {
        println!("\n{}\n", self.paint.bold("Before and after"));
        let looks: [(&str, &[Check]); 2] = [("before", &played.before), ("after", &played.blocked.checks)];
        println!("{}", table(&played.vpc.id, &looks, self.paint));
        let seconds = self.start.elapsed().as_secs_f64();
        match played.succeeded() {
            true => {
                let end =
                    "Repaired, told, left alone afterwards, brought to its end after an interruption, and taken back.";
                println!("{} {end} ({seconds:.0} s)", self.paint.mark(true));
                ExitCode::SUCCESS
            }
            false => {
                println!(
                    "{} Not as it should be: compare the rounds above. ({seconds:.0} s)",
                    self.paint.mark(false)
                );
                ExitCode::FAILURE
            }
        }
    }

    fn begin(&mut self, round: &str) {
        self.round = round.to_owned();
        let title = match round {
            "audit" => "Audit mode: look, tell, touch nothing",
            "enforce" => "Enforce mode: the same events, and now Postern repairs",
            "again" => "The same events again: nothing is left to do",
            "taken-back" => "Somebody takes a change back: it stays so",
            "resumed" => "It may be repaired again, and a lost event is fetched",
            "interrupted" => "AWS fails in the middle of a repair: what was done is found, and nothing is done twice",
            _ => "Somebody wants to delete a subnet that Postern put an endpoint into",
        };
        println!("\n{}\n", self.paint.bold(title));
    }

    fn delivered(&self, delivery: &Delivery) {
        let event = &delivery.event;
        let actor = field(
            event.json(),
            "/detail/userIdentity/sessionContext/sessionIssuer/userName",
        );
        let odd = match (
            field(event.json(), "/detail/errorCode"),
            field(event.json(), "/detail/eventSource"),
        ) {
            ("", "ec2.amazonaws.com") => String::new(),
            ("", other) => format!(" of {other}"),
            (code, _) => format!(" that failed with {code}"),
        };
        let to = match delivery.functions.is_empty() {
            true => "matches no rule".to_owned(),
            false => delivery.functions.join(" and "),
        };
        self.step(&format!("{}{odd} by {actor} → {to}", self.paint.bold(event.event())));
    }

    fn received(&mut self, alert: &Alert) {
        for line in letter(alert, self.paint) {
            self.line(&line);
        }
        for change in alert.list("changes") {
            let text = field(change, "/text").to_owned();
            let cost = change.get("monthly_cost").and_then(Value::as_f64).unwrap_or_default();
            if !self.plan.iter().any(|(known, _)| *known == text) {
                self.plan.push((text, cost));
            }
        }
    }

    fn done(&self, round: &Round) {
        if round.alerts.is_empty() {
            self.line("no alert, since there is nothing to tell");
        }
        if self.round == "audit" {
            println!(
                "\n{}\n",
                self.paint.bold("The plan, which enforce mode would carry out")
            );
            for (text, cost) in &self.plan {
                self.line(&format!("{:>8}  {text}", dollars(*cost)));
            }
            let total: f64 = self.plan.iter().map(|(_, cost)| cost).sum();
            let total = format!("{:>8}  a month, data processing aside", dollars(total));
            self.line(&self.paint.bold(&total));
        }
        println!();
        let changing = round.mutations().count();
        self.step(&format!(
            "EC2 was asked {} times, {changing} times to change something",
            round.calls.len()
        ));
    }

    fn recorded(&self, records: &[ChangeRecord]) {
        self.line(&self.paint.bold("What the ledger has of this round:"));
        for record in records {
            let (Action::Change(change), ChangeStatus::Applied { .. }) = (&record.action, &record.status) else {
                self.line(&format!("{} {} {:?}", self.paint.mark(false), record.id, record.status));
                continue;
            };
            self.line(&format!(
                "{} {}  {change}",
                self.paint.mark(true),
                self.paint.dim(record.id.as_str())
            ));
        }
    }

    fn typed(&self, command: &str, output: &str) {
        self.step(&self.paint.bold(&format!("$ {command}")));
        for line in output.lines() {
            self.line(line);
        }
    }

    fn step(&self, text: &str) {
        let seconds = format!("{:>5.1} s", self.start.elapsed().as_secs_f64());
        println!("{}  {text}", self.paint.dim(&seconds));
    }

    fn line(&self, text: &str) {
        for line in wrap(text) {
            println!("         {line}");
        }
    }
}

/// In lines that most windows show whole. What follows the first is indented more.
fn wrap(text: &str) -> Vec<String> {
    const MOST: usize = 110;
    let start = text.len() - text.trim_start().len();
    let mut lines = Vec::new();
    let mut line = " ".repeat(start);
    let mut width = start;
    for word in text.split(' ').skip(start) {
        let more = visible(word) + 1;
        if width + more > MOST && width > start {
            lines.push(line.trim_end().to_owned());
            line = " ".repeat(start + 3);
            width = start + 3;
        }
        line.push_str(word);
        line.push(' ');
        width += more;
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// The characters of a word that take room: colours do not.
fn visible(word: &str) -> usize {
    let pieces = word.split('\u{1b}').enumerate();
    let shown = pieces.map(|(index, piece)| match index {
        0 => piece,
        _ => piece.split_once('m').map_or("", |(_, rest)| rest),
    });
    shown.map(|piece| piece.chars().count()).sum()
}

fn dollars(amount: f64) -> String {
    format!("${amount:.2}")
}
