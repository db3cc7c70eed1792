//! A document in one interpretation, taken apart by what its conditions are about.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::setting::{Listing, Setting};
use crate::arn::is_region;
use crate::aws_owned::Mark;
use crate::bits::Bits;
use crate::condition_keys;
use crate::document::{ActionPattern, Condition, Document, Effect, Element, PrincipalEntry, Statement, Values};
use crate::federation;
use crate::glob::Pattern;
use crate::interpretation::Interpretation;
use crate::operators::Operator;
use crate::text::{ArnPattern, Form, Text};

mod action_keys;
pub(super) mod arns;
pub(super) mod bound;
mod key;
mod key_meaning;
mod living;
mod sigs;
mod statements;
pub(super) mod tags;

pub(super) use key::Key;
pub(super) use key_meaning::KeyMeaning;
pub(super) use statements::for_bearers;

use action_keys::ActionKeys;
use bound::Bound;
use key::{Named, RESOLVING, weight};
use living::Own;
use tags::Tags;

/// Which condition keys requests are taken to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Supposition {
    /// Those that AWS publishes, on the actions for which it publishes them.
    AsPublished,
    /// Those that AWS publishes, on all actions of their services.
    OnEveryAction,
    /// Those that the document names, whether AWS has them or not, on all actions.
    AsWritten,
}

/// The resources that a statement names, by pattern.
#[derive(Debug, Default)]
pub(super) struct ResourceElement<'d> {
    pub(super) not: bool,
    /// Places in [`Model::arns`].
    pub(super) patterns: Vec<usize>,
    pub(super) every: bool,
    pub(super) linked: Vec<&'d Text>,
}

pub(super) struct Model<'d> {
    pub(super) statements: &'d [Statement],
    pub(super) interpretation: Interpretation,
    pub(super) setting: &'d Setting<'d>,
    pub(super) allow: Bits,
    pub(super) deny: Bits,
    pub(super) keys: Vec<Key<'d>>,
    /// The patterns of resources without variables, each once, with their texts.
    pub(super) arns: Vec<(&'d str, &'d ArnPattern)>,
    pub(super) resources: Vec<ResourceElement<'d>>,
    /// Resources that AWS owns.
    pub(super) owned: Rc<Listing>,
    /// The place of the key and the value that every request has, where only requests for what AWS owns are looked for.
    pub(super) marked_by: Option<(usize, &'static str)>,
    /// Statements with a variable in a condition or resource.
    pub(super) linked: Bits,
    /// How long it takes to put values in the place of all variables, in steps of the budget.
    pub(super) resolving: usize,
    pub(super) supposition: Supposition,
    /// Whether requests have the names that services have for the accounts of caller and owner.
    has_names_of_services: bool,
    /// Every key that the document names.
    pub(super) named: Vec<Named<'d>>,
    /// The keys that some actions lack.
    by_action: ActionKeys<'d>,
    /// The Action elements that some action does not fit, with the places of their statements.
    pub(super) restricted: Vec<(usize, &'d Element<ActionPattern>)>,
    /// How long it takes to compare an action with them, in steps of the budget.
    pub(super) action_weight: usize,
    /// The identity providers that the document's principals name.
    pub(super) providers: Vec<&'d str>,
    /// Keys whose values are ARNs in the account of caller or owner.
    pub(super) bound: Vec<Bound>,
    pub(super) tags: Tags,
    /// What the analysis cannot see, in words: without a hole, the document is undecided.
    pub(super) blind: Vec<String>,
}

/// Where keys and resources are, by their text.
#[derive(Default)]
struct Places<'d> {
    keys: BTreeMap<&'d str, usize>,
    arns: BTreeMap<&'d str, usize>,
}

impl<'d> Model<'d> {
    /// The models that together have every request.
    pub(super) fn all(
        document: &'d Document,
        setting: &'d Setting<'d>,
        interpretation: Interpretation,
        supposition: Supposition,
    ) -> Vec<Self> {
        let model = |names| Self::new(document, setting, interpretation, supposition, names);
        let mut all = vec![model(true)];
        if all.iter().any(Self::gains_without_names_of_services) {
            all.push(model(false));
        }
        all
    }

    pub(super) fn new(
        document: &'d Document,
        setting: &'d Setting<'d>,
        interpretation: Interpretation,
        supposition: Supposition,
        has_names_of_services: bool,
    ) -> Self {
        let statements = document
            .variants
            .get(interpretation.variant)
            .map_or(&[][..], |variant| &variant.statements);
        let mut model = Self {
            setting,
            statements,
            interpretation,
            allow: Bits::NONE,
            deny: Bits::NONE,
            keys: Vec::new(),
            arns: Vec::new(),
            resources: Vec::new(),
            owned: Rc::clone(&setting.owned),
            marked_by: None,
            linked: Bits::NONE,
            resolving: 0,
            supposition,
            has_names_of_services,
            named: Vec::new(),
            by_action: ActionKeys::default(),
            restricted: Vec::new(),
            action_weight: 1,
            providers: Vec::new(),
            bound: Vec::new(),
            tags: Tags::default(),
            blind: Vec::new(),
        };
        let mut places = Places::default();
        for statement in statements {
            for condition in &statement.conditions {
                model.key(&condition.key_id, &condition.key, &mut places);
            }
            let compared = statement.conditions.iter().flat_map(Condition::texts);
            for variable in compared.chain(&statement.resource.values).flat_map(Text::variables) {
                model.key(&variable.key, variable.name(), &mut places);
            }
        }
        let living = model.living();
        for (place, statement) in statements.iter().enumerate() {
            if !living.has(place) {
                model.resources.push(ResourceElement::default());
                continue;
            }
            match statement.effect {
                Effect::Allow => model.allow.insert(place),
                Effect::Deny => model.deny.insert(place),
            }
            let element = &statement.action;
            if element.not || element.values.iter().all(|action| action.pattern != Pattern::All) {
                model.restricted.push((place, element));
                model.action_weight += 1 + element.values.len();
            }
            model.take_apart(place, statement, &mut places);
        }
        model.mark_sources();
        let named = |key: &Key<'d>| Named {
            id: key.id,
            name: key.name,
            kind: key.kind,
            known: key.fact.is_some(),
        };
        model.named = model.keys.iter().map(named).collect();
        model.keys.retain(|key| key.source || !key.conditions.is_empty());
        model.bound = bound::bound(&model.keys);
        model.tags = Tags::new(&model.keys);
        model.resolving = RESOLVING * model.linked_texts().count();
        let by_action: fn(&str) -> bool = match supposition {
            Supposition::AsPublished => condition_keys::is_by_action,
            Supposition::AsWritten => condition_keys::of_service,
            Supposition::OnEveryAction => |_| false,
        };
        let ids = model.keys.iter().map(|key| key.id).enumerate();
        let keys = ids.filter(|(_, id)| by_action(id) && !condition_keys::ACCOUNTS.contains(id));
        model.by_action = ActionKeys::new(keys, supposition == Supposition::AsWritten);
        model
    }

    fn take_apart(&mut self, place: usize, statement: &'d Statement, places: &mut Places<'d>) {
        for entry in &statement.principal.values {
            let unknown = match entry {
                PrincipalEntry::Unknown(name) => Some(name),
                PrincipalEntry::Federated(name) => {
                    if name != "*" && !self.providers.contains(&name.as_str()) {
                        self.providers.push(name);
                    }
                    (!for_bearers(statement)).then_some(name)
                }
                _ => None,
            };
            if let Some(name) = unknown
                && (statement.effect == Effect::Allow || statement.principal.not)
            {
                self.blind
                    .push(format!("{}: there is no telling who `{name}` is", statement.name()));
            }
        }
        for condition in &statement.conditions {
            let at = places.keys.get(condition.key_id.as_str()).copied();
            let Some(condition) = at.and_then(|at| self.plainly(self.keys.get(at)?, condition)) else {
                continue;
            };
            let linked = at
                .and_then(|at| self.keys.get(at))
                .is_some_and(|key| key.links(&condition));
            if linked {
                self.linked.insert(place);
            }
            if let Some(key) = at.and_then(|at| self.keys.get_mut(at)) {
                key.weight += weight(&condition);
                key.linked |= linked;
                key.conditions.push((place, condition));
            }
        }
        let mut element = ResourceElement {
            not: statement.resource.not,
            patterns: Vec::new(),
            every: false,
            linked: Vec::new(),
        };
        for text in &statement.resource.values {
            match text.fixed() {
                Some(Form::Arn(ArnPattern::All)) => element.every = true,
                Some(Form::Arn(pattern)) => {
                    let at = *places.arns.entry(&text.raw).or_insert(self.arns.len());
                    if at == self.arns.len() {
                        self.arns.push((&text.raw, pattern));
                    }
                    element.patterns.push(at);
                }
                Some(Form::Text(_)) => {}
                None => {
                    element.linked.push(text);
                    self.linked.insert(place);
                }
            }
        }
        self.resources.push(element);
    }

    /// The condition without a variable that stands for the value of its own key. Nothing where it asks nothing.
    fn plainly(&self, key: &Key<'d>, condition: &'d Condition) -> Option<Cow<'d, Condition>> {
        match self.asks_own(key, condition) {
            None => Some(Cow::Borrowed(condition)),
            Some(Own::Always | Own::Never) => None,
            Some(Own::Present(present)) => Some(Cow::Owned(Condition {
                operator: Operator::Null,
                quantifier: None,
                if_exists: false,
                values: Values::Bools(vec![!present]),
                ..condition.clone()
            })),
        }
    }

    /// All that tells the answers of this model from those of one of another interpretation: what that says of the
    /// statements that some request may fit, and which these are.
    pub(super) fn essence(&self) -> (Interpretation, Bits) {
        let said = self
            .interpretation
            .of(self.living_statements().map(|(_, statement)| statement));
        let mut patterns = self.patterns();
        let short_arns = match patterns.any(|pattern| matches!(pattern, ArnPattern::Short(_))) {
            true => self.interpretation.short_arns,
            false => said.short_arns,
        };
        (Interpretation { short_arns, ..said }, self.allow | self.deny)
    }

    /// The keys of the document that AWS does not have, as the document spells them.
    pub(super) fn unknown_keys(&self) -> impl Iterator<Item = &'d str> {
        let unknown = self.named.iter().filter(|key| !key.known && !key.id.contains("::"));
        unknown.map(|key| key.name)
    }

    /// The statements that some request may fit, with their places.
    pub(super) fn living_statements(&self) -> impl Iterator<Item = (usize, &'d Statement)> {
        let living = self.allow | self.deny;
        let statements = self.statements.iter().enumerate();
        statements.filter(move |(place, _)| living.has(*place))
    }

    fn key(&mut self, id: &'d str, name: &'d str, places: &mut Places<'d>) -> Option<&mut Key<'d>> {
        let at = *places.keys.entry(id).or_insert(self.keys.len());
        if at == self.keys.len() {
            let kind = self.meaning(id);
            let constant = (kind == KeyMeaning::Constant).then(|| self.constant(id).flatten());
            self.keys.push(Key {
                id,
                name,
                kind,
                constant: constant.flatten(),
                fact: condition_keys::find(id),
                conditions: Vec::new(),
                weight: 0,
                linked: false,
                source: false,
            });
        }
        self.keys.get_mut(at)
    }

    /// The value if it is an identity provider that a principal of the document names.
    pub(super) fn provider(&self, id: &str, values: &[String]) -> Option<&'d str> {
        let named = |name: &&&str| federation::PROVIDER.eq_ignore_ascii_case(id) && values == [**name];
        self.providers.iter().find(named).copied()
    }

    pub(super) fn trusts_account(&self, account: &str) -> bool {
        self.setting.perimeter.accounts.iter().any(|known| known == account)
    }

    /// Whether only requests for what AWS owns have this value of the key.
    pub(super) fn marked(&self, id: &str, value: &str) -> bool {
        let mut marks = self.setting.marks.iter();
        marks.any(|mark| mark.key.eq_ignore_ascii_case(id) && mark.value == value)
    }

    /// Confines the model to requests for what AWS owns by a mark.
    pub(super) fn confine(&mut self, mark: &Mark) {
        let known = self.keys.iter().position(|key| key.id.eq_ignore_ascii_case(mark.key));
        let at = known.unwrap_or_else(|| {
            self.keys.push(Key {
                id: mark.key,
                name: mark.key,
                kind: KeyMeaning::Free,
                constant: None,
                fact: condition_keys::find(mark.key),
                conditions: Vec::new(),
                weight: 1,
                linked: false,
                source: false,
            });
            self.keys.len() - 1
        });
        self.marked_by = Some((at, mark.value));
        self.owned = Rc::new(Listing::new(mark.arns.iter().cloned()));
    }

    /// The Regions of resources that Allows of the document name.
    pub(super) fn allowed_regions(&self) -> impl Iterator<Item = &str> {
        let allows = self
            .resources
            .iter()
            .enumerate()
            .filter(|(place, element)| self.allow.has(*place) && !element.not);
        let patterns = allows
            .flat_map(|(_, element)| &element.patterns)
            .filter_map(|at| self.arns.get(*at));
        patterns.filter_map(|(_, pattern)| match pattern {
            ArnPattern::Fields(fields) => match fields.as_ref() {
                [_, _, _, Pattern::Exact(region), _, _] if is_region(region) => Some(region.as_str()),
                _ => None,
            },
            _ => None,
        })
    }

    /// The patterns of resources of the document without variables, and those of the settings.
    pub(super) fn patterns(&self) -> impl Iterator<Item = &ArnPattern> {
        let listed = self.setting.listed.all.iter().chain(&self.owned.all);
        self.arns
            .iter()
            .map(|(_, pattern)| *pattern)
            .chain(listed.map(|listed| &listed.pattern))
    }

    pub(super) fn has(&self, kind: KeyMeaning) -> bool {
        self.keys.iter().any(|key| key.kind == kind)
    }

    /// Whether a variable names a key of one of these kinds.
    pub(super) fn names(&self, kinds: &[KeyMeaning]) -> bool {
        self.keys.iter().any(|key| key.source && kinds.contains(&key.kind))
    }

    /// How many values keys of this kind are compared with.
    pub(super) fn weight(&self, kind: KeyMeaning) -> usize {
        self.keys
            .iter()
            .filter(|key| key.kind == kind)
            .map(|key| key.weight)
            .sum()
    }
}
