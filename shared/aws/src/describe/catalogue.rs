//! The service catalogues of Regions, kept while a function is warm.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_ec2::Client;
use jiff::{SignedDuration, Timestamp};
use postern_core::model::id::Region;
use postern_core::model::snapshot::Catalogue;
use tokio::sync::Mutex as AsyncMutex;

use super::{parse, services};
use crate::error::CallError;

/// AWS adds services and zones every few days.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(6);

/// The catalogues of one account: the same zone has other names in other accounts.
#[derive(Debug, Default)]
pub(crate) struct Catalogues(Mutex<BTreeMap<Region, Arc<AsyncMutex<Option<Kept>>>>>);

#[derive(Debug)]
struct Kept {
    catalogue: Arc<Catalogue>,
    since: Timestamp,
}

impl Catalogues {
    /// The catalogue, from AWS where none is kept or the kept one is too old. Concurrent callers wait for one answer.
    pub(crate) async fn get(&self, ec2: &Client, region: &Region, now: Timestamp) -> Result<Arc<Catalogue>, CallError> {
        let slot = {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(region.clone()).or_default())
        };
        let mut slot = slot.lock().await;
        if let Some(kept) = &*slot
            && now.duration_since(kept.since) < MAX_AGE
        {
            return Ok(Arc::clone(&kept.catalogue));
        }
        let services = services(ec2, Vec::new()).await?;
        let catalogue = Arc::new(parse::catalogue(services, region)?);
        *slot = Some(Kept {
            catalogue: Arc::clone(&catalogue),
            since: now,
        });
        Ok(catalogue)
    }
}
