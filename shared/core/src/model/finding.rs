//! What a finding is about, and how bad it is.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::endpoint::EndpointKind;
use super::scope::ScopedResource;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Compliant,
    NonCompliant,
    NotApplicable,
    /// A needed part of the snapshot is not known, or what is known cannot be decided.
    Indeterminate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceKind {
    Vpc,
    Subnet,
    RouteTable,
    Endpoint,
    EndpointService,
    /// An endpoint of a consumer that is connected to an endpoint service, or asks to be. Its id is that of the endpoint.
    EndpointConnection,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Resource {
    pub kind: ResourceKind,
    pub id: String,
}

/// What a finding is about. Two findings with the same key are the same finding at two times.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct FindingKey {
    pub control: String,
    pub resource: Resource,
    /// The endpoint service in question, where the resource alone does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The form of the service in question, where it may have two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_kind: Option<EndpointKind>,
}

impl Severity {
    /// As in reports and in message attributes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl Resource {
    pub fn new(kind: ResourceKind, id: impl fmt::Display) -> Self {
        Self {
            kind,
            id: id.to_string(),
        }
    }
}

impl From<&ScopedResource> for Resource {
    fn from(resource: &ScopedResource) -> Self {
        match resource {
            ScopedResource::Vpc(vpc) => Self::new(ResourceKind::Vpc, vpc),
            ScopedResource::EndpointService(service) => Self::new(ResourceKind::EndpointService, service),
        }
    }
}

impl FindingKey {
    pub fn new(control: &str, kind: ResourceKind, id: impl fmt::Display) -> Self {
        Self {
            control: control.to_owned(),
            resource: Resource::new(kind, id),
            service: None,
            endpoint_kind: None,
        }
    }

    pub fn for_service(mut self, service: impl fmt::Display) -> Self {
        self.service = Some(service.to_string());
        self
    }

    pub fn of_kind(mut self, kind: EndpointKind) -> Self {
        self.endpoint_kind = Some(kind);
        self
    }
}

impl fmt::Display for FindingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.control, self.resource.id)?;
        match (&self.service, self.endpoint_kind) {
            (Some(service), Some(kind)) => write!(f, " ({service}, {})", kind.word()),
            (Some(service), None) => write!(f, " ({service})"),
            (None, _) => Ok(()),
        }
    }
}
