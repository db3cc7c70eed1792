//! The AWS services that a document can tell apart.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::super::automata;
use super::super::budget::Budget;
use super::super::identities::Identities;
use super::super::model::{KeyMeaning, Model};
use super::super::strings::{Domain, WORD, candidates};
use super::names::principal_sig;
use super::{Caller, Principal, Session};
use crate::arn::is_region;
use crate::bits::Bits;
use crate::condition_keys::ValueType;
use crate::document::PrincipalEntry;
use crate::glob::{Pattern, Piece};
use crate::text::Form;

pub(super) fn services(
    model: &Model<'_>,
    identities: &Identities,
    all: &mut Vec<Principal>,
    complete: &mut bool,
    budget: &mut Budget,
) {
    let mut names: Vec<String> = Vec::new();
    let mut patterns: Vec<Pattern> = Vec::new();
    for (_, statement) in model.living_statements() {
        for entry in &statement.principal.values {
            if let PrincipalEntry::Service(name) = entry
                && crate::arn::is_service(name)
            {
                names.push(name.clone());
            }
        }
    }
    let ours = [KeyMeaning::PrincipalService, KeyMeaning::PrincipalServiceList];
    for key in model.keys.iter().filter(|key| ours.contains(&key.kind)) {
        for text in key.conditions.iter().flat_map(|(_, condition)| condition.texts()) {
            match text.fixed() {
                Some(Form::Text(Pattern::Exact(name))) => {
                    names.extend(Some(name.to_lowercase()).filter(|name| ValueType::ServiceName.fits(name)));
                }
                Some(Form::Text(pattern @ Pattern::Glob(_))) => patterns.push(pattern.clone()),
                _ => {}
            }
        }
    }
    names.sort();
    names.dedup();
    let usual = [
        "cloudtrail.amazonaws.com",
        "config.amazonaws.com",
        "unlisted.amazonaws.com",
    ];
    names.extend(usual.iter().map(|name| (*name).to_owned()));
    if !patterns.is_empty() {
        let mut base = vec![Piece::Field];
        base.extend(".amazonaws.com".chars().map(Piece::Char));
        let domain = Domain {
            base: &base,
            possible: &|name| ValueType::ServiceName.fits(name),
            automaton: automata::SERVICE_NAME,
            ..WORD
        };
        let found = candidates(&patterns, &domain, budget);
        *complete &= found.complete;
        names.extend(found.values);
    }
    let mut common = model.sig(KeyMeaning::PrincipalIsService, &["true"]);
    for kind in [
        KeyMeaning::PrincipalOrganization,
        KeyMeaning::PrincipalPaths,
        KeyMeaning::PrincipalArn,
        KeyMeaning::PrincipalUser,
        KeyMeaning::PrincipalType,
        KeyMeaning::PrincipalId,
    ] {
        common = common & model.sig(kind, &[]);
    }
    // An account of AWS, whichever that is.
    let accounts = identities.outsiders.iter().chain(&identities.named);
    let accounts = accounts.filter(|account| !model.trusts_account(account));
    let weight = model.weight(KeyMeaning::PrincipalAccount);
    let mut kinds: Vec<(&Rc<str>, Bits)> = Vec::new();
    for account in accounts {
        if !budget.spend(1 + weight) {
            *complete = false;
            break;
        }
        let sig = common & model.sig(KeyMeaning::PrincipalAccount, &[account]);
        if kinds.iter().all(|(_, known)| *known != sig) {
            kinds.push((account, sig));
        }
    }
    let mut seen = BTreeSet::new();
    let names: Vec<Rc<str>> = names.into_iter().map(Into::into).collect();
    for name in &names {
        let own =
            model.sig(KeyMeaning::PrincipalService, &[name]) & principal_sig(model, Caller::Service, name, "", None);
        let lists = if model.has(KeyMeaning::PrincipalServiceList) {
            lists(name, &names)
        } else {
            vec![vec![Rc::clone(name)]]
        };
        for list in lists {
            let texts: Vec<&str> = list.iter().map(|name| &**name).collect();
            if !budget.spend(1 + weight) {
                *complete = false;
                return;
            }
            let own = own & model.sig(KeyMeaning::PrincipalServiceList, &texts);
            for (account, common) in &kinds {
                let sig = *common & own;
                if seen.insert(sig) {
                    all.push(Principal {
                        caller: Caller::Service,
                        name: name.clone(),
                        class: "".into(),
                        account: (*account).clone(),
                        organization: None,
                        path: None,
                        arn: None,
                        id: None,
                        session: Session::default(),
                        service_names: list.clone(),
                        trusted: model.setting.perimeter.aws_services,
                        trusted_membership: false,
                        sig,
                    });
                }
            }
        }
    }
}

/// The names that `aws:PrincipalServiceNamesList` may have where a service calls by one of them: of the service itself
/// and of the service in each Region.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalservicenameslist>
fn lists(name: &Rc<str>, names: &[Rc<str>]) -> Vec<Vec<Rc<str>>> {
    let family = |name: &str| {
        let labels: Vec<&str> = name.trim_end_matches(".amazonaws.com").split('.').collect();
        let kept = labels.iter().filter(|label| !is_region(label));
        kept.map(|label| (*label).to_owned()).collect::<Vec<_>>()
    };
    let others: Vec<&Rc<str>> = names
        .iter()
        .filter(|other| *other != name && family(other) == family(name))
        .take(MOST_NAMES)
        .collect();
    let list = |chosen: u32| -> Vec<Rc<str>> {
        let others = others.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1);
        std::iter::once(name)
            .chain(others.map(|(_, other)| *other))
            .cloned()
            .collect()
    };
    (0..1 << others.len()).map(list).collect()
}

/// More names of one service than this are not told apart.
const MOST_NAMES: usize = 4;
