//! What a function needs to know before it does anything: where its settings are, and the names of its resources.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs};

use postern_core::model::id::AccountId;
use postern_engine::{Destinations, SINKS};

use crate::error::{ConfigurationError, SETTINGS_VARIABLE};
use crate::settings::{SettingsSource, parse};

const SETTINGS_FILE: &str = "postern.toml";
/// Where Lambda unpacks the function's package.
const PACKAGE: &str = "LAMBDA_TASK_ROOT";
/// The table that holds the ledger.
const LEDGER: &str = "POSTERN_LEDGER_TABLE";
/// The ARNs of the roles of all Postern functions, separated by commas: changes that they make start no function.
const OWN_ROLES: &str = "POSTERN_OWN_ROLES";

#[derive(Clone, Debug)]
pub struct Configuration {
    pub settings: SettingsSource,
    pub destinations: Destinations,
    /// The name of the table that holds the ledger.
    pub ledger: String,
    /// The ARNs of the roles of all Postern functions: changes that they make start no function.
    pub own_roles: Vec<String>,
}

impl Configuration {
    /// From the environment. The settings are those that `POSTERN_SETTINGS` names, or else `postern.toml` in the
    /// function's package or, outside Lambda, in the working directory.
    pub fn load() -> Result<Self, ConfigurationError> {
        Ok(Self {
            settings: match optional(SETTINGS_VARIABLE) {
                Some(arn) => SettingsSource::Outside(arn.parse().map_err(ConfigurationError::Location)?),
                None => packaged()?,
            },
            destinations: destinations()?,
            ledger: variable(LEDGER)?,
            own_roles: own_roles(),
        })
    }
}

fn packaged() -> Result<SettingsSource, ConfigurationError> {
    let path = PathBuf::from(env::var(PACKAGE).unwrap_or_default()).join(SETTINGS_FILE);
    let name = path.display().to_string();
    match fs::read_to_string(&path) {
        Ok(text) => Ok(parse(&text, name)?.into()),
        Err(source) => Err(ConfigurationError::Unreadable { path: name, source }),
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
