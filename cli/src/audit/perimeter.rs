//! Whom an audit takes for trusted.

use std::collections::BTreeSet;
use std::path::Path;

use postern_aws::{Session, chain};
use postern_core::controls::known;
use postern_core::model::id::AccountId;
use postern_core::settings::{Mode, Organization, Settings};
use postern_policy::Perimeter;
use postern_report::audit::{AuditPerimeter, PerimeterSource};

use crate::settings::{self, TrustError};

/// The settings file of the package, for accounts that have none yet.
pub(crate) const DEFAULT_SETTINGS: &str = include_str!("../../../postern.toml");

/// Settings for an audit, and where they come from.
pub(crate) struct AuditSettings {
    pub(crate) settings: Settings,
    pub(crate) perimeter: AuditPerimeter,
}

/// The settings of the file, or else the default ones, with the reason why their perimeter may be empty.
///
/// # Errors
/// If the settings file cannot be used.
pub(crate) fn chosen_settings(path: Option<&Path>) -> Result<(Settings, &'static str), TrustError> {
    match settings::load(path) {
        Ok(settings) => Ok((settings, "the settings have an empty perimeter")),
        Err(TrustError::Missing) => Ok((default_settings()?, "there is no settings file")),
        Err(error) => Err(error),
    }
}

/// The settings with a perimeter. Where nobody is trusted, the audited accounts and the organisation of the credentials'
/// account are.
pub(crate) async fn settings_for(
    session: &Session,
    accounts: &BTreeSet<AccountId>,
    (mut settings, from): (Settings, &str),
) -> AuditSettings {
    if settings.perimeter.trusts_somebody() {
        let note = "The settings name it in `[perimeter]`.".to_owned();
        let perimeter = published(&settings.perimeter, PerimeterSource::Settings, note);
        return AuditSettings { settings, perimeter };
    }
    let organization = match session.organization().await {
        Ok(organization) => organization,
        Err(error) => Organization::Unknown(chain(&error)),
    };
    let (audited, count) = match accounts.len() {
        1 => ("the account", "counts"),
        _ => ("the audited accounts", "count"),
    };
    let (source, note) = match organization {
        Organization::Member(organization) => {
            settings.perimeter.organizations = vec![organization];
            let note = format!(
                "Only {audited} and the organisation of your account count as trusted, because {from}. List the \
                 organisations and accounts that you trust under `[perimeter]` in postern.toml."
            );
            (PerimeterSource::Organization, note)
        }
        Organization::None => {
            let note = format!(
                "Only {audited} {count} as trusted, because {from} and your account belongs to no organisation. List the \
                 accounts that you trust under `[perimeter]` in postern.toml."
            );
            (PerimeterSource::Account, note)
        }
        Organization::Unknown(reason) => {
            let note = format!(
                "Only {audited} {count} as trusted, because {from} and your organisation could not be determined: \
                 {reason}. List the organisations and accounts that you trust under `[perimeter]` in postern.toml."
            );
            (PerimeterSource::Account, note)
        }
    };
    settings.perimeter.accounts = accounts.iter().map(ToString::to_string).collect();
    let perimeter = published(&settings.perimeter, source, note);
    AuditSettings { settings, perimeter }
}

fn default_settings() -> Result<Settings, TrustError> {
    Settings::parse(DEFAULT_SETTINGS, &known()).map_err(|problems| TrustError::Refused {
        name: "the default settings".into(),
        problems,
    })
}

fn published(perimeter: &Perimeter, source: PerimeterSource, note: String) -> AuditPerimeter {
    AuditPerimeter {
        source,
        organizations: perimeter.organizations.clone(),
        organization_paths: perimeter.organization_paths.clone(),
        accounts: perimeter.accounts.clone(),
        principals: perimeter.principals.clone(),
        note,
    }
}

/// The same settings for a look at everything: nothing is enforced, and the named controls are evaluated.
pub(super) fn audited(mut settings: Settings, named: &[String]) -> Settings {
    let audit = |mode: Mode| mode.min(Mode::Audit);
    settings.modes.default = audit(settings.modes.default);
    settings.modes.interrupting = audit(settings.modes.interrupting);
    for mode in settings.modes.controls.values_mut() {
        *mode = audit(*mode);
    }
    for control in named {
        settings.modes.controls.insert(control.clone(), Mode::Audit);
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_enforced_and_named_controls_are_on() {
        let text =
            "[perimeter]\naccounts = [\"111122223333\"]\n[modes]\ndefault = \"enforce\"\npolicy-open = \"off\"\n";
        let settings = audited(
            Settings::parse(text, &known()).unwrap(),
            &["credentials-unbound".to_owned()],
        );
        let modes = ["endpoint-missing", "policy-open", "credentials-unbound"].map(|name| settings.modes.of(name));
        assert_eq!(modes, [Mode::Audit, Mode::Off, Mode::Audit]);
    }

    #[test]
    fn default_settings_are_accepted() {
        assert!(!default_settings().unwrap().requirements.is_empty());
    }
}
