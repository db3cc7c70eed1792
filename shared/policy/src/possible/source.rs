//! The resource for which a service calls.

use super::{Checker, RESOURCE, Verdict, must};
use crate::arn::{Arn, is_account};

/// Organisation and path of the account of the source.
const SOURCE: [&str; 2] = ["aws:SourceOrgID", "aws:SourceOrgPaths"];

impl Checker<'_> {
    /// The keys of the source agree with each other.
    pub(super) fn source(&self) -> Verdict {
        self.membership(SOURCE).or_else(|flaw| {
            if self.one("aws:SourceOrgID").is_some() && self.one("aws:SourceOrgPaths").is_some() {
                Err(flaw)
            } else {
                Ok(())
            }
        })?;
        let arn = self.one("aws:SourceArn").and_then(Arn::parse);
        let account = self.one("aws:SourceAccount");
        let of_arn = arn.map(|arn| arn.account).filter(|account| is_account(account));
        must(
            of_arn.is_none() || account.is_none() || of_arn == account,
            || "`aws:SourceArn` is of `aws:SourceAccount`",
        )?;
        let owner = self.one("aws:ResourceAccount");
        let known = account.or(of_arn).filter(|_| owner.is_some());
        for (source, resource) in SOURCE.into_iter().zip(RESOURCE) {
            let told = self.one(source);
            must(
                known != owner || known.is_none() || told.is_none() || told == self.one(resource),
                || "an account is in one organisation",
            )?;
        }
        Ok(())
    }
}
