//! `audit`: what is wrong with the VPCs, endpoints and endpoint services of an account, read from AWS now.

mod arguments;
mod perimeter;
mod progress;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use postern_aws::ledger::Ledger;
use postern_aws::{Aws, Session, chain};
use postern_core::controls::CONTROLS;
use postern_core::evaluation::{Control, PolicyCache};
use postern_core::model::id::{AccountId, Region};
use postern_engine::{AuditRequest, RegionAudit, audit_regions};
use postern_report::audit::{Audit as Document, AuditedAccount, AuditedRegion, AuditedScope, RecordedChange};
use postern_report::terminal::{self, Colour};
use postern_report::{asff, csv, html, ocsf};

pub use self::arguments::{Audit, AuditFormat, Explain, FailOn, SeverityArgument};
pub(crate) use self::perimeter::DEFAULT_SETTINGS;
use self::perimeter::{chosen_settings, settings_for};
use self::progress::Progress;
use crate::access::{self, AccessError};
use crate::operate::{CommandError, block_on, finish, run_id};
use crate::output::{Status, check_writable, complain, note};
use crate::{controls, settings};

/// The name of the session in which roles of other accounts are used, for their CloudTrail.
const SESSION: &str = "postern-audit";

pub(crate) fn run_audit(arguments: &Audit, out: &mut dyn Write) -> io::Result<Status> {
    finish(block_on(async {
        check_outputs(arguments)?;
        let Read {
            document,
            unread,
            missing,
        } = read(arguments).await?;
        deliver(&document, arguments, out)?;
        let fail_on = arguments.fail_on.severity();
        let found = document
            .open()
            .any(|finding| fail_on.is_some_and(|severity| finding.severity >= severity));
        for place in &unread {
            complain(&format!("`{place}` could not be read; the report says why"));
        }
        for vpc in &missing {
            complain(&format!(
                "VPC `{vpc}` was not found among those of {} in {}; check the id, `--region` and the credentials",
                document.subject(),
                regions_read(&document)
            ));
        }
        Ok(match (unread.is_empty() && missing.is_empty(), found) {
            (false, _) => Status::Failed,
            (true, true) => Status::Found,
            (true, false) => Status::Fine,
        })
    }))
}

/// Explains a control from the program, and a finding from AWS as it is now.
pub(crate) fn run_explain(arguments: &Explain, out: &mut dyn Write) -> io::Result<Status> {
    let Some(resource) = &arguments.resource else {
        let settings = settings::load(arguments.settings.as_deref()).ok();
        controls::explain(&arguments.control, settings.as_ref(), out)?;
        return Ok(Status::Fine);
    };
    finish(block_on(async {
        let Read { document, .. } = read(&Audit {
            regions: arguments.regions.clone(),
            controls: vec![arguments.control.clone()],
            settings: arguments.settings.clone(),
            ..Audit::default()
        })
        .await?;
        let document = document.about(resource);
        if document.reports().all(|report| report.findings.is_empty()) {
            let (control, resource) = (arguments.control.clone(), resource.clone());
            return Err(CommandError::NothingToExplain(control, resource));
        }
        let open = document.open().next().is_some();
        out.write_all(terminal::explain(&document, colour()).as_bytes())?;
        Ok(if open { Status::Found } else { Status::Fine })
    }))
}

struct Read {
    document: Document,
    /// The accounts and Regions that were asked for by name and could not be read.
    unread: Vec<String>,
    /// The VPCs that were asked for and are in no Region that was read.
    missing: Vec<String>,
}

async fn read(arguments: &Audit) -> Result<Read, CommandError> {
    let chosen = chosen_settings(arguments.settings.as_deref())?;
    let aws = access::environment_for_any_region().await?;
    let own = aws.own_session().await.map_err(AccessError::from)?;
    let accounts: BTreeSet<AccountId> = match arguments.accounts.as_slice() {
        [] => BTreeSet::from([own.account().clone()]),
        named => named.iter().map(|account| account.as_str().into()).collect(),
    };
    let other = accounts.iter().find(|account| *account != own.account());
    if let (Some(other), None) = (other, &arguments.role) {
        return Err(CommandError::NoRole(other.clone(), own.account().clone()));
    }
    let settings = settings_for(&own, &accounts, chosen).await;
    let controls: Vec<&'static Control> = CONTROLS
        .iter()
        .copied()
        .filter(|control| arguments.controls.is_empty() || arguments.controls.iter().any(|name| name == control.name))
        .collect();
    let audited = perimeter::audited(settings.settings, &arguments.controls);
    let request = AuditRequest {
        run: run_id(&aws),
        actor: "postern audit",
        controls: &controls,
        settings: &audited,
        vpcs: arguments.vpcs.iter().map(|vpc| vpc.as_str().into()).collect(),
        policies: PolicyCache::default(),
    };
    let mut parts = Parts::default();
    let mut failure = None;
    for account in &accounts {
        match read_account(account, (&aws, &own), arguments, &request).await {
            Ok(found) => parts.add(account, found, arguments),
            Err(error) => {
                parts.add_unread(account, &error);
                failure = failure.or(Some(error));
            }
        }
    }
    let read = parts.accounts.iter().any(|account| account.gap.is_none());
    if let (Some(failure), false) = (failure, read) {
        return Err(failure);
    }
    let missing = missing_vpcs(arguments, &parts.scopes);
    if let Some(table) = &arguments.table {
        add_history(&aws.ledger(table), &mut parts).await?;
    }
    let document = Document::new(parts.accounts, aws.now(), settings.perimeter, parts.scopes);
    let document = match arguments.severity {
        Some(severity) => document.at_least(severity.into()),
        None => document,
    };
    Ok(Read {
        document,
        unread: parts.unread,
        missing,
    })
}

/// Adds what is on record of the scopes that were read.
async fn add_history(ledger: &Ledger, parts: &mut Parts) -> Result<(), CommandError> {
    for AuditedAccount { account, regions, .. } in &parts.accounts {
        for AuditedRegion { region, .. } in regions {
            let (account, region) = (account.as_str().into(), region.as_str().into());
            let mut records = ledger.history(&account, &region, None).await?;
            records.sort_by_key(|record| Reverse(record.time));
            for record in &records {
                let of_scope = parts.scopes.iter_mut().find(|scope| {
                    let report = &scope.report.scope;
                    report.resource.id == record.scope.resource.to_string() && report.region == region.as_str()
                });
                if let Some(scope) = of_scope {
                    scope.history.push(RecordedChange::of(record));
                }
            }
        }
    }
    Ok(())
}

async fn read_account(
    account: &AccountId,
    (aws, own): (&Aws, &Session),
    arguments: &Audit,
    request: &AuditRequest<'_>,
) -> Result<Vec<RegionAudit>, CommandError> {
    let session = match &arguments.role {
        Some(role) if account != own.account() => {
            let there = aws.in_account(account, role, SESSION).await;
            let there = there.map_err(|error| CommandError::Role(format!("`{role}` of account {account}"), error))?;
            there.own_session().await.map_err(AccessError::from)?
        }
        Some(_) | None => own.clone(),
    };
    let regions = regions(aws, &session, &arguments.regions).await?;
    let mut progress = Progress::new(&regions);
    let found = audit_regions(&session, regions, request, |audit| progress.done(&audit.region)).await;
    drop(progress);
    nothing_read(&found)?;
    Ok(found)
}

/// What was read of all accounts.
#[derive(Default)]
struct Parts {
    accounts: Vec<AuditedAccount>,
    scopes: Vec<AuditedScope>,
    unread: Vec<String>,
}

impl Parts {
    fn add(&mut self, account: &AccountId, found: Vec<RegionAudit>, arguments: &Audit) {
        let mut regions = Vec::new();
        for RegionAudit { region, found } in found {
            let (gap, services_gap, shared_vpcs) = match found {
                Ok(found) => {
                    self.scopes.extend(found.scopes);
                    (None, found.services_gap, found.shared_vpcs)
                }
                Err(error) => {
                    if arguments.regions.iter().any(|named| named == region.as_str()) {
                        self.unread.push(region.to_string());
                    }
                    (Some(chain(&error)), None, 0)
                }
            };
            regions.push(AuditedRegion {
                region: region.to_string(),
                gap,
                services_gap,
                shared_vpcs,
            });
        }
        self.accounts.push(AuditedAccount {
            account: account.to_string(),
            gap: None,
            regions,
        });
    }

    fn add_unread(&mut self, account: &AccountId, error: &CommandError) {
        self.unread.push(account.to_string());
        self.accounts.push(AuditedAccount {
            account: account.to_string(),
            gap: Some(chain(error)),
            regions: Vec::new(),
        });
    }
}

/// The Regions to read. Which are enabled, one Region says for all.
async fn regions(aws: &Aws, session: &Session, named: &[String]) -> Result<Vec<Region>, CommandError> {
    let first = named.first().map(|region| Region::from(region.as_str()));
    let asked = aws.region().or(first.clone()).unwrap_or_else(|| "us-east-1".into());
    let known = match session.regions(&asked).await {
        Ok(known) => known,
        Err(error) if error.credentials_problem().is_some() => return Err(AccessError::from(error).into()),
        // Whoever names Regions may read them without this.
        Err(error) if named.is_empty() => return Err(CommandError::Regions(error)),
        Err(_) => return Ok(named.iter().map(|region| region.as_str().into()).collect()),
    };
    if named.is_empty() {
        let enabled = known.into_iter().filter(|(_, enabled)| *enabled);
        return Ok(enabled.map(|(region, _)| region).collect());
    }
    let mut wanted = BTreeSet::new();
    for name in named {
        let region = Region::from(name.as_str());
        match known.get(&region) {
            Some(true) => drop(wanted.insert(region)),
            Some(false) => return Err(CommandError::RegionNotEnabled(region, session.account().clone())),
            None => return Err(CommandError::UnknownRegion(region)),
        }
    }
    Ok(wanted.into_iter().collect())
}

/// An audit that could read nothing is none.
fn nothing_read(found: &[RegionAudit]) -> Result<(), CommandError> {
    if found.iter().any(|audit| audit.found.is_ok()) {
        return Ok(());
    }
    let first = found.iter().find_map(|audit| audit.found.as_ref().err().cloned());
    match first {
        Some(error) if error.call_error().credentials_problem().is_some() => {
            Err(AccessError::from(error.call_error().clone()).into())
        }
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

fn missing_vpcs(arguments: &Audit, scopes: &[AuditedScope]) -> Vec<String> {
    let found = |vpc: &&String| scopes.iter().any(|scope| scope.report.scope.resource.id == **vpc);
    arguments.vpcs.iter().filter(|vpc| !found(vpc)).cloned().collect()
}

/// The names of the Regions of which an audit says something.
fn regions_read(document: &Document) -> String {
    let regions = document.accounts.iter().flat_map(|account| &account.regions);
    let read: BTreeSet<&str> = regions
        .filter(|region| region.gap.is_none())
        .map(|region| region.region.as_str())
        .collect();
    read.into_iter().collect::<Vec<_>>().join(", ")
}

/// What would keep the files from being written is found out before anything is read.
fn check_outputs(arguments: &Audit) -> Result<(), CommandError> {
    for path in &arguments.outputs {
        if AuditFormat::of(path).or(arguments.format).is_none() {
            return Err(CommandError::UnknownFormat(path.clone()));
        }
        check_writable(path).map_err(|source| CommandError::File {
            path: path.clone(),
            source,
        })?;
    }
    Ok(())
}

/// Writes the audit where it is wanted.
fn deliver(document: &Document, arguments: &Audit, out: &mut dyn Write) -> Result<(), CommandError> {
    if arguments.outputs.is_empty() {
        let format = arguments.format.unwrap_or(AuditFormat::Text);
        out.write_all(render(document, format, colour()).as_bytes())?;
        return Ok(());
    }
    for path in &arguments.outputs {
        let format = AuditFormat::of(path).or(arguments.format).unwrap_or(AuditFormat::Text);
        write(path, &render(document, format, Colour::Never))?;
        note(&format!("wrote {}", path.display()));
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    fs::write(path, text).map_err(|source| CommandError::File {
        path: PathBuf::from(path),
        source,
    })
}

fn render(document: &Document, format: AuditFormat, colour: Colour) -> String {
    match format {
        AuditFormat::Text => terminal::render(document, colour),
        AuditFormat::Json => document.json(),
        AuditFormat::Html => html::render(document),
        AuditFormat::Csv => csv::render(document.reports()),
        AuditFormat::Ocsf => {
            let findings = document.reports().flat_map(ocsf::render);
            findings.map(|finding| format!("{finding}\n")).collect()
        }
        AuditFormat::Asff => {
            let calls = asff::render(document.reports()).into_iter();
            calls.map(|call| format!("{call}\n")).collect()
        }
    }
}

/// Standard output has colours if it is a terminal and nobody asked for none (<https://no-color.org>).
fn colour() -> Colour {
    let unset = |name: &str| std::env::var_os(name).is_none_or(|value| value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    match io::stdout().is_terminal() && unset("NO_COLOR") && !dumb {
        true => Colour::Ansi,
        false => Colour::Never,
    }
}
