//! The service authorization reference: a line of text for each service, which is read where it lies.

/// See `data/generate.py`.
pub(super) const DATA: &str = include_str!("../../data/services.txt");

/// Where the fields of the lines of [`DATA`] are, by prefix, in lines of one length.
const INDEX: &str = include_str!("../../data/services.index");
const INDEX_PREFIX: usize = 40;
const INDEX_NUMBER: usize = 8;
const INDEX_LINE: usize = INDEX_PREFIX + 5 * INDEX_NUMBER + 1;

/// What the reference has of one prefix.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) prefix: &'static str,
    pub(super) actions: &'static str,
    pub(super) arns: &'static str,
    pub(super) keys: &'static str,
    /// By action, the places of the formats that it takes.
    pub(super) targets: &'static str,
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
        targets: DATA.get(number(3)?..number(4)?)?,
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

/// The targets of actions, in their order.
pub(super) fn targets(text: &'static str) -> impl Iterator<Item = &'static str> {
    // Most are a character or two, too short for the search that a plain `','` starts.
    text.split([','])
}

/// The places that a target names.
pub(super) fn places(target: &'static str) -> impl Iterator<Item = usize> {
    target.split('.').filter_map(|at| at.parse().ok())
}

/// The place of the deepest of these formats that the ARN has: of a bucket's and an object's, the object's.
pub(super) fn deepest(formats: impl Iterator<Item = &'static str>, arn: &str) -> Option<usize> {
    let mut fields = arn.splitn(6, ':').skip(2);
    let kind = [fields.next()?, fields.next()?, fields.next()?, fields.next()?];
    let known = formats.enumerate().filter(|(_, format)| has_format(format, kind));
    let letters = |format: &str| format.bytes().filter(|b| *b != b'*').count();
    known.max_by_key(|(_, format)| letters(format)).map(|(place, _)| place)
}

/// Whether the fields of an ARN, from the service on, have a documented format: none is left empty that varies.
fn has_format(format: &str, [service, region, account, name]: [&str; 4]) -> bool {
    let mut fields = format.splitn(4, ':');
    let mut same = |value: &str| match fields.next() {
        Some("*") => !value.is_empty(),
        wanted => wanted == Some(value),
    };
    same(service) && same(region) && same(account) && fields.next().is_some_and(|wanted| covers(wanted, name))
}

/// Whether the text is one of this documented format of ARNs, or of a part of one.
pub(crate) fn covers(format: &str, text: &str) -> bool {
    let (mut format, mut text) = (format.as_bytes(), text.as_bytes());
    // What follows the last star, and the text from which the star may take one more byte.
    let mut retry = None;
    loop {
        match (format.split_first(), text.split_first()) {
            (Some((b'*', rest)), _) => {
                retry = Some((rest, text));
                format = rest;
            }
            (Some((wanted, rest)), Some((byte, after))) if wanted == byte => (format, text) = (rest, after),
            (None, None) => return true,
            _ => {
                let Some((rest, Some((_, from)))) = retry.map(|(rest, from)| (rest, from.split_first())) else {
                    return false;
                };
                retry = Some((rest, from));
                (format, text) = (rest, from);
            }
        }
    }
}

impl Line {
    /// The place of the format that this resource has.
    fn place(self, arn: &str) -> Option<usize> {
        deepest(list(self.arns), arn)
    }

    /// The target of an action that names a resource.
    pub(super) fn target(self, name: &str) -> Option<&'static str> {
        let at = list(self.actions).position(|known| known.eq_ignore_ascii_case(name))?;
        targets(self.targets).nth(at)
    }

    /// Whether the action of this name takes the resource.
    pub(super) fn takes(self, name: &str, arn: &str) -> bool {
        // Services have fewer formats than actions.
        let Some(place) = self.place(arn) else { return false };
        let target = self.target(name);
        target.is_some_and(|target| places(target).any(|at| at == place))
    }

    /// The names of the actions that take this resource.
    pub(super) fn actions_on(self, arn: &str) -> impl Iterator<Item = &'static str> + use<> {
        let place = self.place(arn).map(|place| place.to_string()).unwrap_or_default();
        let targets = list(self.actions).zip(targets(self.targets));
        let takes = move |target: &str| !target.is_empty() && target.split('.').any(|at| at == place);
        targets.filter_map(move |(name, target)| takes(target).then_some(name))
    }
}
