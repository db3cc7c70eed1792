//! Whether the settings approve where an endpoint leads.

use crate::evaluation::Context;
use crate::model::arn::Arn;
use crate::model::catalogue::{Catalogue, Service};
use crate::model::endpoint::Endpoint;
use crate::model::id::AccountId;
use crate::model::part::Gap;
use crate::model::policy_document::{QUARANTINE_POLICY, has_policy};

/// What `approved_services` in the settings says of an endpoint.
pub(crate) enum Approval {
    /// There is no such section.
    NotAsked,
    /// The service does not exist any more.
    Gone,
    /// AWS does not say where the endpoint leads.
    Unknown,
    /// AWS does not show the service of another account, and accounts are approved: it was deleted, or its provider
    /// withdrew the permission. Connections stay up then.
    OwnerUnknown(String),
    /// The reason, in a sentence.
    Approved(String),
    Unapproved {
        /// The name or the ARN to which it leads.
        target: String,
        /// Who offers that, such as ` of account 444455556666`.
        whose: String,
    },
}

impl Context<'_> {
    pub(crate) fn approval(&self, endpoint: &Endpoint) -> Result<Approval, Gap> {
        let service = self.service_of(endpoint)?;
        let Some(approved) = &self.settings.approved_services else {
            return Ok(Approval::NotAsked);
        };
        let provider = match (service, &endpoint.target) {
            (Some(service), _) if service.amazon() => None,
            (Some(service), _) => service.provider.clone(),
            (None, Some(arn)) => Arn::parse(arn).map(|arn| AccountId::from(arn.account)),
            (None, None) => None,
        };
        let name = endpoint.service.as_ref().map(|service| service.as_str());
        let Some(target) = name.or(endpoint.target.as_deref()) else {
            return Ok(Approval::Unknown);
        };
        let lost = |services: &Catalogue| services.lost_service_of(endpoint);
        let lost = self.snapshot.services.as_ref().is_ok_and(|services| lost(services));
        let of_account = name.is_some_and(is_name_of_account);
        if lost && !of_account {
            return Ok(Approval::Gone);
        }
        let short = service.and_then(Service::short_name);
        let named = |name: &&String| name.as_str() == target || Some(name.as_str()) == short;
        if let Some(name) = approved.names.iter().find(named) {
            return Ok(Approval::Approved(format!("`approved_services` names `{name}`.")));
        }
        if self.requires_anywhere(target, short) {
            return Ok(Approval::Approved(format!("The settings require {target}.")));
        }
        if service.is_some_and(Service::amazon) && approved.aws {
            return Ok(Approval::Approved(format!("{target} is a service of AWS.")));
        }
        if let Some(account) = &provider
            && (*account == self.snapshot.account || approved.accounts.contains(account))
        {
            return Ok(Approval::Approved(format!(
                "Account {account} offers {target} and is approved."
            )));
        }
        if lost && !approved.accounts.is_empty() {
            return Ok(Approval::OwnerUnknown(target.to_owned()));
        }
        Ok(Approval::Unapproved {
            target: target.to_owned(),
            whose: match &provider {
                Some(account) => format!(" of account {account}"),
                None if lost => " of an account that AWS does not show".to_owned(),
                None if service.is_some_and(Service::amazon) => " of AWS".to_owned(),
                None => String::new(),
            },
        })
    }

    /// Whether the settings want endpoints in quarantine that are not approved.
    pub(crate) fn quarantines(&self) -> bool {
        let approved = self.settings.approved_services.as_ref();
        approved.is_some_and(|approved| approved.quarantine)
    }

    /// Whether the settings do not approve where an endpoint leads.
    pub(crate) fn unapproved(&self, endpoint: &Endpoint) -> Result<bool, Gap> {
        Ok(matches!(self.approval(endpoint)?, Approval::Unapproved { .. }))
    }

    /// Whether an endpoint is in the quarantine in which the settings want it, by its policy.
    pub(crate) fn denied_by_quarantine(&self, endpoint: &Endpoint) -> Result<bool, Gap> {
        let denied = self.quarantines() && has_policy(endpoint, QUARANTINE_POLICY);
        Ok(denied && self.unapproved(endpoint)?)
    }
}

/// Whether an account offers the service of this name, not AWS: `com.amazonaws.vpce.eu-central-1.vpce-svc-0a1b2c3d`.
pub(crate) fn is_name_of_account(name: &str) -> bool {
    name.rsplit('.')
        .next()
        .is_some_and(|last| last.starts_with("vpce-svc-"))
}
