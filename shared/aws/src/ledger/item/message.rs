//! The document of a message that could not be delivered.

use jiff::Timestamp;
use postern_core::history::{Sink, UndeliveredMessage};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(in crate::ledger) struct MessageDocument {
    sink: SinkDocument,
    time: Timestamp,
    subject: String,
    body: String,
    attributes: Vec<(String, String, String)>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SinkDocument {
    Alerts,
    Reports,
}

impl From<&UndeliveredMessage> for MessageDocument {
    fn from(message: &UndeliveredMessage) -> Self {
        let message = message.clone();
        Self {
            sink: match message.sink {
                Sink::Alerts => SinkDocument::Alerts,
                Sink::Reports => SinkDocument::Reports,
            },
            time: message.time,
            subject: message.subject,
            body: message.body,
            attributes: message.attributes,
        }
    }
}

impl From<MessageDocument> for UndeliveredMessage {
    fn from(document: MessageDocument) -> Self {
        Self {
            sink: match document.sink {
                SinkDocument::Alerts => Sink::Alerts,
                SinkDocument::Reports => Sink::Reports,
            },
            time: document.time,
            subject: document.subject,
            body: document.body,
            attributes: document.attributes,
        }
    }
}
