//! The command that applies what the settings only audit, found by planning with it.

use std::collections::BTreeSet;
use std::io::Write;

use postern_core::changes::Change;
use postern_core::controls::CONTROLS;
use postern_core::evaluation::Control;
use postern_core::model::finding::FindingKey;
use postern_core::model::text::plural;
use postern_core::plan::PlannedChange;
use postern_core::settings::{Mode, Settings};
use postern_engine::{ScopePlan, replan};

use super::arguments::Planning;
use super::text::{cost, is_applied};
use crate::operate::{CommandError, OperatorContext, say};
use crate::output::{width, wrapped};

/// So often flags are added because of what a plan with the flags before still does not apply.
const ROUNDS: usize = 8;

/// What a person adds to the settings for one command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Flags {
    controls: BTreeSet<&'static str>,
    interrupting: bool,
}

impl Flags {
    /// The settings with the named controls enforced.
    fn enforce(&self, settings: &Settings) -> Settings {
        let mut settings = settings.clone();
        for control in &self.controls {
            settings.modes.controls.insert((*control).to_owned(), Mode::Enforce);
        }
        if self.interrupting {
            settings.modes.interrupting = Mode::Enforce;
        }
        settings
    }

    /// Adds what an audited change needs. Whether that is anything new.
    fn add(&mut self, change: &PlannedChange, settings: &Settings) -> bool {
        let before = self.clone();
        let trusts = settings.perimeter.trusts_somebody();
        let audited = |control: &&&Control| {
            settings.modes.of(control.name) != Mode::Enforce && (trusts || !control.writes_perimeter_policies)
        };
        let causes = change.causes.iter().filter_map(|key| control(&key.control));
        self.controls
            .extend(causes.filter(|control| audited(control)).map(|control| control.name));
        self.interrupting |= change.change.safety().interrupts() && settings.modes.interrupting != Mode::Enforce;
        *self != before
    }
}

fn control(name: &str) -> Option<&'static &'static Control> {
    CONTROLS.iter().find(|control| control.name == name)
}

/// Prints the command with which the changes of these plans that the settings only audit would be applied.
///
/// # Errors
/// If the ledger cannot be read or nothing can be written.
pub(super) async fn describe_command(
    (context, ledger): (&OperatorContext, bool),
    settings: &Settings,
    plans: &[ScopePlan],
    planning: &Planning,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let search = Search {
        context,
        ledger,
        settings,
        plans,
    };
    let wanted = search.audited();
    if wanted.is_empty() {
        return Ok(());
    }
    let (flags, then) = search.flags(&wanted).await?;
    let kept = wanted.iter().filter(|wanted| {
        let plan = then.get(wanted.at);
        plan.is_none_or(|plan| !wanted.remedied(plan, |change| is_applied(plan, change)))
    });
    let kept = kept.count();
    let changes: Vec<&PlannedChange> = then
        .iter()
        .flat_map(|plan| plan.plan.changes.iter().filter(|change| is_applied(plan, change)))
        .collect();
    writeln!(out)?;
    if changes.is_empty() {
        let text = "No flag of `postern apply` applies them now; the reasons are above.";
        return wrapped("", "", text).iter().try_for_each(|line| say(out, line));
    }
    let (count, cost) = (changes.len(), cost(&changes));
    let rest = match (kept, settings.perimeter.trusts_somebody()) {
        (0, _) => String::new(),
        (kept, true) => format!("; {kept} of those above would still not be applied"),
        (kept, false) => format!(
            "; {kept} of those above would still not be applied, such as policies, for which the settings have to name \
             under [perimeter] whom you trust"
        ),
    };
    let text = format!("This command applies {count} change{}, {cost}{rest}:", plural(count));
    wrapped("", "", &text).iter().try_for_each(|line| say(out, line))?;
    for line in command_lines(&flags, plans, planning, ledger) {
        say(out, &line)?;
    }
    Ok(())
}

/// A change that is only audited.
struct Wanted {
    /// The position of its plan.
    at: usize,
    change: Change,
    causes: BTreeSet<FindingKey>,
}

impl Wanted {
    /// Whether a plan has the change, or others for the same findings, among those that count.
    fn remedied(&self, plan: &ScopePlan, counts: impl Fn(&PlannedChange) -> bool) -> bool {
        let counted: Vec<_> = plan.plan.changes.iter().filter(|planned| counts(planned)).collect();
        let covered = |key: &FindingKey| counted.iter().any(|planned| planned.causes.contains(key));
        counted.iter().any(|planned| planned.change == self.change) || self.causes.iter().all(covered)
    }
}

/// What the flags are looked for in.
struct Search<'a> {
    context: &'a OperatorContext,
    ledger: bool,
    settings: &'a Settings,
    plans: &'a [ScopePlan],
}

impl Search<'_> {
    fn audited(&self) -> Vec<Wanted> {
        let plans = self.plans.iter().enumerate();
        plans
            .flat_map(|(at, plan)| plan.plan.changes.iter().map(move |change| (at, change)))
            .filter(|(_, change)| change.mode != Mode::Enforce)
            .map(|(at, planned)| Wanted {
                at,
                change: planned.change.clone(),
                causes: planned.causes.clone(),
            })
            .collect()
    }

    /// The fewest flags that were found to enforce these changes, and the plans with them.
    async fn flags(&self, wanted: &[Wanted]) -> Result<(Flags, Vec<ScopePlan>), CommandError> {
        let mut flags = Flags::default();
        let mut then: Vec<ScopePlan> = Vec::new();
        for _ in 0..ROUNDS {
            let plans = if then.is_empty() { self.plans } else { &then };
            let mut more = false;
            for wanted in wanted {
                let Some(plan) = plans.get(wanted.at) else { continue };
                if wanted.remedied(plan, |change| change.mode == Mode::Enforce) {
                    continue;
                }
                more |= match plan.plan.changes.iter().find(|planned| planned.change == wanted.change) {
                    Some(planned) => flags.add(planned, self.settings),
                    // With the flags so far, it is left to people.
                    None => self.add_what_proposes(wanted, &mut flags).await?,
                };
            }
            if !more {
                break;
            }
            then = self.plan_with(&flags).await?;
        }
        Ok((flags, then))
    }

    async fn plan_with(&self, flags: &Flags) -> Result<Vec<ScopePlan>, CommandError> {
        let settings = flags.enforce(self.settings);
        let run = self.context.run("plan", &settings);
        let mut plans = Vec::new();
        for plan in self.plans {
            plans.push(replan(&run, plan, self.ledger).await?);
        }
        Ok(plans)
    }

    /// Adds a control that must be enforced as well for the change to be proposed. Whether there is one.
    async fn add_what_proposes(&self, wanted: &Wanted, flags: &mut Flags) -> Result<bool, CommandError> {
        let Some(plan) = self.plans.get(wanted.at) else {
            return Ok(false);
        };
        let audited = |control: &&&Control| self.settings.modes.of(control.name) == Mode::Audit;
        for control in CONTROLS.iter().filter(audited) {
            let mut with = flags.clone();
            if !with.controls.insert(control.name) {
                continue;
            }
            let settings = with.enforce(self.settings);
            let planned = replan(&self.context.run("plan", &settings), plan, self.ledger).await?;
            if wanted.remedied(&planned, |change| change.mode == Mode::Enforce) {
                *flags = with;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The command in lines that a shell reads as one. The plan of several scopes goes through a file.
fn command_lines(flags: &Flags, plans: &[ScopePlan], planning: &Planning, ledger: bool) -> Vec<String> {
    let resources: Vec<String> = plans
        .iter()
        .map(|plan| plan.snapshot.scope().resource.to_string())
        .collect();
    let command = match resources.as_slice() {
        [one] => format!("postern apply {one}"),
        several => format!("postern plan {}", several.join(" ")),
    };
    let mut words = vec![command];
    let named = planning.controls.iter().map(String::as_str);
    let controls: BTreeSet<&str> = named.chain(flags.controls.iter().copied()).collect();
    words.extend(controls.iter().map(|name| format!("--control {name}")));
    if flags.interrupting || planning.interrupting {
        words.push("--interrupting".to_owned());
    }
    let mut shared = planning.repeated();
    if !ledger {
        shared.push("--table TABLE".to_owned());
    }
    words.extend(shared.iter().cloned());
    if resources.len() > 1 {
        // A plan with changes has status 1.
        words.extend(["--out plan.json;".to_owned(), "postern apply plan.json".to_owned()]);
        words.extend(shared);
    }
    folded(&words)
}

/// Words of a command in lines that a shell reads as one.
fn folded(words: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() + 3 <= width() => {
                line.push(' ');
                line.push_str(word);
            }
            Some(line) => {
                line.push_str(" \\");
                lines.push(format!("      {word}"));
            }
            None => lines.push(format!("  {word}")),
        }
    }
    lines
}
