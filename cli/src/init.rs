//! `settings init`: a postern.toml with the perimeter of the account.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use postern_aws::chain;
use postern_core::controls::known;
use postern_core::settings::{Organization, Settings};

use crate::access::{self, AccessError};
use crate::audit::DEFAULT_SETTINGS;
use crate::operate::{CommandError, ask, block_on, finish};
use crate::output::{Status, complain, note, warn};

/// Write a postern.toml with the account and its organisation as perimeter, every control in audit mode
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  postern settings init
  postern settings init settings/prod.toml

On a terminal, the perimeter that was found is shown as a default that can be changed. An existing file is not replaced without --force.

Exit status:
  0  written
  2  failed: the file exists, no credentials, wrong arguments")]
pub(crate) struct Init {
    #[arg(value_name = "FILE", default_value = "postern.toml")]
    pub(crate) file: PathBuf,
    /// Take what was found without a question
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Overwrite an existing file
    #[arg(long)]
    pub(crate) force: bool,
}

pub(crate) fn run_init(arguments: &Init) -> io::Result<Status> {
    finish(block_on(async {
        if !arguments.force && arguments.file.exists() {
            return Err(CommandError::FileExists(arguments.file.clone()));
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
        let organizations = Question {
            text: "Organisations that you trust, such as o-exampleorg1",
            default: organization.unwrap_or_default(),
            refusal: |ids| refusal(ids, &[]),
        };
        let organizations = organizations.answer(asked).await?;
        let accounts = Question {
            text: "Accounts that you trust besides them",
            default: session.account().to_string(),
            refusal: |ids| refusal(&[], ids),
        };
        let accounts = accounts.answer(asked).await?;
        write(arguments, &with_perimeter(DEFAULT_SETTINGS, &organizations, &accounts))?;
        note(&format!(
            "wrote {}: every control only audits; edit what every VPC must have, then run `postern audit`",
            arguments.file.display()
        ));
        Ok(Status::Fine)
    }))
}

/// A question about ids, with what was found in the account as its default.
struct Question {
    text: &'static str,
    default: String,
    /// Why settings with these ids would be refused.
    refusal: fn(&[String]) -> Option<String>,
}

impl Question {
    /// The ids that a person names, or the default. Asks until the ids are accepted.
    async fn answer(&self, asked: bool) -> Result<Vec<String>, CommandError> {
        if !asked {
            return Ok(ids(&self.default));
        }
        loop {
            let line = ask(&format!("{} [{}]: ", self.text, self.default)).await?;
            let ids = ids(if line.trim().is_empty() { &self.default } else { &line });
            match (self.refusal)(&ids) {
                None => return Ok(ids),
                Some(reason) => complain(&reason),
            }
        }
    }
}

fn refusal(organizations: &[String], accounts: &[String]) -> Option<String> {
    let text = with_perimeter(DEFAULT_SETTINGS, organizations, accounts);
    let problems = Settings::parse(&text, &known()).err()?.problems;
    let messages: Vec<String> = problems.into_iter().map(|problem| problem.message).collect();
    Some(messages.join("; "))
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

fn write(arguments: &Init, text: &str) -> Result<(), CommandError> {
    let path = &arguments.file;
    let mut options = File::options();
    match arguments.force {
        true => options.write(true).create(true).truncate(true),
        false => options.write(true).create_new(true),
    };
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => CommandError::FileExists(path.clone()),
        _ => CommandError::File {
            path: path.clone(),
            source,
        },
    })
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
    fn id_that_settings_refuse_is_refused_without_a_place_in_a_file() {
        let ids = |line: &str| ids(line);
        assert_eq!(refusal(&ids("o-exampleorg1"), &[]), None);
        assert_eq!(refusal(&[], &ids("111122223333 444455556666")), None);
        let reason = refusal(&ids("exampleorg"), &[]).unwrap();
        assert!(
            reason.contains("exampleorg") && !reason.contains("postern.toml:"),
            "{reason}"
        );
        assert!(refusal(&[], &ids("1111")).unwrap().contains("1111"));
    }

    #[test]
    fn answers_are_separated_by_commas_or_spaces() {
        assert_eq!(ids("o-a, o-b"), ["o-a", "o-b"]);
        assert!(ids("").is_empty());
    }
}
