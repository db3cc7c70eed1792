//! Settings that are kept outside the functions' packages, so that they can be changed without a build.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};

use crate::aws::Aws;
use crate::error::CallError;
use crate::request::{Request, Service, encoded};

const GET_PARAMETER: &str = "ssm:GetParameter";
const GET_OBJECT: &str = "s3:GetObject";
const START_SESSION: &str = "appconfig:StartConfigurationSession";
const GET_CONFIGURATION: &str = "appconfig:GetLatestConfiguration";

const SSM: Service = Service {
    id: "SSM",
    host: "ssm",
    signing_name: "ssm",
};
const S3: Service = Service {
    id: "S3",
    host: "s3",
    signing_name: "s3",
};
/// <https://docs.aws.amazon.com/general/latest/gr/appconfig.html>
const APP_CONFIG_DATA: Service = Service {
    id: "APPCONFIGDATA",
    host: "appconfigdata",
    signing_name: "appconfig",
};

/// Seconds that AppConfig wants between two reads of a session: the least that it accepts.
const POLL_INTERVAL: u32 = 15;

/// Where settings are kept: an ARN.
///
/// | Storage | ARN |
/// | --- | --- |
/// | SSM parameter | `arn:aws:ssm:REGION:ACCOUNT:parameter/NAME` |
/// | S3 object | `arn:aws:s3:::BUCKET/KEY` |
/// | AppConfig profile | `arn:aws:appconfig:REGION:ACCOUNT:application/ID/environment/ID/configuration/ID` |
///
/// The bucket lies in the Region of the deployment. The ARN of AppConfig is that of the [resource type
/// `configuration`](https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsappconfig.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsLocation {
    arn: String,
    storage: Storage,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Storage {
    Parameter { region: String },
    Object { bucket: String, key: String },
    Profile(Profile),
}

/// A configuration of AppConfig.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Profile {
    region: String,
    application: String,
    environment: String,
    profile: String,
}

/// A text that names no place of settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the ARN of an SSM parameter, an S3 object or an AppConfig configuration; expected \
     `arn:aws:ssm:REGION:ACCOUNT:parameter/NAME`, `arn:aws:s3:::BUCKET/KEY` or \
     `arn:aws:appconfig:REGION:ACCOUNT:application/ID/environment/ID/configuration/ID`"
)]
pub struct LocationError(String);

impl FromStr for SettingsLocation {
    type Err = LocationError;

    fn from_str(arn: &str) -> Result<Self, LocationError> {
        let storage = storage(arn).ok_or_else(|| LocationError(arn.to_owned()))?;
        Ok(Self {
            arn: arn.to_owned(),
            storage,
        })
    }
}

fn storage(arn: &str) -> Option<Storage> {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let ["arn", _, service, region, account, resource] = parts.as_slice() else {
        return None;
    };
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    match *service {
        "ssm" if !account.is_empty() => {
            given(resource.strip_prefix("parameter/")?)?;
            Some(Storage::Parameter { region: given(region)? })
        }
        "s3" => {
            let (bucket, key) = resource.split_once('/')?;
            Some(Storage::Object {
                bucket: given(bucket)?,
                key: given(key)?,
            })
        }
        "appconfig" if !account.is_empty() => {
            let ids: Vec<_> = resource.split('/').collect();
            let [
                "application",
                application,
                "environment",
                environment,
                "configuration",
                profile,
            ] = ids.as_slice()
            else {
                return None;
            };
            Some(Storage::Profile(Profile {
                region: given(region)?,
                application: given(application)?,
                environment: given(environment)?,
                profile: given(profile)?,
            }))
        }
        _ => None,
    }
}

impl SettingsLocation {
    /// The IAM actions that reading requires.
    pub fn calls(&self) -> &'static [&'static str] {
        match self.storage {
            Storage::Parameter { .. } => &[GET_PARAMETER],
            Storage::Object { .. } => &[GET_OBJECT],
            Storage::Profile(_) => &[START_SESSION, GET_CONFIGURATION],
        }
    }
}

impl fmt::Display for SettingsLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn)
    }
}

/// Reads the settings of a location, again and again.
#[derive(Clone, Debug)]
pub struct SettingsReader {
    location: SettingsLocation,
    /// The session with AppConfig, which sends a configuration only when it has changed.
    session: Option<Session>,
}

#[derive(Clone, Debug)]
struct Session {
    /// For the next read, and for one read only.
    token: String,
    text: String,
}

impl SettingsReader {
    pub fn new(location: SettingsLocation) -> Self {
        Self {
            location,
            session: None,
        }
    }

    pub fn location(&self) -> &SettingsLocation {
        &self.location
    }

    /// The text of the settings as it is now.
    ///
    /// # Errors
    /// If they do not exist, may not be read, or AWS does not answer.
    pub async fn read(&mut self, aws: &Aws) -> Result<String, CallError> {
        let session = self.session.take();
        match &self.location.storage {
            Storage::Parameter { region } => parameter(aws, &self.location.arn, region).await,
            Storage::Object { bucket, key } => object(aws, bucket, key).await,
            Storage::Profile(profile) => {
                let read = match session {
                    // A session ends after a day: https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_appconfigdata_StartConfigurationSession.html
                    Some(session) => match profile.latest(aws, session).await {
                        Err(error) if !error.transient() => profile.begin(aws).await,
                        read => read,
                    },
                    None => profile.begin(aws).await,
                }?;
                let text = read.text.clone();
                self.session = Some(read);
                Ok(text)
            }
        }
    }
}

impl Profile {
    /// Starts a session, and reads the configuration.
    async fn begin(&self, aws: &Aws) -> Result<Session, CallError> {
        let body = json!({
            "ApplicationIdentifier": self.application,
            "EnvironmentIdentifier": self.environment,
            "ConfigurationProfileIdentifier": self.profile,
            "RequiredMinimumPollIntervalInSeconds": POLL_INTERVAL,
        });
        let request = Request {
            call: START_SESSION,
            service: APP_CONFIG_DATA,
            region: Some(self.region.clone()),
            method: "POST",
            uri: "/configurationsessions".to_owned(),
            headers: vec![("content-type", "application/json".to_owned())],
            body: body.to_string(),
        };
        let answer = aws.send(request).await?;
        let token = member(START_SESSION, &answer.json(), "/InitialConfigurationToken")?;
        let text = String::new();
        self.latest(aws, Session { token, text }).await
    }

    /// The configuration, which AppConfig leaves empty where it is as before.
    async fn latest(&self, aws: &Aws, session: Session) -> Result<Session, CallError> {
        let request = Request {
            call: GET_CONFIGURATION,
            service: APP_CONFIG_DATA,
            region: Some(self.region.clone()),
            method: "GET",
            uri: format!("/configuration?configuration_token={}", encoded(&session.token, "")),
            headers: Vec::new(),
            body: String::new(),
        };
        let answer = aws.send(request).await?;
        let token = answer.header("next-poll-configuration-token");
        let token = token.ok_or_else(|| CallError::unreadable(GET_CONFIGURATION, "the answer has no next token"))?;
        Ok(Session {
            token: token.to_owned(),
            text: match answer.body.is_empty() {
                true => session.text,
                false => answer.body,
            },
        })
    }
}

async fn parameter(aws: &Aws, arn: &str, region: &str) -> Result<String, CallError> {
    let body = json!({"Name": arn, "WithDecryption": true});
    let mut request = Request::json(GET_PARAMETER, SSM, "AmazonSSM.GetParameter".to_owned(), &body);
    request.region = Some(region.to_owned());
    let answer = aws.send(request).await?;
    member(GET_PARAMETER, &answer.json(), "/Parameter/Value")
}

/// By the bucket's name in the path, which also serves names with dots.
async fn object(aws: &Aws, bucket: &str, key: &str) -> Result<String, CallError> {
    let request = Request {
        call: GET_OBJECT,
        service: S3,
        region: None,
        method: "GET",
        uri: format!("/{}/{}", encoded(bucket, ""), encoded(key, "/")),
        headers: Vec::new(),
        body: String::new(),
    };
    Ok(aws.send(request).await?.body)
}

fn member(call: &'static str, answer: &Value, pointer: &str) -> Result<String, CallError> {
    let text = answer.pointer(pointer).and_then(Value::as_str);
    let text = text.ok_or_else(|| CallError::unreadable(call, format!("the answer has no `{pointer}`")))?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
