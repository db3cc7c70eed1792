//! What is in a VPC, and who outside the perimeter gets in.

use std::collections::BTreeMap;

use jiff::Timestamp;
use postern_core::model::endpoint::{Endpoint, EndpointKind, EndpointState};
use postern_core::model::endpoint_service::ServiceSnapshot;
use postern_core::model::part::name;
use postern_core::model::snapshot::{RouteTarget, SubnetClass, VpcSnapshot};
use postern_core::model::text::printable_copy;
use postern_core::settings::Settings;
use postern_policy::{Document, EndpointContext, Perimeter, Witness, analyse};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::central::CentralView;
use super::service::{ServiceView, read};
use crate::published::{Report, Verdict};

/// The control whose findings have proofs.
const POLICY_OPEN: &str = "policy-open";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Topology {
    pub cidrs: Vec<String>,
    pub subnets: Vec<SubnetView>,
    pub route_tables: Vec<RouteTableView>,
    /// Endpoints that are in use or about to be.
    pub endpoints: Vec<EndpointView>,
    /// Of a spoke: the services that it uses through the endpoints of hubs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub central: Vec<CentralView>,
    /// Of an endpoint service: what is behind it and who uses it. All lists of a VPC are empty then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceView>,
    /// What could not be read, and why.
    pub gaps: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SubnetView {
    pub id: String,
    pub name: Option<String>,
    pub zone: String,
    pub cidrs: Vec<String>,
    /// Missing where the route tables could not be read.
    pub class: Option<SubnetClass>,
    /// The route table that decides for it.
    pub route_table: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RouteTableView {
    pub id: String,
    pub name: Option<String>,
    pub main: bool,
    /// The targets of its routes out of the VPC, such as `igw-…` or `nat-…`.
    pub exits: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointView {
    pub id: String,
    pub name: Option<String>,
    pub service: Option<String>,
    pub kind: EndpointKind,
    pub state: EndpointState,
    pub private_dns: bool,
    /// Where an interface endpoint has its network interfaces.
    pub subnets: Vec<String>,
    /// The route tables of a gateway endpoint.
    pub route_tables: Vec<String>,
    pub security_groups: Vec<String>,
    /// Requests that its policy allows and the perimeter does not.
    pub proofs: Vec<Proof>,
}

/// A request that proves an endpoint policy open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    pub kind: ProofKind,
    pub principal: String,
    pub action: String,
    pub resource: String,
    /// Condition keys with their values.
    pub context: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProofKind {
    /// A principal outside the perimeter can use the endpoint.
    Principal,
    /// A resource outside the perimeter can be reached.
    Resource,
}

impl EndpointView {
    /// The proofs, of those with the same request the first alone: one request can prove both.
    pub(crate) fn requests(&self) -> Vec<&Proof> {
        let mut requests: Vec<&Proof> = Vec::new();
        for proof in &self.proofs {
            let sentence = proof.sentence();
            if requests.iter().all(|other| other.sentence() != sentence) {
                requests.push(proof);
            }
        }
        requests
    }
}

impl Proof {
    /// The account of the resource where its ARN does not name it, as those of S3.
    pub(crate) fn owner(&self) -> Option<&str> {
        let named = self
            .resource
            .split(':')
            .nth(4)
            .is_some_and(|account| !account.is_empty());
        let owner = self
            .context
            .get("aws:ResourceAccount")
            .and_then(|values| values.first());
        owner.map(String::as_str).filter(|_| !named)
    }

    /// Such as `arn:aws:iam::444455556666:root calls s3:GetObject on arn:aws:s3:::any-bucket/key of account 777788889999`.
    pub(crate) fn sentence(&self) -> String {
        let owner = self.owner().map(|account| format!(" of account {account}"));
        let Self {
            principal,
            action,
            resource,
            ..
        } = self;
        format!("{principal} calls {action} on {resource}{}", owner.unwrap_or_default())
    }
}

impl Topology {
    /// What was observed in a VPC. `report` is of the same observation; its open policies are shown with their proofs.
    pub fn of(snapshot: &VpcSnapshot, report: &Report, settings: &Settings, time: Timestamp) -> Self {
        let mut gaps = Vec::new();
        let subnets = read(&snapshot.subnets, &mut gaps).map(|subnets| {
            let views = subnets.values().map(|subnet| SubnetView {
                id: subnet.id.to_string(),
                name: name(&subnet.tags),
                zone: subnet.zone.to_string(),
                cidrs: subnet
                    .ipv4
                    .iter()
                    .chain(&subnet.ipv6)
                    .map(ToString::to_string)
                    .collect(),
                class: snapshot.class_of(&subnet.id).ok(),
                route_table: snapshot
                    .route_table_of(&subnet.id)
                    .ok()
                    .flatten()
                    .map(|table| table.id.to_string()),
            });
            views.collect()
        });
        let route_tables = read(&snapshot.route_tables, &mut gaps).map(|tables| {
            let views = tables.values().map(|table| RouteTableView {
                id: table.id.to_string(),
                name: name(&table.tags),
                main: table.main,
                exits: table
                    .routes
                    .iter()
                    .filter(|route| route.active)
                    .filter_map(|route| match &route.target {
                        RouteTarget::InternetGateway(id) | RouteTarget::Other(id) => Some(id.clone()),
                        RouteTarget::Local | RouteTarget::Endpoint(_) => None,
                    })
                    .collect(),
            });
            views.collect()
        });
        let endpoints = read(&snapshot.endpoints, &mut gaps).map(|endpoints| {
            let live = endpoints.values().filter(|endpoint| !endpoint.dead());
            live.map(|endpoint| {
                let open = is_open(report, endpoint);
                let proofs = if open {
                    proofs(snapshot, endpoint, &settings.perimeter, time)
                } else {
                    Vec::new()
                };
                view(endpoint, proofs)
            })
            .collect()
        });
        let central = CentralView::of(snapshot, settings).unwrap_or_else(|gap| {
            let gap = gap.to_string();
            if !gaps.contains(&gap) {
                gaps.push(gap);
            }
            Vec::new()
        });
        let topology = Self {
            cidrs: snapshot.vpc.cidrs.iter().map(ToString::to_string).collect(),
            subnets: subnets.unwrap_or_default(),
            route_tables: route_tables.unwrap_or_default(),
            endpoints: endpoints.unwrap_or_default(),
            central,
            service: None,
            gaps,
        };
        printable_copy(&topology).unwrap_or_default()
    }

    /// What was observed of an endpoint service.
    pub fn of_service(snapshot: &ServiceSnapshot, settings: &Settings) -> Self {
        let (service, gaps) = ServiceView::of(snapshot, settings);
        let topology = Self {
            service: Some(service),
            gaps,
            ..Self::default()
        };
        printable_copy(&topology).unwrap_or_default()
    }

    pub fn endpoint(&self, id: &str) -> Option<&EndpointView> {
        self.endpoints.iter().find(|endpoint| endpoint.id == id)
    }
}

fn is_open(report: &Report, endpoint: &Endpoint) -> bool {
    report.findings.iter().any(|finding| {
        finding.control == POLICY_OPEN
            && finding.verdict == Verdict::NonCompliant
            && finding.resource.id == endpoint.id.as_str()
    })
}

fn view(endpoint: &Endpoint, proofs: Vec<Proof>) -> EndpointView {
    fn texts<T: ToString>(ids: impl IntoIterator<Item = T>) -> Vec<String> {
        ids.into_iter().map(|id| id.to_string()).collect()
    }
    EndpointView {
        id: endpoint.id.to_string(),
        name: name(&endpoint.tags),
        service: endpoint.service.as_ref().map(ToString::to_string),
        kind: endpoint.kind,
        state: endpoint.state,
        private_dns: endpoint.private_dns,
        subnets: texts(&endpoint.subnets),
        route_tables: texts(&endpoint.route_tables),
        security_groups: texts(&endpoint.security_groups),
        proofs,
    }
}

/// The requests by which the policy of an endpoint is open.
fn proofs(snapshot: &VpcSnapshot, endpoint: &Endpoint, perimeter: &Perimeter, time: Timestamp) -> Vec<Proof> {
    let (Some(service), Some(policy)) = (&endpoint.service, &endpoint.policy) else {
        return Vec::new();
    };
    let Ok(document) = Document::parse(policy) else {
        return Vec::new();
    };
    let context = EndpointContext {
        service: service.to_string(),
        gateway: endpoint.kind == EndpointKind::Gateway,
        owner: endpoint.owner.to_string(),
        region: snapshot.region.to_string(),
        vpc: snapshot.vpc.id.to_string(),
        endpoint: endpoint.id.to_string(),
        time: time.as_second(),
    };
    let analysis = analyse(&document, perimeter, &context);
    let proof = |kind: ProofKind| {
        move |Witness { request, .. }: Witness| Proof {
            kind,
            principal: request.principal,
            action: request.action,
            resource: request.resource,
            context: request.context,
        }
    };
    let principal = analysis.identity.map(proof(ProofKind::Principal));
    let resource = analysis.resource.map(proof(ProofKind::Resource));
    principal.into_iter().chain(resource).collect()
}
