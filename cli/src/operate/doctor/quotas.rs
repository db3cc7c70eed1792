//! How much of the account's quotas is used.

use std::collections::{BTreeMap, BTreeSet};

use postern_aws::{Aws, Caller, chain};
use postern_core::functions::FUNCTIONS;
use postern_core::model::endpoint::EndpointKind;
use postern_core::model::part::Part;
use postern_core::model::snapshot::VpcSnapshot;
use postern_core::settings::Settings;

use super::{Line, NEARLY, Read};

/// <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html>
const INTERFACE_ENDPOINTS_PER_VPC: (&str, &str) = ("vpc", "L-29B6F2EB");
const GATEWAY_ENDPOINTS_PER_REGION: (&str, &str) = ("vpc", "L-1B52E74A");
/// Two concurrent executions of each function.
const CONCURRENCY: u64 = 2 * FUNCTIONS.len() as u64;

pub(super) async fn quotas(aws: &Aws, caller: &Caller) -> Vec<Line> {
    let mut lines = Vec::new();
    let Some(region) = aws.region() else { return lines };
    let observed = async {
        let session = aws.account(&caller.account).await.map_err(|error| chain(&error))?;
        let parts = BTreeSet::from([Part::Endpoints]);
        session
            .observe_vpcs(&region, &parts, &Settings::default())
            .await
            .map_err(|error| chain(&error))
    };
    match observed.await {
        Ok(snapshots) => {
            for ((service, code), used, what) in used(&snapshots) {
                let quota = aws.quota(service, code).await.map_err(|error| chain(&error));
                lines.push(quota_line(&what, used, quota, service, code));
            }
        }
        Err(error) => lines.push(Line::warning(format!("the endpoints could not be counted: {error}"))),
    }
    let concurrency = aws.lambda_concurrency().await.map_err(|error| chain(&error));
    lines.push(concurrency_line(concurrency));
    lines
}

/// What is used of each quota.
fn used(snapshots: &[VpcSnapshot]) -> [((&'static str, &'static str), usize, String); 2] {
    let mut gateways = 0;
    let mut interfaces = BTreeMap::new();
    for snapshot in snapshots {
        let endpoints = snapshot.endpoints.as_ref().into_iter().flat_map(BTreeMap::values);
        for endpoint in endpoints {
            match endpoint.kind {
                EndpointKind::Gateway => gateways += 1,
                EndpointKind::Interface | EndpointKind::GatewayLoadBalancer => {
                    *interfaces.entry(snapshot.vpc.id.clone()).or_insert(0) += 1;
                }
                EndpointKind::Resource | EndpointKind::ServiceNetwork | EndpointKind::Tunnel | EndpointKind::Other => {}
            }
        }
    }
    let fullest = interfaces.into_iter().max_by_key(|(_, count)| *count);
    let (vpc, most) = fullest.map_or(("the fullest VPC".to_owned(), 0), |(vpc, count)| {
        (vpc.to_string(), count)
    });
    [
        (
            INTERFACE_ENDPOINTS_PER_VPC,
            most,
            format!("interface endpoints of {vpc}"),
        ),
        (
            GATEWAY_ENDPOINTS_PER_REGION,
            gateways,
            "gateway endpoints of the Region".to_owned(),
        ),
    ]
}

pub(super) fn quota_line(what: &str, used: usize, quota: Read<f64>, service: &str, code: &str) -> Line {
    match quota {
        Ok(quota) if used as f64 >= quota * NEARLY => Line::warning(format!("{what}: {used} of {quota}")).run(format!(
            "aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code} \
             --desired-value VALUE"
        )),
        Ok(quota) => Line::ok(format!("{what}: {used} of {quota}")),
        Err(error) => Line::warning(format!("{what}: {used}; the quota could not be read: {error}")),
    }
}

pub(super) fn concurrency_line(limit: Read<u64>) -> Line {
    match limit {
        Ok(limit) if limit < CONCURRENCY => Line::warning(format!(
            "functions may have {limit} concurrent executions in this account, and those of Postern use up to {CONCURRENCY}"
        ))
        .run("aws lambda get-account-settings"),
        Ok(limit) => Line::ok(format!("functions may have {limit} concurrent executions in this account")),
        Err(error) => Line::warning(format!("the limit of concurrent executions could not be read: {error}")),
    }
}
