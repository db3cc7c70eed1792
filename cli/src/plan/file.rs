//! A plan that was kept in a file.

use std::path::Path;

use jiff::Timestamp;
use postern_core::changes::Change;
use postern_core::model::scope::ScopedResource;
use serde::{Deserialize, Serialize};

use crate::input;
use crate::operate::CommandError;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum PlanTag {
    #[serde(rename = "postern.plan/1")]
    V1,
}

/// The changes that were to be applied when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PlanFile {
    schema: PlanTag,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) time: Timestamp,
    /// Controls that were named besides those that the settings enforce.
    pub(super) controls: Vec<String>,
    pub(super) interrupting: bool,
    pub(super) scopes: Vec<ScopeChanges>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ScopeChanges {
    #[serde(flatten)]
    pub(super) resource: ScopedResource,
    pub(super) changes: Vec<Change>,
}

impl PlanFile {
    pub(super) fn new(
        account: String,
        region: String,
        time: Timestamp,
        controls: &[String],
        interrupting: bool,
    ) -> Self {
        Self {
            schema: PlanTag::V1,
            account,
            region,
            time,
            controls: controls.to_vec(),
            interrupting,
            scopes: Vec::new(),
        }
    }

    pub(super) fn read(path: &Path) -> Result<Self, CommandError> {
        let text = input::text(path).map_err(CommandError::Input)?;
        serde_json::from_str(&text).map_err(|source| CommandError::NoPlan {
            path: path.to_owned(),
            source,
        })
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), CommandError> {
        let text = serde_json::to_string_pretty(self).map_err(std::io::Error::from)? + "\n";
        std::fs::write(path, text).map_err(|source| CommandError::File {
            path: path.to_owned(),
            source,
        })
    }
}
