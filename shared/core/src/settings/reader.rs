//! Walks a TOML document by key and collects everything that is wrong with it, each problem with its place.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// Values of users are cut to so many characters where a message quotes them.
const MOST_QUOTED: usize = 80;

/// One thing that is wrong with the settings, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// Such as `requirements[0].services[2]`; empty where the text is not TOML.
    pub path: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// Collects the problems of one text.
pub(super) struct Problems<'a> {
    text: &'a str,
    /// The offset at which each line begins.
    lines: Vec<usize>,
    /// The lines that are not TOML: what they mean is a guess, so nothing else is said of them.
    broken: RefCell<BTreeSet<usize>>,
    found: RefCell<Vec<Problem>>,
}

impl<'a> Problems<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            text,
            lines: std::iter::once(0).chain(breaks).collect(),
            broken: RefCell::default(),
            found: RefCell::default(),
        }
    }

    pub(super) fn not_toml(&self, error: &toml::de::Error) {
        let span = error.span().unwrap_or_default();
        let said = quoted(self.text.get(span.clone()).unwrap_or_default());
        let message = match error.message() {
            "duplicate key" => format!("{said} is given twice; join the two"),
            message => format!("not TOML: {}", message.escape_debug()),
        };
        self.add(&span, "", message);
        self.broken.borrow_mut().insert(self.place(&span).0);
    }

    /// Whether anything is wrong with the keys below this one, or with the text as TOML.
    pub(super) fn touch(&self, key: &str) -> bool {
        let found = self.found.borrow();
        found.iter().any(|p| p.path.is_empty() || p.path.starts_with(key))
    }

    /// In the order of the text.
    pub(super) fn into_sorted(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        found.sort();
        found
    }

    fn add(&self, span: &Range<usize>, path: &str, message: String) {
        let (line, column) = self.place(span);
        if !self.broken.borrow().contains(&line) {
            self.found.borrow_mut().push(Problem {
                line,
                column,
                path: path.to_owned(),
                message,
            });
        }
    }

    fn place(&self, span: &Range<usize>) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= span.start);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let before = self.text.get(start..span.start).unwrap_or_default();
        (line, before.chars().filter(|c| *c != '\u{feff}').count() + 1)
    }
}

/// A value of the document. What reads one gives None for a value that it has rejected.
pub(super) struct Node<'a> {
    problems: &'a Problems<'a>,
    path: String,
    key: &'a str,
    key_span: Range<usize>,
    span: Range<usize>,
    value: &'a DeValue<'a>,
}

impl<'a> Node<'a> {
    pub(super) fn key(&self) -> &'a str {
        self.key
    }

    pub(super) fn value(&self) -> &'a DeValue<'a> {
        self.value
    }

    pub(super) fn reject<T>(&self, message: impl Into<String>) -> Option<T> {
        self.problems.add(&self.span, &self.path, message.into());
        None
    }

    /// Rejects the key rather than its value.
    pub(super) fn reject_key<T>(&self, message: impl Into<String>) -> Option<T> {
        self.problems.add(&self.key_span, &self.path, message.into());
        None
    }

    /// Rejects the type of the value.
    pub(super) fn expected<T>(&self, what: &str) -> Option<T> {
        let found = self.value.type_str();
        let article = if found.starts_with(['a', 'i']) { "an" } else { "a" };
        self.reject(format!("expected {what}, found {article} {found}"))
    }

    pub(super) fn string(&self) -> Option<&'a str> {
        match self.value {
            DeValue::String(text) => Some(text),
            DeValue::Array(_) | DeValue::Table(_) => self.expected("a string"),
            _ => self.expected("a string in quotes"),
        }
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        self.value
            .as_bool()
            .or_else(|| self.expected("true or false without quotes"))
    }

    /// A string for which `holds`; `what` says which strings those are.
    pub(super) fn text(&self, what: &str, pauses: impl FnOnce(&str) -> bool) -> Option<String> {
        let text = self.string()?;
        if pauses(text) {
            Some(text.to_owned())
        } else {
            self.reject(format!("{} is not {what}", quoted(text)))
        }
    }

    /// A string with which nothing is wrong; `wrong` says what is, and what to do.
    pub(super) fn checked(&self, wrong: impl FnOnce(&str) -> Option<&'static str>) -> Option<String> {
        let text = self.string()?;
        match wrong(text) {
            None => Some(text.to_owned()),
            Some(wrong) => self.reject(format!("{} {wrong}", quoted(text))),
        }
    }

    /// One of these words.
    pub(super) fn choice<T: Copy>(&self, what: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.string()?;
        choices
            .iter()
            .find_map(|(word, meaning)| (*word == text).then_some(*meaning))
            .or_else(|| {
                let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
                self.reject(format!("unknown {what} {}; {}", quoted(text), advice(text, &words)))
            })
    }

    /// An array of items that differ from each other.
    pub(super) fn list<T: PartialEq>(&self, item: impl Fn(&Node<'a>) -> Option<T>) -> Option<Vec<T>> {
        self.list_by(item, T::eq)
    }

    /// An array of items of which no two are the `same`.
    pub(super) fn list_by<T>(
        &self,
        item: impl Fn(&Node<'a>) -> Option<T>,
        same: impl Fn(&T, &T) -> bool,
    ) -> Option<Vec<T>> {
        let array = match self.value {
            DeValue::Array(array) => array,
            DeValue::Table(_) => return self.expected("an array, whose tables have headers in double brackets"),
            _ => return self.expected("an array in brackets"),
        };
        let mut read: Vec<(String, T)> = Vec::new();
        for (index, value) in array.iter().enumerate() {
            let node = Node {
                problems: self.problems,
                path: format!("{}[{index}]", self.path),
                key: self.key,
                key_span: value.span(),
                span: value.span(),
                value: value.get_ref(),
            };
            let Some(value) = item(&node) else { continue };
            if let Some((path, _)) = read.iter().find(|(_, earlier)| same(earlier, &value)) {
                node.reject::<()>(format!("repeats {path}; leave one of them out"));
            } else {
                read.push((node.path, value));
            }
        }
        Some(read.into_iter().map(|(_, value)| value).collect())
    }

    /// An array with something in it.
    pub(super) fn some<T: PartialEq>(&self, item: impl Fn(&Node<'a>) -> Option<T>) -> Option<Vec<T>> {
        match self.value.as_array() {
            Some(array) if array.is_empty() => self.reject("is empty; name at least one"),
            _ => self.list(item),
        }
    }

    /// A table whose keys the user chooses.
    pub(super) fn map<K: Ord, V>(&self, entry: impl Fn(&Node<'a>) -> Option<(K, V)>) -> Option<BTreeMap<K, V>> {
        self.section(|section| Some(section.rest(entry)))
    }

    /// A table with fixed keys. Those that `read` does not ask for are unknown.
    pub(super) fn section<T>(&self, read: impl FnOnce(&Section<'_, 'a>) -> Option<T>) -> Option<T> {
        let Some(table) = self.value.as_table() else {
            return self.expected("a table");
        };
        let section = Section {
            node: self,
            table,
            known: RefCell::default(),
            open: Cell::new(false),
        };
        let value = read(&section);
        section.refuse_unknown();
        value
    }
}

/// A table that is being read.
pub(super) struct Section<'n, 'a> {
    node: &'n Node<'a>,
    table: &'a DeTable<'a>,
    known: RefCell<Vec<&'static str>>,
    /// Somebody has asked for the rest of the keys.
    open: Cell<bool>,
}

impl<'a> Section<'_, 'a> {
    /// The root of a document.
    pub(super) fn root<T>(
        document: &'a DeValue<'a>,
        problems: &'a Problems<'a>,
        read: impl FnOnce(&Section<'_, 'a>) -> T,
    ) -> Option<T> {
        let node = Node {
            problems,
            path: String::new(),
            key: "",
            key_span: 0..0,
            span: 0..0,
            value: document,
        };
        node.section(|section| Some(read(section)))
    }

    /// The value of this key; None where it is left out or rejected.
    pub(super) fn get<T>(&self, key: &'static str, read: impl FnOnce(&Node<'a>) -> Option<T>) -> Option<T> {
        self.known.borrow_mut().push(key);
        read(&self.find(key)?)
    }

    pub(super) fn require<T>(&self, key: &'static str, read: impl FnOnce(&Node<'a>) -> Option<T>) -> Option<T> {
        if self.find(key).is_none() {
            self.reject::<()>(format!("`{key}` is missing"));
        }
        self.get(key, read)
    }

    /// The items of an array that may be left out.
    pub(super) fn list<T: PartialEq>(&self, key: &'static str, item: impl Fn(&Node<'a>) -> Option<T>) -> Vec<T> {
        self.get(key, |node| node.list(item)).unwrap_or_default()
    }

    /// The keys that nobody has asked for so far.
    pub(super) fn rest<K: Ord, V>(&self, entry: impl Fn(&Node<'a>) -> Option<(K, V)>) -> BTreeMap<K, V> {
        self.open.set(true);
        self.unasked().filter_map(|node| entry(&node)).collect()
    }

    /// Rejects the table as a whole.
    pub(super) fn reject<T>(&self, message: impl Into<String>) -> Option<T> {
        self.node.reject(message)
    }

    /// The value of this key, without asking for it.
    pub(super) fn find(&self, key: &str) -> Option<Node<'a>> {
        self.table.get_key_value(key).map(|entry| self.node(entry))
    }

    pub(super) fn problems(&self) -> &'a Problems<'a> {
        self.node.problems
    }

    fn node(&self, (key, value): (&'a Spanned<DeString<'a>>, &'a Spanned<DeValue<'a>>)) -> Node<'a> {
        Node {
            problems: self.node.problems,
            path: joined(&self.node.path, key.get_ref()),
            key: key.get_ref(),
            key_span: key.span(),
            span: value.span(),
            value: value.get_ref(),
        }
    }

    fn unasked(&self) -> impl Iterator<Item = Node<'a>> {
        self.table
            .iter()
            .map(|entry| self.node(entry))
            .filter(|node| !self.known.borrow().contains(&node.key))
    }

    fn refuse_unknown(&self) {
        if self.open.get() {
            return;
        }
        let known = self.known.borrow();
        for node in self.unasked() {
            node.reject_key::<()>(format!("unknown key; {}", advice(node.key, &known)));
        }
    }
}

fn joined(path: &str, key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let key = if !key.is_empty() && key.chars().all(bare) {
        key.to_owned()
    } else {
        format!("\"{}\"", key.escape_debug())
    };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// A user's value as messages show it.
pub(super) fn quoted(value: &str) -> String {
    let mut shown: String = value.chars().take(MOST_QUOTED).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    format!("`{}`", shown.escape_debug())
}

/// What somebody who wrote `word` should have written: the known word that is nearest, or any of them.
pub(super) fn advice(word: &str, known: &[&str]) -> String {
    let most = (word.chars().count() / 3).max(1);
    let nearest = known
        .iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= most);
    match nearest {
        Some((_, candidate)) => format!("did you mean `{candidate}`?"),
        None => format!("known are `{}`", known.join("`, `")),
    }
}

/// How many characters have to be inserted, deleted or replaced to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.chars()) {
            let replaced = diagonal + usize::from(x != y);
            diagonal = *cell;
            left = replaced.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}
