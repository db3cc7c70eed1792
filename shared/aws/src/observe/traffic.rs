//! What endpoints process, from CloudWatch.

use std::collections::BTreeMap;

use postern_core::controls::need;
use postern_core::model::endpoint::{Endpoint, EndpointKind};
use postern_core::model::id::{EndpointId, Region, VpcId};
use postern_core::model::part::{Gap, Part};
use postern_core::model::snapshot::VpcSnapshot;
use postern_core::model::traffic::Traffic;
use postern_core::settings::Settings;
use serde_json::{Value, json};

use super::gap;
use crate::error::CallError;
use crate::metric_data::{MetricQueries, unreadable, whole};
use crate::session::Session;

/// The length of a day in seconds.
const DAY: u32 = 86_400;

/// Sets what the endpoints of these VPCs of the account processed. Where AWS has it, whatever the number of VPCs is, by one
/// request for 500 endpoints. A gap where no control that is on needs it, and where it cannot be read for whatever reason:
/// no repair depends on it.
pub(super) async fn observe(session: &Session, region: &Region, vpcs: &mut [VpcSnapshot], settings: &Settings) {
    if !need(Part::Traffic, settings) {
        let off = Gap {
            part: Part::Traffic,
            reason: "no control that needs the traffic of endpoints is on".to_owned(),
        };
        for vpc in vpcs {
            vpc.traffic = Err(off.clone());
        }
        return;
    }
    let since = Traffic::since(session.now(), settings.traffic.idle_days);
    let metered = vpcs.iter().flat_map(|snapshot| {
        let endpoints = snapshot.endpoints.iter().flat_map(BTreeMap::values);
        let own = endpoints.filter(|endpoint| endpoint.usable() && endpoint.managed_by(&snapshot.account).is_none());
        own.filter_map(|endpoint| Metered::of(endpoint, &snapshot.vpc.id, region))
    });
    let metered: Vec<_> = metered.collect();
    let bytes = bytes(session, region, &metered, since).await;
    for vpc in vpcs {
        vpc.traffic = match (&bytes, &vpc.endpoints) {
            (Err(error), _) => Err(gap(Part::Traffic, error)),
            (Ok(bytes), endpoints) => {
                let own = endpoints.iter().flat_map(BTreeMap::keys);
                let own = own.filter_map(|id| Some((id.clone(), *bytes.get(id)?)));
                Ok(Traffic {
                    since,
                    bytes: own.collect(),
                })
            }
        };
    }
}

/// An endpoint as CloudWatch names it.
struct Metered {
    endpoint: EndpointId,
    kind: &'static str,
    service: String,
    vpc: VpcId,
}

impl Metered {
    /// None for an endpoint without metrics: AWS publishes none of endpoints to services in other Regions
    /// ([CloudWatch metrics](https://docs.amazonaws.cn/en_us/vpc/latest/privatelink/privatelink-cloudwatch-metrics.html)).
    fn of(endpoint: &Endpoint, vpc: &VpcId, region: &Region) -> Option<Self> {
        if endpoint
            .service_region
            .as_ref()
            .is_some_and(|service| service != region)
        {
            return None;
        }
        Some(Self {
            endpoint: endpoint.id.clone(),
            kind: match endpoint.kind {
                EndpointKind::Interface => "Interface",
                EndpointKind::GatewayLoadBalancer => "GatewayLoadBalancer",
                EndpointKind::Gateway
                | EndpointKind::Resource
                | EndpointKind::ServiceNetwork
                | EndpointKind::Tunnel
                | EndpointKind::Other => return None,
            },
            service: endpoint.service.as_ref()?.to_string(),
            vpc: vpc.clone(),
        })
    }

    /// A metric is found by all of its dimensions together.
    /// [CloudWatch metrics for AWS PrivateLink](https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-cloudwatch-metrics.html)
    fn query(&self, id: &str) -> Value {
        let dimension = |name: &str, value: &str| json!({"Name": name, "Value": value});
        json!({
            "Id": id,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/PrivateLinkEndpoints",
                    "MetricName": "BytesProcessed",
                    "Dimensions": [
                        dimension("Endpoint Type", self.kind),
                        dimension("Service Name", &self.service),
                        dimension("VPC Endpoint Id", self.endpoint.as_str()),
                        dimension("VPC Id", self.vpc.as_str()),
                    ],
                },
                "Period": DAY,
                "Stat": "Sum",
            },
        })
    }
}

/// The sum of all days by endpoint. There are data points of minutes with traffic alone.
async fn bytes(
    session: &Session,
    region: &Region,
    metered: &[Metered],
    since: jiff::Timestamp,
) -> Result<BTreeMap<EndpointId, u64>, CallError> {
    let name = |at: usize| format!("endpoint{at}");
    let queries = MetricQueries {
        region: Some(region.to_string()),
        queries: metered.iter().enumerate().map(|(at, of)| of.query(&name(at))).collect(),
        from: since,
        until: session.now(),
    };
    let found = queries.ask(async |request| session.send(request).await).await?;
    let mut sums: BTreeMap<&str, (f64, bool)> = BTreeMap::new();
    for series in &found {
        let sum = sums.entry(&series.id).or_default();
        *sum = (sum.0 + series.values.iter().sum::<f64>(), series.partial);
    }
    let each = metered
        .iter()
        .enumerate()
        .map(|(at, of)| match sums.get(name(at).as_str()) {
            Some((sum, false)) => Ok((of.endpoint.clone(), whole(*sum))),
            Some((_, true)) => Err(unreadable(format!("the data of {} is incomplete", of.endpoint))),
            None => Err(unreadable(format!("the answer lacks {}", of.endpoint))),
        });
    each.collect()
}
