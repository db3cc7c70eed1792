//! Messages that a topic did not take.

use jiff::Timestamp;

/// Who gets a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sink {
    /// People, who get text.
    Alerts,
    /// Programs, which get JSON.
    Reports,
}

/// A message that one sink did not take. The next reconciliation of its scope delivers it to that sink alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndeliveredMessage {
    pub sink: Sink,
    /// When it was to be delivered.
    pub time: Timestamp,
    pub subject: String,
    pub body: String,
    /// Name, SNS data type such as `String`, and value.
    pub attributes: Vec<(String, String, String)>,
}
