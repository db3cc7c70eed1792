//! The session of one account: its clients, its service catalogues, its clock and its call counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use jiff::Timestamp;
use postern_core::model::id::{AccountId, Region};
use postern_core::model::part::Gap;
use postern_core::settings::Organization;

use crate::calls::{Calls, Counter};
use crate::config;
use crate::describe::Catalogues;
use crate::read_pace::ReadPace;

/// What AWS answered about the organisation of the account, and when.
type Answered = tokio::sync::Mutex<Option<(Timestamp, Organization)>>;

/// Why hosted zones could not be read, and since when.
type Refused = tokio::sync::Mutex<Option<(Timestamp, Gap)>>;

/// The DNS servers of DHCP options, by id. Nobody can change them
/// ([DHCP option sets](https://docs.aws.amazon.com/vpc/latest/userguide/VPC_DHCP_Options.html)).
type DnsServers = Mutex<BTreeMap<String, BTreeSet<String>>>;

/// Access to one AWS account with credentials of that account. Observes its resources and changes them.
///
/// Clones share everything.
#[derive(Clone, Debug)]
pub struct Session(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    account: AccountId,
    config: SdkConfig,
    ec2: Mutex<BTreeMap<Region, aws_sdk_ec2::Client>>,
    catalogues: Catalogues,
    organization: Answered,
    refused_hosted_zones: Refused,
    dns_servers: DnsServers,
    counter: Counter,
    read_pace: ReadPace,
}

impl Session {
    /// `config` has credentials of the account.
    pub(crate) fn new(account: AccountId, config: SdkConfig) -> Self {
        Self(Arc::new(Shared {
            account,
            config,
            ec2: Mutex::default(),
            catalogues: Catalogues::default(),
            organization: Answered::default(),
            refused_hosted_zones: Refused::default(),
            dns_servers: DnsServers::default(),
            counter: Counter::default(),
            read_pace: ReadPace::default(),
        }))
    }

    pub fn account(&self) -> &AccountId {
        &self.0.account
    }

    /// The time of the clients' clock.
    pub fn now(&self) -> Timestamp {
        config::now(&self.0.config)
    }

    /// The requests that were sent in this session.
    pub fn calls(&self) -> Calls {
        self.0.counter.calls()
    }

    /// With what requests of the session are sent and counted.
    pub(crate) fn sender(&self) -> (&SdkConfig, &Counter) {
        (&self.0.config, &self.0.counter)
    }

    /// Waits for the turn of a call such as `ec2:DescribeVpcAttribute`, which is made for one resource among many.
    pub(crate) async fn turn_to_read(&self, region: &Region, call: &'static str) {
        let now = self.now();
        let wait = self.0.read_pace.take(region, call, now).duration_since(now);
        if wait.is_positive() {
            tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()).await;
        }
    }

    pub(crate) fn catalogues(&self) -> &Catalogues {
        &self.0.catalogues
    }

    pub(crate) fn answered_organization(&self) -> &Answered {
        &self.0.organization
    }

    pub(crate) fn refused_hosted_zones(&self) -> &Refused {
        &self.0.refused_hosted_zones
    }

    pub(crate) fn dns_servers(&self) -> &DnsServers {
        &self.0.dns_servers
    }

    /// A client of AWS Organizations, which is needed seldom.
    pub(crate) fn organizations(&self) -> aws_sdk_organizations::Client {
        let config = aws_sdk_organizations::config::Builder::from(&self.0.config)
            .interceptor(self.0.counter.clone())
            .retry_partition(config::own_quota())
            .build();
        aws_sdk_organizations::Client::from_conf(config)
    }

    pub(crate) fn ec2(&self, region: &Region) -> aws_sdk_ec2::Client {
        let mut clients = self.0.ec2.lock().unwrap_or_else(PoisonError::into_inner);
        let client = clients.entry(region.clone()).or_insert_with(|| {
            let config = aws_sdk_ec2::config::Builder::from(&self.0.config)
                .region(aws_config::Region::new(region.as_str().to_owned()))
                .interceptor(self.0.counter.clone())
                .retry_partition(config::own_quota())
                .build();
            aws_sdk_ec2::Client::from_conf(config)
        });
        client.clone()
    }
}
