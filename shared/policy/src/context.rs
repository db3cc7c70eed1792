use crate::service::Service;

/// Stands for the name of a service where none is meant.
pub const ANY_SERVICE: &str = "any";

/// The endpoint that a policy is attached to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointContext {
    /// The name of the service, full or short: `com.amazonaws.eu-central-1.s3` or `s3`. With a name that is not known,
    /// [`ANY_SERVICE`] or nothing at all, the actions of every service count, those included whose requests do not tell
    /// who owns the resource.
    pub service: String,
    /// Whether it is a gateway endpoint.
    pub gateway: bool,
    /// The account that owns the endpoint.
    pub owner: String,
    pub region: String,
    /// The VPC's id.
    pub vpc: String,
    /// The endpoint's id.
    pub endpoint: String,
    /// Now, in seconds since 1970: requests come at this instant or later.
    pub time: i64,
}

impl EndpointContext {
    /// Whether it is known which actions and resources the service has. If not, the policy is judged as one for any
    /// service.
    #[must_use]
    pub fn knows_service(&self) -> bool {
        crate::service::find(&self.service).is_some()
    }

    /// What the actions of the endpoint's service may begin with, if it is one of AWS of which nothing is known but its
    /// name. Nothing where more is known, or where no name is given.
    pub(crate) fn unknown_prefix(&self, service: Option<&Service>) -> Option<String> {
        if matches!(self.service.as_str(), "" | ANY_SERVICE) || service.is_some() {
            return None;
        }
        let name = crate::endpoint_service::listed_name(&self.service)?;
        Some(name.split('.').next().unwrap_or_default().to_owned())
    }
}
