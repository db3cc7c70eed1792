//! The services that can be reached through endpoints.

use std::collections::{BTreeMap, BTreeSet};

use super::address::AddressType;
use super::endpoint::{Endpoint, EndpointKind};
use super::id::{AccountId, Region, ServiceName, Zone};

/// The services that can be reached through endpoints in a Region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// In the order of names, kinds and Regions.
    services: Vec<Service>,
    /// Where in `services` those of AWS in this Region are, by short name.
    by_short_name: BTreeMap<String, Vec<usize>>,
    /// Services of which AWS says, asked by name, that they do not exist; with the Region, if it is another one.
    pub(crate) unknown: BTreeSet<(ServiceName, Option<Region>)>,
}

/// One entry of the catalogue. Services with a gateway and an interface form have two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub name: ServiceName,
    pub kind: EndpointKind,
    /// Where it lies, if in another Region than the catalogue's.
    pub region: Option<Region>,
    pub zones: BTreeSet<Zone>,
    pub policy_supported: bool,
    pub private_dns_names: BTreeSet<String>,
    /// The service creates and deletes its endpoints itself.
    pub manages_endpoints: bool,
    /// The addresses that its endpoints may have.
    pub addresses: AddressType,
    /// The account that offers it; none for the services of AWS.
    pub provider: Option<AccountId>,
}

impl Catalogue {
    pub fn new(mut services: Vec<Service>) -> Self {
        services.sort_by(|a, b| (&a.name, a.kind, &a.region).cmp(&(&b.name, b.kind, &b.region)));
        services.dedup_by(|a, b| (&a.name, a.kind, &a.region) == (&b.name, b.kind, &b.region));
        let mut by_short_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, service) in services
            .iter()
            .enumerate()
            .filter(|(_, s)| s.amazon() && s.region.is_none())
        {
            if let Some(short) = service.short_name() {
                by_short_name.entry(short.to_owned()).or_default().push(at);
            }
        }
        Self {
            services,
            by_short_name,
            unknown: BTreeSet::new(),
        }
    }

    /// With what AWS answered about services that were asked for by name: these exist, and of those it knows nothing.
    #[must_use]
    pub fn with(&self, found: Vec<Service>, unknown: impl IntoIterator<Item = (ServiceName, Option<Region>)>) -> Self {
        let mut with = Self::new([self.services.clone(), found].concat());
        with.unknown = self.unknown.iter().cloned().chain(unknown).collect();
        with
    }

    /// In the order of names, kinds and Regions.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// The entry of a service of this Region in one of its forms.
    pub fn find(&self, name: &str, kind: EndpointKind) -> Option<&Service> {
        self.find_in(name, kind, None)
    }

    /// The entry of the service of an endpoint.
    pub fn of_endpoint(&self, endpoint: &Endpoint) -> Option<&Service> {
        let service = endpoint.service.as_ref()?;
        self.find_in(service.as_str(), endpoint.kind, endpoint.service_region.as_ref())
    }

    /// Whether AWS says that the service of the endpoint does not exist.
    pub fn lost_service_of(&self, endpoint: &Endpoint) -> bool {
        let service = endpoint.service.clone();
        service.is_some_and(|service| self.unknown.contains(&(service, endpoint.service_region.clone())))
    }

    fn find_in(&self, name: &str, kind: EndpointKind, region: Option<&Region>) -> Option<&Service> {
        let place = |s: &Service| (s.name.as_str(), s.kind, s.region.as_ref()).cmp(&(name, kind, region));
        let at = self.services.binary_search_by(place).ok()?;
        self.services.get(at)
    }

    /// The entries of the services of AWS with this short name, of one kind, in the order of their names.
    pub fn of_short_name(&self, short: &str, kind: EndpointKind) -> impl Iterator<Item = &Service> {
        let places = self.by_short_name.get(short).into_iter().flatten();
        places
            .filter_map(|at| self.services.get(*at))
            .filter(move |service| service.kind == kind)
    }
}

impl Service {
    /// Whether AWS offers it, rather than another account.
    pub fn amazon(&self) -> bool {
        self.provider.is_none()
    }

    /// Whether its endpoints may have these addresses.
    pub fn offers(&self, addresses: AddressType) -> bool {
        self.addresses == addresses || self.addresses == AddressType::Dualstack
    }

    /// The name without provider and Region, such as `ecr.api` of `com.amazonaws.eu-central-1.ecr.api` and `iam` of
    /// `com.amazonaws.iam`. Nothing for services of other providers.
    pub fn short_name(&self) -> Option<&str> {
        postern_policy::short_name(self.name.as_str())
    }
}
