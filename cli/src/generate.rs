//! Completions for shells, and manual pages.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Command, ValueEnum};
use clap_complete::aot::{Bash, Fish, Generator, Zsh};

use crate::output::{Status, complain};

/// Print completions for a shell
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  postern completions bash > ~/.local/share/bash-completion/completions/postern
  postern completions zsh > ~/.zfunc/_postern
  postern completions fish > ~/.config/fish/completions/postern.fish")]
pub struct Completions {
    #[arg(value_enum)]
    pub shell: Shell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Write the manual pages, one for each command
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  postern man ~/.local/share/man/man1")]
pub struct Man {
    /// Directory for the pages
    #[arg(value_name = "DIRECTORY")]
    pub directory: PathBuf,
}

pub(crate) fn run_completions(
    arguments: &Completions,
    mut command: Command,
    out: &mut dyn Write,
) -> io::Result<Status> {
    command.set_bin_name("postern");
    command.build();
    match arguments.shell {
        Shell::Bash => Bash.try_generate(&command, out)?,
        Shell::Zsh => Zsh.try_generate(&command, out)?,
        Shell::Fish => Fish.try_generate(&command, out)?,
    }
    Ok(Status::Fine)
}

pub(crate) fn run_man(arguments: &Man, command: Command) -> io::Result<Status> {
    match clap_mangen::generate_to(command, &arguments.directory) {
        Ok(()) => Ok(Status::Fine),
        Err(error) => {
            complain(&format!(
                "`{}` cannot be written: {error}",
                arguments.directory.display()
            ));
            Ok(Status::Failed)
        }
    }
}
