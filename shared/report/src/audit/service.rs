//! An endpoint service with what is behind it and who uses it.

use postern_core::model::address::AddressType;
use postern_core::model::endpoint::EndpointState;
use postern_core::model::endpoint_service::{
    LoadBalancerState, PayerResponsibility, ServiceSnapshot, ServiceState, Verification,
};
use postern_core::model::part::Gap;
use postern_core::settings::{Settings, Trust};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceView {
    /// Such as `com.amazonaws.vpce.eu-central-1.vpce-svc-0a1b2c3d`.
    pub service_name: String,
    pub state: ServiceState,
    pub acceptance_required: bool,
    pub zones: Vec<String>,
    /// The Regions from which consumers may connect.
    pub regions: Vec<String>,
    pub private_dns_name: Option<String>,
    /// Missing where there is no private DNS name.
    pub verification: Option<Verification>,
    /// The addresses that endpoints to the service may have. Missing where AWS lists none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_type: Option<AddressType>,
    /// Who pays for the endpoints of consumers. Missing in documents of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<PayerResponsibility>,
    /// Who may connect.
    pub principals: Vec<PrincipalView>,
    pub load_balancers: Vec<LoadBalancerView>,
    pub consumers: Vec<ConsumerView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoadBalancerView {
    pub arn: String,
    pub state: LoadBalancerState,
    pub zones: Vec<String>,
    /// Missing where the load balancer is gone.
    pub deletion_protection: Option<bool>,
    /// Missing where the health of its targets could not be read.
    pub healthy_targets: Option<usize>,
    pub registered_targets: Option<usize>,
}

/// A principal that may create endpoints to the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrincipalView {
    /// `*`, or an ARN.
    pub principal: String,
    pub trust: ConsumerTrust,
}

/// Whether the settings let somebody use the endpoint service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConsumerTrust {
    Untrusted,
    /// The settings do not say it, or AWS does not tell what they depend on.
    Undecided,
    Trusted,
}

/// An endpoint of a consumer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConsumerView {
    pub endpoint: String,
    /// Twelve digits.
    pub account: String,
    pub region: String,
    pub state: EndpointState,
    pub trust: ConsumerTrust,
}

impl ServiceView {
    /// What was observed of an endpoint service, and what could not be read.
    pub(super) fn of(snapshot: &ServiceSnapshot, settings: &Settings) -> (Self, Vec<String>) {
        let mut gaps = Vec::new();
        let service = &snapshot.service;
        let permissions = read(&snapshot.permissions, &mut gaps);
        let connections = read(&snapshot.connections, &mut gaps);
        let load_balancers = read(&snapshot.load_balancers, &mut gaps);
        let health = read(&snapshot.target_health, &mut gaps);
        let view = Self {
            service_name: service.name.to_string(),
            state: service.state,
            acceptance_required: service.acceptance_required,
            zones: service.zones.iter().map(ToString::to_string).collect(),
            regions: service.regions.iter().map(ToString::to_string).collect(),
            private_dns_name: service.private_dns.as_ref().map(|name| name.name.clone()),
            verification: service.private_dns.as_ref().map(|name| name.verification),
            address_type: service.address_type,
            payer: Some(service.payer),
            principals: permissions
                .into_iter()
                .flatten()
                .map(|(principal, _)| PrincipalView {
                    principal: principal.clone(),
                    trust: settings.trusts_principal(service, principal).into(),
                })
                .collect(),
            load_balancers: load_balancers
                .into_iter()
                .flatten()
                .map(|(arn, balancer)| {
                    let health = health.and_then(|health| health.get(arn));
                    LoadBalancerView {
                        arn: arn.clone(),
                        state: balancer.state,
                        zones: balancer.zones.iter().map(ToString::to_string).collect(),
                        deletion_protection: balancer.deletion_protection,
                        healthy_targets: health.map(|health| health.healthy),
                        registered_targets: health.map(|health| health.registered),
                    }
                })
                .collect(),
            consumers: connections
                .into_iter()
                .flatten()
                .map(|(_, connection)| ConsumerView {
                    endpoint: connection.endpoint.to_string(),
                    account: connection.owner.to_string(),
                    region: connection.region.to_string(),
                    state: connection.state,
                    trust: settings.trusts_consumer(service, &connection.owner).into(),
                })
                .collect(),
        };
        (view, gaps)
    }
}

impl From<Trust> for ConsumerTrust {
    fn from(trust: Trust) -> Self {
        match trust {
            Trust::Trusted => Self::Trusted,
            Trust::Untrusted => Self::Untrusted,
            Trust::Undecided(_) => Self::Undecided,
        }
    }
}

pub(super) fn read<'a, T>(part: &'a Result<T, Gap>, gaps: &mut Vec<String>) -> Option<&'a T> {
    part.as_ref().map_err(|gap| gaps.push(gap.to_string())).ok()
}
