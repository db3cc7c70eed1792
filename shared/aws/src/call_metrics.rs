//! What CloudWatch counts of the calls to EC2 in an account and Region, by everybody.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::error::CallError;
use crate::metric_data::{MetricQueries, whole};

/// The time over which calls are counted.
const PAST: SignedDuration = SignedDuration::from_hours(24);
/// Names of queries.
const REFUSED: &str = "refused";
const MADE: &str = "made";

/// Calls to EC2 in the last 24 hours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallMetrics {
    /// The most calls in one minute, by call such as `ec2:CreateVpcEndpoint`. Calls that CloudWatch does not count are
    /// absent.
    pub busiest_minute: BTreeMap<&'static str, u64>,
    /// How many calls EC2 refused because of the request rate, at least. None where EC2 does not publish it: AWS Support
    /// enables it.
    pub refused: Option<u64>,
}

impl Aws {
    /// What CloudWatch counts of these calls to EC2.
    ///
    /// [`AWS/Usage`](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Usage-Metrics.html) has the
    /// calls of each minute, and [`AWS/EC2/API`](https://docs.aws.amazon.com/AWSEC2/latest/APIReference/monitor.html) those
    /// that EC2 refused.
    pub async fn call_metrics(&self, calls: &[&'static str]) -> Result<CallMetrics, CallError> {
        let operation = |call: &'static str| call.rsplit(':').next().unwrap_or(call);
        let each = calls.iter().enumerate().map(|(at, call)| {
            let usage = r#"Namespace="AWS/Usage" MetricName="CallCount" Service="EC2" Type="API""#;
            query(&counted(at), &format!(r#"{usage} Resource="{}""#, operation(call)), 60)
        });
        let of_ec2 = |id, metric| query(id, &format!(r#"Namespace="AWS/EC2/API" MetricName="{metric}""#), 3600);
        let refusals = [of_ec2(REFUSED, "RequestLimitExceeded"), of_ec2(MADE, "SuccessfulCalls")];
        let queries = MetricQueries {
            region: None,
            queries: each.chain(refusals).collect(),
            from: self.now() - PAST,
            until: self.now(),
        };
        let found = queries.ask(async |request| self.send(request).await).await?;
        // A search may find several series with the same calls, by other dimensions.
        let most = |id: &str, of: fn(&[f64]) -> f64| {
            let series = found.iter().filter(|series| series.id == id);
            series.map(|series| of(&series.values)).max_by(f64::total_cmp)
        };
        let sum = |values: &[f64]| values.iter().sum();
        let highest = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
        let busiest = calls.iter().enumerate();
        let busiest = busiest.filter_map(|(at, call)| Some((*call, whole(most(&counted(at), highest)?))));
        let published = most(MADE, sum).map(|_| 0.0);
        Ok(CallMetrics {
            busiest_minute: busiest.collect(),
            refused: most(REFUSED, sum).or(published).map(whole),
        })
    }
}

/// The name of the query for the call at this position.
fn counted(at: usize) -> String {
    format!("call{at}")
}

/// A [search](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html) finds metrics
/// whatever their other dimensions are.
fn query(id: &str, search: &str, period: u32) -> Value {
    json!({"Id": id, "Expression": format!("SEARCH('{search}', 'Sum', {period})"), "ReturnData": true})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::chain;
    use crate::wire::Cloud;

    const CALLS: [&str; 2] = ["ec2:CreateVpcEndpoint", "ec2:ModifyVpcEndpoint"];

    fn series(id: &str, values: &[f64]) -> Value {
        json!({"Id": id, "Label": "any", "Timestamps": [], "Values": values, "StatusCode": "Complete"})
    }

    async fn metrics(results: &[Value]) -> Result<CallMetrics, CallError> {
        let cloud = Cloud::new().json("GetMetricData", &json!({"MetricDataResults": results}));
        cloud.aws().call_metrics(&CALLS).await
    }

    #[tokio::test]
    async fn busiest_minute_and_refused_calls_are_read_with_one_request() {
        let results = [
            series("call0", &[1.0, 9.0, 3.0]),
            series("call0", &[4.0]),
            series("refused", &[2.0, 3.0]),
            series("refused", &[4.0]),
            series("made", &[70.0]),
        ];
        let cloud = Cloud::new().json("GetMetricData", &json!({"MetricDataResults": results}));
        let found = cloud.aws().call_metrics(&CALLS).await.unwrap();
        assert_eq!(found.busiest_minute, BTreeMap::from([("ec2:CreateVpcEndpoint", 9)]));
        assert_eq!(found.refused, Some(5));
        let body = cloud.body("GetMetricData");
        let queries = body["MetricDataQueries"].as_array().unwrap();
        assert_eq!(
            queries[1]["Expression"],
            "SEARCH('Namespace=\"AWS/Usage\" MetricName=\"CallCount\" Service=\"EC2\" Type=\"API\" \
             Resource=\"ModifyVpcEndpoint\"', 'Sum', 60)"
        );
        assert_eq!(queries.len(), 4);
        let seconds = |member: &str| body[member].as_i64().unwrap();
        assert_eq!(seconds("EndTime") - seconds("StartTime"), 86_400);
    }

    #[tokio::test]
    async fn metrics_that_ec2_does_not_publish_are_not_taken_for_zero() {
        assert_eq!(metrics(&[]).await.unwrap(), CallMetrics::default());
        let none_refused = metrics(&[series("made", &[70.0])]).await.unwrap();
        assert_eq!(none_refused.refused, Some(0));
    }

    #[tokio::test]
    async fn query_that_cloudwatch_cannot_answer_is_an_error() {
        let failed = json!({"Id": "call0", "Values": [], "StatusCode": "InternalError",
            "Messages": [{"Code": "Unsupported", "Value": "no expressions"}]});
        let error = metrics(&[failed]).await.unwrap_err();
        assert_eq!(
            chain(&error),
            "cloudwatch:GetMetricData failed: InternalError no expressions"
        );
    }
}
