//! `settings init`: a postern.toml with the perimeter of the account.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use postern_aws::chain;
use postern_core::controls::known;
use postern_core::settings::{Organization, Settings};

use crate::access::{self, AccessError};
use crate::audit::DEFAULT_SETTINGS;
use crate::operate::{CommandError, ask, block_on, finish};
use crate::output::{Status, note, warn};

/// Write a postern.toml with the account and its organisation as perimeter, every control in audit mode
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  postern settings init
  postern settings init settings/prod.toml

On a terminal, the perimeter that was found is shown as a default that can be changed. An existing file is not replaced.

Exit status:
  0  written
  2  failed: the file exists, no credentials, wrong arguments")]
pub(crate) struct Init {
    #[arg(value_name = "FILE", default_value = "postern.toml")]
    pub(crate) file: PathBuf,
    /// Take what was found without a question
    #[arg(long, short)]
    pub(crate) yes: bool,
}

pub(crate) fn run_init(arguments: &Init) -> io::Result<Status> {
    finish(block_on(async {
        if arguments.file.exists() {
            return Err(exists(&arguments.file));
        }
        let aws = access::environment_for_any_region().await?;
        let session = aws.own_session().await.map_err(AccessError::from)?;
        let organization = match session.organization().await {
            Ok(Organization::Member(id)) => Some(id),
            Ok(Organization::None) => None,
            Ok(Organization::Unknown(reason)) => {
                warn(&format!("the organisation could not be determined: {reason}"));
                None
            }
            Err(error) => {
                warn(&format!("the organisation could not be determined: {}", chain(&error)));
                None
            }
        };
        let asked = !arguments.yes && io::stdin().is_terminal() && io::stderr().is_terminal();
        let organizations = answer(
            asked,
            "Organisations that you trust",
            organization.as_deref().unwrap_or_default(),
        )
        .await?;
        let accounts = answer(
            asked,
            "Accounts that you trust besides them",
            session.account().as_str(),
        )
        .await?;
        let text = with_perimeter(DEFAULT_SETTINGS, &organizations, &accounts);
        Settings::parse(&text, &known()).map_err(|problems| {
            CommandError::Settings(crate::settings::TrustError::Refused {
                name: arguments.file.clone(),
                problems,
            })
        })?;
        write(&arguments.file, &text)?;
        note(&format!(
            "wrote {}: every control only audits; edit what every VPC must have, then run `postern audit`",
            arguments.file.display()
        ));
        Ok(Status::Fine)
    }))
}

/// The ids that a person names, or the default.
async fn answer(asked: bool, question: &str, default: &str) -> Result<Vec<String>, CommandError> {
    let line = match asked {
        true => ask(&format!("{question} [{default}]: ")).await?,
        false => String::new(),
    };
    Ok(ids(if line.trim().is_empty() { default } else { &line }))
}

/// Separated by commas or spaces.
fn ids(line: &str) -> Vec<String> {
    let ids = line.split([',', ' ']).filter(|id| !id.is_empty());
    ids.map(str::to_owned).collect()
}

/// The settings file with these lines instead of the comments that show the defaults.
fn with_perimeter(text: &str, organizations: &[String], accounts: &[String]) -> String {
    // Debug writes a TOML string: what an id consists of needs no escape, and anything else is refused.
    text.replacen(
        "\n#organizations = []\n",
        &format!("\norganizations = {organizations:?}\n"),
        1,
    )
    .replacen("\n#accounts = []\n", &format!("\naccounts = {accounts:?}\n"), 1)
}

fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let file = File::options().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| CommandError::File {
        path: path.to_owned(),
        source,
    })
}

fn exists(path: &Path) -> CommandError {
    CommandError::File {
        path: path.to_owned(),
        source: ErrorKind::AlreadyExists.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perimeter_is_written_into_the_default_settings() {
        let text = with_perimeter(
            DEFAULT_SETTINGS,
            &["o-exampleorg1".to_owned()],
            &["111122223333".to_owned()],
        );
        let settings = Settings::parse(&text, &known()).unwrap();
        assert_eq!(settings.perimeter.organizations, ["o-exampleorg1"]);
        assert_eq!(settings.perimeter.accounts, ["111122223333"]);
        assert_eq!(
            settings.requirements,
            Settings::parse(DEFAULT_SETTINGS, &known()).unwrap().requirements
        );
    }

    #[test]
    fn answers_are_separated_by_commas_or_spaces() {
        assert_eq!(ids("o-a, o-b"), ["o-a", "o-b"]);
        assert!(ids("").is_empty());
    }
}
