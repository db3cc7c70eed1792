//! Messages that a sink did not take.

use jiff::Timestamp;

/// A message that one sink did not take. The next reconciliation of its scope delivers it to that sink alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndeliveredMessage {
    /// The name of the sink.
    pub sink: String,
    /// When it was to be delivered.
    pub time: Timestamp,
    pub subject: String,
    pub body: String,
    /// Name, SNS data type such as `String`, and value.
    pub attributes: Vec<(String, String, String)>,
}
