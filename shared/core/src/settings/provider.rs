//! The approved consumers of the endpoint services of this account.

use std::collections::BTreeSet;

use postern_policy::Perimeter;

use super::{Settings, carries};
use crate::model::arn::Arn;
use crate::model::endpoint_service::EndpointService;
use crate::model::id::{AccountId, EndpointServiceId, Region, ServiceName};
use crate::model::part::Tags;

/// Who may use these endpoint services. The accounts of the perimeter may use every service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    pub services: ServiceSelector,
    pub accounts: Vec<String>,
    /// None: those of the perimeter. AWS tells the account of a consumer and not its organisation, so that an account that
    /// is not listed stays undecided while there is one.
    pub organizations: Option<Vec<String>>,
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

    /// The accounts that may use an endpoint service besides its own: those of the perimeter, and those that are approved.
    fn approved_accounts<'a>(&'a self, service: &'a EndpointService) -> impl Iterator<Item = &'a str> {
        let accounts = self.providers_of(service).flat_map(|provider| &provider.accounts);
        let accounts = self.perimeter.accounts.iter().chain(accounts).map(String::as_str);
        let principals = self.providers_of(service).flat_map(|provider| &provider.principals);
        let principals = self.perimeter.principals.iter().chain(principals);
        accounts.chain(principals.filter_map(|principal| Some(Arn::parse(principal)?.account)))
    }

    /// The organisations that may use an endpoint service, and paths in organisations. AWS does not tell which accounts
    /// belong to them.
    fn approved_organizations<'a>(&'a self, service: &'a EndpointService) -> impl Iterator<Item = &'a str> {
        let Perimeter {
            organizations,
            organization_paths,
            ..
        } = &self.perimeter;
        let approved = self.providers_of(service).flat_map(move |provider| {
            let (first, second) = match &provider.organizations {
                Some(own) => (own, None),
                None => (organizations, Some(organization_paths)),
            };
            first.iter().chain(second.into_iter().flatten())
        });
        approved.map(String::as_str)
    }

    /// Whether all accounts may use an endpoint service that an ARN such as
    /// `arn:aws:organizations::111122223333:ou/o-exampleorg1/ou-ab12-11111111` admits. The account in it is the management
    /// account of the organisation.
    fn trusts_members(&self, service: &EndpointService, principal: &str, resource: &str) -> Trust {
        let organization = resource.split('/').nth(1).unwrap_or_default();
        let mut approved = self.approved_organizations(service);
        if approved.any(|approved| approved == organization) {
            return Trust::Trusted;
        }
        if !self.approves_consumers_of(service) {
            return Trust::Undecided(Self::unnamed_consumers(service));
        }
        let in_part = |approved: &str| {
            approved
                .strip_prefix(organization)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        let others = self
            .approved_accounts(service)
            .any(|account| account != service.owner.as_str());
        if organization.is_empty() || others || self.approved_organizations(service).any(in_part) {
            return Trust::Undecided(format!(
                "Postern cannot tell which of the accounts that principal `{principal}` admits are approved. Replace it by \
                 principals of accounts."
            ));
        }
        Trust::Untrusted
    }

    fn unnamed_consumers(service: &EndpointService) -> String {
        format!(
            "No `[[providers]]` of the settings says who may use {}. Add one with the approved consumers.",
            service.id
        )
    }

    /// Whether an account may use an endpoint service: it is the owner, in the perimeter, or approved.
    pub fn trusts_consumer(&self, service: &EndpointService, account: &AccountId) -> Trust {
        if service.owner == *account
            || self
                .approved_accounts(service)
                .any(|approved| approved == account.as_str())
        {
            return Trust::Trusted;
        }
        if !self.approves_consumers_of(service) {
            return Trust::Undecided(Self::unnamed_consumers(service));
        }
        match self.approved_organizations(service).next() {
            Some(organization) => Trust::Undecided(format!(
                "The settings approve `{organization}`, and AWS does not tell whether account {account} belongs to it. Add the \
                 account to `accounts` of `[[providers]]` if it does, or set `organizations = []` there if all approved \
                 accounts are listed."
            )),
            None => Trust::Untrusted,
        }
    }

    /// Why consumers that may use the service need its principal `*`, and what to do first. None where each of them is
    /// allowed without it: `principals` are the others.
    pub fn needs_everybody<'a>(
        &self,
        service: &EndpointService,
        principals: impl IntoIterator<Item = &'a str>,
    ) -> Option<String> {
        if !self.approves_consumers_of(service) {
            return Some(format!(
                "{} Before you remove `*`, add a principal for each of these consumers.",
                Self::unnamed_consumers(service)
            ));
        }
        if let Some(organization) = self.approved_organizations(service).next() {
            return Some(format!(
                "The settings approve `{organization}`, whose accounts may connect because of `*`. Before \
                 you remove `*`, add a principal for each of these accounts."
            ));
        }
        let arns = principals.into_iter().filter_map(Arn::parse);
        let allowed: BTreeSet<&str> = arns
            .filter(|arn| arn.resource == "root")
            .map(|arn| arn.account)
            .collect();
        let mut lacking: BTreeSet<&str> = self.approved_accounts(service).collect();
        lacking.retain(|account| *account != service.owner.as_str() && !allowed.contains(account));
        let first = lacking.first()?;
        let roots: Vec<_> = lacking
            .iter()
            .map(|account| format!("arn:aws:iam::{account}:root"))
            .collect();
        Some(format!(
            "Account {first}, which may use the service, has no principal but `*`. Allow it first: `aws ec2 \
             modify-vpc-endpoint-service-permissions --service-id {} --add-allowed-principals {}`.",
            service.id,
            roots.join(" ")
        ))
    }

    /// Whether a principal may be allowed to connect to an endpoint service. `*` never is.
    pub fn trusts_principal(&self, service: &EndpointService, principal: &str) -> Trust {
        let unclear = || {
            Trust::Undecided(format!(
                "Postern cannot tell which accounts principal `{principal}` admits. Replace it by principals of accounts."
            ))
        };
        match Arn::parse(principal) {
            Some(arn) if arn.service == "organizations" => self.trusts_members(service, principal, arn.resource),
            Some(arn) if !arn.account.is_empty() => self.trusts_consumer(service, &arn.account.into()),
            Some(_) => Trust::Undecided(format!(
                "Principal `{principal}` names no account. Replace it by principals of accounts."
            )),
            None if principal == "*" => Trust::Untrusted,
            // A service of AWS.
            None => unclear(),
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
