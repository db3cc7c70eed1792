//! The settings that an invocation works with.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use postern_aws::{Aws, SettingsLocation, SettingsReader};
use postern_core::controls::known;
use postern_core::settings::Settings;
use tokio::sync::Mutex;
use tracing::{info, warn};

use crate::error::ConfigurationError;

/// For how long settings are used that were read from outside the package.
const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// Where the settings are.
#[derive(Clone, Debug)]
pub enum SettingsSource {
    /// In the function's package, as read at its start.
    Package(Arc<Settings>),
    /// Outside the package.
    Outside(SettingsLocation),
}

impl From<Settings> for SettingsSource {
    fn from(settings: Settings) -> Self {
        Self::Package(Arc::new(settings))
    }
}

/// The settings as a warm function keeps them.
#[derive(Debug)]
pub(crate) enum CurrentSettings {
    Package(Arc<Settings>),
    Outside(Box<Mutex<Outside>>),
}

#[derive(Debug)]
pub(crate) struct Outside {
    reader: SettingsReader,
    /// What was read last, and when.
    last: Option<(Timestamp, Arc<Settings>)>,
}

impl CurrentSettings {
    pub(crate) fn new(source: &SettingsSource) -> Self {
        match source {
            SettingsSource::Package(settings) => Self::Package(Arc::clone(settings)),
            SettingsSource::Outside(location) => Self::Outside(Box::new(Mutex::new(Outside {
                reader: SettingsReader::new(location.clone()),
                last: None,
            }))),
        }
    }

    /// The settings, read again where they are older than a minute. Nothing is read before the first invocation, so that
    /// the start of the function does not wait for an answer.
    ///
    /// # Errors
    /// If they cannot be read or are refused. Older settings are not used instead: whoever wrote the new ones would not
    /// notice.
    pub(crate) async fn get(&self, aws: &Aws) -> Result<Arc<Settings>, ConfigurationError> {
        match self {
            Self::Package(settings) => Ok(Arc::clone(settings)),
            Self::Outside(outside) => outside.lock().await.get(aws).await,
        }
    }
}

impl Outside {
    async fn get(&mut self, aws: &Aws) -> Result<Arc<Settings>, ConfigurationError> {
        let now = aws.now();
        if let Some((read, settings)) = &self.last
            && now.duration_since(*read) < FRESH
        {
            return Ok(Arc::clone(settings));
        }
        let before = self.last.take();
        let location = self.reader.location().to_string();
        let text = self.reader.read(aws).await;
        let text = text.map_err(|source| ConfigurationError::Unavailable {
            location: Box::new(self.reader.location().clone()),
            source: Box::new(source),
        })?;
        let settings = match before {
            Some((_, settings)) if settings.is_of(&text) => settings,
            _ => {
                let settings = parse(&text, location.clone())?;
                info!(location, settings = settings.version, "settings read");
                Arc::new(settings)
            }
        };
        self.last = Some((now, Arc::clone(&settings)));
        Ok(settings)
    }
}

/// Reads settings, and logs what is questionable in them.
pub(crate) fn parse(text: &str, location: String) -> Result<Settings, ConfigurationError> {
    let controls = known();
    match Settings::parse(text, &controls) {
        Ok(settings) => {
            for warning in settings.warnings(&controls, Timestamp::now()) {
                warn!(location, warning, "check the settings");
            }
            Ok(settings)
        }
        Err(source) => Err(ConfigurationError::Refused { location, source }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lambda_runtime::Diagnostic;
    use serde_json::Value;

    use super::*;
    use crate::handler::Handler;
    use crate::testing::{Log, Rig, SETTINGS, schedule};

    const PARAMETER: &str = "arn:aws:ssm:eu-central-1:111122223333:parameter/postern/settings";

    struct Outside {
        rig: Rig,
        handler: Handler,
    }

    impl Outside {
        fn new(text: &str) -> Self {
            let rig = Rig::new();
            let handler = rig.handler_with(SettingsSource::Outside(PARAMETER.parse().unwrap()));
            let outside = Self { rig, handler };
            outside.write(Some(text));
            outside
        }

        /// Replaces the settings by others, or removes them.
        fn write(&self, text: Option<&str>) {
            self.rig.cloud.edit(|world| match text {
                Some(text) => drop(world.parameters.insert(PARAMETER.to_owned(), text.to_owned())),
                None => drop(world.parameters.remove(PARAMETER)),
            });
        }

        async fn sweep(&self, run: &str) -> Result<Value, Diagnostic> {
            let deadline = self.rig.cloud.now() + Duration::from_secs(120);
            let (answer, _) = self.handler.handle(schedule(), run.into(), Some(deadline)).await;
            answer
        }

        fn reads(&self) -> usize {
            self.rig.called("ssm:GetParameter").len()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn changed_settings_hold_after_a_minute_without_a_new_package() {
        let audit = SETTINGS.replace("\"enforce\"\n", "\"audit\"\n");
        assert_ne!(audit, SETTINGS);
        let outside = Outside::new(&audit);
        assert_eq!(outside.reads(), 0, "a start does not wait for an answer");
        outside.sweep("run-1").await.unwrap();
        outside.write(Some(SETTINGS));
        outside.sweep("run-2").await.unwrap();
        assert_eq!(outside.rig.called("ec2:Modify"), [""; 0]);
        let reads = outside.reads();
        tokio::time::advance(Duration::from_secs(61)).await;
        outside.sweep("run-3").await.unwrap();
        assert_eq!(outside.reads(), reads + 1);
        assert_eq!(outside.rig.called("ec2:Modify"), ["ec2:ModifyVpcEndpoint"]);
    }

    #[tokio::test(start_paused = true)]
    async fn refused_settings_fail_the_invocation_although_older_ones_are_known() {
        let (outside, log) = (Outside::new(SETTINGS), Log::start());
        outside.sweep("run-1").await.unwrap();
        let calls = outside.rig.cloud.log().len();
        for (text, cause) in [
            (Some("[perimetre]\n"), "perimetre"),
            (None, "ssm:GetParameter failed: ParameterNotFound"),
        ] {
            outside.write(text);
            tokio::time::advance(Duration::from_secs(61)).await;
            let diagnostic = outside.sweep("run-2").await.unwrap_err();
            assert_eq!(diagnostic.error_type, "Postern.Configuration");
            let message = &diagnostic.error_message;
            assert!(message.contains(PARAMETER) && message.contains(cause), "{message}");
            assert!(message.contains("no change is made"), "{message}");
        }
        let lines = log.lines();
        let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
        assert_eq!(errors.len(), 2, "{errors:#?}");
        let since = &outside.rig.cloud.log()[calls..];
        assert!(
            since.iter().all(|entry| entry.operation == "GetParameter"),
            "{since:#?}"
        );
        outside.write(Some(SETTINGS));
        outside.sweep("run-3").await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn self_check_fails_at_once_with_refused_settings() {
        let outside = Outside::new("[modes]\ndefault = \"enforced\"\n");
        let payload = serde_json::json!({"postern": "self-check"});
        let (answer, _) = outside.handler.handle(payload, "run-1".into(), None).await;
        assert!(answer.unwrap_err().error_message.contains("enforced"));
        assert_eq!(outside.rig.called("sns:"), [""; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn report_and_log_name_the_version_of_the_settings() {
        let (outside, log) = (Outside::new(SETTINGS), Log::start());
        outside.sweep("run-1").await.unwrap();
        let version = Settings::parse(SETTINGS, &known()).unwrap().version;
        assert_eq!(version.len(), 12);
        assert_eq!(log.line("change applied")["settings"], version.as_str());
        let published = outside.rig.cloud.published();
        let report: Value = serde_json::from_str(&published[0].message).unwrap();
        assert_eq!(report["settings"], version.as_str());
        let other = format!("{SETTINGS}# another comment\n");
        assert_ne!(Settings::parse(&other, &known()).unwrap().version, version);
    }
}
