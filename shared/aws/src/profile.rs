//! The profile of the AWS CLI that a person selects, and where its credentials come from.

use aws_config::profile::{self, Profile, ProfileSet};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

/// So many profiles may take their credentials from each other.
const LONGEST_CHAIN: usize = 16;

/// The profile that `AWS_PROFILE` names, or else `default`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectedProfile {
    pub name: String,
    pub source: ProfileSource,
}

/// Where the credentials of a profile come from
/// (<https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileSource {
    /// Neither the config file nor the credentials file has the profile.
    NoProfile,
    /// `source_profile` of the profile `of` names a profile that does not exist.
    NoSourceProfile { of: String, named: String },
    /// IAM Identity Center, which this profile names.
    IdentityCenter { profile: String },
    /// `aws login`, to which this profile refers.
    Login { profile: String },
    /// Anything else: access keys, a program, an instance.
    Other,
}

impl SelectedProfile {
    /// None where nobody selected a profile and there is no `default`, and where the files cannot be read.
    pub async fn load() -> Option<Self> {
        let named = std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
        let profiles = profile::load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), None).await;
        let profiles = profiles.ok()?;
        let name = match named {
            Some(name) => name,
            None => profiles.get_profile("default")?.name().to_owned(),
        };
        Some(Self {
            source: source_of(&profiles, &name),
            name,
        })
    }
}

fn source_of(profiles: &ProfileSet, name: &str) -> ProfileSource {
    let Some(mut profile) = profiles.get_profile(name) else {
        return ProfileSource::NoProfile;
    };
    for _ in 0..LONGEST_CHAIN {
        let named = match own_source(profile) {
            Ok(source) => return source,
            Err(named) => named,
        };
        match profiles.get_profile(named) {
            Some(next) => profile = next,
            None => {
                return ProfileSource::NoSourceProfile {
                    of: profile.name().to_owned(),
                    named: named.to_owned(),
                };
            }
        }
    }
    ProfileSource::Other
}

/// Where the credentials of a profile come from, or the other profile that has them.
fn own_source(profile: &Profile) -> Result<ProfileSource, &str> {
    let of = profile.name();
    let other = profile.get("source_profile").filter(|named| *named != of);
    if let (Some(_), Some(named)) = (profile.get("role_arn"), other) {
        return Err(named);
    }
    let any = |keys: &[&str]| keys.iter().any(|key| profile.get(key).is_some());
    let profile = of.to_owned();
    Ok(if any(&["sso_session", "sso_start_url"]) {
        ProfileSource::IdentityCenter { profile }
    } else if any(&["login_session"]) {
        ProfileSource::Login { profile }
    } else {
        ProfileSource::Other
    })
}
