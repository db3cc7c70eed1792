//! Accounts, organisations and paths that a document can tell apart.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::automata;
use super::budget::Budget;
use super::model::Model;
use super::strings::{Domain, candidates};
use crate::arn::{is_account, is_organization};
use crate::glob::{Pattern, Piece};

mod paths;
mod patterns;

pub(crate) use paths::below;
pub(super) use paths::{below_organization, paths};
pub(super) use patterns::tied;

use patterns::{account_patterns, organization_patterns};

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
    /// Empty where variables may tell any two accounts or organisations apart.
    pub(super) second_accounts: Vec<Second>,
    pub(super) second_organizations: Vec<Second>,
    pub(super) complete: bool,
}

/// An account or organisation that nothing tells from another one but that they are two. It is for owners alone, where the
/// caller is of the other one: every other caller has the other one for an owner.
#[derive(Clone)]
pub(super) struct Second {
    pub(super) own: Rc<str>,
    pub(super) first: Rc<str>,
}

/// The accounts or organisations that a document tells apart.
struct Spread {
    named: Vec<Rc<str>>,
    outsiders: Vec<Rc<str>>,
    seconds: Vec<Second>,
}

impl Identities {
    /// With `alike`, no variable tells two accounts or organisations apart that no pattern does.
    pub(super) fn new(model: &Model<'_>, alike: bool, budget: &mut Budget) -> Self {
        let mut complete = true;
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
            read_first: false,
            by_words: false,
        };
        let accounts = spread(patterns, &OUTSIDE_ACCOUNTS, alike, &domain, &mut complete, budget);
        let prefix = [Piece::Char('o'), Piece::Char('-'), Piece::Any];
        let domain = Domain {
            base: &prefix,
            possible: &is_organization,
            feasible: &may_be_organization,
            fillings: &["zzzzzzzzzz", "qqqqqqqqqqq", "zzz", "", "zzzzzzzzzzzzzzzz", "0000000000"],
            letters: "zq0x17",
            avoid: &[],
            automaton: automata::ORGANIZATION,
            read_first: false,
            by_words: false,
        };
        let patterns = organization_patterns(model);
        let organizations = spread(patterns, &OUTSIDE_ORGANIZATIONS, alike, &domain, &mut complete, budget);
        Self {
            named: accounts.named,
            outsiders: accounts.outsiders,
            organizations: [organizations.named, organizations.outsiders].concat(),
            second_accounts: accounts.seconds,
            second_organizations: organizations.seconds,
            complete,
        }
    }
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
/// apart, the second of them apart if they are `alike` to variables, too.
fn spread(
    patterns: Vec<Pattern>,
    outsiders: &[&str],
    alike: bool,
    domain: &Domain<'_>,
    complete: &mut bool,
    budget: &mut Budget,
) -> Spread {
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
    let mut outside: Vec<Rc<str>> = outsiders
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
    let (mut seconds, mut more) = (Vec::new(), BTreeSet::new());
    for name in all {
        budget.spend(patterns.len() / 4);
        let class: Vec<bool> = globs().map(|glob| glob.matches(name)).collect();
        match classes.iter_mut().find(|(known, ..)| *known == class) {
            Some((_, first, count)) => {
                *count += 1;
                let second = *count == 2;
                if second {
                    let (own, first) = (name.clone(), first.clone());
                    seconds.push(Second { own, first });
                }
                if !second || alike {
                    more.insert(name.clone());
                }
            }
            None => classes.push((class, name.clone(), 1)),
        }
    }
    values.retain(|name| !more.contains(name));
    outside.retain(|name| !more.contains(name));
    Spread {
        named: values,
        outsiders: outside,
        seconds: if alike { seconds } else { Vec::new() },
    }
}
