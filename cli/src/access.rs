//! Access to AWS with the credentials of the environment, and why there is none.

use postern_aws::{Aws, CallError, CredentialsProblem, missing_profile};

/// AWS cannot be called.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error(
        "there is no AWS profile `{0}`, which AWS_PROFILE names; `aws configure list-profiles` lists those that exist"
    )]
    NoProfile(String),
    #[error("no AWS credentials: set AWS_PROFILE, or sign in as for the AWS CLI (`aws configure`, `aws sso login`)")]
    NoCredentials,
    #[error("could not get AWS credentials; sign in again as for the AWS CLI, such as with `aws sso login`: {0}")]
    NotGiven(String),
    #[error("the AWS credentials have expired; sign in again, such as with `aws sso login`")]
    Expired(#[source] CallError),
    #[error("AWS does not accept the credentials; check AWS_PROFILE, the access key and the Region")]
    Rejected(#[source] CallError),
    #[error("could not determine the account of the credentials")]
    Call(#[source] CallError),
}

impl From<CallError> for AccessError {
    fn from(error: CallError) -> Self {
        match error.credentials_problem() {
            Some(CredentialsProblem::Missing) => Self::NoCredentials,
            Some(CredentialsProblem::NotGiven(reason)) => Self::NotGiven(reason),
            Some(CredentialsProblem::Expired) => Self::Expired(error),
            Some(CredentialsProblem::Rejected) => Self::Rejected(error),
            None => Self::Call(error),
        }
    }
}

/// With the Region of the environment.
///
/// # Errors
/// If `AWS_PROFILE` names a profile that does not exist.
pub(crate) async fn environment() -> Result<Aws, AccessError> {
    profile_exists().await?;
    Ok(Aws::from_environment().await)
}

/// For work in any Region, so that the environment need not have one.
///
/// # Errors
/// If `AWS_PROFILE` names a profile that does not exist.
pub(crate) async fn environment_for_any_region() -> Result<Aws, AccessError> {
    profile_exists().await?;
    Ok(Aws::from_environment_for_any_region().await)
}

async fn profile_exists() -> Result<(), AccessError> {
    match missing_profile().await {
        Some(profile) => Err(AccessError::NoProfile(profile)),
        None => Ok(()),
    }
}
