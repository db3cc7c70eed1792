//! Text for people: mail, SMS and chat forwarders that subscribe to the topic Alerts.

use super::{Audience, Sink, sns};

pub static ALERTS: Sink = Sink {
    name: "alerts",
    variable: "POSTERN_ALERT_TOPIC_ARN",
    required: false,
    audience: Audience::People,
    render: |reports| postern_report::alerts(reports.iter().copied()),
    check: sns::check,
    deliver: sns::deliver,
};
