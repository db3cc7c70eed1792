//! Statements that some request may fit. The others tell no requests apart, so that what they name need not be tried.

use super::super::atoms;
use super::super::callers::Caller;
use super::super::keys::{always_there, carries, few};
use super::{Key, KeyMeaning, Model, Supposition};
use crate::arn::Arn;
use crate::bits::Bits;
use crate::document::{ActionPattern, Condition, Effect, Element, PrincipalEntry, Statement, Values};
use crate::glob::{Pattern, meet};
use crate::operators::{Family, Operator, Quantifier};
use crate::service::Service;
use crate::text::{ArnPattern, Form, Part, Text};

/// What a condition asks where one of its values is the value of its own key.
pub(super) enum Own {
    /// That the key is there, or that it is missing.
    Present(bool),
    /// Nothing.
    Always,
    /// What no request has.
    Never,
}

/// One caller of each kind.
const CALLERS: [Caller; 7] = [
    Caller::Role,
    Caller::User,
    Caller::Root,
    Caller::FederatedUser,
    Caller::Anonymous,
    Caller::Bearer(None),
    Caller::Service,
];

impl Model<'_> {
    /// Places of the statements that some request may fit.
    pub(super) fn living(&self) -> Bits {
        let statements = self.statements.iter().enumerate();
        let fitting = statements.filter(|(_, statement)| self.may_fit(statement));
        let called = fitting.map(|(place, statement)| (place, statement, self.callers(statement)));
        let called: Vec<(usize, &Statement, u8)> = called.filter(|(.., callers)| *callers != 0).collect();
        // What a new Deny takes away is asked where it is supposed to be missing.
        let covers = |allow: &Statement| {
            let all = |deny: &Statement| deny.effect == Effect::Deny && self.covers(deny, allow);
            self.supposition != Supposition::OnEveryAction && called.iter().any(|(_, deny, _)| all(deny))
        };
        let allows: Vec<_> = called
            .iter()
            .filter(|(_, allow, _)| allow.effect == Effect::Allow && !covers(allow))
            .collect();
        let meets = |(_, deny, callers): &&(usize, &Statement, u8)| {
            let mut allows = allows.iter();
            deny.effect == Effect::Deny
                && allows.any(|(_, allow, own)| own & callers != 0 && self.may_meet(allow, deny))
        };
        let denies = called.iter().filter(meets);
        allows.iter().copied().chain(denies).map(|(place, ..)| *place).collect()
    }

    fn may_fit(&self, statement: &Statement) -> bool {
        let every = |text: &Text| text.raw == "*";
        let (action, resource) = (&statement.action, &statement.resource);
        let some_action = match action.not {
            true => action.values.iter().all(|action| action.pattern != Pattern::All),
            false => action.values.iter().any(|action| self.may_be_called(action)),
        };
        let some_resource = match resource.not {
            true => !resource.values.iter().any(every),
            false => resource.values.iter().any(|text| {
                let service = self.setting.service;
                service.is_none_or(|service| may_be_behind(service, text))
            }),
        };
        some_action && some_resource && self.may_all_hold(&statement.conditions)
    }

    /// The kinds of callers whose requests a statement may fit, a bit for each of [`CALLERS`].
    fn callers(&self, statement: &Statement) -> u8 {
        let named = |caller: Caller| {
            let mut entries = statement.principal.values.iter();
            statement.principal.not
                || entries.any(|entry| match entry {
                    PrincipalEntry::Everyone | PrincipalEntry::Unknown(_) => true,
                    PrincipalEntry::EveryAws => caller != Caller::Service || self.interpretation.aws_star_has_services,
                    PrincipalEntry::Account(_) | PrincipalEntry::Arn(_) => caller.is_iam(),
                    PrincipalEntry::Service(_) => caller == Caller::Service,
                    PrincipalEntry::Federated(_) => matches!(caller, Caller::Role | Caller::Bearer(_)),
                    PrincipalEntry::Nobody(_) => false,
                })
        };
        let fits = |caller: Caller, condition: &Condition| {
            let holds = |values: &[&str]| atoms::may_hold(condition, values, self.interpretation);
            let Some(key) = self.keys.iter().find(|key| key.id == condition.key_id) else {
                return true;
            };
            match (key.kind, caller) {
                (KeyMeaning::PrincipalIsService, Caller::Service) => holds(&["true"]),
                (KeyMeaning::PrincipalIsService, Caller::Anonymous | Caller::Bearer(_)) => holds(&[]),
                (KeyMeaning::PrincipalIsService, _) => holds(&["false"]),
                (KeyMeaning::PrincipalType, Caller::Bearer(_)) => true,
                (KeyMeaning::PrincipalType, caller) => holds(caller.kind().as_slice()),
                _ => carries(caller, key) || holds(&[]),
            }
        };
        let all = CALLERS.into_iter().enumerate();
        let possible = all.filter(|(_, caller)| {
            let mut conditions = statement.conditions.iter();
            named(*caller) && conditions.all(|condition| fits(*caller, condition))
        });
        possible.fold(0, |bits, (at, _)| bits | 1 << at)
    }

    /// Whether every request that fits an Allow fits the Deny, too.
    fn covers(&self, deny: &Statement, allow: &Statement) -> bool {
        let plain = |element: &Element<ActionPattern>| !element.not;
        let everyone = !deny.principal.not && deny.principal.values.contains(&PrincipalEntry::Everyone);
        let everything = !deny.resource.not && deny.resource.values.iter().any(|text| text.raw == "*");
        let covered = |action: &ActionPattern| deny.action.values.iter().any(|by| self.is_covered(action, by));
        let actions = deny.action.values.iter().any(|action| action.pattern == Pattern::All)
            || (plain(&allow.action) && allow.action.values.iter().all(covered));
        everyone && everything && deny.conditions.is_empty() && plain(&deny.action) && actions
    }

    fn is_covered(&self, action: &ActionPattern, by: &ActionPattern) -> bool {
        match &action.pattern {
            Pattern::Exact(name) => by.matches(name, self.interpretation.star_colon_star),
            pattern => by.pattern == Pattern::All || (*pattern == by.pattern && by.raw != "*:*"),
        }
    }

    /// Whether the pattern may stand for an action of the endpoint's service.
    fn may_be_called(&self, action: &ActionPattern) -> bool {
        let prefix = action.raw.split(':').next().unwrap_or_default();
        self.setting.service.is_none_or(|service| {
            let mut prefixes = service.prefixes();
            let left_out = matches!(&action.pattern, Pattern::Exact(lower) if service.leaves_out(lower));
            prefix.contains(['*', '?']) || (prefixes.any(|known| known.eq_ignore_ascii_case(prefix)) && !left_out)
        })
    }

    /// Whether each of the conditions may hold, and those on one key together where one of them wants it to be missing.
    fn may_all_hold(&self, conditions: &[Condition]) -> bool {
        let without = |condition: &Condition| atoms::holds(condition, &[], self.interpretation, &atoms::nothing);
        let missing = |condition: &Condition| {
            let absent = matches!(&condition.values, Values::Bools(wanted) if wanted == &[true]);
            condition.operator == Operator::Null && absent
        };
        let fails = |condition: &Condition| {
            let others = || conditions.iter().filter(|other| other.key_id == condition.key_id);
            missing(condition) && !others().all(without)
        };
        let key = |condition: &Condition| self.keys.iter().find(|key| key.id == condition.key_id);
        let may_hold = |condition: &Condition| key(condition).is_none_or(|key| self.may_hold(key, condition));
        conditions
            .iter()
            .all(|condition| may_hold(condition) && !fails(condition))
    }

    fn may_hold(&self, key: &Key<'_>, condition: &Condition) -> bool {
        let interpretation = self.interpretation;
        if key.kind == KeyMeaning::Constant {
            return atoms::may_hold(condition, key.constant.as_slice(), interpretation);
        }
        let missing = || {
            let always = match key.kind {
                KeyMeaning::Time => true,
                KeyMeaning::PrincipalAccount => !self.setting.bearers,
                // Without a condition on it, example requests lack it.
                _ if key.id == "aws:vpceorgpaths" => false,
                _ => always_there(self, key.id),
            };
            !always && atoms::holds(condition, &[], interpretation, &atoms::nothing)
        };
        let Some(fact) = key.fact else { return true };
        match self.asks_own(key, condition) {
            Some(Own::Never) => return false,
            Some(Own::Present(false)) => return missing(),
            Some(Own::Present(true) | Own::Always) | None => {}
        }
        if let (KeyMeaning::Free, false, Some(all)) = (key.kind, fact.several, few(fact.values)) {
            let holds = |value: &&str| atoms::may_hold(condition, &[*value], interpretation);
            return all.iter().any(holds) || missing();
        }
        if condition.operator == Operator::Null {
            let wants_missing = matches!(&condition.values, Values::Bools(wanted) if wanted == &[true]);
            return !wants_missing || missing();
        }
        let ignore_case = match condition.operator.family() {
            Family::Text { ignore_case, .. } if key.kind != KeyMeaning::Time => ignore_case,
            _ => return true,
        };
        let fits = |text: &Text| match text.fixed() {
            Some(Form::Text(Pattern::Exact(exact))) => {
                let fits = |text: &str| fact.values.fits(text) || text == "anonymous";
                fits(exact) || (ignore_case && (fits(&exact.to_lowercase()) || fits(&exact.to_uppercase())))
            }
            _ => true,
        };
        condition.operator.negated()
            || condition.quantifier == Some(Quantifier::ForAllValues)
            || condition.texts().iter().any(fits)
            || missing()
    }

    /// Whether some request may fit an Allow and a Deny.
    fn may_meet(&self, allow: &Statement, deny: &Statement) -> bool {
        let actions = || {
            let (one, other) = (&allow.action, &deny.action);
            let overlap = |one: &ActionPattern, other: &ActionPattern| overlap(&one.pattern, &other.pattern);
            overlaps(one, other, overlap, |one, by| self.is_covered(one, by))
        };
        let resources = || {
            let overlap = |one: &Text, other: &Text| match (one.fixed(), other.fixed()) {
                (Some(Form::Arn(one)), Some(Form::Arn(other))) => one.overlaps(other),
                _ => true,
            };
            let covered = |one: &Text, by: &Text| by.raw == "*" || (one.raw == by.raw && one.fixed().is_some());
            overlaps(&allow.resource, &deny.resource, overlap, covered)
        };
        let everyone = |entry: &PrincipalEntry| matches!(entry, PrincipalEntry::Everyone);
        let principals = || {
            let (one, other) = (&allow.principal, &deny.principal);
            let pair = |one| other.values.iter().any(|other| self.may_be_one(one, other));
            one.not || other.not || one.values.iter().any(pair)
        };
        (deny.principal.values.iter().any(everyone) || principals()) && actions() && resources()
    }

    /// Whether somebody may be both.
    fn may_be_one(&self, one: &PrincipalEntry, other: &PrincipalEntry) -> bool {
        use PrincipalEntry::{Account, Arn as Name, EveryAws, Everyone, Federated, Nobody, Service, Unknown};
        let account = |name: &str| Arn::parse(name).map(|arn| arn.account.to_owned());
        match (one, other) {
            (Nobody(_), _) | (_, Nobody(_)) => false,
            (Everyone | Federated(_) | Unknown(_), _) | (_, Everyone | Federated(_) | Unknown(_)) => true,
            (EveryAws, Service(_)) | (Service(_), EveryAws) => self.interpretation.aws_star_has_services,
            (EveryAws, _) | (_, EveryAws) => true,
            (Service(one), Service(other)) => one == other || one == "*" || other == "*",
            (Service(_), Account(_) | Name(_)) | (Account(_) | Name(_), Service(_)) => false,
            (Account(one), Account(other)) => one == other,
            (Account(one), Name(name)) | (Name(name), Account(one)) => account(name).as_ref() == Some(one),
            (Name(one), Name(other)) => account(one) == account(other),
        }
    }

    /// What a condition asks that has the value of its key among its own values, whatever that is: by this or another name
    /// of the key, or by a `*`.
    pub(super) fn asks_own(&self, key: &Key<'_>, condition: &Condition) -> Option<Own> {
        let told = matches!(
            key.kind,
            KeyMeaning::PrincipalAccount
                | KeyMeaning::PrincipalOrganization
                | KeyMeaning::PrincipalArn
                | KeyMeaning::ResourceAccount
                | KeyMeaning::ResourceOrganization
        );
        let compares = match condition.operator.family() {
            Family::Text { .. } => true,
            Family::Arn => key.kind == KeyMeaning::PrincipalArn,
            _ => false,
        };
        let single = key.fact.is_some_and(|fact| !fact.several);
        let own = |text: &Text| match text.parts() {
            // So is every other value.
            [] => matches!(
                text.fixed(),
                Some(Form::Text(Pattern::All) | Form::Arn(ArnPattern::All))
            ),
            [Part::Variable(variable)] => variable.key == key.id || (told && self.kind(&variable.key) == key.kind),
            _ => false,
        };
        if !compares || !single || !condition.texts().iter().any(own) {
            return None;
        }
        match (condition.operator.negated(), condition.quantifier) {
            (true, None | Some(Quantifier::ForAllValues)) => Some(Own::Present(false)),
            (true, Some(Quantifier::ForAnyValue)) if !condition.if_exists => Some(Own::Never),
            (false, Some(Quantifier::ForAllValues)) => Some(Own::Always),
            (false, None) if condition.if_exists => Some(Own::Always),
            (false, None) => Some(Own::Present(true)),
            (false, Some(Quantifier::ForAnyValue)) if !condition.if_exists => Some(Own::Present(true)),
            (_, Some(Quantifier::ForAnyValue)) => None,
        }
    }
}

/// Whether the text may stand for a resource of the service.
fn may_be_behind(service: &Service, text: &Text) -> bool {
    let Some(Arn { service: named, .. }) = Arn::parse(&text.raw) else {
        return true;
    };
    let mut all = service
        .formats
        .iter()
        .map(|format| format.service)
        .chain(service.prefixes());
    named.contains(['*', '?', '$']) || all.any(|own| own == named)
}

/// Whether some strings may be of both patterns.
fn overlap(one: &Pattern, other: &Pattern) -> bool {
    match (one, other) {
        (Pattern::All, _) | (_, Pattern::All) => true,
        (Pattern::Exact(text), pattern) | (pattern, Pattern::Exact(text)) => pattern.matches(text),
        (one, other) => meet(&one.pieces(), &other.pieces(), 16).is_none_or(|met| !met.is_empty()),
    }
}

/// Whether something may be of both elements. False only where that is certain.
fn overlaps<T>(
    one: &Element<T>,
    other: &Element<T>,
    overlap: impl Fn(&T, &T) -> bool,
    covered: impl Fn(&T, &T) -> bool,
) -> bool {
    let beside = |one: &Element<T>, not: &Element<T>| {
        let named = |value: &T| not.values.iter().any(|by| covered(value, by));
        !one.values.iter().all(named)
    };
    match (one.not, other.not) {
        (false, false) => one
            .values
            .iter()
            .any(|one| other.values.iter().any(|other| overlap(one, other))),
        (false, true) => beside(one, other),
        (true, false) => beside(other, one),
        (true, true) => true,
    }
}
