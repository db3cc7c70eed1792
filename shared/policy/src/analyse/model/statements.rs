//! What statements say, whatever their conditions are.

use crate::document::{ActionPattern, Condition, Statement};
use crate::federation;
use crate::glob::Pattern;
use crate::text::Text;

/// Whether the statement is about calls with the token of an identity provider alone. Of others, AWS does not document
/// whether a principal that is a provider covers the sessions of roles that were assumed with its token.
pub(in super::super) fn for_bearers(statement: &Statement) -> bool {
    let exact = |action: &ActionPattern| matches!(&action.pattern, Pattern::Exact(name) if federation::is_call(name));
    !statement.action.not && statement.action.values.iter().all(exact)
}

/// Every text of the statements that has a variable.
pub(in super::super) fn linked_texts(statements: &[Statement]) -> impl Iterator<Item = &Text> {
    statements.iter().flat_map(|statement| {
        let conditions = statement.conditions.iter().flat_map(Condition::texts);
        conditions
            .chain(&statement.resource.values)
            .filter(|text| text.fixed().is_none())
    })
}
