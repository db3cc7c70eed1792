//! What the demo prints.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Instant;

use postern_core::history::{Action, ChangeRecord, ChangeStatus};
use postern_tests::chain::Delivery;
use postern_tests::checks::Check;
use postern_tests::messages::{Alert, Report};
use postern_tests::scenario::{Part, Progress, Round, ScenarioResult};
use serde_json::Value;

use crate::color::Color;
use crate::table::table;

pub(crate) struct Output {
    color: Color,
    start: Instant,
    vpc: String,
    /// The VPC before Postern changed it.
    before: Vec<Check>,
    /// The endpoint service before Postern changed it.
    service: String,
    opened: Vec<Check>,
    alerts: usize,
    reports: usize,
    /// Whether the events of the part are printed one by one.
    detailed: bool,
    /// Control, resource and service of the findings that were printed.
    printed: BTreeSet<[String; 3]>,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self {
            color: Color::for_stdout(),
            start: Instant::now(),
            vpc: String::new(),
            before: Vec::new(),
            service: String::new(),
            opened: Vec::new(),
            alerts: 0,
            reports: 0,
            detailed: false,
            printed: BTreeSet::new(),
        }
    }

    pub(crate) fn progress(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Starting => {
                println!("Everything runs on this machine. Nothing calls AWS.\n");
                self.step("starting moto (EC2) and ministack (CloudFormation, EventBridge, SQS, Lambda, SNS)");
            }
            Progress::Deploying { mode } => {
                self.step(&format!("deploying infra/postern.yaml with settings in {mode} mode"));
            }
            Progress::Created { vpc, checks } => {
                self.vpc.clone_from(&vpc.id);
                self.before = checks.to_vec();
                let defects = checks.iter().filter(|check| !check.passed).count();
                self.step(&format!("created {} with {defects} defects", vpc.id));
            }
            Progress::Begun(part) => self.begin(part),
            Progress::Delivered(delivery) if self.detailed => self.delivered(delivery),
            Progress::Delivered(_) => {}
            Progress::VisibilityShortened { seconds } => self.line(&self.color.dim(&format!(
                "(a failed message comes back after {seconds} seconds here, after 12 minutes in AWS)"
            ))),
            Progress::Damaged { what } => self.step(&format!("ada {what}")),
            Progress::Opened { service, checks } => {
                self.service.clone_from(&service.id);
                self.opened = checks.to_vec();
            }
            Progress::Connecting { endpoint } => self.step(&format!(
                "{endpoint} of the approved account waits for acceptance; AWS publishes a connection notification"
            )),
            Progress::Spoke(spoke) => self.step(&format!(
                "{} uses {} of its hub {}, by a peering connection and a private hosted zone",
                spoke.id, spoke.endpoint, spoke.hub
            )),
            Progress::Unanswered { action } => self.step(&format!(
                "{} EC2 carries out {action}, but its answer is lost",
                self.color.mark(false)
            )),
            Progress::Healed => self.step(&format!(
                "{} EC2 answers again; the message comes back to the function",
                self.color.mark(true)
            )),
            Progress::Recorded(records) => self.recorded(records),
            Progress::CommandRun { command, output } => self.command(command, output),
            Progress::Undelivered(event) => self.step(&format!(
                "an event {} is in a dead-letter queue, because EventBridge could not deliver it",
                self.color.bold(event.event())
            )),
            Progress::Ended(part, round) => self.end_part(part, round),
        }
    }

    pub(crate) fn end(&self, result: &ScenarioResult) -> ExitCode {
        let seconds = self.start.elapsed().as_secs_f64();
        println!(
            "\nIn all, {} and {} arrived. ({seconds:.0} s)",
            counted(self.alerts, "alert"),
            counted(self.reports, "report")
        );
        match result.succeeded() {
            true => {
                println!(
                    "{} Repaired, reported, repeated events ignored, completed after a failure, rolled back, resumed, service closed, blocked spoke reported.",
                    self.color.mark(true)
                );
                ExitCode::SUCCESS
            }
            false => {
                println!("{} Not as expected: compare the parts above.", self.color.mark(false));
                ExitCode::FAILURE
            }
        }
    }

    fn begin(&mut self, part: Part) {
        let title = match part {
            // Their results are shown together.
            Part::Audit | Part::Enforce => return,
            Part::Repeated => "The same events again",
            Part::Interrupted => "EC2 fails during a repair",
            Part::RolledBack => "History and rollback",
            Part::Resumed => "Resume the remediation, and fetch a lost event",
            Part::Blocked => "A subnet that Postern's endpoint is in cannot be deleted",
            Part::Served => "An endpoint service is opened to everybody",
            Part::Central => "A VPC loses the way to the endpoint of its hub",
        };
        self.detailed = part != Part::Repeated;
        self.title(title);
    }

    fn end_part(&mut self, part: Part, round: &Round) {
        self.alerts += round.alerts.len();
        self.reports += round.reports.len();
        let events = round.deliveries.len();
        match part {
            Part::Audit => self.step(&format!("audit mode: {events} events, {}", counts(round))),
            Part::Enforce => {
                self.step(&format!("enforce mode: the same {events} events, {}", counts(round)));
                self.title("Before and after");
                let columns: [(&str, &[Check]); 2] = [("before", &self.before), ("after", &round.checks)];
                println!("{}", table(&self.vpc, &columns, self.color));
                self.findings(&round.reports);
                self.messages(round);
            }
            Part::Repeated => self.step(&format!("{events} events, {}", counts(round))),
            Part::Served => {
                self.step(&counts(round));
                let columns: [(&str, &[Check]); 2] = [("before", &self.opened), ("after", &round.checks)];
                println!("\n{}", table(&self.service, &columns, self.color));
                self.findings(&round.reports);
            }
            Part::Central => {
                self.step(&counts(round));
                self.findings(&round.reports);
            }
            Part::Interrupted | Part::RolledBack | Part::Resumed | Part::Blocked => self.step(&counts(round)),
        }
    }

    /// Findings that were not printed before.
    fn findings(&mut self, reports: &[Report]) {
        self.title("Findings");
        for finding in reports.iter().flat_map(|report| report.list("findings")) {
            let key = ["/control", "/resource/id", "/service"].map(|pointer| text(finding, pointer));
            if !self.printed.insert(key.map(str::to_owned)) {
                continue;
            }
            let outcome = text(finding, "/outcome");
            self.line(&format!(
                "{} {} {} on {}: {outcome}",
                self.color.mark(outcome == "repaired"),
                text(finding, "/severity").to_uppercase(),
                self.color.bold(text(finding, "/control")),
                text(finding, "/resource/id"),
            ));
        }
    }

    /// One alert exactly as it arrives, and the report that arrives with it.
    fn messages(&self, round: &Round) {
        let Some((alert, report)) = round.alerts.first().zip(round.reports.first()) else {
            return;
        };
        self.title("An alert, as it arrives on the topic Alerts");
        println!("Subject: {}\n\n{}", alert.subject, alert.text.trim_end());
        println!();
        self.step(&format!(
            "topic Reports received the same as JSON: {} bytes, schema {}, {}, {}",
            report.json.to_string().len(),
            report.text("/schema"),
            counted(report.list("findings").count(), "finding"),
            counted(report.list("changes").count(), "change")
        ));
        self.step(&format!("attributes of both messages: {}", attributes(alert)));
    }

    fn delivered(&self, delivery: &Delivery) {
        let event = &delivery.event;
        let actor = text(
            event.json(),
            "/detail/userIdentity/sessionContext/sessionIssuer/userName",
        );
        let failed = match text(event.json(), "/detail/errorCode") {
            "" => String::new(),
            code => format!(" that failed with {code}"),
        };
        self.step(&format!(
            "{}{failed} by {actor} → {}",
            self.color.bold(event.event()),
            delivery.functions.join(", ")
        ));
    }

    fn recorded(&self, records: &[ChangeRecord]) {
        self.line(&self.color.bold("The ledger's records of this repair:"));
        for record in records {
            let applied = matches!(record.status, ChangeStatus::Applied { .. });
            let what = match &record.action {
                Action::Change(change) => change.to_string(),
                Action::Undo(inverse) => inverse.text(),
            };
            self.line(&format!("{} {} {what}", self.color.mark(applied), record.id));
        }
    }

    fn command(&self, command: &str, output: &str) {
        self.step(&self.color.bold(&format!("$ {command}")));
        for line in output.lines() {
            self.line(line);
        }
    }

    fn title(&self, text: &str) {
        println!("\n{}\n", self.color.bold(text));
    }

    fn step(&self, text: &str) {
        let seconds = format!("{:>5.1} s", self.start.elapsed().as_secs_f64());
        println!("{}  {text}", self.color.dim(&seconds));
    }

    fn line(&self, text: &str) {
        println!("         {text}");
    }
}

/// What a part of the scenario caused.
fn counts(round: &Round) -> String {
    format!(
        "{}, {} of them changes; {}, {}",
        counted(round.calls.len(), "EC2 call"),
        round.mutations().count(),
        counted(round.alerts.len(), "alert"),
        counted(round.reports.len(), "report")
    )
}

/// Such as `2 alerts`.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn attributes(alert: &Alert) -> String {
    let pairs = alert.attributes.iter().map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join(", ")
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
