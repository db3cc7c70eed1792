//! Commands as the documents have them.

use std::fs;

use crate::error::{HarnessError, Result, While};
use crate::stack::root;

/// Commands of Postern that need a ledger with changes or a deployment, by their start: they are run against the deployed
/// functions.
pub const WITH_DEPLOYMENT: [&str; 8] = [
    "postern doctor",
    "postern sweep",
    "postern settings show arn:",
    "postern history",
    "postern rollback",
    "postern resume",
    "postern release",
    "postern redrive",
];

fn text(document: &str) -> Result<String> {
    let path = root().join(document);
    fs::read_to_string(&path).while_doing(format_args!("reading `{}`", path.display()))
}

/// The commands in the shell blocks of a document, continued lines joined.
pub fn commands(document: &str) -> Result<Vec<String>> {
    let text = text(document)?;
    let blocks = text.split("\n```sh\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("\n```").next().unwrap_or_default().replace("\\\n", " "));
    let lines = blocks.flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>());
    Ok(lines
        .filter(|line| !line.trim().is_empty() && !line.starts_with([' ', '#']))
        .collect())
}

/// What a document has from this beginning to the end of the block of code.
pub fn block(document: &str, beginning: &str) -> Result<String> {
    let text = text(document)?;
    let missing = || HarnessError::new(format_args!("{document} has no command `{beginning}`"));
    let (_, rest) = text.split_once(beginning).ok_or_else(missing)?;
    let (block, _) = rest.split_once("```").ok_or_else(missing)?;
    Ok(format!("{beginning}{}", block.trim_end()))
}
