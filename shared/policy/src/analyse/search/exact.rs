//! Whether following variables value by value misses nothing.

use super::super::model::{Key, KeyMeaning, Model};
use crate::glob::{Pattern, Piece, meet};
use crate::operators::Family;
use crate::text::{ArnPattern, Form, Part, Text, Variable};

/// Whether trying candidates for the variables misses nothing: each stands for a whole value, or for the account of an
/// ARN, and all values that count on either side are candidates of the other.
pub(super) fn exact(model: &Model<'_>) -> bool {
    let constant = |text: &Text| {
        text.variables()
            .all(|variable| model.kind(&variable.key) == KeyMeaning::Constant)
    };
    model
        .resources
        .iter()
        .flat_map(|element| &element.linked)
        .all(|text| constant(text) || names_account(model, text) || is_apart(model, text))
        && model.keys.iter().all(|key| {
            key.linked_conditions().all(|condition| {
                let of_text = matches!(condition.operator.family(), Family::Text { .. });
                let followed = |text: &Text| match text.parts() {
                    [Part::Variable(variable)] => comparable(model, key, &variable.key, of_text),
                    _ => false,
                };
                let mut texts = condition.texts().iter();
                texts.all(|text| text.fixed().is_some() || constant(text) || followed(text))
            })
        })
}

/// Whether candidates for the variable of this key, and for what it is compared with, miss nothing.
fn comparable(model: &Model<'_>, key: &Key<'_>, variable: &str, of_text: bool) -> bool {
    let kind = model.kind(variable);
    let (own, other) = (Group::of(key.id), Group::of(variable));
    let missing = key.kind == KeyMeaning::Constant && key.constant.is_none();
    if missing || (own.is_some() && own == other) {
        return true;
    }
    let source = model.keys.iter().find(|key| key.id == variable);
    let free = |key: &Key<'_>| key.kind == KeyMeaning::Free && Group::of(key.id).is_none();
    source.filter(|_| of_text).is_some_and(|source| match (key.kind, kind) {
        (KeyMeaning::Constant, KeyMeaning::Free) => free(source) && is_grounded(model, source),
        (KeyMeaning::Free, KeyMeaning::Free) => {
            let both = [source, key];
            let alone = variables(key).all(|other| model.kind(&other.key) != KeyMeaning::Free || other.key == variable);
            let told_apart = both.iter().all(|key| is_exact(key)) || both.iter().all(|key| !ignores_case(key));
            free(source) && is_grounded(model, source) && free(key) && alone && told_apart
        }
        (KeyMeaning::Free, _) => free(key) && other.is_some(),
        (_, KeyMeaning::Free) => own.is_some() && free(source) && is_grounded(model, source),
        _ => false,
    })
}

fn texts<'k>(key: &'k Key<'_>) -> impl Iterator<Item = &'k Text> {
    key.conditions.iter().flat_map(|(_, condition)| condition.texts())
}

fn variables<'k>(key: &'k Key<'_>) -> impl Iterator<Item = &'k Variable> {
    texts(key).flat_map(Text::variables)
}

/// Whether the key is compared with whole values alone.
fn is_exact(key: &Key<'_>) -> bool {
    let mut fixed = texts(key).filter_map(Text::fixed);
    fixed.all(|form| matches!(form, Form::Text(Pattern::Exact(_))))
}

fn ignores_case(key: &Key<'_>) -> bool {
    let mut conditions = key.conditions.iter();
    conditions.any(|(_, condition)| matches!(condition.operator.family(), Family::Text { ignore_case: true, .. }))
}

/// Whether the values that it is compared with are known where caller and owner are.
fn is_grounded(model: &Model<'_>, key: &Key<'_>) -> bool {
    texts(key)
        .filter(|text| text.fixed().is_none())
        .all(|text| match text.parts() {
            [Part::Variable(variable)] => {
                Group::of(&variable.key).is_some() || model.kind(&variable.key) == KeyMeaning::Constant
            }
            _ => false,
        })
}

/// What the values of a key name.
#[derive(PartialEq, Eq)]
enum Group {
    Account,
    Organization,
    User,
}

impl Group {
    fn of(id: &str) -> Option<Self> {
        match id {
            "aws:principalaccount"
            | "aws:resourceaccount"
            | "aws:vpceaccount"
            | "kms:calleraccount"
            | "s3:resourceaccount" => Some(Self::Account),
            "aws:principalorgid" | "aws:resourceorgid" | "aws:vpceorgid" => Some(Self::Organization),
            "aws:username" => Some(Self::User),
            _ => None,
        }
    }
}

/// Whether the variables of an ARN are ids and names, and whatever these are, each other pattern covers all of the ARNs or
/// none.
fn is_apart(model: &Model<'_>, text: &Text) -> bool {
    let known = |variable: &Variable| {
        model.kind(&variable.key) == KeyMeaning::Constant
            || (Group::of(&variable.key).is_some() && variable.default.is_none())
    };
    if !text.variables().all(known) {
        return false;
    }
    let own = widened(text);
    let fixed = model.patterns().map(ArnPattern::pieces);
    let linked = model
        .resources
        .iter()
        .flat_map(|element| &element.linked)
        .map(|text| widened(text));
    // Ids and names have no slash.
    let slashes = |pieces: &[Piece]| pieces.iter().filter(|piece| **piece == Piece::Char('/')).count();
    let stars = text.parts().contains(&Part::Piece(Piece::Any)) || own.contains(&Piece::Any);
    let most = if stars { usize::MAX } else { slashes(&own) };
    fixed.chain(linked).all(|other| {
        let possible = |met: &Vec<Piece>| accounts_fit(&own, met) && slashes(met) <= most;
        let both = || meet(&own, &other, 16);
        other == own || both().is_some_and(|met| met.contains(&own) || !met.iter().any(possible))
    })
}

/// Whether digits can stand where the first account of an ARN stands. True where its place is not fixed.
fn accounts_fit(own: &[Piece], met: &[Piece]) -> bool {
    let start = own.iter().take_while(|piece| matches!(piece, Piece::Char(_))).count();
    let account = met.iter().skip(start).take(12);
    let digit = |piece: &Piece| match piece {
        Piece::Char(c) => c.is_ascii_digit(),
        Piece::Fold(_) => false,
        Piece::One | Piece::Any | Piece::Field => true,
    };
    own.get(start) != Some(&Piece::One) || account.clone().all(digit)
}

/// The pattern of an ARN with any account, id or name in the place of each variable.
fn widened(text: &Text) -> Vec<Piece> {
    let mut colons = 0;
    let mut pieces = Vec::new();
    for part in text.parts() {
        match part {
            Part::Piece(Piece::Any) if colons < 5 => pieces.push(Piece::Field),
            Part::Piece(piece) => {
                colons += usize::from(*piece == Piece::Char(':'));
                pieces.push(*piece);
            }
            Part::Variable(variable) => match Group::of(&variable.key) {
                Some(Group::Account) => pieces.extend([Piece::One; 12]),
                Some(Group::Organization | Group::User) => pieces.push(Piece::Field),
                None => pieces.push(Piece::Any),
            },
        }
    }
    pieces
}

/// Whether the only variable of an ARN is an account, where its account stands.
fn names_account(model: &Model<'_>, text: &Text) -> bool {
    let colon = |part: &Part| *part == Part::Piece(Piece::Char(':'));
    let fields: Vec<&[Part]> = text.parts().splitn(6, colon).collect();
    let account = match fields.get(4) {
        Some([Part::Variable(variable)]) => Group::of(&variable.key) == Some(Group::Account),
        _ => false,
    };
    let others = text.variables().filter(|v| model.kind(&v.key) != KeyMeaning::Constant);
    account && fields.len() == 6 && others.count() <= 1
}
