//! `controls`, `explain` and `exemptions`: what is checked, why, and what is accepted.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use postern_core::controls::CONTROLS;
use postern_core::evaluation::{Control, TAG_EXEMPT};
use postern_core::functions::FUNCTIONS;
use postern_core::model::finding::ResourceKind;
use postern_core::model::text::printable;
use postern_core::settings::{Exemption, ExemptionSelector, Mode, Settings};
use postern_report::control_page;

use crate::markdown::as_text;
use crate::output::{Status, fail, wrapped};
use crate::settings::{self, TrustError};

/// List the controls, or explain one
#[derive(Clone, Debug, Args)]
pub struct Controls {
    /// Explain this control
    #[arg(value_parser = PossibleValuesParser::new(CONTROLS.iter().map(|control| control.name)), hide_possible_values = true)]
    pub name: Option<String>,
    /// Settings file, for the mode of each control [default: postern.toml in this directory]
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
}

/// List the exemptions of the settings, and when they end
#[derive(Clone, Debug, Args)]
pub struct Exemptions {
    /// Settings file [default: postern.toml in this directory]
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
}

pub(crate) fn run_controls(arguments: &Controls, out: &mut dyn Write) -> io::Result<Status> {
    let settings = match settings::load(arguments.settings.as_deref()) {
        Ok(settings) => Some(settings),
        Err(TrustError::Missing) => None,
        Err(error) => {
            fail(&error);
            return Ok(Status::Failed);
        }
    };
    match &arguments.name {
        Some(name) => explain(name, settings.as_ref(), out)?,
        None => {
            writeln!(
                out,
                "{:<24} {:<9} {:<8} Non-compliant when",
                "Control", "Severity", "Mode"
            )?;
            for control in CONTROLS {
                let mode = settings
                    .as_ref()
                    .map_or(default_mode(control), |settings| settings.modes.of(control.name));
                let first = format!(
                    "{:<24} {:<9} {:<8} ",
                    control.name,
                    control.severity.as_str(),
                    mode_word(mode)
                );
                for line in wrapped(&first, &" ".repeat(first.len()), control.summary) {
                    writeln!(out, "{line}")?;
                }
            }
        }
    }
    Ok(Status::Fine)
}

/// What a control is about, how bad its findings are, who evaluates it, and what remedies them.
pub(crate) fn explain(name: &str, settings: Option<&Settings>, out: &mut dyn Write) -> io::Result<()> {
    let Some(control) = CONTROLS.iter().find(|control| control.name == name) else {
        return Ok(());
    };
    let functions = FUNCTIONS
        .iter()
        .filter(|function| function.controls().iter().any(|c| c.name == name));
    let functions: Vec<_> = functions.map(|function| function.name).collect();
    let mode = settings.map_or(default_mode(control), |settings| settings.modes.of(name));
    let facts = format!(
        "Severity: {}. About: {}. Mode: {}. Evaluated by: {}.",
        control.severity.as_str(),
        kind(control.resource),
        mode_word(mode),
        functions.join(", ")
    );
    for text in [format!("{name}: {}", control.summary), facts] {
        for line in wrapped("", "", &text) {
            writeln!(out, "{line}")?;
        }
    }
    write!(out, "\n{}", as_text(&control_page(control)))
}

fn default_mode(control: &Control) -> Mode {
    if control.opt_in { Mode::Off } else { Mode::Audit }
}

fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "off",
        Mode::Audit => "audit",
        Mode::Enforce => "enforce",
    }
}

fn kind(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Vpc => "VPCs",
        ResourceKind::Subnet => "subnets",
        ResourceKind::RouteTable => "route tables",
        ResourceKind::Endpoint => "endpoints",
        ResourceKind::EndpointService => "endpoint services",
        ResourceKind::EndpointConnection => "connections of endpoint services",
    }
}

pub(crate) fn run_exemptions(arguments: &Exemptions, out: &mut dyn Write) -> io::Result<Status> {
    match settings::load(arguments.settings.as_deref()) {
        Ok(settings) => {
            list(&settings, Timestamp::now(), out)?;
            Ok(Status::Fine)
        }
        Err(error) => {
            fail(&error);
            Ok(Status::Failed)
        }
    }
}

/// Those that end first come first.
fn list(settings: &Settings, now: Timestamp, out: &mut dyn Write) -> io::Result<()> {
    let mut exemptions: Vec<&Exemption> = settings.exemptions.iter().collect();
    exemptions.sort_by_key(|exemption| exemption.expires);
    for exemption in &exemptions {
        let target = match &exemption.selector {
            ExemptionSelector::Resource(id) => id.clone(),
            ExemptionSelector::Tag { key, value } => format!("resources with tag {key}={value}"),
            ExemptionSelector::Vpc(id) => format!("everything in {id}"),
            ExemptionSelector::Account(id) => format!("everything in account {id}"),
        };
        let state = if exemption.expires <= now { "expired" } else { "ends" };
        let age = exemption.since.map(|since| age(since, now)).unwrap_or_default();
        let owner = exemption.owner.iter().map(|owner| format!(", owner {owner}"));
        let owner: String = owner.collect();
        let line = format!(
            "{} on {target}: {state} {:.0}{age}{owner}",
            exemption.control, exemption.expires
        );
        writeln!(out, "{}", printable(&line))?;
        writeln!(out, "  {}", printable(&exemption.reason))?;
    }
    for control in &settings.exempt_by_tag {
        writeln!(out, "{control} on resources with tag {TAG_EXEMPT}: does not end")?;
    }
    if exemptions.is_empty() && settings.exempt_by_tag.is_empty() {
        writeln!(out, "The settings have no exemptions.")?;
    }
    Ok(())
}

/// Such as `, 30 days old`.
fn age(since: Date, now: Timestamp) -> String {
    let today = now.to_zoned(TimeZone::UTC).date();
    match since.until(today).map(|age| age.get_days()) {
        Ok(1) => ", 1 day old".to_owned(),
        Ok(days) => format!(", {days} days old"),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use postern_core::controls::known;

    use super::*;

    #[test]
    fn exemption_is_listed_with_its_age_and_owner() {
        let text = "[[exemptions]]\ncontrol = \"policy-open\"\nresource = \"vpce-0123456789abcdef0\"\nreason = \
                    \"Agreed.\"\nowner = \"storage\"\nsince = 2026-09-01\nexpires = 2026-12-31\n";
        let settings = Settings::parse(text, &known()).unwrap();
        let mut out = Vec::new();
        list(&settings, "2026-10-01T00:00:00Z".parse().unwrap(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains(", 30 days old, owner storage\n"), "{text}");
    }

    #[test]
    fn expired_exemption_is_listed_as_such() {
        let exemption = |resource: &str, expires: &str| {
            format!(
                "[[exemptions]]\ncontrol = \"policy-open\"\nresource = \"{resource}\"\nreason = \"Agreed.\"\nexpires = \
                 {expires}\n"
            )
        };
        let text =
            exemption("vpce-0123456789abcdef0", "2026-12-31") + &exemption("vpce-0123456789abcdef1", "2026-06-30");
        let settings = Settings::parse(&text, &known()).unwrap();
        let mut out = Vec::new();
        list(&settings, "2026-10-01T00:00:00Z".parse().unwrap(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let first: Vec<_> = text.lines().filter(|line| !line.starts_with(' ')).collect();
        assert!(
            first[0].starts_with("policy-open on vpce-0123456789abcdef1: expired 2026-07-01"),
            "{text}"
        );
        assert!(
            first[1].starts_with("policy-open on vpce-0123456789abcdef0: ends 2027-01-01"),
            "{text}"
        );
    }
}
