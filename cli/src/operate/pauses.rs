//! Pauses of automatic remediation: without them a control would make a change again as soon as it is undone.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

use jiff::Timestamp;
use postern_core::history::Pause;
use postern_core::model::finding::FindingKey;
use postern_core::settings::LedgerSettings;
use postern_engine::Session;

use super::{CommandError, OperatorContext, say};

/// The pauses that a command makes for these findings. `reason` is shown in reports.
pub(super) fn pauses(
    findings: BTreeSet<FindingKey>,
    reason: &str,
    now: Timestamp,
    settings: LedgerSettings,
) -> Vec<Pause> {
    let expires = now + Duration::from_secs(u64::from(settings.pause_days) * 86_400);
    let pause = |key| Pause {
        key,
        reason: reason.to_owned(),
        expires,
    };
    findings.into_iter().map(pause).collect()
}

/// Says for which findings a session paused remediation.
pub(super) fn describe_paused(
    context: &OperatorContext,
    session: &Session<'_>,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let mut times: BTreeMap<Timestamp, BTreeSet<FindingKey>> = BTreeMap::new();
    for pause in session.paused() {
        times.entry(pause.expires).or_default().insert(pause.key.clone());
    }
    let mut times = times.iter();
    times
        .try_for_each(|(expires, findings)| describe(context.repeated(), findings, &format!("until {expires:.0}"), out))
}

/// Says for which findings remediation is paused, and how to resume it. `time` is such as `for 30 days`,
/// and `flags` follow each command.
pub(super) fn describe(
    flags: &str,
    findings: &BTreeSet<FindingKey>,
    time: &str,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    if findings.is_empty() {
        return Ok(());
    }
    say(
        out,
        &format!("Automatic remediation of these findings is paused {time}:"),
    )?;
    for key in findings {
        say(out, &format!("  {key}"))?;
    }
    say(out, "To resume it:")?;
    let commands: BTreeSet<String> = findings
        .iter()
        .map(|key| format!("  postern resume {} {}{flags}", key.control, key.resource.id))
        .collect();
    commands.iter().try_for_each(|command| say(out, command))
}

#[cfg(test)]
mod tests {
    use postern_core::model::finding::ResourceKind;

    use super::*;

    fn key(id: &str) -> FindingKey {
        FindingKey::new("policy-open", ResourceKind::Endpoint, id)
    }

    #[test]
    fn paused_findings_are_described_with_the_commands_that_resume_them() {
        let mut out = Vec::new();
        describe("", &[key("vpce-1"), key("vpce-2")].into(), "for 30 days", &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "Automatic remediation of these findings is paused for 30 days:\n  policy-open on vpce-1\n  policy-open on \
             vpce-2\nTo resume it:\n  postern resume policy-open vpce-1\n  postern resume policy-open vpce-2\n"
        );
    }

    #[test]
    fn pause_lasts_as_many_days_as_the_settings_say() {
        let settings = LedgerSettings {
            pause_days: 30,
            ..LedgerSettings::default()
        };
        let [pause] = pauses([key("vpce-1")].into(), "rolled back", Timestamp::UNIX_EPOCH, settings)
            .try_into()
            .unwrap();
        assert_eq!((pause.key, pause.reason.as_str()), (key("vpce-1"), "rolled back"));
        assert_eq!(pause.expires.to_string(), "1970-01-31T00:00:00Z");
    }

    #[test]
    fn nothing_is_said_where_nothing_is_paused() {
        let mut out = Vec::new();
        describe("", &BTreeSet::new(), "for 30 days", &mut out).unwrap();
        assert!(out.is_empty());
    }
}
