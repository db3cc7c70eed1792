//! The choice of action, resource, keys and instant that leaves an Allow and no Deny.

use super::super::actions::ActionGroup;
use super::super::budget::Budget;
use super::super::callers::Caller;
use super::super::keys::{Choice, bound, expanded, issued_later, possible, sources};
use super::super::model::Model;
use super::super::model::tags;
use super::super::resources::Resource;
use super::{Goal, Parts, Place, Request};
use crate::bits::Bits;

const MOST_FRONTIER: usize = 200;

const ISSUED: &str = "aws:tokenissuetime";

/// Steps that building a request and judging it takes.
const JUDGING: usize = 64;

fn lies(model: &Model<'_>, place: &Place<'_>, resource: &Resource) -> bool {
    let (principal, owner) = (place.principal, place.owner);
    let trusted = owner.trusted || resource.listed || resource.owned;
    // The token stands for its bearer, and the trust policy of the role judges it.
    let bearer = place.class.has_unsigned(principal.caller) && trusted;
    let goal = match place.goal {
        Goal::Identity => !resource.owned && !bearer,
        Goal::Resource => !trusted,
        Goal::Reach => trusted,
        Goal::Lost { .. } if model.marked_by.is_some() => (principal.trusted || bearer) && resource.owned,
        Goal::Lost { .. } => {
            (principal.trusted || resource.owned || bearer) && (trusted || principal.caller == Caller::Service)
        }
    };
    // What AWS owns is no resource of somebody outside.
    let outside = matches!(place.goal, Goal::Identity | Goal::Resource);
    goal && (!resource.of_aws || (!outside && !owner.trusted && owner.organization.is_none()))
}

/// One way to come this far with the fewest Denies.
struct Step {
    denies: Bits,
    /// Place in the layer before.
    from: usize,
    pick: usize,
}

#[derive(Default)]
struct Layer(Vec<Step>);

impl Layer {
    fn add(&mut self, step: Step) -> bool {
        if self.0.iter().any(|known| known.denies.within(step.denies)) {
            return true;
        }
        self.0.retain(|known| !step.denies.within(known.denies));
        let room = self.0.len() < MOST_FRONTIER;
        if room {
            self.0.push(step);
        }
        room
    }
}

pub(super) fn solve<T>(
    model: &Model<'_>,
    place: &Place<'_>,
    bits: Bits,
    parts: &Parts<'_>,
    complete: &mut bool,
    budget: &mut Budget,
    judge: &mut dyn FnMut(&Request) -> Option<T>,
) -> Option<T> {
    let reached = |group: &&ActionGroup| {
        let some = group.actions.iter().fold(Bits::NONE, |some, action| some | action.sig);
        !(bits & model.allow & some).is_empty()
    };
    let groups = place.class.groups.iter().filter(reached);
    groups.clone().next()?;
    let values: usize = parts.dims.iter().map(|choices| choices.len()).sum();
    for (at, has) in instants(model, parts)
        .into_iter()
        .flat_map(|at| model.tags.sets().map(move |has| (at, has)))
    {
        let mut groups = groups
            .clone()
            .filter(|group| model.tags.suit(has, group.lacks))
            .peekable();
        if groups.peek().is_none() {
            continue;
        }
        budget.spend(16 + values);
        let fixed = fixed(model, place, parts, at, has);
        for group in groups {
            let found = solve_group(model, place, group, bits, parts, &fixed, complete, budget, judge);
            if found.is_some() || budget.is_spent() {
                return found;
            }
        }
    }
    None
}

/// The places of the instants to search one by one, where credentials may be issued after one and before another. One of
/// those that no statement tells apart is enough. Nothing stands for all instants together.
fn instants(model: &Model<'_>, parts: &Parts<'_>) -> Vec<Option<usize>> {
    let issued = |at: &usize| model.keys.get(*at).is_some_and(|key| key.id == ISSUED);
    if parts.instants.len() < 2 || !parts.free.iter().any(issued) {
        return vec![None];
    }
    let first = |at: usize, sig: Bits| parts.instants.iter().position(|other| other.sig == sig) == Some(at);
    let all = parts.instants.iter().enumerate();
    all.filter(|(at, choice)| first(*at, choice.sig))
        .map(|(at, _)| Some(at))
        .collect()
}

#[expect(clippy::too_many_arguments, reason = "the search hands through all that it knows")]
fn solve_group<T>(
    model: &Model<'_>,
    place: &Place<'_>,
    group: &ActionGroup,
    bits: Bits,
    parts: &Parts<'_>,
    fixed: &[Candidates<'_>],
    complete: &mut bool,
    budget: &mut Budget,
    judge: &mut dyn FnMut(&Request) -> Option<T>,
) -> Option<T> {
    let mut denies = bits & model.deny;
    let mut wanted = Bits::NONE;
    if let Goal::Lost { place: deny, first } = place.goal {
        if !bits.has(deny) {
            return None;
        }
        wanted.insert(deny);
        (first..model.statements.len()).for_each(|new| denies.remove(new));
    }
    let actions = group.actions.iter().map(|action| &action.sig).enumerate().collect();
    budget.spend(16 + (group.actions.len() + parts.resources.len()) / 4);
    let resources = parts.resources.iter().enumerate();
    let lying = resources.filter(|(_, resource)| group.formats.has(resource.format) && lies(model, place, resource));
    let lying = lying.map(|(at, resource)| (at, &resource.sig)).collect();
    let varying: [Candidates<'_>; 2] = [actions, lying];
    let lacking;
    let fixed = match group.lacks.is_empty() {
        true => fixed,
        false => {
            lacking = without_keys(group, parts, fixed);
            &lacking
        }
    };
    let groups = || varying.iter().chain(fixed);
    let count: usize = groups().map(Vec::len).sum();
    'allow: for allow in (bits & model.allow).iter() {
        let needed = wanted | Bits::one(allow);
        if !budget.spend(4 + count / 4) {
            return None;
        }
        let Some(left) = left_after(groups(), needed) else {
            continue;
        };
        let mut left = left.into_iter();
        if left.next().is_none_or(|left| !(left & denies).is_empty()) {
            continue;
        }
        let mut layers: Vec<Layer> = vec![Layer(vec![Step {
            denies,
            from: 0,
            pick: 0,
        }])];
        for (choices, left) in groups().zip(left) {
            let mut next = Layer::default();
            if let Some(last) = layers.last() {
                for (pick, sig) in choices.iter().filter(|(_, sig)| needed.within(**sig)) {
                    for (from, step) in last.0.iter().enumerate() {
                        let (denies, pick) = (step.denies & **sig, *pick);
                        if !(left & denies).is_empty() {
                            continue;
                        }
                        *complete &= next.add(Step { denies, from, pick }) && budget.spend(1 + next.0.len() / 4);
                    }
                    if budget.is_spent() {
                        break;
                    }
                    if next.0.iter().any(|step| step.denies.is_empty()) {
                        break;
                    }
                }
            }
            let some = !next.0.is_empty();
            layers.push(next);
            if !some || budget.is_spent() {
                continue 'allow;
            }
        }
        budget.spend(JUDGING + 8 * parts.free.len());
        if let Some(request) = trace(model, place, group, parts, &layers)
            && let Some(found) = judge(&request)
        {
            return Some(found);
        }
    }
    None
}

/// The candidates of a part: the place of each, and the statements that do not fail on it.
type Candidates<'p> = Vec<(usize, &'p Bits)>;

/// The candidates of the parts that are the same for all actions: keys, of tags those that a request has, and instants or the
/// one of a place.
fn fixed<'p>(
    model: &Model<'_>,
    place: &Place<'_>,
    parts: &Parts<'p>,
    at: Option<usize>,
    has: Option<usize>,
) -> Vec<Candidates<'p>> {
    let latest = at.and_then(|at| latest(parts, parts.instants.get(at)?));
    // Credentials are issued before they are used.
    let used = |id: &str, values: &[String]| {
        let issued = latest.and_then(|latest| Some((latest, issued_later(model, id, values)?)));
        issued.is_none_or(|(latest, issued)| issued <= latest)
    };
    let keys = parts.free.iter().filter_map(|at| Some((*at, model.keys.get(*at)?)));
    let keys = keys.zip(parts.dims).map(|((at, key), choices)| {
        let choices = choices.iter().enumerate();
        let possible = choices.filter(|(_, choice)| {
            possible(model, key, place.principal, &choice.values)
                && used(key.id, &choice.values)
                && sources::agrees(model, at, &choice.values, place.owner)
                && bound::agrees(model, at, &choice.values, place.principal, place.owner)
                && tags::agree(model, has, at, &choice.values)
        });
        possible.map(|(at, choice)| (at, &choice.sig)).collect()
    });
    let instants = parts.instants.iter().map(|choice| &choice.sig).enumerate();
    let instants = instants.filter(|(own, _)| at.is_none_or(|at| at == *own)).collect();
    keys.chain([instants]).collect()
}

/// The latest of the instants that no statement tells from this one.
fn latest(parts: &Parts<'_>, picked: &Choice) -> Option<i64> {
    let alike = parts.instants.iter().filter(|other| other.sig == picked.sig);
    alike.filter_map(second).max()
}

/// The instant that a choice stands for, in seconds since 1970.
fn second(choice: &Choice) -> Option<i64> {
    choice.values.first()?.parse().ok()
}

/// The same for actions that lack keys: these are missing.
fn without_keys<'p>(group: &ActionGroup, parts: &Parts<'_>, fixed: &[Candidates<'p>]) -> Vec<Candidates<'p>> {
    let keys = parts.free.iter().zip(parts.dims).map(Some).chain([None]);
    let keys = keys.zip(fixed).map(|(key, candidates)| match key {
        Some((at, choices)) if group.lacks.has(*at) => {
            let missing = |pick: usize| choices.get(pick).is_some_and(|choice| choice.values.is_empty());
            candidates.iter().copied().filter(|(pick, _)| missing(*pick)).collect()
        }
        _ => candidates.clone(),
    });
    keys.collect()
}

/// From the start and after each part, the statements that are left whatever is chosen of the parts that follow. Nothing
/// when a part has no candidate that keeps what is needed.
fn left_after<'p>(groups: impl DoubleEndedIterator<Item = &'p Candidates<'p>>, needed: Bits) -> Option<Vec<Bits>> {
    let mut left = Bits::ALL;
    let mut all = vec![left];
    for group in groups.rev() {
        let mut none = true;
        for (_, sig) in group.iter().filter(|(_, sig)| needed.within(**sig)) {
            left = left & **sig;
            none = false;
        }
        if none {
            return None;
        }
        all.push(left);
    }
    all.reverse();
    Some(all)
}

/// The instant that was picked, or a later one that no statement tells from it if the credentials are issued later.
fn instant(model: &Model<'_>, parts: &Parts<'_>, pick: usize, keys: &[(usize, Vec<String>)]) -> Option<i64> {
    let picked = parts.instants.get(pick)?;
    let issued = keys
        .iter()
        .find_map(|(at, values)| issued_later(model, model.keys.get(*at)?.id, values));
    let Some(issued) = issued else {
        return second(picked);
    };
    let alike = parts.instants.iter().filter(|other| other.sig == picked.sig);
    let mut later = alike.filter_map(second).filter(|instant| *instant >= issued);
    later.next().or_else(|| second(picked))
}

/// The request at the end of a way without Denies.
fn trace(
    model: &Model<'_>,
    place: &Place<'_>,
    group: &ActionGroup,
    parts: &Parts<'_>,
    layers: &[Layer],
) -> Option<Request> {
    let mut step = layers.last()?.0.iter().find(|step| step.denies.is_empty())?;
    let mut picks = vec![step.pick];
    for layer in layers.iter().rev().skip(1) {
        step = layer.0.get(step.from)?;
        picks.push(step.pick);
    }
    // The first layer picks nothing.
    picks.pop();
    let mut picks = picks.into_iter().rev();
    let action = group.actions.get(picks.next()?)?;
    let resource = parts.resources.get(picks.next()?)?.of(&place.owner.account);
    let action = action.name.clone();
    let mut keys = Vec::new();
    for (at, choices) in parts.free.iter().zip(parts.dims) {
        keys.extend(expanded(model, *at, &choices.get(picks.next()?)?.values));
    }
    let instant = instant(model, parts, picks.next()?, &keys)?;
    Some(Request {
        principal: place.principal.clone(),
        owner: place.owner.clone(),
        action,
        resource,
        keys,
        instant,
    })
}
