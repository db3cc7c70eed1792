//! `postern settings`: whether the functions would accept settings, and what they would make of them.

use std::io::{self, Write};

use jiff::Timestamp;
use postern_core::controls::known;
use postern_core::model::text::printable;

use crate::arguments::SettingsArguments;
use crate::output::{Status, fail};
use crate::settings::{Loaded, TrustError, load_with_name, warnings};

/// Says whether the functions would accept the settings, and what is questionable in them.
pub(crate) fn check(arguments: &SettingsArguments, out: &mut dyn Write) -> io::Result<Status> {
    let Loaded { name, settings } = match loaded(arguments) {
        Ok(loaded) => loaded,
        Err(status) => return Ok(status),
    };
    let warnings = warnings(&settings, Timestamp::now());
    for warning in &warnings {
        writeln!(out, "warning: {}", printable(warning))?;
    }
    let questions = match warnings.len() {
        0 => "no warnings".to_owned(),
        1 => "1 warning".to_owned(),
        count => format!("{count} warnings"),
    };
    let name = printable(&name.display().to_string());
    writeln!(out, "{name}: valid, version {}, {questions}", settings.version)?;
    Ok(match warnings.is_empty() {
        true => Status::Fine,
        false => Status::Found,
    })
}

/// Prints the settings with every default.
pub(crate) fn show(arguments: &SettingsArguments, out: &mut dyn Write) -> io::Result<Status> {
    let Loaded { name, settings } = match loaded(arguments) {
        Ok(loaded) => loaded,
        Err(status) => return Ok(status),
    };
    let name = printable(&name.display().to_string());
    writeln!(out, "# Effective settings of {name}, version {}.", settings.version)?;
    for line in settings.effective(&known()).lines() {
        writeln!(out, "{}", printable(line))?;
    }
    Ok(Status::Fine)
}

fn loaded(arguments: &SettingsArguments) -> Result<Loaded, Status> {
    load_with_name(arguments.file.as_deref()).map_err(|error: TrustError| {
        fail(&error);
        Status::Failed
    })
}
