//! Creates endpoints, once each.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{DnsOptionsSpecification, DnsRecordIpType, IpAddressType, VpcEndpointType};
use postern_core::changes::{Change, ChangeOutcome, DeleteEndpoint, NewEndpoint};
use postern_core::model::address::AddressType;
use postern_core::model::endpoint::{Endpoint, EndpointKind, EndpointState};
use postern_core::model::id::SecurityGroupId;
use postern_core::model::managed::{TAG_MANAGED, TAG_RUN};
use postern_core::model::policy_document::same_policy;
use postern_core::model::token::client_token;

use super::applier::{ASSOCIATE_ZONE, Applier, CONFLICT, CREATE_TAGS, Step, THROTTLED, failed, not_needed, skipped};
use super::refusal;
use crate::describe::{self, filter, parse};
use crate::error::CallError;

pub(super) const CREATE_ENDPOINT: &str = "ec2:CreateVpcEndpoint";
pub(super) const DELETE_ENDPOINTS: &str = "ec2:DeleteVpcEndpoints";

pub(super) const CALLS: &[&str] = &[
    describe::ENDPOINTS,
    describe::SECURITY_GROUPS,
    CREATE_ENDPOINT,
    CREATE_TAGS,
    ASSOCIATE_ZONE,
];
pub(super) const UNDO_CALLS: &[&str] = &[describe::ENDPOINTS, DELETE_ENDPOINTS];

/// How many client tokens are tried where AWS answers one with an endpoint that is gone.
const TOKENS: usize = 3;
/// How often the endpoint that a concurrent run may have created is looked up.
const LOOKUPS: usize = 3;

pub(super) async fn apply(applier: &mut Applier, new: &NewEndpoint, control: &str) -> Step {
    if !matches!(new.endpoint_kind, EndpointKind::Interface | EndpointKind::Gateway) {
        return Err(failed("only interface and gateway endpoints can be created"));
    }
    unserved(applier, new).await?;
    let group = match &new.group {
        Some(group) => Some(applier.managed_group_id(group).await?),
        None => None,
    };
    let mut token = new.client_token.clone();
    for _ in 0..TOKENS {
        let used_by = match create_patiently(applier, new, group.as_ref(), &token, control).await {
            // An endpoint of this run that failed while the answer was lost was created nevertheless.
            Ok(created) if !created.dead() || created_by_this_run(applier, &created) => return Ok(Some(created.id.0)),
            // AWS answers a known token with the endpoint that it created for it, even if that is deleted.
            Ok(gone) => gone.id.0,
            Err(error) if error.is(&["IdempotentParameterMismatch"]) => created_by_another_run(applier, new).await?,
            Err(error) if error.is(&["InvalidParameter"]) && error.message.contains(CONFLICT) => {
                let dead = unserved(applier, new).await?.is_some();
                return Err(applier.name_conflict(&error, new.vpc.as_str(), dead));
            }
            Err(error) => return Err(applier.refused(error)),
        };
        token = client_token([token.as_str(), used_by.as_str()]);
    }
    Err(ChangeOutcome::Failed {
        cause: format!("AWS answered {TOKENS} client tokens with endpoints that are gone; Postern will retry"),
        transient: true,
    })
}

fn created_by_this_run(applier: &Applier, endpoint: &Endpoint) -> bool {
    endpoint
        .tags
        .get(TAG_RUN)
        .is_some_and(|run| run == applier.run.as_str())
}

/// The endpoint that used up the client token in a request with another run's tag. AWS may not show a new endpoint yet:
/// once it does, the change is not needed. While it does not, no other token is tried, because that could create the
/// endpoint twice.
async fn created_by_another_run(applier: &Applier, new: &NewEndpoint) -> Result<String, ChangeOutcome> {
    for lookup in 1..=LOOKUPS {
        if let Some(gone) = unserved(applier, new).await? {
            return Ok(gone.id.0);
        }
        if lookup < LOOKUPS {
            tokio::time::sleep(applier.settle).await;
        }
    }
    Err(ChangeOutcome::Failed {
        cause: "another run requested the same endpoint, and AWS does not show it yet; Postern will retry".to_owned(),
        transient: true,
    })
}

/// Not needed where the VPC has a usable endpoint to the service. Gives the dead one that was created last.
async fn unserved(applier: &Applier, new: &NewEndpoint) -> Result<Option<Endpoint>, ChangeOutcome> {
    let filters = vec![
        filter("vpc-id", [new.vpc.as_str()]),
        filter("service-name", [new.service.as_str()]),
    ];
    let found = describe::endpoints(&applier.ec2, filters).await;
    let mut last: Option<Endpoint> = None;
    for endpoint in &found.map_err(refusal::outcome)? {
        let parsed = parse::endpoint(endpoint, &applier.account, &applier.region);
        let (id, endpoint) = parsed.map_err(refusal::outcome)?;
        if endpoint.kind != new.endpoint_kind || endpoint.service_region.is_some() {
            continue;
        }
        if endpoint.state == EndpointState::Unknown {
            return Err(skipped(format!("{id} is in a state that Postern does not know")));
        }
        if endpoint.usable() {
            return Err(not_needed(format!("{id} serves {} in {}", new.service, new.vpc)));
        }
        if last.as_ref().is_none_or(|last| last.created <= endpoint.created) {
            last = Some(endpoint);
        }
    }
    Ok(last)
}

/// Sends the request again while EC2 limits the rate of requests and the run has time.
async fn create_patiently(
    applier: &mut Applier,
    new: &NewEndpoint,
    group: Option<&SecurityGroupId>,
    token: &str,
    control: &str,
) -> Result<Endpoint, CallError> {
    loop {
        match create(applier, new, group, token, control).await {
            Err(error) if error.is(THROTTLED) && applier.waits().await => {}
            answer => return answer,
        }
    }
}

async fn create(
    applier: &Applier,
    new: &NewEndpoint,
    group: Option<&SecurityGroupId>,
    token: &str,
    control: &str,
) -> Result<Endpoint, CallError> {
    let service = new.service.as_str();
    let short = service
        .rsplit_once(applier.region.as_str())
        .map_or(service, |(_, rest)| rest);
    let name = format!("postern-{}", short.trim_start_matches('.'));
    let request = applier
        .ec2
        .create_vpc_endpoint()
        .vpc_id(new.vpc.as_str())
        .service_name(service)
        .client_token(token)
        .set_policy_document(new.policy.clone())
        .tag_specifications(applier.tags("vpc-endpoint", &name, control));
    let request = match new.address_type {
        AddressType::Ipv4 if new.endpoint_kind == EndpointKind::Gateway => request,
        AddressType::Ipv4 => request.ip_address_type(IpAddressType::Ipv4),
        AddressType::Ipv6 => request
            .ip_address_type(IpAddressType::Ipv6)
            .dns_options(dns_records(DnsRecordIpType::Ipv6)),
        AddressType::Dualstack => request
            .ip_address_type(IpAddressType::Dualstack)
            .dns_options(dns_records(DnsRecordIpType::Dualstack)),
    };
    let request = if new.endpoint_kind == EndpointKind::Gateway {
        request
            .vpc_endpoint_type(VpcEndpointType::Gateway)
            .set_route_table_ids(Some(new.route_tables.iter().map(|id| id.0.clone()).collect()))
    } else {
        request
            .vpc_endpoint_type(VpcEndpointType::Interface)
            .private_dns_enabled(new.private_dns)
            .set_subnet_ids(Some(new.subnets.values().map(|id| id.0.clone()).collect()))
            .set_security_group_ids(group.map(|id| vec![id.0.clone()]))
    };
    let answer = request.send().await;
    let answer = answer.map_err(|error| CallError::new(CREATE_ENDPOINT, error))?;
    let created = answer
        .vpc_endpoint
        .ok_or_else(|| CallError::unreadable(CREATE_ENDPOINT, "the answer lacks the endpoint"))?;
    Ok(parse::endpoint(&created, &applier.account, &applier.region)?.1)
}

fn dns_records(records: DnsRecordIpType) -> DnsOptionsSpecification {
    DnsOptionsSpecification::builder().dns_record_ip_type(records).build()
}

pub(super) async fn undo(applier: &Applier, inverse: &DeleteEndpoint, change: Option<&Change>) -> Step {
    let id = &inverse.endpoint;
    let endpoint = applier.existing(id).await?;
    if endpoint.tags.get(TAG_MANAGED).is_none_or(|value| value != "true") {
        return Err(skipped(format!("{id} lacks the tag {TAG_MANAGED} = true")));
    }
    if let Some(Change::CreateEndpoint(new)) = change
        && let Some(difference) = difference(new, &endpoint)
    {
        return Err(skipped(format!(
            "{difference} of {id} were changed since it was created"
        )));
    }
    let request = applier.ec2.delete_vpc_endpoints().vpc_endpoint_ids(id.as_str());
    let answer = request.send().await;
    let answer = answer.map_err(|error| refusal::outcome_of_undo(CallError::new(DELETE_ENDPOINTS, error), id))?;
    match answer.unsuccessful().first().map(|item| item.error()) {
        None => Ok(None),
        Some(error) => {
            let code = error.and_then(|error| error.code()).unwrap_or("Unknown");
            let message = error.and_then(|error| error.message()).unwrap_or_default();
            let error = CallError::refused(DELETE_ENDPOINTS, code, message);
            Err(refusal::outcome_of_undo(error, id))
        }
    }
}

/// What of the endpoint is not as it was created.
fn difference(new: &NewEndpoint, live: &Endpoint) -> Option<&'static str> {
    let interface = new.endpoint_kind != EndpointKind::Gateway;
    let policy = new.policy.as_deref();
    [
        (
            new.subnets.values().cloned().collect::<BTreeSet<_>>() != live.subnets,
            "the subnets",
        ),
        (new.route_tables != live.route_tables, "the route tables"),
        (interface && live.security_groups.len() != 1, "the security groups"),
        (
            interface && new.private_dns != live.private_dns,
            "the private DNS names",
        ),
        (
            policy.is_some_and(|policy| !same_policy(policy, live.policy.as_deref().unwrap_or_default())),
            "the statements of the policy",
        ),
    ]
    .into_iter()
    .find_map(|(differs, what)| differs.then_some(what))
}
