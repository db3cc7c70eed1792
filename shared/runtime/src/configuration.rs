//! What a function needs to know before it does anything: its settings and the names of its resources.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs, io};

use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use postern_aws::chain;
use postern_core::controls::known;
use postern_core::model::id::AccountId;
use postern_core::settings::{Settings, SettingsError};
use postern_engine::{Destinations, SINKS};
use tracing::warn;

const SETTINGS_FILE: &str = "postern.toml";
/// Where Lambda unpacks the function's package.
const PACKAGE: &str = "LAMBDA_TASK_ROOT";
/// The table that holds the ledger.
const LEDGER: &str = "POSTERN_LEDGER_TABLE";
/// The ARNs of the roles of all Postern functions, separated by commas: changes that they make start no function.
const OWN_ROLES: &str = "POSTERN_OWN_ROLES";

#[derive(Clone, Debug)]
pub struct Configuration {
    pub settings: Settings,
    pub destinations: Destinations,
    /// The name of the table that holds the ledger.
    pub ledger: String,
    /// The ARNs of the roles of all Postern functions: changes that they make start no function.
    pub own_roles: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    #[error("environment variable `{0}` is not set; no change is made until it is set")]
    Unset(&'static str),
    #[error("settings `{path}` cannot be read; no change is made until they can be")]
    Unreadable {
        path: String,
        #[source]
        source: io::Error,
    },
    #[error("settings `{path}` are invalid; no change is made until they are corrected")]
    Refused {
        path: String,
        #[source]
        source: SettingsError,
    },
}

impl Configuration {
    /// From the environment, and from `postern.toml` in the function's package or, outside Lambda, the working directory.
    pub fn load() -> Result<Self, ConfigurationError> {
        let path = PathBuf::from(env::var(PACKAGE).unwrap_or_default()).join(SETTINGS_FILE);
        let name = || path.display().to_string();
        let text =
            fs::read_to_string(&path).map_err(|source| ConfigurationError::Unreadable { path: name(), source })?;
        let controls = known();
        let settings =
            Settings::parse(&text, &controls).map_err(|source| ConfigurationError::Refused { path: name(), source })?;
        for warning in settings.warnings(&controls, Timestamp::now()) {
            warn!(path = name(), warning, "check the settings");
        }
        Ok(Self {
            settings,
            destinations: destinations()?,
            ledger: variable(LEDGER)?,
            own_roles: own_roles(),
        })
    }
}

impl Configuration {
    /// The account of the deployment, where the roles of its functions tell it.
    pub(crate) fn own_account(&self) -> Option<AccountId> {
        let accounts = self.own_roles.iter().map(|arn| arn.split(':').nth(4));
        let accounts: Option<BTreeSet<_>> = accounts.collect();
        let mut accounts = accounts?.into_iter();
        let account = accounts.next().filter(|account| !account.is_empty())?;
        accounts.next().is_none().then(|| account.into())
    }
}

fn destinations() -> Result<Destinations, ConfigurationError> {
    let mut destinations = Vec::new();
    for sink in SINKS {
        let destination = match sink.required {
            true => Some(variable(sink.variable)?),
            false => optional(sink.variable),
        };
        destinations.extend(destination.map(|destination| (*sink, destination)));
    }
    Ok(destinations.into_iter().collect())
}

fn variable(name: &'static str) -> Result<String, ConfigurationError> {
    optional(name).ok_or(ConfigurationError::Unset(name))
}

fn optional(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn own_roles() -> Vec<String> {
    let list = env::var(OWN_ROLES).unwrap_or_default();
    list.split(',')
        .map(str::trim)
        .filter(|arn| !arn.is_empty())
        .map(str::to_owned)
        .collect()
}

impl From<&ConfigurationError> for Diagnostic {
    fn from(error: &ConfigurationError) -> Self {
        Self {
            error_type: "Postern.Configuration".to_owned(),
            error_message: chain(error),
        }
    }
}
