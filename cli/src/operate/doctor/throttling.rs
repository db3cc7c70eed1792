//! How near the calls that change endpoints are to the request rate of EC2, which everybody in the account shares.

use postern_aws::changes::LIMITED;
use postern_aws::ledger::TURNS_A_MINUTE;
use postern_aws::{Aws, CallMetrics, chain};

use super::{Line, NEARLY, Read};

/// The calls in a minute that EC2 admits of each kind: 0.3 tokens a second.
/// <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>
const ADMITTED: u64 = 18;

pub(super) async fn throttling(aws: &Aws) -> Vec<Line> {
    lines(&aws.call_metrics(&LIMITED).await.map_err(|error| chain(&error)))
}

pub(super) fn lines(metrics: &Read<CallMetrics>) -> Vec<Line> {
    let metrics = match metrics {
        Ok(metrics) => metrics,
        Err(error) => {
            return vec![Line::warning(format!(
                "how often EC2 is called could not be read: {error}"
            ))];
        }
    };
    let mut lines: Vec<_> = LIMITED.iter().map(|call| call_line(call, metrics)).collect();
    lines.push(match metrics.refused {
        None => Line::ok(
            "CloudWatch has no metric of calls that EC2 refused: AWS Support enables `AWS/EC2/API` for an account",
        ),
        Some(0) => Line::ok("EC2 refused no call because of its rate in the last day"),
        Some(count) => Line::warning(format!(
            "EC2 refused {count} calls or more because of their rate in the last day"
        ))
        .run("aws cloudwatch list-metrics --namespace AWS/EC2/API --metric-name RequestLimitExceeded"),
    });
    lines
}

fn call_line(call: &str, metrics: &CallMetrics) -> Line {
    let bounds = format!("EC2 admits {ADMITTED}, and Postern makes at most {TURNS_A_MINUTE}");
    let Some(most) = metrics.busiest_minute.get(call) else {
        return Line::ok(format!(
            "{call}: CloudWatch counted none in the last day; in a minute {bounds}"
        ));
    };
    let what = format!("{call}: at most {most} in a minute of the last day; {bounds}");
    if (*most as f64) < ADMITTED as f64 * NEARLY {
        return Line::ok(what);
    }
    let event = call.rsplit(':').next().unwrap_or(call);
    Line::warning(what).run(format!(
        "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue={event}"
    ))
}
