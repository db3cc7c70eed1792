//! What the owner wants, from `postern.toml` or from where the functions read their settings.

use std::path::{Path, PathBuf};
use std::{env, io, thread};

use jiff::Timestamp;
use postern_aws::{Aws, CallError, LocationError, SettingsLocation, SettingsReader};
use postern_core::controls::known;
use postern_core::settings::{Settings, SettingsError};

use crate::input::{self, InputError};

const SETTINGS_FILE: &str = "postern.toml";
/// What the functions read the place of their settings from.
const SETTINGS: &str = "POSTERN_SETTINGS";

#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error(
        "no settings: there is no `{SETTINGS_FILE}` here; `postern settings init` writes one, and `--settings FILE` names \
         another. It says whom you trust, such as\n  [perimeter]\n  organizations = [\"o-exampleorg1\"]\n  accounts = \
         [\"111122223333\"]"
    )]
    Missing,
    #[error(transparent)]
    Unreadable(InputError),
    #[error(transparent)]
    Location(#[from] LocationError),
    #[error("settings `{location}` cannot be read")]
    Unavailable {
        location: Box<SettingsLocation>,
        source: Box<CallError>,
    },
    #[error("settings `{}` are refused:{}", .name.display(), lines(.name, .problems))]
    Refused { name: PathBuf, problems: SettingsError },
    #[error("the program cannot wait for AWS")]
    Runtime(#[source] io::Error),
}

/// One problem a line, each with a place that editors and terminals can follow.
fn lines(name: &Path, error: &SettingsError) -> String {
    let lines = error.problems.iter();
    lines
        .map(|problem| format!("\n  {}:{problem}", name.display()))
        .collect()
}

/// Settings and where they are from: a path or an ARN.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) name: PathBuf,
    pub(crate) settings: Settings,
}

/// The settings that this path or ARN has, or else `POSTERN_SETTINGS`, or else the file in the working directory.
pub(crate) fn load(named: Option<&Path>) -> Result<Settings, TrustError> {
    Ok(load_with_name(named)?.settings)
}

/// The same with where they are from.
pub(crate) fn load_with_name(named: Option<&Path>) -> Result<Loaded, TrustError> {
    let given = env::var_os(SETTINGS).filter(|name| !name.is_empty()).map(PathBuf::from);
    let name = match named.map(Path::to_owned).or(given) {
        Some(name) => name,
        None if Path::new(SETTINGS_FILE).exists() => PathBuf::from(SETTINGS_FILE),
        None => return Err(TrustError::Missing),
    };
    let text = match name.to_str().filter(|name| name.starts_with("arn:")) {
        Some(arn) => outside(arn.parse()?)?,
        None => input::text(&name).map_err(TrustError::Unreadable)?,
    };
    match Settings::parse(&text, &known()) {
        Ok(settings) => Ok(Loaded { name, settings }),
        Err(problems) => Err(TrustError::Refused { name, problems }),
    }
}

/// What is questionable in settings. The functions do not warn of an empty perimeter: the shipped settings have one.
pub(crate) fn warnings(settings: &Settings, now: Timestamp) -> Vec<String> {
    let empty = (!settings.perimeter.trusts_somebody()).then(|| {
        "perimeter: it names nobody whom you trust, so policies are not checked and no policy is written; name your \
         organisation or your accounts, or run `postern settings init` for a file that does"
            .to_owned()
    });
    empty.into_iter().chain(settings.warnings(&known(), now)).collect()
}

/// In a thread of its own, so that it may be called where something else waits for AWS.
fn outside(location: SettingsLocation) -> Result<String, TrustError> {
    let of = location.clone();
    let read = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok::<_, io::Error>(runtime.block_on(async {
            // The reader calls the Region of the location.
            let aws = Aws::from_environment_in(&"us-east-1".into()).await;
            SettingsReader::new(of).read(&aws).await
        }))
    });
    let read = read
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("the thread ended early")));
    let text = read.map_err(TrustError::Runtime)?;
    text.map_err(|source| TrustError::Unavailable {
        location: Box::new(location),
        source: Box::new(source),
    })
}
