//! Paths of accounts in an organisation.

use super::super::automata;
use super::super::budget::Budget;
use super::super::model::{KeyMeaning, Model};
use super::super::path_shapes::feasible;
use super::super::strings::{Domain, candidates};
use crate::arn::is_organization_path;
use crate::glob::{Pattern, Piece, folded_pieces};
use crate::operators::Family;
use crate::text::Form;

/// Paths of accounts in an organisation, and whether these are all that the document tells apart.
pub(in super::super) fn paths(model: &Model<'_>, organization: &str, budget: &mut Budget) -> (Vec<String>, bool) {
    let plain = format!("{organization}/r-zz12/");
    let told = model.has(KeyMeaning::PrincipalPaths) || model.has(KeyMeaning::ResourcePaths);
    if !told && model.setting.perimeter.organization_paths.is_empty() {
        return (vec![plain], true);
    }
    let mut patterns: Vec<Pattern> = model
        .setting
        .perimeter
        .organization_paths
        .iter()
        .map(|path| Pattern::wild(&below(path)))
        .collect();
    for key in model
        .keys
        .iter()
        .filter(|key| matches!(key.kind, KeyMeaning::PrincipalPaths | KeyMeaning::ResourcePaths))
    {
        for (_, condition) in &key.conditions {
            let folded = matches!(condition.operator.family(), Family::Text { ignore_case: true, .. });
            for text in condition.texts() {
                match text.fixed() {
                    Some(Form::Text(Pattern::Exact(exact))) if folded => {
                        patterns.push(Pattern::new(folded_pieces(exact)));
                    }
                    Some(Form::Text(pattern)) => patterns.push(pattern.clone()),
                    _ => {}
                }
            }
        }
    }
    below_organization(&patterns, organization, budget)
}

/// Paths in an organisation that these patterns tell apart, and whether these are all.
pub(in super::super) fn below_organization(
    patterns: &[Pattern],
    organization: &str,
    budget: &mut Budget,
) -> (Vec<String>, bool) {
    let plain = format!("{organization}/r-zz12/");
    let mut base: Vec<Piece> = organization.chars().chain("/r-".chars()).map(Piece::Char).collect();
    base.extend([Piece::Any, Piece::Char('/')]);
    let domain = Domain {
        base: &base,
        possible: &is_organization_path,
        feasible: &feasible,
        fillings: &[
            "zz12",
            "ou-zz12-zzzzzzzz",
            "zz12/ou-zz12-zzzzzzzz",
            "",
            "zzzzzzzz",
            "zz12/ou-zz12-qqqqqqqq",
            "zzzzo/ou-zzzz",
            "ou-zzzz",
            "qq34",
        ],
        letters: "zq0x17",
        avoid: &[],
        automaton: automata::ORGANIZATION_PATH,
        read_first: false,
        by_words: false,
    };
    let found = candidates(patterns, &domain, budget);
    let mut values = found.values;
    if !values.contains(&plain) {
        values.push(plain);
    }
    (values, found.complete)
}

/// The pattern of everything at or below a path of the settings.
pub(crate) fn below(path: &str) -> String {
    if path.ends_with('*') {
        path.to_owned()
    } else {
        format!("{path}*")
    }
}
