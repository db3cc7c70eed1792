/// The endpoint that a policy is attached to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointContext {
    /// The short name of the service, such as `s3` in `com.amazonaws.eu-central-1.s3`. Empty or `any` when it is not
    /// known; then every service's actions count.
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
