//! The choice of action, resource, keys and instant that leaves an Allow and no Deny.

use super::super::bits::Bits;
use super::super::budget::Budget;
use super::super::callers::Caller;
use super::super::keys::possible;
use super::super::model::Model;
use super::super::resources::Resource;
use super::{Goal, Parts, Place, Request};

const MOST_FRONTIER: usize = 200;

fn lies(model: &Model<'_>, place: &Place<'_>, resource: &Resource) -> bool {
    let (principal, owner) = (place.principal, place.owner);
    let trusted = owner.trusted || resource.listed || resource.owned;
    // The token stands for its bearer, and the trust policy of the role judges it.
    let bearer = place.world.federated && trusted;
    let goal = match place.goal {
        Goal::Identity => !resource.owned && !bearer,
        Goal::Resource => !trusted,
        Goal::Reach => trusted,
        Goal::Lost { .. } if model.marked_by.is_some() => (principal.trusted || bearer) && resource.owned,
        Goal::Lost { .. } => {
            (principal.trusted || resource.owned || bearer) && (trusted || principal.caller == Caller::Service)
        }
    };
    goal && (!resource.of_aws || (!owner.trusted && owner.organization.is_none()))
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
    let mut denies = bits & model.deny;
    let mut wanted = Bits::NONE;
    if let Goal::Lost { place: deny, first } = place.goal {
        if !bits.has(deny) {
            return None;
        }
        wanted.insert(deny);
        (first..model.statements.len()).for_each(|new| denies.remove(new));
    }
    'allow: for allow in (bits & model.allow).iter() {
        let needed = wanted | Bits::one(allow);
        let mut layers: Vec<Layer> = Vec::with_capacity(parts.free.len() + 4);
        layers.push(Layer(vec![Step {
            denies,
            from: 0,
            pick: 0,
        }]));
        let caller = place.principal.caller;
        let mut advance = |candidates: &mut dyn Iterator<Item = (usize, Bits)>| -> bool {
            let mut next = Layer::default();
            if let Some(last) = layers.last() {
                for (pick, sig) in candidates.filter(|(_, sig)| needed.within(*sig)) {
                    for (from, step) in last.0.iter().enumerate() {
                        let denies = step.denies & sig;
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
            some && !budget.is_spent()
        };
        let mut actions = place.world.actions.iter().map(|action| action.sig).enumerate();
        let resources = parts.resources.iter().enumerate();
        let mut lying = resources
            .filter(|(_, resource)| lies(model, place, resource))
            .map(|(at, resource)| (at, resource.sig));
        if !advance(&mut actions) || !advance(&mut lying) {
            continue;
        }
        for (at, choices) in parts.free.iter().zip(parts.dims) {
            let id = model.keys.get(*at).map_or("", |key| key.id);
            let mut allowed = choices
                .iter()
                .enumerate()
                .filter(|(_, c)| possible(model, id, caller, &c.values))
                .map(|(at, c)| (at, c.sig));
            if !advance(&mut allowed) {
                continue 'allow;
            }
        }
        if !advance(&mut parts.instants.iter().enumerate().map(|(at, choice)| (at, choice.sig))) {
            continue;
        }
        if let Some(request) = trace(place, parts, &layers)
            && let Some(found) = judge(&request)
        {
            return Some(found);
        }
    }
    None
}

/// The request at the end of a way without Denies.
fn trace(place: &Place<'_>, parts: &Parts<'_>, layers: &[Layer]) -> Option<Request> {
    let mut step = layers.last()?.0.iter().find(|step| step.denies.is_empty())?;
    let mut picks = vec![step.pick];
    for layer in layers.iter().rev().skip(1) {
        step = layer.0.get(step.from)?;
        picks.push(step.pick);
    }
    // The first layer picks nothing.
    picks.pop();
    let mut picks = picks.into_iter().rev();
    let action = place.world.actions.get(picks.next()?)?.name.clone();
    let resource = parts.resources.get(picks.next()?)?.of(&place.owner.account);
    let mut keys = Vec::new();
    for (at, choices) in parts.free.iter().zip(parts.dims) {
        keys.push((*at, choices.get(picks.next()?)?.values.clone()));
    }
    let instant = parts.instants.get(picks.next()?)?.values.first()?.parse().ok()?;
    Some(Request {
        principal: place.principal.clone(),
        owner: place.owner.clone(),
        action,
        resource,
        keys,
        instant,
    })
}
