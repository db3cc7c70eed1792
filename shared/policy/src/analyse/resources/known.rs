//! The patterns of resources that a document and the settings name.

use super::super::model::Model;
use crate::bits::Bits;
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
        let mut before = None;
        for entry in &mut patterns {
            let start = entry.pattern.start();
            entry.starts_alike = start.is_some() && before == start;
            before = start;
        }
        for (listing, owned) in [(&model.setting.listed, false), (&model.owned, true)] {
            let mut in_document = vec![false; listing.all.len()];
            for ((text, _), entry) in model.arns.iter().zip(&mut patterns) {
                if let Some(place) = listing.places.get(*text) {
                    entry.owned |= owned;
                    entry.listed |= !owned;
                    in_document.get_mut(*place).into_iter().for_each(|known| *known = true);
                }
            }
            let mut after_left_out = true;
            for (listed, left_out) in listing.all.iter().zip(in_document) {
                if !left_out {
                    patterns.push(Entry {
                        own: false,
                        listed: !owned,
                        owned,
                        starts_alike: listed.starts_alike && !after_left_out,
                        ..Entry::of_document(&listed.pattern, Bits::NONE)
                    });
                }
                after_left_out = left_out;
            }
        }
        Self { patterns }
    }

    /// Whether a pattern has fewer fields than an ARN.
    pub(in super::super) fn has_short(&self) -> bool {
        let mut all = self.patterns.iter();
        all.any(|entry| matches!(entry.pattern, ArnPattern::Short(_)))
    }
}
