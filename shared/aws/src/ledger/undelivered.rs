//! Keeps messages until the topic that did not take them takes them.

use jiff::Timestamp;
use postern_core::history::UndeliveredMessage;
use postern_core::model::scope::Scope;

use super::item::{MESSAGE, MessageDocument, item, key, number, undelivered_key};
use super::{Ledger, LedgerError};

impl Ledger {
    /// Keeps a message until it is delivered, or expires.
    ///
    /// # Errors
    /// If DynamoDB does not take it, because it is too large for example.
    pub async fn keep_undelivered(
        &self,
        scope: &Scope,
        message: &UndeliveredMessage,
        expires: Timestamp,
    ) -> Result<(), LedgerError> {
        let sort = undelivered_key(message);
        let item = item(scope, sort.clone(), &MESSAGE, &MessageDocument::from(message), expires);
        let item = item.map_err(|error| self.unwritable(scope, &sort, error))?;
        let aim = format!("keep an undelivered message of {}", scope.resource);
        self.put(&aim, item).await.map(drop)
    }

    /// Drops a message that was kept and is delivered now. Its empty item is left to DynamoDB's time to live, since the
    /// functions may not delete items.
    ///
    /// # Errors
    /// If DynamoDB cannot be written to.
    pub async fn drop_undelivered(
        &self,
        scope: &Scope,
        message: &UndeliveredMessage,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let mut item = key(scope, undelivered_key(message));
        item.insert("expires".to_owned(), number(now.as_second()));
        let aim = format!("drop a delivered message of {}", scope.resource);
        self.put(&aim, item).await.map(drop)
    }
}
