//! Whose credentials these are, and where they are used.

use postern_core::model::id::{AccountId, Region};

use crate::clients::Aws;
use crate::error::CallError;

/// No policy can deny it.
const CALLER_IDENTITY: &str = "sts:GetCallerIdentity";

impl Aws {
    /// The Region of the configuration.
    pub fn region(&self) -> Option<Region> {
        let region = self.config.region()?;
        Some(Region::from(region.as_ref()))
    }

    /// The account of the credentials.
    pub async fn account(&self) -> Result<AccountId, CallError> {
        // Asked once in a process, so the client is not kept.
        let sts = aws_sdk_sts::Client::new(&self.config);
        let answer = sts.get_caller_identity().send().await;
        let answer = answer.map_err(|error| CallError::new(CALLER_IDENTITY, error))?;
        let account = answer.account.map(AccountId::from);
        account.ok_or_else(|| CallError::unreadable(CALLER_IDENTITY, "the answer does not name the account"))
    }
}
