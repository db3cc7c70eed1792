//! What became of a change.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of a planned change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum ChangeOutcome {
    Applied {
        /// The id that AWS gave to what the change created, or of the managed group that it referred to.
        #[serde(skip_serializing_if = "Option::is_none")]
        created: Option<String>,
    },
    /// Live state was already as wanted.
    NotNeeded {
        reason: String,
    },
    Skipped {
        reason: String,
    },
    /// AWS was not asked for it in this run, and will be in the next one, which is due.
    Postponed {
        reason: String,
    },
    Failed {
        cause: String,
        /// Another attempt may succeed.
        transient: bool,
    },
}
