//! Access to AWS with the credentials of the environment, and why there is none.

use std::sync::OnceLock;

use postern_aws::{Aws, CallError, CredentialsProblem, ProfileSource, SelectedProfile, environment_region};
use postern_core::model::id::Region;

/// The profile of this process, read before the first call: it explains why there are no credentials.
static PROFILE: OnceLock<SelectedProfile> = OnceLock::new();

/// AWS cannot be called.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error("no AWS Region is set: name one with `--region`, set AWS_REGION, or set `region` in your AWS profile")]
    NoRegion,
    #[error(
        "there is no AWS profile `{0}`, which AWS_PROFILE names; `aws configure list-profiles` lists those that exist"
    )]
    NoProfile(String),
    #[error(
        "AWS profile `{of}` takes its credentials from profile `{named}`, which does not exist; correct `source_profile` of \
         `{of}`, or add profile `{named}`"
    )]
    NoSourceProfile { of: String, named: String },
    #[error("no AWS credentials: set AWS_PROFILE, or sign in as for the AWS CLI (`aws configure`, `aws sso login`)")]
    NoCredentials,
    #[error("AWS profile `{0}` has no credentials; `aws configure --profile {0}` adds some")]
    EmptyProfile(String),
    #[error("could not get AWS credentials: {reason}; sign in with `aws sso login --profile {profile}`")]
    SignedOut { profile: String, reason: String },
    #[error(
        "AWS profile `{0}` is one of `aws login`, which this program cannot read; run \
         `eval \"$(aws configure export-credentials --profile {0} --format env)\"` first"
    )]
    Login(String),
    #[error("could not get AWS credentials: {0}; check AWS_PROFILE and the profile")]
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
            Some(CredentialsProblem::Missing) => Self::missing(PROFILE.get()),
            Some(CredentialsProblem::NotGiven(reason)) => Self::not_given(PROFILE.get(), reason),
            Some(CredentialsProblem::Expired) => Self::Expired(error),
            Some(CredentialsProblem::Rejected) => Self::Rejected(error),
            None => Self::Call(error),
        }
    }
}

impl AccessError {
    fn missing(profile: Option<&SelectedProfile>) -> Self {
        match profile {
            Some(profile) => Self::EmptyProfile(profile.name.clone()),
            None => Self::NoCredentials,
        }
    }

    fn not_given(profile: Option<&SelectedProfile>, reason: String) -> Self {
        match profile.map(|profile| profile.source.clone()) {
            Some(ProfileSource::IdentityCenter { profile }) => Self::SignedOut { profile, reason },
            Some(ProfileSource::Login { profile }) => Self::Login(profile),
            Some(ProfileSource::NoSourceProfile { of, named }) => Self::NoSourceProfile { of, named },
            Some(ProfileSource::NoProfile | ProfileSource::Other) | None => Self::NotGiven(reason),
        }
    }
}

/// In this Region, or else in that of the environment.
///
/// # Errors
/// If `AWS_PROFILE` names a profile that does not exist or refers to such a one, or no Region is set.
pub(crate) async fn environment(region: Option<&str>) -> Result<Aws, AccessError> {
    check_profile().await?;
    let region = match region {
        Some(region) => Region::from(region),
        None => environment_region().await.ok_or(AccessError::NoRegion)?,
    };
    Ok(Aws::from_environment_in(&region).await)
}

/// For work in any Region: where the environment has none, calls start in us-east-1.
///
/// # Errors
/// If `AWS_PROFILE` names a profile that does not exist or refers to such a one.
pub(crate) async fn environment_for_any_region() -> Result<Aws, AccessError> {
    check_profile().await?;
    let region = environment_region().await.unwrap_or_else(|| "us-east-1".into());
    Ok(Aws::from_environment_in(&region).await)
}

/// Reads the profile, and says what would keep it from having credentials. The SDK would go on to the metadata of the
/// instance.
async fn check_profile() -> Result<(), AccessError> {
    let Some(selected) = SelectedProfile::load().await else {
        return Ok(());
    };
    let selected = PROFILE.get_or_init(|| selected);
    // These come before the credentials of a profile.
    let keys = std::env::var_os("AWS_ACCESS_KEY_ID").is_some_and(|key| !key.is_empty());
    match &selected.source {
        ProfileSource::NoProfile => Err(AccessError::NoProfile(selected.name.clone())),
        ProfileSource::NoSourceProfile { of, named } if !keys => Err(AccessError::NoSourceProfile {
            of: of.clone(),
            named: named.clone(),
        }),
        ProfileSource::NoSourceProfile { .. }
        | ProfileSource::IdentityCenter { .. }
        | ProfileSource::Login { .. }
        | ProfileSource::Other => Ok(()),
    }
}
