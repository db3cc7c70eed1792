//! When events last arrived and when the last sweep was, for each account and Region. Two facts that show a dead trail or
//! a disabled rule: what a sweep finds new must have had an event.

use jiff::Timestamp;
use postern_core::model::id::{AccountId, Region};

use super::item::{area, attribute, key, number, text};
use super::{Ledger, LedgerError, QUERY, UPDATE};
use crate::error::CallError;

/// The sort key of the item.
const WATCH: &str = "watch";

/// What is known of events and sweeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventWatch {
    /// When a function was last started by a CloudTrail event. Exact to the minutes for which a function remembers it.
    pub last_event: Option<Timestamp>,
    /// When the last sweep began.
    pub last_sweep: Option<Timestamp>,
    /// The version of the settings of that sweep.
    pub settings: Option<String>,
}

impl Ledger {
    pub async fn event_watch(&self, account: &AccountId, region: &Region) -> Result<EventWatch, LedgerError> {
        let query = self.client.query().table_name(&self.table);
        let query = query
            .key_condition_expression("pk = :partition AND sk = :key")
            .expression_attribute_values(":partition", text(area(account, region)))
            .expression_attribute_values(":key", text(WATCH));
        let answer = query.send().await;
        let answer = answer.map_err(|error| self.watch_failed("read", CallError::new(QUERY, error)))?;
        let Some(item) = answer.items.unwrap_or_default().into_iter().next() else {
            return Ok(EventWatch::default());
        };
        let time = |name: &str| Timestamp::from_second(attribute(&item, name)?.parse().ok()?).ok();
        Ok(EventWatch {
            last_event: time("event"),
            last_sweep: time("sweep"),
            settings: attribute(&item, "settings").map(str::to_owned),
        })
    }

    /// Records that an event arrived.
    pub async fn event_arrived(&self, account: &AccountId, region: &Region, now: Timestamp) -> Result<(), LedgerError> {
        let update = self.client.update_item().table_name(&self.table);
        let update = update
            .set_key(Some(key(area(account, region), WATCH)))
            .update_expression("SET #event = :now")
            .expression_attribute_names("#event", "event")
            .expression_attribute_values(":now", number(now.as_second()));
        let answer = update.send().await;
        answer.map_err(|error| self.watch_failed("record", CallError::new(UPDATE, error)))?;
        Ok(())
    }

    /// Records that a sweep began with these settings.
    pub async fn sweep_began(
        &self,
        account: &AccountId,
        region: &Region,
        began: Timestamp,
        settings: &str,
    ) -> Result<(), LedgerError> {
        let update = self.client.update_item().table_name(&self.table);
        let update = update
            .set_key(Some(key(area(account, region), WATCH)))
            .update_expression("SET #sweep = :began, #settings = :settings")
            .expression_attribute_names("#sweep", "sweep")
            .expression_attribute_names("#settings", "settings")
            .expression_attribute_values(":began", number(began.as_second()))
            .expression_attribute_values(":settings", text(settings));
        let answer = update.send().await;
        answer.map_err(|error| self.watch_failed("record", CallError::new(UPDATE, error)))?;
        Ok(())
    }

    fn watch_failed(&self, verb: &str, error: CallError) -> LedgerError {
        LedgerError::call(format!("{verb} when events arrived"), &self.table, error)
    }
}
