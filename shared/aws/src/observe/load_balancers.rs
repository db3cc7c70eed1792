//! The load balancers behind endpoint services, read by requests of their own: a client of the SDK for Elastic Load Balancing
//! would make the functions larger.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use postern_core::model::endpoint_service::{LoadBalancer, LoadBalancerState, TargetHealth};
use postern_core::model::id::{Region, Zone};

use crate::describe::CONCURRENT_CALLS;
use crate::error::CallError;
use crate::request::{Answer, Request, Service, element, encoded};
use crate::session::Session;
use crate::xml::records;

pub(super) const LOAD_BALANCERS: &str = "elasticloadbalancing:DescribeLoadBalancers";
pub(super) const ATTRIBUTES: &str = "elasticloadbalancing:DescribeLoadBalancerAttributes";
pub(super) const TARGET_GROUPS: &str = "elasticloadbalancing:DescribeTargetGroups";
pub(super) const TARGET_HEALTH: &str = "elasticloadbalancing:DescribeTargetHealth";

/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/Welcome.html>
const SERVICE: Service = Service {
    id: "Elastic Load Balancing v2",
    host: "elasticloadbalancing",
    signing_name: "elasticloadbalancing",
};
const VERSION: &str = "2015-12-01";

/// The load balancers of these ARNs. One that is deleted is there as gone.
pub(super) async fn load_balancers(
    session: &Session,
    region: &Region,
    arns: &BTreeSet<String>,
) -> Result<BTreeMap<String, LoadBalancer>, CallError> {
    let found = stream::iter(arns).map(async |arn| {
        let balancer = load_balancer(session, region, arn).await?;
        Ok::<_, CallError>((arn.clone(), balancer))
    });
    found.buffer_unordered(CONCURRENT_CALLS).try_collect().await
}

async fn load_balancer(session: &Session, region: &Region, arn: &str) -> Result<LoadBalancer, CallError> {
    let gone = LoadBalancer {
        arn: arn.to_owned(),
        state: LoadBalancerState::Gone,
        zones: BTreeSet::new(),
        deletion_protection: None,
    };
    let (by_arn, of_arn) = ([("LoadBalancerArns.member.1", arn)], [("LoadBalancerArn", arn)]);
    let (found, attributes) = tokio::join!(
        call(session, region, LOAD_BALANCERS, &by_arn),
        call(session, region, ATTRIBUTES, &of_arn),
    );
    let Some(found) = unless_gone(found)? else {
        return Ok(gone);
    };
    let Some(attributes) = unless_gone(attributes)? else {
        return Ok(gone);
    };
    let Some(balancer) = records(&found.body, "LoadBalancers", &["Code"]).into_iter().next() else {
        return Ok(gone);
    };
    let zones = records(&found.body, "AvailabilityZones", &["ZoneName"]).into_iter();
    let attributes = records(&attributes.body, "Attributes", &["Key", "Value"]);
    let protection = attributes.iter().find(|attribute| {
        attribute
            .get("Key")
            .is_some_and(|key| key == "deletion_protection.enabled")
    });
    let protection = protection
        .and_then(|attribute| attribute.get("Value"))
        .ok_or_else(|| CallError::unreadable(ATTRIBUTES, format!("the answer for {arn} lacks deletion protection")))?;
    Ok(LoadBalancer {
        state: state(balancer.get("Code").map_or("", String::as_str)),
        zones: zones.filter_map(|mut zone| zone.remove("ZoneName")).map(Zone).collect(),
        deletion_protection: Some(protection == "true"),
        ..gone
    })
}

/// The health of the targets of each load balancer. One that is deleted has none.
pub(super) async fn target_health(
    session: &Session,
    region: &Region,
    arns: &BTreeSet<String>,
) -> Result<BTreeMap<String, TargetHealth>, CallError> {
    let found = stream::iter(arns).map(async |arn| {
        let health = health(session, region, arn).await?;
        Ok::<_, CallError>((arn.clone(), health))
    });
    found.buffer_unordered(CONCURRENT_CALLS).try_collect().await
}

async fn health(session: &Session, region: &Region, arn: &str) -> Result<TargetHealth, CallError> {
    let mut health = TargetHealth::default();
    let mut marker: Option<String> = None;
    loop {
        let mut parameters = vec![("LoadBalancerArn", arn)];
        parameters.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let page = call(session, region, TARGET_GROUPS, &parameters).await;
        let Some(page) = unless_gone(page)? else {
            return Ok(health);
        };
        for mut group in records(&page.body, "TargetGroups", &["TargetGroupArn"]) {
            let Some(group) = group.remove("TargetGroupArn") else {
                continue;
            };
            let targets = call(session, region, TARGET_HEALTH, &[("TargetGroupArn", &group)]).await;
            let Some(targets) = unless_gone(targets)? else { continue };
            let targets = records(&targets.body, "TargetHealthDescriptions", &["State"]);
            let healthy =
                |target: &&BTreeMap<String, String>| target.get("State").is_some_and(|state| state == "healthy");
            health.healthy += targets.iter().filter(healthy).count();
            health.registered += targets.len();
        }
        match element(&page.body, "NextMarker").filter(|next| !next.is_empty()) {
            None => return Ok(health),
            Some(next) if marker.as_deref() == Some(next) => {
                return Err(CallError::unreadable(TARGET_GROUPS, "the same page came twice"));
            }
            Some(next) => marker = Some(next.to_owned()),
        }
    }
}

fn state(code: &str) -> LoadBalancerState {
    match code {
        "active" => LoadBalancerState::Active,
        "provisioning" => LoadBalancerState::Provisioning,
        "active_impaired" => LoadBalancerState::Impaired,
        "failed" => LoadBalancerState::Failed,
        _ => LoadBalancerState::Unknown,
    }
}

/// None where the load balancer or the target group no longer exists.
fn unless_gone(answer: Result<Answer, CallError>) -> Result<Option<Answer>, CallError> {
    match answer {
        Err(error) if error.is(&["LoadBalancerNotFound", "TargetGroupNotFound"]) => Ok(None),
        answer => answer.map(Some),
    }
}

/// A request of the query protocol, whose operation is named after the IAM action.
async fn call(
    session: &Session,
    region: &Region,
    call: &'static str,
    parameters: &[(&str, &str)],
) -> Result<Answer, CallError> {
    let (_, action) = call.split_once(':').unwrap_or_default();
    let fixed = [("Action", action), ("Version", VERSION)];
    let pairs = fixed.iter().chain(parameters);
    let pairs: Vec<_> = pairs
        .map(|(name, value)| format!("{name}={}", encoded(value, "")))
        .collect();
    let request = Request {
        call,
        service: SERVICE,
        region: Some(region.to_string()),
        method: "POST",
        uri: "/".to_owned(),
        headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
        body: pairs.join("&"),
    };
    session.send(request).await
}
