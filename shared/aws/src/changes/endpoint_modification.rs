//! Endpoints that exist: which of them may be modified, and the call that does it.

use aws_sdk_ec2::config::retry::RetryConfig;
use aws_sdk_ec2::operation::modify_vpc_endpoint::builders::ModifyVpcEndpointFluentBuilder;
use postern_core::changes::ChangeOutcome;
use postern_core::model::endpoint::{Endpoint, EndpointState};
use postern_core::model::id::EndpointId;

use super::applier::{Applier, THROTTLED, accepted, not_needed, skipped};
use super::refusal;
use crate::describe::{self, parse};
use crate::error::CallError;

pub(super) const MODIFY: &str = "ec2:ModifyVpcEndpoint";
/// The IAM actions of every modification of an endpoint.
pub(super) const CALLS: &[&str] = &[describe::ENDPOINTS, MODIFY];

/// The codes with which EC2 refuses a modification because it processes an earlier one, or because the endpoint is pending.
const BUSY: &[&str] = &["OperationInProgress", "IncorrectState"];

impl Applier {
    /// The endpoint as it is now, if Postern may modify it.
    pub(super) async fn endpoint(&self, id: &EndpointId) -> Result<Endpoint, ChangeOutcome> {
        let found = describe::endpoints_by_id(&self.ec2, [id]).await;
        let gone = || skipped(format!("{id} no longer exists"));
        let found = match found {
            Err(error) if error.not_found() => return Err(gone()),
            found => found.map_err(refusal::outcome)?,
        };
        let found = found.first().ok_or_else(gone)?;
        let (_, endpoint) = parse::endpoint(found, &self.account, &self.region).map_err(refusal::outcome)?;
        if !endpoint.usable() {
            let state = found.state().map_or("unknown", |state| state.as_str());
            return Err(skipped(format!("{id} is in state `{state}`")));
        }
        self.not_managed_by_others(endpoint)
    }

    /// The endpoint as it is now, if it exists and Postern may undo a change of it.
    pub(super) async fn existing(&self, id: &EndpointId) -> Result<Endpoint, ChangeOutcome> {
        let gone = || not_needed(format!("{id} no longer exists"));
        let found = match describe::endpoints_by_id(&self.ec2, [id]).await {
            Err(error) if error.not_found() => return Err(gone()),
            found => found.map_err(refusal::outcome)?,
        };
        let found = found.first().ok_or_else(gone)?;
        let (_, endpoint) = parse::endpoint(found, &self.account, &self.region).map_err(refusal::outcome)?;
        if matches!(endpoint.state, EndpointState::Deleting | EndpointState::Deleted) {
            return Err(gone());
        }
        self.not_managed_by_others(endpoint)
    }

    fn not_managed_by_others(&self, endpoint: Endpoint) -> Result<Endpoint, ChangeOutcome> {
        match endpoint.managed_by(&self.account) {
            Some(managed_by) => Err(skipped(format!("{} {managed_by}", endpoint.id))),
            None => Ok(endpoint),
        }
    }

    /// Modifies an endpoint. EC2 takes one modification of an endpoint at a time, none of a pending one, and few requests
    /// in a minute; it is asked again while the run has time.
    pub(super) async fn modify(
        &mut self,
        id: &EndpointId,
        set: impl Fn(ModifyVpcEndpointFluentBuilder) -> ModifyVpcEndpointFluentBuilder,
    ) -> Result<(), ChangeOutcome> {
        self.modify_unless_refused(id, set)
            .await
            .map_err(|error| self.refused(error))
    }

    /// The same with the error of AWS.
    pub(super) async fn modify_unless_refused(
        &mut self,
        id: &EndpointId,
        set: impl Fn(ModifyVpcEndpointFluentBuilder) -> ModifyVpcEndpointFluentBuilder,
    ) -> Result<(), CallError> {
        loop {
            let error = match self.request(id, &set).await {
                Err(error) if error.is(BUSY) || error.is(THROTTLED) => error,
                answer => return answer,
            };
            if !self.waits().await {
                return Err(error);
            }
            self.busy += u64::from(error.is(BUSY));
        }
    }

    async fn request(
        &self,
        id: &EndpointId,
        set: impl Fn(ModifyVpcEndpointFluentBuilder) -> ModifyVpcEndpointFluentBuilder,
    ) -> Result<(), CallError> {
        let request = set(self.ec2.modify_vpc_endpoint().vpc_endpoint_id(id.as_str()));
        let answer = request.send().await;
        let answer = answer.map_err(|error| CallError::new(MODIFY, error))?;
        accepted(MODIFY, answer.r#return())
    }

    /// Sends one request that the SDK does not repeat.
    pub(super) async fn modify_once(
        &self,
        id: &EndpointId,
        set: impl FnOnce(ModifyVpcEndpointFluentBuilder) -> ModifyVpcEndpointFluentBuilder,
    ) -> Result<(), CallError> {
        let once = aws_sdk_ec2::config::Builder::new().retry_config(RetryConfig::disabled());
        let request = set(self.ec2.modify_vpc_endpoint().vpc_endpoint_id(id.as_str()));
        let answer = request.customize().config_override(once).send().await;
        let answer = answer.map_err(|error| CallError::new(MODIFY, error))?;
        accepted(MODIFY, answer.r#return())
    }
}
