//! Witnesses whose action takes a resource like theirs. The search does not ask, so that it misses nothing that AWS has
//! not published.

use super::actions::{WELL_KNOWN, keyless};
use super::model::Model;
use super::search;
use crate::evaluate::Request;
use crate::template::partition;

const MOST_ACTIONS: usize = 64;

/// The same request with another resource of the same owner, another action, or both, when its action does not take its
/// resource and such a request is allowed as well.
pub(super) fn plausible(
    model: &Model<'_>,
    found: &search::Request,
    request: Request,
    allowed: &dyn Fn(&Request) -> bool,
) -> Request {
    let Some(service) = model.service.as_ref().filter(|_| request.resource != "*") else {
        return request;
    };
    let fits = |action: &str| {
        let mut actions = service.actions_on(&request.resource);
        actions.any(|(prefix, name)| action.split_once(':').is_some_and(|other| same(other, (prefix, name))))
    };
    if fits(&request.action) {
        return request;
    }
    let silent = keyless(service, &request.action);
    let on_its_own = |action: &str| {
        let arns = service.formats(action).filter_map(|format| named(model, found, format));
        let requests = arns.map(|resource| Request {
            action: action.to_owned(),
            resource,
            ..request.clone()
        });
        let mut requests = requests.filter(|request| keyless(service, &request.action) == silent);
        requests.find(allowed)
    };
    let well_known = WELL_KNOWN.contains(&request.action.as_str());
    if let Some(better) = well_known.then(|| on_its_own(&request.action)).flatten() {
        return better;
    }
    let known = WELL_KNOWN
        .iter()
        .copied()
        .filter(|action| fits(action))
        .map(str::to_owned);
    let others = service
        .actions_on(&request.resource)
        .map(|(prefix, name)| format!("{prefix}:{name}"));
    let with_action = |action: String| Request {
        action,
        ..request.clone()
    };
    let instead = known.chain(others).filter(|action| keyless(service, action) == silent);
    if let Some(better) = instead.map(with_action).find(allowed) {
        return better;
    }
    let written = model.statements.iter().flat_map(|statement| &statement.action.values);
    let actions = std::iter::once(request.action.as_str())
        .chain(written.map(|action| action.raw.as_str()))
        .chain(WELL_KNOWN);
    let better = actions.take(MOST_ACTIONS).find_map(on_its_own);
    better.unwrap_or(request)
}

fn same(one: (&str, &str), other: (&str, &str)) -> bool {
    one.0.eq_ignore_ascii_case(other.0) && one.1.eq_ignore_ascii_case(other.1)
}

/// A resource of the owner in this format, unless the settings know it.
fn named(model: &Model<'_>, found: &search::Request, format: &str) -> Option<String> {
    let mut fields = format.splitn(4, ':');
    let (service, region, account, name) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let owner = found.owner.account.as_str();
    let own = found.resource.arn.split(':').nth(4);
    let account = match account {
        "*" => owner,
        "" if own == Some("") => "",
        _ => return None,
    };
    let region = if region == "*" { &model.endpoint.region } else { region };
    let name = name.replace('*', "stranger");
    let arn = format!(
        "arn:{}:{service}:{region}:{account}:{name}",
        partition(&model.endpoint.region)
    );
    let mut settings = model.listed.iter().chain(&model.owned);
    let known = settings.any(|pattern| pattern.matches(&arn, false));
    (!known).then_some(arn)
}
