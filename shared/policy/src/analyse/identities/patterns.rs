//! What a document compares accounts and organisations with.

use super::super::model::bound;
use super::super::model::{Key, KeyMeaning, Model};
use crate::arn::{Arn, is_account, is_organization};
use crate::condition_keys::Side;
use crate::document::{PrincipalEntry, Values};
use crate::glob::{Pattern, Piece, matches};
use crate::literal::{Date, Number, around};
use crate::operators::Family;
use crate::partition;
use crate::text::{ArnPattern, Form, Text};

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

/// Patterns for accounts: all that the document tells apart.
pub(super) fn account_patterns(model: &Model<'_>) -> Vec<Pattern> {
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
    // What the ARN of a caller has before its account.
    let partitions: Vec<&str> = match model.setting.endpoint.region.as_str() {
        "" => partition::all().collect(),
        region => vec![partition::of_region(region)],
    };
    let starts = partitions
        .iter()
        .flat_map(|partition| ["iam", "sts"].map(|service| format!("arn:{partition}:{service}::")));
    let starts: Vec<String> = starts.collect();
    for pattern in model.patterns() {
        match pattern {
            ArnPattern::Fields(fields) => {
                let [_, _, _, _, account, _] = fields.as_ref();
                add(&mut patterns, account);
            }
            ArnPattern::Short(text) if short => {
                accounts_of_glob(&text.pieces(), &[], |pattern| add(&mut patterns, &pattern));
            }
            ArnPattern::Short(_) | ArnPattern::All => {}
        }
    }
    for side in [Side::Caller, Side::Owner] {
        bound::accounts(model, side).for_each(|pattern| add(&mut patterns, pattern));
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
                    accounts_of_glob(pieces, &[], |pattern| add(&mut patterns, &pattern));
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
                        accounts_of_glob(&text.pieces(), &[], |pattern| add(&mut patterns, &pattern));
                    }
                    (KeyMeaning::PrincipalArn, Some(Form::Text(Pattern::Exact(name)))) => {
                        // Case does not count with some operators, and is nothing to an account.
                        if let Some(arn) = Arn::parse(&name.to_lowercase()) {
                            add(&mut patterns, &Pattern::Exact(arn.account.to_owned()));
                        }
                    }
                    (KeyMeaning::PrincipalArn, Some(Form::Text(Pattern::Glob(pieces)))) => {
                        accounts_of_glob(pieces, &starts, |pattern| add(&mut patterns, &pattern));
                    }
                    _ => {}
                }
            }
        }
    }
    patterns
}

/// The keys that are compared, as keys or as variables, with keys of these kinds.
pub(in super::super) fn tied<'m>(model: &'m Model<'_>, kinds: &[KeyMeaning]) -> Vec<&'m str> {
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

/// Every part of a pattern of an ARN that may stand for its account, behind one of these starts if there are any. Its
/// wildcards may cross the fields, so a part is between two pieces that may be colons, or goes on from a star or to one.
fn accounts_of_glob(pieces: &[Piece], behind: &[String], mut add: impl FnMut(Pattern)) {
    let star = |at: usize| pieces.get(at) == Some(&Piece::Any);
    let colon = |at: usize| matches!(pieces.get(at), Some(Piece::Char(':') | Piece::One));
    let in_account = |piece: &Piece| matches!(piece, Piece::Any | Piece::One | Piece::Char('0'..='9'));
    let follows = |start: usize| {
        let before = pieces.get(..start + usize::from(star(start))).unwrap_or_default();
        behind.is_empty() || behind.iter().any(|known| matches(before, known))
    };
    let starts = (0..pieces.len()).filter(|start| star(*start) || start.checked_sub(1).is_some_and(colon));
    let starts = starts.filter(|start| follows(*start));
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

pub(super) fn organization_patterns(model: &Model<'_>) -> Vec<Pattern> {
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
            // The id itself, or the beginning of a path.
            let id = |text: &Text| text.raw.split('/').next().unwrap_or_default().to_lowercase();
            let ids = condition.texts().iter().filter(|_| folded).map(id);
            patterns.extend(ids.filter(|id| is_organization(id)).map(Pattern::Exact));
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
