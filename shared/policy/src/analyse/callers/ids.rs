//! Values of `aws:userid`: every kind of principal has its own form.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable>

use std::rc::Rc;

use super::super::budget::Budget;
use super::super::model::{KeyMeaning, Model};
use super::super::strings::{Domain, WORD, candidates};
use super::Caller;
use crate::arn::{Arn, is_name};
use crate::glob::{Pattern, Piece, folded_pieces};
use crate::operators::Family;
use crate::text::{ArnPattern, Form};

/// What the document compares `aws:userid` with.
pub(super) struct Ids {
    pub(super) patterns: Vec<Pattern>,
    /// Those that the id of a role's session or a user may fit.
    of_roles: Vec<Pattern>,
    of_users: Vec<Pattern>,
}

impl Ids {
    pub(super) fn new(model: &Model<'_>) -> Self {
        let patterns = patterns(model);
        let start = |start: &'static str| {
            let fits = move |pattern: &&Pattern| !matches!(pattern, Pattern::Exact(id) if !id.starts_with(start));
            patterns.iter().filter(fits).cloned().collect()
        };
        Self {
            of_roles: start(ROLE),
            of_users: start(USER),
            patterns,
        }
    }
}

const ROLE: &str = "AROA";
const USER: &str = "AIDA";

fn patterns(model: &Model<'_>) -> Vec<Pattern> {
    let mut all = Vec::new();
    for (_, condition) in model
        .keys
        .iter()
        .filter(|key| key.kind == KeyMeaning::PrincipalId)
        .flat_map(|key| &key.conditions)
    {
        let folded = matches!(condition.operator.family(), Family::Text { ignore_case: true, .. });
        for text in condition.texts() {
            match text.fixed() {
                Some(Form::Text(Pattern::Exact(exact))) if folded => all.push(Pattern::new(folded_pieces(exact))),
                Some(Form::Text(pattern)) => all.push(pattern.clone()),
                Some(Form::Arn(ArnPattern::All)) | None => {}
                Some(Form::Arn(pattern)) => all.push(Pattern::new(pattern.pieces())),
            }
        }
    }
    all
}

/// The names of federated users that the document's patterns mention.
pub(super) fn federated_users<'p>(patterns: &'p [Pattern], account: &str) -> Vec<&'p str> {
    let named = |pattern: &'p Pattern| match pattern {
        Pattern::Exact(text) => text.strip_prefix(account)?.strip_prefix(':'),
        _ => None,
    };
    patterns.iter().filter_map(named).filter(|name| is_name(name)).collect()
}

/// The ids that a principal of this name may have.
pub(super) fn ids(
    caller: Caller,
    name: &str,
    account: &str,
    told_apart: &Ids,
    complete: &mut bool,
    budget: &mut Budget,
) -> Vec<Rc<str>> {
    let own = name.rsplit('/').next().unwrap_or_default();
    let session = Arn::parse(name).and_then(|arn| arn.session_role()).map(|_| own);
    let usual = match caller {
        Caller::Role => format!("AROAEXAMPLEID12345678:{}", session.unwrap_or("session")),
        Caller::User => "AIDAEXAMPLEID12345678".to_owned(),
        Caller::FederatedUser => format!("{account}:{own}"),
        _ => account.to_owned(),
    };
    let (start, patterns) = match caller {
        Caller::Role => (ROLE, &told_apart.of_roles),
        Caller::User => (USER, &told_apart.of_users),
        _ => return vec![usual.into()],
    };
    if told_apart.patterns.is_empty() {
        return vec![usual.into()];
    }
    let mut base: Vec<Piece> = start.chars().map(Piece::Char).collect();
    base.push(Piece::Field);
    if caller == Caller::Role {
        base.push(Piece::Char(':'));
        match session {
            Some(session) => base.extend(session.chars().map(Piece::Char)),
            None => base.push(Piece::Field),
        }
    }
    let possible = |text: &str| is_id(caller, text);
    let domain = Domain {
        base: &base,
        possible: &possible,
        fillings: &[
            "EXAMPLEID12345678",
            "session",
            "Z7",
            "",
            "EXAMPLEID12345678:session",
            "QX",
        ],
        letters: "ZQ70",
        ..WORD
    };
    let found = candidates(patterns, &domain, budget);
    *complete &= found.complete;
    found.values.into_iter().map(Into::into).collect()
}

/// Whether a user or the session of a role can have this id.
pub(in super::super) fn is_id(caller: Caller, text: &str) -> bool {
    let word = |text: &str| text.len() >= 2 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    match caller {
        Caller::User => text.strip_prefix(USER).is_some_and(word),
        Caller::Role => text
            .strip_prefix(ROLE)
            .and_then(|rest| rest.split_once(':'))
            .is_some_and(|(id, session)| word(id) && is_name(session)),
        _ => false,
    }
}
