//! The service authorization reference: a line of text for each service, which is read where it lies.

/// See `data/generate.py`.
pub(super) const DATA: &str = include_str!("../../data/services.txt");

/// Where the fields of the lines of [`DATA`] are, by prefix, in lines of one length.
const INDEX: &str = include_str!("../../data/services.index");
const INDEX_PREFIX: usize = 40;
const INDEX_NUMBER: usize = 8;
const INDEX_LINE: usize = INDEX_PREFIX + 7 * INDEX_NUMBER + 1;

/// What the reference has of one prefix.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) prefix: &'static str,
    pub(super) actions: &'static str,
    pub(super) arns: &'static str,
    pub(super) keys: &'static str,
    /// By action, the places of the formats that it takes.
    pub(super) targets: &'static str,
    /// Sets of places of keys.
    pub(super) key_sets: &'static str,
    /// By action, the place of the set of the keys that its requests can have. Empty where they can have none.
    pub(super) sets: &'static str,
}

pub(super) fn line(prefix: &str) -> Option<Line> {
    let numbers = numbers(prefix)?;
    let number = |at: usize| -> Option<usize> {
        let text = numbers.get(at * INDEX_NUMBER..(at + 1) * INDEX_NUMBER)?;
        text.trim_start().parse().ok()
    };
    // Between two fields is a bar.
    let field = |at: usize| DATA.get(number(at)?..number(at + 1)?)?.strip_suffix('|');
    let start = number(0)?;
    Some(Line {
        prefix: DATA.get(start.checked_sub(prefix.len() + 1)?..start - 1)?,
        actions: field(0)?,
        arns: field(1)?,
        keys: field(2)?,
        targets: field(3)?,
        key_sets: field(4)?,
        sets: DATA.get(number(5)?..number(6)?)?,
    })
}

/// The numbers of a line of [`INDEX`].
fn numbers(prefix: &str) -> Option<&'static str> {
    if prefix.is_empty() || prefix.contains('|') {
        return None;
    }
    let (mut low, mut high) = (0, INDEX.len() / INDEX_LINE);
    while low < high {
        let middle = low + (high - low) / 2;
        let entry = INDEX.get(middle * INDEX_LINE..(middle + 1) * INDEX_LINE)?;
        let (name, numbers) = entry.split_at_checked(INDEX_PREFIX)?;
        let known = name.bytes().take_while(|byte| *byte != b' ');
        match known.cmp(prefix.bytes()) {
            std::cmp::Ordering::Equal => return Some(numbers),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}

pub(super) fn list(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split(',').filter(|item| !item.is_empty())
}

/// The targets of actions or their sets of keys, in their order.
pub(super) fn by_action(text: &'static str) -> impl Iterator<Item = &'static str> {
    // Most are a character or two, too short for the search that a plain `','` starts.
    text.split([','])
}

/// The places that a target or a set of keys names.
pub(super) fn places(text: &'static str) -> impl Iterator<Item = usize> {
    text.split('.').filter_map(|at| at.parse().ok())
}
