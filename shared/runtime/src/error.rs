//! Why a function cannot work at all.

use std::io;

use lambda_runtime::Diagnostic;
use postern_aws::{CallError, LocationError, SettingsLocation, chain};
use postern_core::settings::SettingsError;

/// The environment variable with the ARN of settings outside the package.
pub(crate) const SETTINGS_VARIABLE: &str = "POSTERN_SETTINGS";

#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    #[error("environment variable `{0}` is not set; no change is made until it is set")]
    Unset(&'static str),
    #[error("environment variable `{SETTINGS_VARIABLE}` names no settings; no change is made until it does")]
    Location(#[source] LocationError),
    #[error("settings `{path}` cannot be read; no change is made until they can be")]
    Unreadable {
        path: String,
        #[source]
        source: io::Error,
    },
    #[error("settings `{location}` cannot be read; no change is made until they can be")]
    Unavailable {
        location: Box<SettingsLocation>,
        #[source]
        source: Box<CallError>,
    },
    #[error("settings `{location}` are invalid; no change is made until they are corrected")]
    Refused {
        /// A path or an ARN.
        location: String,
        #[source]
        source: SettingsError,
    },
}

impl From<&ConfigurationError> for Diagnostic {
    fn from(error: &ConfigurationError) -> Self {
        Self {
            error_type: "Postern.Configuration".to_owned(),
            error_message: chain(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambda_gets_one_type_for_all_of_them_and_the_message_with_its_cause() {
        let missing = ConfigurationError::Unset("POSTERN_LEDGER_TABLE");
        let unreadable = ConfigurationError::Unreadable {
            path: "/var/task/postern.toml".to_owned(),
            source: io::Error::new(io::ErrorKind::PermissionDenied, "permission denied"),
        };
        let [missing, unreadable] = [missing, unreadable].map(|error| Diagnostic::from(&error));
        assert_eq!(missing.error_type, unreadable.error_type);
        assert_eq!(
            missing.error_message,
            "environment variable `POSTERN_LEDGER_TABLE` is not set; no change is made until it is set"
        );
        assert_eq!(
            unreadable.error_message,
            "settings `/var/task/postern.toml` cannot be read; no change is made until they can be: permission denied"
        );
    }
}
