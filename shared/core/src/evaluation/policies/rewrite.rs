//! Policies that Postern wrote under a perimeter which is no longer that of the settings.

use postern_policy::Request;

use crate::changes::{Change, ReplacePolicy};
use crate::evaluation::Context;
use crate::evaluation::Policy;
use crate::history::ChangeRecord;
use crate::model::catalogue::Service;
use crate::model::endpoint::Endpoint;
use crate::model::policy_document::same_policy;

/// A policy that Postern wrote under another perimeter.
pub(crate) struct Rewrite<'a> {
    /// The change that wrote it.
    pub(crate) record: &'a ChangeRecord,
    /// The policy from before Postern first changed it, closed for the present perimeter where that is proven.
    pub(crate) change: Change,
    /// Whether it closes the policy for the present perimeter.
    pub(crate) closes: bool,
    /// A trusted request that the present policy denies and that the policy from before allowed.
    pub(crate) lost: Option<Request>,
}

impl<'a> Context<'a> {
    /// What becomes of the endpoint's policy, where Postern wrote it under another perimeter. None where nothing is to
    /// be changed.
    pub(crate) fn rewrite(&self, endpoint: &Endpoint, service: &Service, policy: &Policy) -> Option<Rewrite<'a>> {
        let history = self.history;
        if history.records.is_empty() {
            return None;
        }
        let live = endpoint.policy.as_deref()?;
        let digest = self.settings.perimeter_digest();
        let (record, original) = history.policy_of_another_perimeter(&endpoint.id, live, &digest)?;
        let before = self.analysed(&endpoint.id, &endpoint.owner, service, original).ok()?;
        let perimeter = &self.settings.perimeter;
        let fix = self.policies.fix(&before, perimeter);
        let after = match fix {
            Ok(fix) => before.said_for(&self.snapshot.vpc.id, &fix.text).into_owned(),
            Err(_) => original.to_owned(),
        };
        if same_policy(&after, live) {
            return None;
        }
        Some(Rewrite {
            record,
            change: Change::ReplacePolicy(ReplacePolicy {
                endpoint: endpoint.id.clone(),
                before: live.to_owned(),
                after,
            }),
            closes: fix.is_ok(),
            lost: policy.takes_away(&before, perimeter),
        })
    }
}
