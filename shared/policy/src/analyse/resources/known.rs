//! The patterns of resources that a document and the settings name.

use std::collections::BTreeMap;

use super::super::model::Model;
use crate::bits::Bits;
use crate::glob::Pattern;
use crate::text::ArnPattern;

/// A pattern, and all places where it stands.
#[derive(Clone)]
pub(super) struct Entry<'m> {
    pub(super) pattern: &'m ArnPattern,
    /// The statements that list it in Resource or NotResource.
    pub(super) statements: Bits,
    /// Whether it stands in the document.
    pub(super) own: bool,
    /// Whether the settings trust it.
    pub(super) listed: bool,
    /// Whether AWS owns what it stands for.
    pub(super) owned: bool,
    /// Whether the pattern before it has the same first five fields.
    pub(super) starts_alike: bool,
}

impl<'m> Entry<'m> {
    pub(super) fn of_document(pattern: &'m ArnPattern, statements: Bits) -> Self {
        Self {
            pattern,
            statements,
            own: true,
            listed: false,
            owned: false,
            starts_alike: false,
        }
    }
}

/// The patterns without variables, each once.
pub(in super::super) struct Known<'m> {
    pub(super) patterns: Vec<Entry<'m>>,
}

impl<'m> Known<'m> {
    pub(in super::super) fn new(model: &'m Model<'_>) -> Self {
        let own = model.arns.iter();
        let mut patterns: Vec<Entry<'m>> = own
            .map(|(_, pattern)| Entry::of_document(pattern, Bits::NONE))
            .collect();
        let elements = model.resources.iter().enumerate();
        for (place, element) in elements.filter(|(_, element)| element.not || !element.every) {
            for at in &element.patterns {
                if let Some(entry) = patterns.get_mut(*at) {
                    entry.statements.insert(place);
                }
            }
        }
        let own = model.arns.iter().enumerate();
        let places: BTreeMap<&str, usize> = own.map(|(at, (text, _))| (*text, at)).collect();
        let listed = model.setting.listed.iter().map(|listed| (listed, false));
        for (listed, owned) in listed.chain(model.owned.iter().map(|owned| (owned, true))) {
            let known = places.get(listed.text.as_str()).and_then(|at| patterns.get_mut(*at));
            if let Some(entry) = known {
                entry.owned |= owned;
                entry.listed |= !owned;
            } else {
                patterns.push(Entry {
                    own: false,
                    listed: !owned,
                    owned,
                    ..Entry::of_document(&listed.pattern, Bits::NONE)
                });
            }
        }
        let mut before = None;
        for entry in &mut patterns {
            entry.starts_alike =
                before.is_some_and(|before| start(before).is_some() && start(before) == start(entry.pattern));
            before = Some(entry.pattern);
        }
        Self { patterns }
    }

    /// Whether a pattern has fewer fields than an ARN.
    pub(in super::super) fn has_short(&self) -> bool {
        let mut all = self.patterns.iter();
        all.any(|entry| matches!(entry.pattern, ArnPattern::Short(_)))
    }
}

/// The first five fields of an ARN.
fn start(pattern: &ArnPattern) -> Option<&[Pattern]> {
    match pattern {
        ArnPattern::Fields(fields) => fields.get(..5),
        _ => None,
    }
}
