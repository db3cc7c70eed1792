//! `GetMetricData` of CloudWatch, by requests of its own.
//!
//! [API reference](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html)

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::error::CallError;
use crate::request::{Answer, Request, Service};

pub(crate) const METRIC_DATA: &str = "cloudwatch:GetMetricData";

/// The most queries of a request.
const QUERIES: usize = 500;

const CLOUD_WATCH: Service = Service {
    id: "CLOUDWATCH",
    host: "monitoring",
    signing_name: "monitoring",
};

/// Data points of one metric, as one page of an answer has them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    /// The name of its query.
    pub(crate) id: String,
    pub(crate) values: Vec<f64>,
    /// Whether CloudWatch has more data points than this page and those before.
    pub(crate) partial: bool,
}

/// What is asked for.
pub(crate) struct MetricQueries {
    /// None for the Region of the configuration.
    pub(crate) region: Option<String>,
    pub(crate) queries: Vec<Value>,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

impl MetricQueries {
    /// Every series of every page, in the order of the answers. A search may find several series, or none; any other query
    /// has at least one, without values where CloudWatch has no data.
    ///
    /// # Errors
    /// If a request fails, or CloudWatch could not answer a query.
    pub(crate) async fn ask(
        &self,
        send: impl AsyncFn(Request) -> Result<Answer, CallError>,
    ) -> Result<Vec<Series>, CallError> {
        let mut found = Vec::new();
        for queries in self.queries.chunks(QUERIES) {
            let mut next = None;
            loop {
                let answer = send(self.request(queries, next.as_deref())).await?.json();
                found.extend(series(&answer)?);
                match answer.get("NextToken").and_then(Value::as_str) {
                    None => break,
                    Some(token) if next.as_deref() == Some(token) => {
                        return Err(unreadable("the same page came twice"));
                    }
                    Some(token) => next = Some(token.to_owned()),
                }
            }
        }
        Ok(found)
    }

    fn request(&self, queries: &[Value], next: Option<&str>) -> Request {
        let mut body = json!({
            "MetricDataQueries": queries,
            "StartTime": self.from.as_second(),
            "EndTime": self.until.as_second(),
        });
        if let (Some(token), Some(body)) = (next, body.as_object_mut()) {
            body.insert("NextToken".to_owned(), token.into());
        }
        let target = "GraniteServiceVersion20100801.GetMetricData".to_owned();
        let mut request = Request::json(METRIC_DATA, CLOUD_WATCH, target, &body);
        request.region.clone_from(&self.region);
        // CloudWatch has version 1.0 of the protocol.
        for (name, value) in &mut request.headers {
            if *name == "content-type" {
                "application/x-amz-json-1.0".clone_into(value);
            }
        }
        request
    }
}

fn series(answer: &Value) -> Result<Vec<Series>, CallError> {
    let results = answer.get("MetricDataResults").and_then(Value::as_array);
    let results = results.ok_or_else(|| unreadable("the answer has no results"))?;
    let read = |result: &Value| {
        let status = text(result, "/StatusCode");
        if !matches!(status, "Complete" | "PartialData") {
            return Err(unreadable(format!("{status} {}", text(result, "/Messages/0/Value"))));
        }
        let values = result.get("Values").and_then(Value::as_array);
        Ok(Series {
            id: text(result, "/Id").to_owned(),
            values: values.into_iter().flatten().filter_map(Value::as_f64).collect(),
            partial: status == "PartialData",
        })
    };
    results.iter().map(read).collect()
}

pub(crate) fn unreadable(what: impl Into<String>) -> CallError {
    CallError::unreadable(METRIC_DATA, what)
}

/// A number of things, of which CloudWatch has sums as floating-point numbers.
pub(crate) fn whole(count: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count is a whole number, and casts saturate"
    )]
    let count = count.round() as u64;
    count
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
