//! The document of a message that could not be delivered.

use jiff::Timestamp;
use postern_core::history::UndeliveredMessage;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(in crate::ledger) struct MessageDocument {
    sink: String,
    time: Timestamp,
    subject: String,
    body: String,
    attributes: Vec<(String, String, String)>,
}

impl From<&UndeliveredMessage> for MessageDocument {
    fn from(message: &UndeliveredMessage) -> Self {
        let message = message.clone();
        Self {
            sink: message.sink,
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
            sink: document.sink,
            time: document.time,
            subject: document.subject,
            body: document.body,
            attributes: document.attributes,
        }
    }
}
