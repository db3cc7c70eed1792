//! What the owner wants, from `postern.toml`.

use std::path::{Path, PathBuf};

use postern_core::controls::known;
use postern_core::settings::{Settings, SettingsError};

use crate::input::{self, InputError};

const SETTINGS_FILE: &str = "postern.toml";

#[derive(Debug, thiserror::Error)]
pub enum TrustError {
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

/// The settings that this file has, or else the one in the working directory.
pub(crate) fn load(path: Option<&Path>) -> Result<Settings, TrustError> {
    let path = match path {
        Some(path) => path.to_owned(),
        None if Path::new(SETTINGS_FILE).exists() => PathBuf::from(SETTINGS_FILE),
        None => return Err(TrustError::Missing),
    };
    let text = input::text(&path).map_err(TrustError::Unreadable)?;
    let controls = known();
    Settings::parse(&text, &controls).map_err(|source| TrustError::Refused { path, source })
}
