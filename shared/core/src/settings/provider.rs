//! The approved consumers of the endpoint services of this account.

use std::collections::BTreeSet;

use super::{Settings, carries};
use crate::model::arn::Arn;
use crate::model::endpoint_service::EndpointService;
use crate::model::id::{AccountId, EndpointServiceId, Region, ServiceName};
use crate::model::snapshot::Tags;

/// Who may use these endpoint services. The accounts of the perimeter may use every service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    pub services: ServiceSelector,
    pub accounts: Vec<String>,
    /// AWS tells the account of a consumer and not its organisation, so that these decide nothing about an account.
    pub organizations: Vec<String>,
    /// ARNs of accounts, roles and users. AWS names no caller of a connection: an ARN is judged by its account.
    pub principals: Vec<String>,
    /// From which Regions consumers may connect. Empty: only from that of the service.
    pub regions: BTreeSet<Region>,
    /// For how many hours a connection of an approved consumer may wait.
    pub waiting_hours: u16,
}

/// Every given criterion must match; without criteria, every endpoint service is selected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceSelector {
    pub ids: BTreeSet<EndpointServiceId>,
    pub names: BTreeSet<ServiceName>,
    /// Every one of these is on the service.
    pub tags: Tags,
}

/// Whether an account may use an endpoint service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    Trusted,
    Untrusted,
    /// Why it cannot be decided, and what to do, in two sentences.
    Undecided(String),
}

/// For how many hours a connection may wait unless the settings say so.
pub(super) const WAITING_HOURS: u16 = 24;

impl ServiceSelector {
    pub fn matches(&self, service: &EndpointService) -> bool {
        (self.ids.is_empty() || self.ids.contains(&service.id))
            && (self.names.is_empty() || self.names.contains(&service.name))
            && carries(&service.tags, &self.tags)
    }
}

impl Settings {
    fn providers_of<'a>(&'a self, service: &'a EndpointService) -> impl Iterator<Item = &'a Provider> {
        self.providers
            .iter()
            .filter(|provider| provider.services.matches(service))
    }

    /// Whether the settings say who may use the endpoint service, besides the perimeter.
    pub fn approves_consumers_of(&self, service: &EndpointService) -> bool {
        self.providers_of(service).next().is_some()
    }

    /// Whether an account may use an endpoint service: it is the owner, in the perimeter, or approved.
    pub fn trusts_consumer(&self, service: &EndpointService, account: &AccountId) -> Trust {
        let accounts = self.perimeter.accounts.iter();
        let approved = self.providers_of(service).flat_map(|provider| &provider.accounts);
        let principals = self.perimeter.principals.iter();
        let principals = principals.chain(self.providers_of(service).flat_map(|provider| &provider.principals));
        let of_principals = principals.filter_map(|principal| Arn::parse(principal).map(|arn| arn.account));
        let mut named = accounts.chain(approved).map(String::as_str).chain(of_principals);
        if service.owner == *account || named.any(|named| named == account.as_str()) {
            return Trust::Trusted;
        }
        if !self.approves_consumers_of(service) {
            return Trust::Undecided(format!(
                "No `[[providers]]` of the settings says who may use {}. Add one with the approved consumers.",
                service.id
            ));
        }
        let perimeter = self
            .perimeter
            .organizations
            .iter()
            .chain(&self.perimeter.organization_paths);
        let approved = self.providers_of(service).flat_map(|provider| &provider.organizations);
        match perimeter.chain(approved).next() {
            Some(organization) => Trust::Undecided(format!(
                "The settings approve `{organization}`, and AWS does not tell whether account {account} belongs to it. Add the \
                 account to `accounts` of `[[providers]]` if it does."
            )),
            None => Trust::Untrusted,
        }
    }

    /// Whether a principal may be allowed to connect to an endpoint service. `*` never is.
    pub fn trusts_principal(&self, service: &EndpointService, principal: &str) -> Trust {
        match Arn::parse(principal) {
            Some(arn) if !arn.account.is_empty() => self.trusts_consumer(service, &arn.account.into()),
            Some(_) => Trust::Undecided(format!(
                "Principal `{principal}` names no account. Replace it by principals of accounts."
            )),
            None => Trust::Untrusted,
        }
    }

    /// From which other Regions consumers may connect to an endpoint service.
    pub fn allowed_regions<'a>(&'a self, service: &'a EndpointService) -> BTreeSet<&'a Region> {
        self.providers_of(service)
            .flat_map(|provider| &provider.regions)
            .collect()
    }

    /// For how many hours a connection may wait: the shortest time that the settings give.
    pub fn waiting_hours(&self, service: &EndpointService) -> u16 {
        let hours = self.providers_of(service).map(|provider| provider.waiting_hours);
        hours.min().unwrap_or(WAITING_HOURS)
    }
}
