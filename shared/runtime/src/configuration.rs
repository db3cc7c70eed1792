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

/// The value of an environment variable.
type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Configuration {
    /// From the environment. The settings are those that `POSTERN_SETTINGS` names, or else `postern.toml` in the
    /// function's package or, outside Lambda, in the working directory.
    pub fn load() -> Result<Self, ConfigurationError> {
        Self::of(&|name| env::var(name).ok())
    }

    fn of(environment: Environment<'_>) -> Result<Self, ConfigurationError> {
        Ok(Self {
            settings: match optional(environment, SETTINGS_VARIABLE) {
                Some(arn) => SettingsSource::Outside(arn.parse().map_err(ConfigurationError::Location)?),
                None => packaged(environment)?,
            },
            destinations: destinations(environment)?,
            ledger: variable(environment, LEDGER)?,
            own_roles: own_roles(environment),
        })
    }

    /// The account of the deployment, where the roles of its functions tell it.
    pub(crate) fn own_account(&self) -> Option<AccountId> {
        let accounts = self.own_roles.iter().map(|arn| arn.split(':').nth(4));
        let accounts: Option<BTreeSet<_>> = accounts.collect();
        let mut accounts = accounts?.into_iter();
        let account = accounts.next().filter(|account| !account.is_empty())?;
        accounts.next().is_none().then(|| account.into())
    }
}

fn packaged(environment: Environment<'_>) -> Result<SettingsSource, ConfigurationError> {
    let path = PathBuf::from(environment(PACKAGE).unwrap_or_default()).join(SETTINGS_FILE);
    let name = path.display().to_string();
    match fs::read_to_string(&path) {
        Ok(text) => Ok(parse(&text, name)?.into()),
        Err(source) => Err(ConfigurationError::Unreadable { path: name, source }),
    }
}

fn destinations(environment: Environment<'_>) -> Result<Destinations, ConfigurationError> {
    let mut destinations = Vec::new();
    for sink in SINKS {
        let destination = match sink.required {
            true => Some(variable(environment, sink.variable)?),
            false => optional(environment, sink.variable),
        };
        destinations.extend(destination.map(|destination| (*sink, destination)));
    }
    Ok(destinations.into_iter().collect())
}

fn variable(environment: Environment<'_>, name: &'static str) -> Result<String, ConfigurationError> {
    optional(environment, name).ok_or(ConfigurationError::Unset(name))
}

fn optional(environment: Environment<'_>, name: &str) -> Option<String> {
    environment(name).filter(|value| !value.is_empty())
}

fn own_roles(environment: Environment<'_>) -> Vec<String> {
    let list = environment(OWN_ROLES).unwrap_or_default();
    list.split(',')
        .map(str::trim)
        .filter(|arn| !arn.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use postern_aws::chain;
    use postern_engine::{ALERTS, REPORTS};

    use super::*;

    const PARAMETER: &str = "arn:aws:ssm:eu-central-1:111122223333:parameter/postern";
    const ROLE: &str = "arn:aws:iam::111122223333:role/postern-sweeper";

    /// A function as the template deploys it, with these variables in the place of its own.
    fn load(changed: &[(&str, &str)]) -> Result<Configuration, ConfigurationError> {
        let deployed = [
            (SETTINGS_VARIABLE, PARAMETER),
            (REPORTS.variable, "reports"),
            (ALERTS.variable, "alerts"),
            (LEDGER, "the-ledger"),
            (OWN_ROLES, ROLE),
        ];
        Configuration::of(&|name| {
            let variables = changed.iter().chain(&deployed);
            let mut found = variables.filter(|(variable, _)| *variable == name);
            found.next().map(|(_, value)| (*value).to_owned())
        })
    }

    fn refused(changed: &[(&str, &str)]) -> String {
        chain(&load(changed).unwrap_err())
    }

    #[test]
    fn function_knows_its_settings_sinks_ledger_and_roles_from_the_environment() {
        let Configuration {
            settings,
            destinations,
            ledger,
            own_roles,
        } = load(&[(OWN_ROLES, &format!(" {ROLE}, ,{ROLE}-2"))]).unwrap();
        assert!(matches!(settings, SettingsSource::Outside(_)), "{settings:?}");
        assert_eq!(destinations.of(&REPORTS), Some("reports"));
        assert_eq!(destinations.of(&ALERTS), Some("alerts"));
        assert_eq!(ledger, "the-ledger");
        assert_eq!(own_roles, [ROLE.to_owned(), format!("{ROLE}-2")]);
    }

    #[test]
    fn variable_that_a_function_cannot_do_without_is_named_where_it_is_empty() {
        for name in [LEDGER, REPORTS.variable] {
            let error = refused(&[(name, "")]);
            assert!(
                error.starts_with(&format!("environment variable `{name}` is not set")),
                "{error}"
            );
        }
        let without_alerts = load(&[(ALERTS.variable, "")]).unwrap();
        assert_eq!(without_alerts.destinations.of(&ALERTS), None);
    }

    #[test]
    fn settings_of_the_package_that_are_not_there_are_named_with_their_path() {
        let error = refused(&[(SETTINGS_VARIABLE, ""), (PACKAGE, "/nowhere")]);
        assert!(
            error.starts_with("settings `/nowhere/postern.toml` cannot be read"),
            "{error}"
        );
        let error = refused(&[(SETTINGS_VARIABLE, "postern.toml")]);
        assert!(error.contains("names no settings"), "{error}");
    }

    #[test]
    fn roles_tell_the_account_of_the_deployment_unless_they_are_of_several() {
        let own = |roles: &str| load(&[(OWN_ROLES, roles)]).unwrap().own_account();
        assert_eq!(own(ROLE), Some("111122223333".into()));
        let other = ROLE.replace("111122223333", "444455556666");
        for roles in ["", "postern", "arn:aws:iam:::role/x", &format!("{ROLE},{other}")] {
            assert_eq!(own(roles), None, "{roles}");
        }
    }
}
