//! `plan` and `apply`: what the functions do from events, shown to a person first.

mod arguments;
mod file;
mod remedy;
mod text;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

use postern_core::changes::{Change, ChangeOutcome};
use postern_core::controls::CONTROLS;
use postern_core::model::part::Part;
use postern_core::model::scope::ScopedResource;
use postern_core::settings::{Mode, Settings};
use postern_engine::{Application, RunContext, ScopePlan, agreed, apply_agreed, plan_scope};
use postern_report::Verification;

pub use self::arguments::{Apply, Plan, Planning};
use self::file::{PlanFile, ScopeChanges};
use self::remedy::describe_command;
use self::text::Detail;
use crate::operate::{
    CommandError, OperatorContext, block_on, connect, consent, finish, interruptible, run_to_end, say, table,
};
use crate::output::{Status, check_writable, complain, note, warn};
use crate::{access, settings};

pub(crate) fn run_plan(arguments: &Plan, out: &mut dyn Write) -> io::Result<Status> {
    finish(block_on(async {
        let settings = enforcing(&arguments.planning)?;
        if let Some(path) = &arguments.out {
            check_writable(path).map_err(|source| CommandError::File {
                path: path.clone(),
                source,
            })?;
        }
        // Without a ledger, what was rolled back or reverted counts as never done.
        let ledger = table(&arguments.planning.table).ok();
        if ledger.is_none() {
            warn("no ledger is named, so the plan may contain changes that were rolled back or reverted");
        }
        let aws = access::environment(arguments.planning.table.aws.region.as_deref()).await?;
        let context = OperatorContext::new(aws, ledger.as_deref().unwrap_or_default()).await?;
        plan(&context, &settings, arguments, ledger.is_some(), out).await
    }))
}

pub(crate) fn run_apply(arguments: &Apply, out: &mut dyn Write) -> io::Result<Status> {
    finish(run_to_end(async {
        let target = Target::of(&arguments.target)?;
        let mut planning = arguments.planning.clone();
        if let Target::File(file) = &target {
            planning.controls.extend(file.controls.iter().cloned());
            planning.interrupting |= file.interrupting;
            // Lease and ledger belong to the Region of the changes.
            let named = planning.table.aws.region.replace(file.region.clone());
            if let Some(named) = named.filter(|named| *named != file.region) {
                return Err(CommandError::OtherRegion(file.region.clone(), named));
            }
        }
        let settings = enforcing(&planning)?;
        let context = interruptible(connect(&planning.table))
            .await?
            .repeating(&planning.repeated());
        let mut worst = Status::Fine;
        match target {
            Target::Scope(resource) => worst = apply(&context, &settings, &resource, None, arguments, out).await?,
            Target::File(file) => {
                if file.scopes.is_empty() {
                    say(out, "The plan has no changes.")?;
                }
                if file.account != context.account.as_str() {
                    return Err(CommandError::OtherAccount(file.account, context.account.clone()));
                }
                for ScopeChanges { resource, changes } in file.scopes {
                    let status = apply(&context, &settings, &resource, Some(changes), arguments, out).await?;
                    worst = worst.max(status);
                }
            }
        }
        Ok(worst)
    }))
}

enum Target {
    Scope(ScopedResource),
    File(PlanFile),
}

impl Target {
    fn of(text: &str) -> Result<Self, CommandError> {
        match ScopedResource::parse(text).filter(|_| !Path::new(text).exists()) {
            Some(resource) => Ok(Self::Scope(resource)),
            None => PlanFile::read(Path::new(text)).map(Self::File),
        }
    }
}

/// The settings, with the named controls enforced.
fn enforcing(planning: &Planning) -> Result<Settings, CommandError> {
    let mut settings = settings::load(planning.settings.as_deref())?;
    for control in &planning.controls {
        settings.modes.controls.insert(control.clone(), Mode::Enforce);
    }
    if planning.interrupting {
        settings.modes.interrupting = Mode::Enforce;
    }
    let writes = CONTROLS
        .iter()
        .find(|control| control.writes_perimeter_policies && settings.modes.of(control.name) == Mode::Enforce);
    match writes {
        Some(control) if !settings.perimeter.trusts_somebody() => Err(CommandError::EmptyPerimeter(control.name)),
        Some(_) | None => Ok(settings),
    }
}

async fn plan(
    context: &OperatorContext,
    settings: &Settings,
    arguments: &Plan,
    ledger: bool,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let resources = match arguments.resources.is_empty() {
        true => resources_of(context).await?,
        false => arguments.resources.iter().cloned().collect(),
    };
    let planning = &arguments.planning;
    let mut file = PlanFile::new(
        context.account.to_string(),
        context.region().to_string(),
        context.aws.now(),
        &planning.controls,
        planning.interrupting,
    );
    let run = context.run("plan", settings);
    let mut plans = Vec::new();
    let mut missing = false;
    for resource in resources {
        let planned = match planned(context, &run, &resource, ledger).await? {
            Planned::Plan(planned) => planned,
            Planned::Foreign => continue,
            Planned::NotFound => {
                missing = true;
                continue;
            }
        };
        if !plans.is_empty() {
            writeln!(out)?;
        }
        text::describe(&planned, settings, Detail::Everything, out)?;
        let changes: Vec<Change> = agreed(&planned.plan).into_iter().cloned().collect();
        if !changes.is_empty() {
            file.scopes.push(ScopeChanges { resource, changes });
        }
        plans.push(*planned);
    }
    describe_command((context, ledger), settings, &plans, planning, out).await?;
    if let Some(path) = &arguments.out {
        file.write(path)?;
        note(&format!("wrote {}", path.display()));
    }
    // All of the Region are those that exist.
    Ok(
        match (missing && !arguments.resources.is_empty(), file.scopes.is_empty()) {
            (true, _) => Status::Failed,
            (false, true) => Status::Fine,
            (false, false) => Status::Found,
        },
    )
}

/// The VPCs and endpoint services that the account itself owns.
async fn resources_of(context: &OperatorContext) -> Result<BTreeSet<ScopedResource>, CommandError> {
    let nothing = BTreeSet::<Part>::new();
    let (vpcs, services) = tokio::try_join!(context.own_vpcs(), async {
        Ok(context.session.observe_services(context.region(), &nothing).await?)
    })?;
    let vpcs = vpcs.into_iter().map(ScopedResource::Vpc);
    let services = services
        .into_iter()
        .map(|snapshot| ScopedResource::EndpointService(snapshot.service.id));
    Ok(vpcs.chain(services).collect())
}

/// What there is of a scope. Anything but a plan is said.
enum Planned {
    Plan(Box<ScopePlan>),
    NotFound,
    Foreign,
}

async fn planned(
    context: &OperatorContext,
    run: &RunContext<'_>,
    resource: &ScopedResource,
    ledger: bool,
) -> Result<Planned, CommandError> {
    let Some(planned) = plan_scope(run, &context.scope(resource.clone()), ledger).await? else {
        complain(&format!(
            "{} `{resource}` was not found in account {}, Region {}; check the id, the Region and the credentials",
            resource.noun(),
            context.account,
            context.region()
        ));
        return Ok(Planned::NotFound);
    };
    let owner = planned.snapshot.owner();
    if *owner != context.account {
        warn(&format!(
            "{resource} belongs to account {owner}, so Postern changes nothing in it"
        ));
        return Ok(Planned::Foreign);
    }
    Ok(Planned::Plan(Box::new(planned)))
}

/// Shows the plan of a scope, asks, and applies it. `expected` is what the plan must still be.
async fn apply(
    context: &OperatorContext,
    settings: &Settings,
    resource: &ScopedResource,
    expected: Option<Vec<Change>>,
    arguments: &Apply,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let run = context.run("apply", settings);
    let planned = match interruptible(planned(context, &run, resource, true)).await? {
        Planned::Plan(planned) => planned,
        Planned::Foreign => return Ok(Status::Found),
        Planned::NotFound => return Ok(Status::Failed),
    };
    let again = arguments.planning.again(resource);
    text::describe(&planned, settings, Detail::Applied(&again), out)?;
    let changes: Vec<Change> = agreed(&planned.plan).into_iter().cloned().collect();
    if expected.is_some_and(|expected| expected != changes) {
        complain(&format!(
            "the plan for {resource} no longer holds: since it was made, the {}, the ledger or the settings have changed; \
             make it again with `{again}`",
            resource.noun()
        ));
        return Ok(Status::Found);
    }
    if changes.is_empty() {
        return Ok(Status::Fine);
    }
    out.flush()?;
    if !arguments.yes && !interruptible(consent("Apply these changes?")).await? {
        say(out, "Nothing was changed.")?;
        return Ok(Status::Found);
    }
    let mut written = Ok(());
    let mut status = Status::Fine;
    let mut on_change = |planned: &_, outcome: &ChangeOutcome| {
        let worse = match outcome {
            ChangeOutcome::Applied { .. } | ChangeOutcome::NotNeeded { .. } => Status::Fine,
            ChangeOutcome::Skipped { .. } | ChangeOutcome::Postponed { .. } => Status::Found,
            ChangeOutcome::Failed { .. } => Status::Failed,
        };
        status = status.max(worse);
        if written.is_ok() {
            written = say(out, &text::outcome(planned, outcome)).and_then(|()| Ok(out.flush()?));
        }
    };
    let interrupted = Cell::new(false);
    let (scope, stopped) = (context.scope(resource.clone()), || interrupted.get());
    let application = tokio::select! {
        applied = apply_agreed(&run, &scope, &changes, &mut on_change, &stopped) => applied?,
        () = interruption(&interrupted) => return Err(CommandError::InterruptedChange),
    };
    written?;
    let worse = conclude(application, (context, &run), resource, out)?;
    Ok(match interrupted.get() {
        true => Status::Interrupted,
        false => status.max(worse),
    })
}

fn conclude(
    application: Application,
    (context, run): (&OperatorContext, &RunContext<'_>),
    resource: &ScopedResource,
    out: &mut dyn Write,
) -> Result<Status, CommandError> {
    let verification = match application {
        Application::Stale(_) => {
            complain(&format!(
                "{resource} has changed since the plan was shown, and nothing was changed; run the command again"
            ));
            return Ok(Status::Found);
        }
        Application::Gone => {
            complain(&format!("{resource} does not exist any more"));
            return Ok(Status::Found);
        }
        Application::Done {
            verification,
            lease_kept,
            ..
        } => {
            if let Some(error) = lease_kept {
                warn(&format!(
                    "the lease of {resource} was not given back and ends by itself in three minutes: {error}"
                ));
            }
            verification
        }
    };
    let mut status = Status::Fine;
    for (key, verified) in &verification {
        let line = match verified {
            Verification::Verified => format!("Verified: {key}."),
            Verification::Pending { reason } => {
                status = status.max(Status::Found);
                format!("Not verified yet: {key}: {reason}.")
            }
            Verification::Unremedied { reason } => {
                status = status.max(Status::Found);
                format!("Still non-compliant: {key}: {reason}")
            }
        };
        say(out, &line)?;
    }
    let flags = context.repeated();
    say(out, &format!("To roll back: postern rollback --run {}{flags}", run.run))?;
    Ok(status)
}

/// Sets the flag when somebody presses Ctrl-C, so that no further change is started. Ends when they press it again.
async fn interruption(flag: &Cell<bool>) {
    drop(tokio::signal::ctrl_c().await);
    flag.set(true);
    note("interrupted: the current change is completed, and no other is started; press Ctrl-C again to stop at once");
    drop(tokio::signal::ctrl_c().await);
}
