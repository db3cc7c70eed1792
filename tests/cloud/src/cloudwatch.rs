//! CloudWatch: `GetMetricData` of the bytes that endpoints process.
//!
//! Shapes and limits are those of the
//! [API reference](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::errors::{Bytes, json_error};
use crate::not_modelled;
use crate::world::{Endpoint, EndpointKind, World};

/// The most queries of a request.
const QUERIES: usize = 500;

pub(crate) fn answer(world: &World, caller: &str, region: &str, target: &str, body: &[u8]) -> Bytes {
    if target != "GraniteServiceVersion20100801.GetMetricData" {
        not_modelled(target);
    }
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let queries = request.get("MetricDataQueries").and_then(Value::as_array);
    let queries = queries.map(Vec::as_slice).unwrap_or_default();
    let seconds = |name: &str| request.get(name).and_then(Value::as_i64).unwrap_or_default();
    let (from, until) = (seconds("StartTime"), seconds("EndTime"));
    if queries.is_empty() || queries.len() > QUERIES || from >= until {
        return json_error(400, "InvalidParameterValueException", "The request is not valid.");
    }
    let first = request.get("NextToken").and_then(Value::as_str).unwrap_or("0");
    let first: usize = first.parse().unwrap_or_default();
    let account = caller.split(':').nth(4).unwrap_or_default();
    let page = queries.iter().skip(first).take(world.page);
    let results: Vec<_> = page
        .map(|query| result(world, (account, region), query, from, until))
        .collect();
    let next = first + results.len();
    let mut answer = json!({"MetricDataResults": results, "Messages": []});
    if let (true, Some(answer)) = (next < queries.len(), answer.as_object_mut()) {
        answer.insert("NextToken".to_owned(), json!(next.to_string()));
    }
    (200, answer.to_string().into_bytes())
}

/// Without values where there is no such metric, as where it has no data points.
fn result(world: &World, place: (&str, &str), query: &Value, from: i64, until: i64) -> Value {
    let text = |pointer: &str| query.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (namespace, metric) = (
        text("/MetricStat/Metric/Namespace"),
        text("/MetricStat/Metric/MetricName"),
    );
    if (namespace, metric, text("/MetricStat/Stat")) != ("AWS/PrivateLinkEndpoints", "BytesProcessed", "Sum") {
        not_modelled(format_args!("the metric `{metric}` of `{namespace}`"));
    }
    let period = query.pointer("/MetricStat/Period").and_then(Value::as_i64);
    let period = period.filter(|period| *period > 0 && period % 60 == 0);
    let Some(period) = period else {
        not_modelled("a period that is no multiple of a minute")
    };
    let asked = query.pointer("/MetricStat/Metric/Dimensions").and_then(Value::as_array);
    let asked: BTreeMap<_, _> = asked
        .into_iter()
        .flatten()
        .filter_map(|dimension| Some((dimension.get("Name")?.as_str()?, dimension.get("Value")?.as_str()?)))
        .collect();
    let metered = |endpoint: &Endpoint| {
        (endpoint.owner.as_str(), endpoint.region.as_str()) == place && dimensions(endpoint).as_ref() == Some(&asked)
    };
    let mut sums: BTreeMap<i64, u64> = BTreeMap::new();
    let endpoint = world.endpoints().find(|endpoint| metered(endpoint));
    let points = endpoint.and_then(|endpoint| world.traffic.get(&endpoint.id));
    for (at, bytes) in points.into_iter().flatten() {
        let at = at.as_second();
        if (from..until).contains(&at) {
            *sums.entry(from + (at - from) / period * period).or_default() += bytes;
        }
    }
    json!({
        "Id": text("/Id"),
        "Label": metric,
        "Timestamps": sums.keys().collect::<Vec<_>>(),
        "Values": sums.values().map(|sum| *sum as f64).collect::<Vec<_>>(),
        "StatusCode": "Complete",
    })
}

/// By which AWS names the metric of an endpoint. None where it publishes none.
/// [CloudWatch metrics for AWS PrivateLink](https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-cloudwatch-metrics.html)
fn dimensions(endpoint: &Endpoint) -> Option<BTreeMap<&str, &str>> {
    let kind = match endpoint.kind {
        EndpointKind::Interface => "Interface",
        EndpointKind::GatewayLoadBalancer => "GatewayLoadBalancer",
        EndpointKind::Gateway
        | EndpointKind::Resource
        | EndpointKind::ServiceNetwork
        | EndpointKind::Tunnel
        | EndpointKind::Other => return None,
    };
    let service = endpoint
        .service
        .as_deref()
        .filter(|_| endpoint.service_region.is_none())?;
    Some(BTreeMap::from([
        ("Endpoint Type", kind),
        ("Service Name", service),
        ("VPC Endpoint Id", &endpoint.id),
        ("VPC Id", &endpoint.vpc),
    ]))
}
