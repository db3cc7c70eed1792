//! JSON documents for programs that subscribe to the topic Reports.

use postern_report::Message;

use super::{Audience, Sink, sns};

pub static REPORTS: Sink = Sink {
    name: "reports",
    variable: "POSTERN_TOPIC_ARN",
    required: true,
    audience: Audience::Programs,
    render: |reports| reports.iter().map(|report| Message::report(report)).collect(),
    check: sns::check,
    deliver: sns::deliver,
};
