//! Tags of a request: `aws:TagKeys` lists the keys of those that `aws:RequestTag` has, in whatever case.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requesttag>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tagkeys>

use super::{Key, KeyMeaning, Model};
use crate::bits::Bits;

const TAG: &str = "aws:requesttag/";
const TAG_KEYS: &str = "aws:tagkeys";

/// Of more tags it is not told which ones a request has.
const MOST_TAGS: usize = 4;

/// The tags that a document names besides the list of their keys.
#[derive(Debug, Default)]
pub(in super::super) struct Tags {
    /// The place of the list in [`Model::keys`], with those of the tags.
    keys: Bits,
    /// The place of each tag and its key in lower case, as in the key of the condition.
    named: Vec<(usize, String)>,
}

/// Which of the named tags a request has, a bit for each.
type Has = usize;

impl Tags {
    pub(in super::super) fn new(keys: &[Key<'_>]) -> Self {
        let places = || keys.iter().enumerate().filter(|(_, key)| key.kind == KeyMeaning::Free);
        let list = places().find(|(_, key)| key.id == TAG_KEYS).map(|(at, _)| at);
        let tag = |(at, key): (usize, &Key<'_>)| Some((at, key.id.strip_prefix(TAG)?.to_owned()));
        let named: Vec<(usize, String)> = places().filter_map(tag).collect();
        let (Some(list), 1..=MOST_TAGS) = (list, named.len()) else {
            return Self::default();
        };
        let keys = named.iter().map(|(at, _)| *at).chain([list]).collect();
        Self { keys, named }
    }

    /// The keys of the tags, in lower case.
    pub(in super::super) fn of_list(&self, id: &str) -> impl Iterator<Item = &str> {
        let named = self.named.iter().filter(move |_| id == TAG_KEYS);
        named.map(|(_, key)| key.as_str())
    }

    /// The sets of tags to search one by one. Nothing stands for requests with either key alone.
    pub(in super::super) fn sets(&self) -> impl Iterator<Item = Option<Has>> {
        let sets = if self.named.is_empty() {
            0
        } else {
            1 << self.named.len()
        };
        (0..sets).map(Some).chain([None])
    }

    /// Whether requests that lack these keys have their tags from one of these sets.
    pub(in super::super) fn suit(&self, has: Option<Has>, lacks: Bits) -> bool {
        let both = !self.named.is_empty() && (self.keys & lacks).is_empty();
        has.is_some() == both
    }
}

/// Whether a request with these tags may have these values of the key at a place.
pub(in super::super) fn agree(model: &Model<'_>, has: Option<Has>, place: usize, values: &[String]) -> bool {
    let Some(has) = has.filter(|_| model.tags.keys.has(place)) else {
        return true;
    };
    let mut named = model.tags.named.iter().enumerate();
    let own = |at: usize| has & (1 << at) != 0;
    match model.tags.named.iter().position(|(at, _)| *at == place) {
        Some(at) => values.is_empty() != own(at),
        None => named.all(|(at, (_, key))| values.iter().any(|value| value.eq_ignore_ascii_case(key)) == own(at)),
    }
}

/// Whether two requests with these values by place have the same tags.
pub(in super::super) fn are_same(
    model: &Model<'_>,
    one: &[(usize, Vec<String>)],
    other: &[(usize, Vec<String>)],
) -> bool {
    let tags = |all: &[(usize, Vec<String>)]| -> Vec<(usize, Vec<String>)> {
        let told = all
            .iter()
            .filter(|(at, values)| model.tags.keys.has(*at) && !values.is_empty());
        told.cloned().collect()
    };
    model.tags.named.is_empty() || tags(one) == tags(other)
}
