//! The resources of all accounts.

mod build;
mod catalogue;
mod central;
mod limits;
mod random;
mod resources;
mod store;
mod time;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fastrand::Rng;
use jiff::Timestamp;

pub(crate) use self::build::{DEFAULT_GATEWAY_POLICY, DEFAULT_POLICY, addresses};
pub use self::build::{DefaultRoute, NewEndpoint, rule};
pub use self::central::HubAndSpoke;
use self::limits::Bucket;
pub use self::limits::RequestRate;
pub use self::random::Shape;
pub use self::resources::{
    AclEntry, Association, Effect, Endpoint, EndpointKind, EndpointService, EndpointState, HostedZone, Listing,
    LoadBalancer, NetworkAcl, PrivateDnsName, Resource, Route, RouteTable, Rule, SecurityGroup, Source, Subnet, Tags,
    Target, TargetGroup, Vpc, prefix_list,
};
pub(crate) use self::resources::{kind_name, state_name};
use self::store::Store;
use crate::faults::Fault;

/// The DHCP options of a new VPC, with Amazon's DNS server.
pub const AMAZON_DHCP_OPTIONS: &str = "dopt-0a0a0a0a0a0a0a0a0";
/// DHCP options with DNS servers of their owner.
pub const OWN_DHCP_OPTIONS: &str = "dopt-0b0b0b0b0b0b0b0b0";

/// The accounts' resources, and state of AWS that outlives single calls.
#[derive(Debug)]
pub struct World {
    pub quotas: Quotas,
    /// Of calls that change endpoints. None: no limit.
    pub endpoint_rate: Option<RequestRate>,
    /// Whether EC2 refuses to modify an endpoint while another modification of it is in progress.
    pub one_modification_at_a_time: bool,
    /// The service catalogue, of all Regions.
    pub catalogue: Vec<Arc<Listing>>,
    /// The organisation to which all accounts belong.
    pub organization: Option<String>,
    /// Network interfaces of clients with their subnets.
    pub clients: BTreeMap<String, String>,
    /// Topics that exist, by ARN.
    pub topics: BTreeSet<String>,
    /// Of each topic, as `GetTopicAttributes` has it.
    pub confirmed_subscriptions: u32,
    /// The values of SSM parameters, by ARN.
    pub parameters: BTreeMap<String, String>,
    /// The DNS servers that DHCP options name, by the id of the options.
    pub dhcp_options: BTreeMap<String, Vec<String>>,
    /// Private hosted zones, by id.
    pub hosted_zones: BTreeMap<String, HostedZone>,
    /// The Route 53 Profiles of VPCs.
    pub dns_profiles: BTreeMap<String, String>,
    /// When endpoints processed how many bytes, by endpoint.
    pub traffic: BTreeMap<String, BTreeMap<Timestamp, u64>>,
    /// Public TXT records, by their whole names.
    pub txt_records: BTreeMap<String, String>,
    /// Whether a connection that was rejected can be accepted. AWS documents neither.
    pub rejected_is_final: bool,
    /// Items of a page, at most, whatever the request asks for.
    pub page: usize,
    vpcs: Store<Vpc>,
    subnets: Store<Subnet>,
    route_tables: Store<RouteTable>,
    groups: Store<SecurityGroup>,
    network_acls: Store<NetworkAcl>,
    endpoints: Store<Endpoint>,
    endpoint_services: Store<EndpointService>,
    load_balancers: Store<LoadBalancer>,
    /// The endpoint and the request of each client token, by account, Region and token.
    pub(crate) tokens: BTreeMap<(String, String, String), Token>,
    /// By account, Region and operation.
    buckets: BTreeMap<(String, String, String), Bucket>,
    /// Until when the last modification of an endpoint is in progress.
    modified: BTreeMap<String, Timestamp>,
    /// Pending changes of endpoints' states.
    transitions: Vec<Transition>,
    /// When the private DNS names of endpoint services are verified, by service.
    verifications: BTreeMap<String, Timestamp>,
    /// Private names that are reserved for some minutes after their endpoint was deleted.
    reserved: Vec<ReservedName>,
    journal: Vec<Effect>,
    pub(crate) now: Timestamp,
    pub(crate) rng: Rng,
    pub(crate) write_faults: WriteFaults,
    /// Injected faults so far.
    pub(crate) injected: BTreeMap<Fault, u64>,
}

/// Faults of writes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WriteFaults {
    pub(crate) stale: f64,
    pub(crate) stale_for: std::time::Duration,
    pub(crate) endpoint_fails: f64,
}

#[derive(Clone, Copy, Debug)]
pub struct Quotas {
    /// Interface and gateway-load-balancer endpoints per VPC.
    pub interface_endpoints: usize,
    /// Gateway endpoints per Region.
    pub gateway_endpoints: usize,
    /// Ingress rules per security group.
    pub rules: usize,
    /// Security groups per Region.
    pub groups: usize,
    /// Characters of an endpoint policy.
    pub policy: usize,
}

#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) request: Vec<(String, String)>,
    pub(crate) endpoint: String,
}

#[derive(Debug)]
struct Transition {
    at: Timestamp,
    endpoint: String,
    /// None: it is no longer listed.
    state: Option<EndpointState>,
}

#[derive(Debug)]
struct ReservedName {
    vpc: String,
    service: String,
    until: Timestamp,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            interface_endpoints: 50,
            gateway_endpoints: 20,
            rules: 60,
            groups: 2_500,
            policy: 20_480,
        }
    }
}

/// A resource kept in a store.
pub(crate) trait Stored: Clone + Sized {
    fn store(world: &mut World) -> (&mut Store<Self>, &mut Rng);
    fn id(&self) -> &str;
    fn resource(item: Arc<Self>) -> Resource;
}

macro_rules! kept {
    ($type:ident, $store:ident, $get:ident, $all:ident, $edit:ident) => {
        impl Stored for $type {
            fn store(world: &mut World) -> (&mut Store<Self>, &mut Rng) {
                (&mut world.$store, &mut world.rng)
            }

            fn id(&self) -> &str {
                &self.id
            }

            fn resource(item: Arc<Self>) -> Resource {
                Resource::$type(item)
            }
        }

        impl World {
            /// Its present state, which readers may not see yet.
            pub fn $get(&self, id: &str) -> Option<&Arc<$type>> {
                self.$store.get(id)
            }

            pub fn $all(&self) -> impl Iterator<Item = &Arc<$type>> {
                self.$store.iter()
            }

            /// Changes an existing one without a call.
            pub fn $edit(&mut self, id: &str, edit: impl FnOnce(&mut $type)) {
                if let Some(item) = self.$store.get(id) {
                    let mut item = $type::clone(item);
                    edit(&mut item);
                    self.put(item);
                }
            }
        }
    };
}

kept!(Vpc, vpcs, vpc, vpcs, edit_vpc);
kept!(Subnet, subnets, subnet, subnets, edit_subnet);
kept!(RouteTable, route_tables, route_table, route_tables, edit_route_table);
kept!(SecurityGroup, groups, group, groups, edit_group);
kept!(NetworkAcl, network_acls, network_acl, network_acls, edit_network_acl);
kept!(Endpoint, endpoints, endpoint, endpoints, edit_endpoint);
kept!(
    EndpointService,
    endpoint_services,
    endpoint_service,
    endpoint_services,
    edit_endpoint_service
);
kept!(
    LoadBalancer,
    load_balancers,
    load_balancer,
    load_balancers,
    edit_load_balancer
);

impl World {
    pub(crate) fn new(now: Timestamp, mut rng: Rng) -> Self {
        let mut world = Self {
            quotas: Quotas::default(),
            endpoint_rate: None,
            one_modification_at_a_time: false,
            catalogue: Vec::new(),
            organization: Some("o-exampleorg1".to_owned()),
            clients: BTreeMap::new(),
            topics: BTreeSet::new(),
            confirmed_subscriptions: 1,
            parameters: BTreeMap::new(),
            dhcp_options: [AMAZON_DHCP_OPTIONS, OWN_DHCP_OPTIONS]
                .map(str::to_owned)
                .into_iter()
                .zip([
                    vec!["AmazonProvidedDNS".to_owned()],
                    vec!["10.20.30.40".to_owned(), "10.20.30.41".to_owned()],
                ])
                .collect(),
            hosted_zones: BTreeMap::new(),
            dns_profiles: BTreeMap::new(),
            traffic: BTreeMap::new(),
            txt_records: BTreeMap::new(),
            rejected_is_final: false,
            page: rng.choice([1, 2, 3, 7, 1_000, 1_000]).unwrap_or(1_000),
            vpcs: Store::default(),
            subnets: Store::default(),
            route_tables: Store::default(),
            groups: Store::default(),
            network_acls: Store::default(),
            endpoints: Store::default(),
            endpoint_services: Store::default(),
            load_balancers: Store::default(),
            tokens: BTreeMap::new(),
            buckets: BTreeMap::new(),
            modified: BTreeMap::new(),
            transitions: Vec::new(),
            verifications: BTreeMap::new(),
            reserved: Vec::new(),
            journal: Vec::new(),
            now,
            rng,
            write_faults: WriteFaults::default(),
            injected: BTreeMap::new(),
        };
        world.list_services(crate::REGION);
        world
    }

    /// A new id, such as `vpc-0123456789abcdef0` for `vpc`.
    pub fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}-{:017x}", self.rng.u64(..) >> 4)
    }

    /// Creates or replaces a resource.
    pub(crate) fn put<T: Stored>(&mut self, item: T) {
        let id = item.id().to_owned();
        self.write(&id, Some(item));
    }

    pub(crate) fn remove<T: Stored>(&mut self, id: &str) {
        self.write::<T>(id, None);
    }

    /// What one reader sees of a resource.
    pub(crate) fn read<T: Stored>(&mut self, id: &str) -> Option<Arc<T>> {
        let now = self.now;
        let (store, rng) = T::store(self);
        store.read(id, now, rng)
    }

    /// What one reader sees of the resources after this id that `pick` wants.
    pub(crate) fn read_all<T: Stored>(&mut self, after: &str, pick: impl Fn(&T) -> bool) -> Vec<Arc<T>> {
        let now = self.now;
        let (store, rng) = T::store(self);
        store
            .read_all(after, now, rng)
            .filter(|item| pick(item))
            .cloned()
            .collect()
    }

    /// What was changed since the last call.
    pub(crate) fn take_journal(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.journal)
    }

    fn write<T: Stored>(&mut self, id: &str, item: Option<T>) {
        let item = item.map(Arc::new);
        let stale = self.write_faults.stale > 0.0 && self.rng.f64() < self.write_faults.stale;
        let until = stale.then(|| {
            *self.injected.entry(Fault::Stale).or_default() += 1;
            let most = u64::try_from(self.write_faults.stale_for.as_millis())
                .unwrap_or(1)
                .max(1);
            let wait = std::time::Duration::from_millis(self.rng.u64(..most));
            self.now.checked_add(wait).unwrap_or(self.now)
        });
        let (store, _) = T::store(self);
        let before = store.put(id, item.clone(), until);
        self.journal.push(Effect {
            id: id.to_owned(),
            before: before.map(T::resource),
            after: item.map(T::resource),
        });
    }
}
