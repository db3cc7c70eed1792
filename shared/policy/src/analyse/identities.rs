//! Accounts, organisations and paths that a document can tell apart.

use std::rc::Rc;

use super::automata;
use super::budget::Budget;
use super::model::{Key, KeyMeaning, Model};
use super::strings::{Domain, candidates};
use crate::arn::{Arn, is_account, is_organization};
use crate::document::{PrincipalEntry, Values};
use crate::glob::{Pattern, Piece};
use crate::literal::{Date, Number, around};
use crate::operators::Family;
use crate::text::{ArnPattern, Form, Text};

mod paths;

pub(crate) use paths::below;
pub(super) use paths::paths;

/// Accounts and organisations that nobody's documents name.
const OUTSIDE_ACCOUNTS: [&str; 5] = [
    "999988887777",
    "888877776666",
    "777766665555",
    "666655554443",
    "555544443332",
];
const OUTSIDE_ORGANIZATIONS: [&str; 4] = ["o-otherorg001", "o-otherorg002", "o-otherorg003", "o-otherorg004"];

pub(super) struct Identities {
    /// Accounts that the document and the settings name, and representatives for wildcards.
    pub(super) named: Vec<Rc<str>>,
    /// Accounts that nobody names.
    pub(super) outsiders: Vec<Rc<str>>,
    pub(super) organizations: Vec<Rc<str>>,
    /// Accounts and organisations that nothing tells from another one but that they are two, with this other one. They are
    /// for owners alone, where the caller is of the other one. Empty where variables may tell any two apart.
    seconds: Vec<[Rc<str>; 2]>,
    pub(super) complete: bool,
}

impl Identities {
    /// With `alike`, no variable tells two accounts or organisations apart that no pattern does.
    pub(super) fn new(model: &Model<'_>, alike: bool, budget: &mut Budget) -> Self {
        let mut complete = true;
        let mut seconds = Vec::new();
        let patterns = account_patterns(model);
        let twelve = [Piece::One; 12];
        let domain = Domain {
            base: &twelve,
            possible: &is_account,
            feasible: &|_| true,
            fillings: &[""],
            letters: "907852",
            avoid: &[],
            automaton: automata::DIGITS,
        };
        let outside = &OUTSIDE_ACCOUNTS;
        let (named, outsiders) = spread(patterns, outside, &domain, &mut seconds, &mut complete, budget);
        let prefix = [Piece::Char('o'), Piece::Char('-'), Piece::Any];
        let domain = Domain {
            base: &prefix,
            possible: &is_organization,
            feasible: &may_be_organization,
            fillings: &["zzzzzzzzzz", "qqqqqqqqqqq", "zzz", "", "zzzzzzzzzzzzzzzz", "0000000000"],
            letters: "zq0x17",
            avoid: &[],
            automaton: automata::ORGANIZATION,
        };
        let patterns = organization_patterns(model);
        let outside = &OUTSIDE_ORGANIZATIONS;
        let (mut organizations, outsiders_too) =
            spread(patterns, outside, &domain, &mut seconds, &mut complete, budget);
        organizations.extend(outsiders_too);
        if !alike {
            seconds.clear();
        }
        Self {
            named,
            outsiders,
            organizations,
            seconds,
            complete,
        }
    }

    /// The account or organisation that this one is told from by nothing, where callers are to have the other one.
    pub(super) fn first(&self, second: &str) -> Option<&Rc<str>> {
        let mut all = self.seconds.iter();
        all.find(|[own, _]| **own == *second).map(|[_, first]| first)
    }
}

/// What a text stands for where its variables are one of the values.
fn resolved<'t>(text: &'t Text, values: &'t [String]) -> impl Iterator<Item = Pattern> {
    let lone = text.parts().len() == 1;
    let forms = values
        .iter()
        .filter(move |_| !lone)
        .filter_map(|value| text.resolve(|_| Some(value.clone())));
    forms.filter_map(|form| match form.into_owned() {
        Form::Text(pattern) => Some(pattern),
        Form::Arn(_) => None,
    })
}

/// Whether a shape that begins with `o-` may stand for the id of an organisation.
pub(super) fn may_be_organization(shape: &[Piece]) -> bool {
    let rest = shape.get(2..).unwrap_or_default();
    let in_id = |piece: &Piece| match piece {
        Piece::Char(c) | Piece::Fold(c) => c.is_ascii_lowercase() || c.is_ascii_digit(),
        Piece::One | Piece::Any | Piece::Field => true,
    };
    let letters = rest.iter().filter(|piece| !matches!(piece, Piece::Any | Piece::Field));
    rest.iter().all(in_id) && letters.count() <= 32
}

/// The constants, some outsiders, and representatives for the wildcards. Two are enough of those that no pattern tells
/// apart: these pairs are added to `seconds`.
fn spread(
    patterns: Vec<Pattern>,
    outsiders: &[&str],
    domain: &Domain<'_>,
    seconds: &mut Vec<[Rc<str>; 2]>,
    complete: &mut bool,
    budget: &mut Budget,
) -> (Vec<Rc<str>>, Vec<Rc<str>>) {
    let mut values: Vec<Rc<str>> = Vec::new();
    let mut add = |value: &str| {
        if !values.iter().any(|known| **known == *value) {
            values.push(value.into());
        }
    };
    let mut wild = false;
    for pattern in &patterns {
        match pattern {
            Pattern::Exact(text) if (domain.possible)(text) => add(text),
            Pattern::Exact(_) | Pattern::All => {}
            Pattern::Glob(_) => wild = true,
        }
    }
    let exact = |text: &str| {
        let named = |pattern: &Pattern| matches!(pattern, Pattern::Exact(named) if named == text);
        patterns.iter().any(named)
    };
    let outside: Vec<Rc<str>> = outsiders
        .iter()
        .filter(|outsider| !exact(outsider))
        .take(2)
        .map(|name| (*name).into())
        .collect();
    if wild {
        // Two of each class, so that two ids can be alike and yet differ.
        let turned: String = domain.letters.chars().rev().collect();
        let fillings: Vec<&str> = domain.fillings.iter().rev().copied().collect();
        let second = Domain {
            letters: &turned,
            fillings: &fillings,
            ..*domain
        };
        let mut found = candidates(&patterns, domain, budget);
        let mut others = candidates(&patterns, &second, budget);
        *complete &= found.complete && others.complete;
        found.values.append(&mut others.values);
        found
            .values
            .iter()
            .filter(|value| !outside.iter().any(|known| **known == ***value))
            .for_each(|value| add(value));
    }
    let globs = || patterns.iter().filter(|pattern| matches!(pattern, Pattern::Glob(_)));
    let all = outside.iter().chain(&values).filter(|name| !exact(name));
    let mut classes: Vec<(Vec<bool>, Rc<str>, usize)> = Vec::new();
    let mut more: Vec<Rc<str>> = Vec::new();
    for name in all {
        budget.spend(patterns.len() / 4);
        let class: Vec<bool> = globs().map(|glob| glob.matches(name)).collect();
        match classes.iter_mut().find(|(known, ..)| *known == class) {
            Some((_, first, count)) => {
                *count += 1;
                if *count == 2 {
                    seconds.push([name.clone(), first.clone()]);
                } else {
                    more.push(name.clone());
                }
            }
            None => classes.push((class, name.clone(), 1)),
        }
    }
    values.retain(|name| !more.contains(name));
    (values, outside)
}

/// Patterns for accounts: all that the document tells apart.
fn account_patterns(model: &Model<'_>) -> Vec<Pattern> {
    let mut patterns: Vec<Pattern> = model
        .setting
        .perimeter
        .accounts
        .iter()
        .cloned()
        .map(Pattern::Exact)
        .collect();
    let add = |patterns: &mut Vec<Pattern>, pattern: &Pattern| {
        let tells_none = match pattern {
            Pattern::All => true,
            Pattern::Exact(account) => account.is_empty(),
            Pattern::Glob(_) => false,
        };
        if !tells_none && !patterns.contains(pattern) {
            patterns.push(pattern.clone());
        }
    };
    for principal in &model.setting.perimeter.principals {
        if let Some(arn) = Arn::parse(principal) {
            add(&mut patterns, &Pattern::Exact(arn.account.to_owned()));
        }
    }
    for (_, statement) in model.living_statements() {
        for entry in &statement.principal.values {
            match entry {
                PrincipalEntry::Account(account) => add(&mut patterns, &Pattern::Exact(account.clone())),
                PrincipalEntry::Arn(name) => {
                    let account = Arn::parse(name).map_or("", |arn| arn.account);
                    add(&mut patterns, &Pattern::Exact(account.to_owned()));
                }
                _ => {}
            }
        }
    }
    let short = model.interpretation.short_arns;
    for pattern in model.patterns() {
        match pattern {
            ArnPattern::Fields(fields) => {
                let [_, _, _, _, account, _] = fields.as_ref();
                add(&mut patterns, account);
            }
            ArnPattern::Short(text) if short => {
                accounts_of_glob(&text.pieces(), |pattern| add(&mut patterns, &pattern));
            }
            ArnPattern::Short(_) | ArnPattern::All => {}
        }
    }
    let tied = tied(model, &[KeyMeaning::PrincipalAccount, KeyMeaning::ResourceAccount]);
    for key in &model.keys {
        if key.id == "aws:vpceaccount" {
            add(&mut patterns, &Pattern::Exact(model.setting.endpoint.owner.clone()));
        }
        for (_, condition) in &key.conditions {
            if matches!(key.kind, KeyMeaning::PrincipalAccount | KeyMeaning::ResourceAccount) {
                for account in accounts_of_numbers(&condition.values) {
                    add(&mut patterns, &Pattern::Exact(account));
                }
            }
            for text in condition.texts() {
                if let (KeyMeaning::PrincipalId, Some(Form::Text(Pattern::Exact(id)))) = (key.kind, text.fixed()) {
                    let account = id.split(':').next().filter(|account| is_account(account));
                    account
                        .iter()
                        .for_each(|account| add(&mut patterns, &Pattern::Exact((*account).to_owned())));
                }
                if let (KeyMeaning::PrincipalId, Some(Form::Text(Pattern::Glob(pieces)))) = (key.kind, text.fixed()) {
                    accounts_of_glob(pieces, |pattern| add(&mut patterns, &pattern));
                }
                let defaults = text.variables().filter_map(|variable| variable.default.clone());
                let account = key.id == "aws:vpceaccount"
                    || matches!(key.kind, KeyMeaning::PrincipalAccount | KeyMeaning::ResourceAccount)
                    || tied.contains(&key.id);
                if account {
                    defaults.for_each(|default| add(&mut patterns, &Pattern::Exact(default)));
                    if text.fixed().is_none() {
                        let ours = resolved(text, &model.setting.perimeter.accounts);
                        ours.for_each(|pattern| add(&mut patterns, &pattern));
                    }
                }
                let widened;
                let form = match text.fixed() {
                    None if key.kind == KeyMeaning::PrincipalArn => {
                        widened = text.widened(|_| true);
                        widened.as_ref()
                    }
                    fixed => fixed,
                };
                match (key.kind, form) {
                    (_, Some(Form::Text(pattern))) if account => {
                        add(&mut patterns, pattern);
                    }
                    (KeyMeaning::PrincipalArn, Some(Form::Arn(ArnPattern::Fields(fields)))) => {
                        let [_, _, _, _, account, _] = fields.as_ref();
                        add(&mut patterns, account);
                    }
                    (KeyMeaning::PrincipalArn, Some(Form::Arn(ArnPattern::Short(text)))) if short => {
                        accounts_of_glob(&text.pieces(), |pattern| add(&mut patterns, &pattern));
                    }
                    (KeyMeaning::PrincipalArn, Some(Form::Text(Pattern::Exact(name)))) => {
                        if let Some(arn) = Arn::parse(name) {
                            add(&mut patterns, &Pattern::Exact(arn.account.to_owned()));
                        }
                    }
                    (KeyMeaning::PrincipalArn, Some(Form::Text(Pattern::Glob(pieces)))) => {
                        accounts_of_glob(pieces, |pattern| add(&mut patterns, &pattern));
                    }
                    _ => {}
                }
            }
        }
    }
    patterns
}

/// The keys that are compared, as keys or as variables, with keys of these kinds.
pub(super) fn tied<'m>(model: &'m Model<'_>, kinds: &[KeyMeaning]) -> Vec<&'m str> {
    let names = |key: &'m Key<'_>| {
        let texts = key.conditions.iter().flat_map(|(_, condition)| condition.texts());
        texts.flat_map(Text::variables).map(|variable| variable.key.as_str())
    };
    let linked = || model.keys.iter().filter(|key| key.linked);
    let ours = |id: &str| kinds.contains(&model.kind(id));
    let compared = linked().filter(|key| names(key).any(ours)).map(|key| key.id);
    let named = linked().filter(|key| kinds.contains(&key.kind)).flat_map(names);
    compared.chain(named).filter(|id| !ours(id)).collect()
}

/// Accounts on both sides of every number that accounts are compared with.
fn accounts_of_numbers(values: &Values) -> Vec<String> {
    let numbers = match values {
        Values::Numbers(limits) => around(limits),
        Values::Dates(limits) => {
            let second = |date: &Date| Number::parse(&date.milliseconds(false).div_euclid(1_000).to_string());
            around(&limits.iter().filter_map(second).collect::<Vec<_>>())
        }
        _ => return Vec::new(),
    };
    let account = |number: &Number| format!("{:0>12}", number.to_string());
    numbers
        .iter()
        .map(account)
        .filter(|account| is_account(account))
        .collect()
}

/// Every part of a pattern of an ARN that may stand for its account. Its wildcards may cross the fields, so a part is
/// between two pieces that may be colons, or goes on from a star or to one.
fn accounts_of_glob(pieces: &[Piece], mut add: impl FnMut(Pattern)) {
    let star = |at: usize| pieces.get(at) == Some(&Piece::Any);
    let colon = |at: usize| matches!(pieces.get(at), Some(Piece::Char(':') | Piece::One));
    let in_account = |piece: &Piece| matches!(piece, Piece::Any | Piece::One | Piece::Char('0'..='9'));
    let starts = (0..pieces.len()).filter(|start| star(*start) || start.checked_sub(1).is_some_and(colon));
    for start in starts {
        let rest = pieces.get(start..).unwrap_or_default();
        let length = rest.iter().take_while(|piece| in_account(piece)).count();
        for end in (start + 1..=start + length).filter(|end| star(end - 1) || colon(*end)) {
            add(Pattern::new(pieces.get(start..end).unwrap_or_default().to_vec()));
        }
    }
}

/// A star may take more than the rest of an id.
fn to_first_star(pieces: &[Piece]) -> Vec<Piece> {
    let end = pieces.iter().position(|piece| *piece == Piece::Any);
    pieces
        .get(..end.map_or(pieces.len(), |end| end + 1))
        .unwrap_or(pieces)
        .to_vec()
}

fn organization_patterns(model: &Model<'_>) -> Vec<Pattern> {
    let mut patterns: Vec<Pattern> = model
        .setting
        .perimeter
        .organizations
        .iter()
        .cloned()
        .map(Pattern::Exact)
        .collect();
    let organizations = [KeyMeaning::PrincipalOrganization, KeyMeaning::ResourceOrganization];
    let tied = tied(model, &organizations);
    for path in &model.setting.perimeter.organization_paths {
        patterns.push(Pattern::wild(path.split('/').next().unwrap_or_default()));
    }
    for key in &model.keys {
        for (_, condition) in &key.conditions {
            let folded = matches!(condition.operator.family(), Family::Text { ignore_case: true, .. });
            let ours = |text: &&Text| folded && is_organization(&text.raw.to_lowercase());
            patterns.extend(
                condition
                    .texts()
                    .iter()
                    .filter(ours)
                    .map(|text| Pattern::Exact(text.raw.to_lowercase())),
            );
        }
        for text in key.conditions.iter().flat_map(|(_, condition)| condition.texts()) {
            let Some(Form::Text(pattern)) = text.fixed() else {
                let defaults = text.variables().filter_map(|variable| variable.default.clone());
                patterns.extend(defaults.filter(|default| is_organization(default)).map(Pattern::Exact));
                if organizations.contains(&key.kind) {
                    patterns.extend(resolved(text, &model.setting.perimeter.organizations));
                }
                continue;
            };
            match key.kind {
                KeyMeaning::PrincipalOrganization | KeyMeaning::ResourceOrganization => patterns.push(pattern.clone()),
                KeyMeaning::PrincipalPaths | KeyMeaning::ResourcePaths => {
                    let mut pieces = pattern.pieces();
                    pieces.truncate(
                        pieces
                            .iter()
                            .position(|p| *p == Piece::Char('/'))
                            .unwrap_or(pieces.len()),
                    );
                    patterns.push(Pattern::new(to_first_star(&pieces)));
                    patterns.push(Pattern::new(pieces));
                }
                _ if key.id == "aws:vpceorgid" || tied.contains(&key.id) => patterns.push(pattern.clone()),
                _ => {}
            }
        }
    }
    patterns
}
