//! Reads changes and deliveries.

use std::collections::BTreeMap;
use std::error::Error;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use jiff::Timestamp;
use postern_core::history::{ChangeHistory, ChangeRecord, DeliveredFinding};
use postern_core::model::id::{AccountId, Region};
use postern_core::model::scope::Scope;
use serde::de::DeserializeOwned;

use super::item::{
    CHANGE, ChangeDocument, DELIVERED, DeliveredDocument, Document, Item, LEASE, MESSAGE, MessageDocument, PAUSE,
    PauseDocument, RESUME, ResumeDocument, area, attribute, changes_since, document, text, unreadable,
};
use super::{HISTORY, Ledger, LedgerError, QUERY};
use crate::error::CallError;

impl Ledger {
    /// Everything that the ledger has of a scope. Of its changes only those since the time; None means all. The read is
    /// consistent.
    pub async fn past(&self, scope: &Scope, since: Option<Timestamp>) -> Result<ChangeHistory, LedgerError> {
        // Every other sort key comes after those of changes.
        let query = self.since("pk", scope.to_string(), since).consistent_read(true);
        let items = self
            .pages(&format!("read the history of {}", scope.resource), query)
            .await?;
        let mut past = ChangeHistory::default();
        let mut delivered: BTreeMap<&str, ToldParts> = BTreeMap::new();
        for item in &items {
            let key = attribute(item, "sk").unwrap_or_default();
            match key.split_once('/').unwrap_or((key, "")) {
                (LEASE, _) => {
                    past.version = self.parsed(item, "version")?;
                    past.leased = attribute(item, "run").is_some();
                }
                ("change", _) => past.records.push(self.change_of(item)?),
                ("hold", _) => past.pauses.push(self.document::<PauseDocument>(item, &PAUSE)?.into()),
                // The message was delivered since.
                ("undelivered", _) if MESSAGE.missing(item) => {}
                ("undelivered", _) => past
                    .undelivered
                    .push(self.document::<MessageDocument>(item, &MESSAGE)?.into()),
                ("resume", _) => {
                    let ResumeDocument { finding, time } = self.document(item, &RESUME)?;
                    past.resumes.insert(finding, time);
                }
                ("told", part) => {
                    let list: Vec<DeliveredDocument> = self.document(item, &DELIVERED)?;
                    match part.split_once('/') {
                        None => {
                            let parts = delivered.entry(part).or_default();
                            parts.count = self.parsed(item, "parts")?;
                            parts.lists.insert(0, list);
                        }
                        Some((control, part)) => {
                            let part = part.parse().map_err(|_| self.unreadable(item, "it is not a part"))?;
                            delivered.entry(control).or_default().lists.insert(part, list);
                        }
                    }
                }
                _ => return Err(self.unreadable(item, "it is of an unknown kind")),
            }
        }
        past.undelivered.sort_by_key(|message| message.time);
        for ToldParts { count, lists } in delivered.into_values() {
            let lists = lists.into_iter().filter(|(part, _)| *part < count);
            let each = lists.flat_map(|(_, list)| list).map(DeliveredFinding::from);
            past.delivered
                .extend(each.map(|delivered| (delivered.key.clone(), delivered)));
        }
        Ok(past)
    }

    /// The changes in an account and Region since the time, oldest first; None means all. The read is eventually
    /// consistent.
    pub async fn history(
        &self,
        account: &AccountId,
        region: &Region,
        since: Option<Timestamp>,
    ) -> Result<Vec<ChangeRecord>, LedgerError> {
        let query = self.since("place", area(account, region), since).index_name(HISTORY);
        let aim = format!("read the history of {account} in {region}");
        let items = self.pages(&aim, query).await?;
        items.iter().map(|item| self.change_of(item)).collect()
    }

    fn since(&self, name: &str, partition: String, since: Option<Timestamp>) -> QueryFluentBuilder {
        let query = self.client.query().table_name(&self.table);
        let query = query.expression_attribute_values(":partition", text(partition));
        match since {
            None => query.key_condition_expression(format!("{name} = :partition")),
            Some(since) => query
                .key_condition_expression(format!("{name} = :partition AND sk >= :since"))
                .expression_attribute_values(":since", text(changes_since(since))),
        }
    }

    async fn pages(&self, aim: &str, query: QueryFluentBuilder) -> Result<Vec<Item>, LedgerError> {
        let mut items = Vec::new();
        let mut start: Option<Item> = None;
        loop {
            let answer = query.clone().set_exclusive_start_key(start.clone()).send().await;
            let answer = answer.map_err(|error| LedgerError::call(aim, &self.table, CallError::new(QUERY, error)))?;
            items.extend(answer.items.unwrap_or_default());
            match answer.last_evaluated_key.filter(|last| !last.is_empty()) {
                None => return Ok(items),
                last if last == start => {
                    let error = CallError::unreadable(QUERY, "the same page came twice");
                    return Err(LedgerError::call(aim, &self.table, error));
                }
                last => start = last,
            }
        }
    }

    fn change_of(&self, item: &Item) -> Result<ChangeRecord, LedgerError> {
        Ok(self.document::<ChangeDocument>(item, &CHANGE)?.into())
    }

    fn document<T: DeserializeOwned>(&self, item: &Item, kind: &Document) -> Result<T, LedgerError> {
        document(&self.table, item, kind)
    }

    fn unreadable(&self, item: &Item, cause: impl Into<Box<dyn Error + Send + Sync>>) -> LedgerError {
        unreadable(&self.table, item, cause)
    }

    fn parsed(&self, item: &Item, name: &str) -> Result<u64, LedgerError> {
        let value = attribute(item, name).and_then(|value| value.parse().ok());
        value.ok_or_else(|| self.unreadable(item, format!("its `{name}` is not a count")))
    }
}

/// The reported findings of a control, in as many items as they need.
#[derive(Default)]
struct ToldParts {
    /// How many of the first parts count. Later ones are left over from a longer list.
    count: u64,
    lists: BTreeMap<u64, Vec<DeliveredDocument>>,
}
