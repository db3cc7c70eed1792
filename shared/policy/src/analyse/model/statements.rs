//! What statements say, whatever their conditions are.

use crate::document::{ActionPattern, Statement};
use crate::federation;
use crate::glob::Pattern;

/// Whether the statement is about calls with the token of an identity provider alone. Of others, AWS does not document
/// whether a principal that is a provider covers the sessions of roles that were assumed with its token.
pub(in super::super) fn for_bearers(statement: &Statement) -> bool {
    let exact = |action: &ActionPattern| matches!(&action.pattern, Pattern::Exact(name) if federation::is_call(name));
    !statement.action.not && statement.action.values.iter().all(exact)
}
