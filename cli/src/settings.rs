//! Whom and what the owner trusts, from `postern.toml`.

use std::path::{Path, PathBuf};

use postern_core::controls::CONTROLS;
use postern_core::settings::{Settings, SettingsError};
use postern_policy::Perimeter;

use crate::arguments::Trust;
use crate::input::{self, InputError};

const SETTINGS_FILE: &str = "postern.toml";

#[derive(Debug, thiserror::Error)]
pub(crate) enum TrustError {
    #[error(
        "no settings: there is no `{SETTINGS_FILE}` here; name one with `--settings FILE`. It says whom you trust, such as\n  \
         [perimeter]\n  organizations = [\"o-exampleorg1\"]\n  accounts = [\"111122223333\"]"
    )]
    Missing,
    #[error("settings {0}")]
    Unreadable(#[source] InputError),
    #[error("settings `{}` are refused:{}", .path.display(), lines(.path, .source))]
    Refused {
        path: PathBuf,
        #[source]
        source: SettingsError,
    },
}

/// One problem a line, each with a place that editors and terminals can follow.
fn lines(path: &Path, error: &SettingsError) -> String {
    let lines = error.problems.iter();
    lines
        .map(|problem| format!("\n  {}:{problem}", path.display()))
        .collect()
}

pub(crate) fn perimeter(trust: &Trust) -> Result<Perimeter, TrustError> {
    let path = match &trust.settings {
        Some(path) => path.clone(),
        None if Path::new(SETTINGS_FILE).exists() => PathBuf::from(SETTINGS_FILE),
        None => return Err(TrustError::Missing),
    };
    let text = input::text(&path).map_err(TrustError::Unreadable)?;
    let controls: Vec<_> = CONTROLS.iter().map(|control| control.name).collect();
    match Settings::parse(&text, &controls) {
        Ok(settings) => Ok(settings.perimeter),
        Err(source) => Err(TrustError::Refused { path, source }),
    }
}
