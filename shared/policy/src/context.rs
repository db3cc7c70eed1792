/// The endpoint that a policy is attached to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointContext {
    /// The short name of the service, such as `s3` in `com.amazonaws.eu-central-1.s3`. With a name that is not known,
    /// `any` or nothing at all, the actions of every service count, those included whose requests do not tell who owns
    /// the resource.
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
}
