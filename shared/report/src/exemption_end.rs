//! Exemptions that end soon.

use jiff::{SignedDuration, Timestamp};
use postern_core::evaluation::{Conclusion, Finding, Remediation};
use postern_core::settings::Mode;

/// How long before its end people are told of an exemption.
const NOTICE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// When and how the exemption of a finding ends, what happens then and how to keep it. None if it does not end soon: an
/// exemption by tag and a pause do not.
pub(crate) fn of(finding: &Finding, time: Timestamp) -> Option<String> {
    let exempt = finding.exempt.as_ref()?;
    let end = exempt.expires.filter(|end| end.duration_since(time) <= NOTICE)?;
    let then = match &finding.conclusion {
        Conclusion::NonCompliant {
            remediation: Remediation::Automatic(_),
            ..
        } if finding.mode == Mode::Enforce => "Then Postern remediates the finding.".to_owned(),
        Conclusion::NonCompliant {
            remediation: Remediation::Automatic(_),
            ..
        } => "Then Postern reports the finding as open, with the changes that remediate it.".to_owned(),
        Conclusion::NonCompliant {
            remediation: Remediation::Manual(advice),
            ..
        } => format!("Then Postern reports the finding as open. {advice}"),
        // Nothing else is exempt.
        Conclusion::Compliant { .. }
        | Conclusion::NotApplicable { .. }
        | Conclusion::Indeterminate { .. }
        | Conclusion::NotEvaluated(_) => return None,
    };
    Some(format!(
        "The exemption of {} from {} ends on {} ({}). {then} To keep the exemption, set a later `expires` in \
         `[[exemptions]]` of the settings.",
        finding.key.resource.id,
        finding.key.control,
        end.strftime("%Y-%m-%d at %H:%M UTC"),
        exempt.reason.trim_end_matches('.'),
    ))
}
