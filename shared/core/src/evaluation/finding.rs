//! An assessment with what the settings and the history make of it.

use std::borrow::Cow;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::assessment::{Conclusion, Remediation};
use crate::changes::Change;
use crate::history::{Pause, RemediationConflict, RetriesExhausted};
use crate::model::finding::{FindingKey, Severity, Verdict};
use crate::settings::Mode;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub key: FindingKey,
    /// The `Name` tag of the resource.
    pub name: Option<String>,
    /// The endpoint service that it is about: that of the key, or of the endpoint.
    pub service: Option<String>,
    pub severity: Severity,
    /// The mode of the control, or that of interrupting changes where these are needed and only audited.
    pub mode: Mode,
    pub conclusion: Conclusion,
    /// Set where a non-compliant finding is accepted.
    pub exempt: Option<Exempt>,
    /// Set where a non-compliant finding is not remediated although its changes are known.
    pub suppression: Option<Suppression>,
}

/// Why a finding is accepted, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exempt {
    pub reason: String,
    /// Exemptions by tag do not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub expires: Option<Timestamp>,
}

/// Why the changes of a finding are not planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suppression {
    /// A person rolled the remediation back, so that it is not repeated for now.
    Paused(Pause),
    /// The resource is managed by others: such as `vpce-1 belongs to account 444455556666`.
    ManagedByOthers(String),
    /// After the changes no trusted principal could use the endpoint: its id, or the service of a new one.
    LocksOut(String),
    RetriesExhausted(RetriesExhausted),
    Conflict(RemediationConflict),
}

impl Finding {
    pub fn verdict(&self) -> Verdict {
        self.conclusion.verdict()
    }

    /// Why the verdict is what it is.
    pub fn explanation(&self) -> Cow<'_, str> {
        match &self.conclusion {
            Conclusion::Compliant { explanation }
            | Conclusion::NotApplicable { explanation }
            | Conclusion::NonCompliant { explanation, .. }
            | Conclusion::Indeterminate { explanation, .. } => explanation.into(),
            Conclusion::NotEvaluated(gap) => {
                let FindingKey { control, resource, .. } = &self.key;
                format!("Could not evaluate {control} for {}: {gap}.", resource.id).into()
            }
        }
    }

    /// Whether it is non-compliant, and neither exempt nor paused.
    pub fn open(&self) -> bool {
        self.verdict() == Verdict::NonCompliant && self.accepted().is_none()
    }

    /// Why a non-compliant finding is accepted: by an exemption, or because its remediation is paused.
    pub fn accepted(&self) -> Option<Exempt> {
        match &self.suppression {
            Some(Suppression::Paused(pause)) => Some(Exempt {
                reason: pause.reason.clone(),
                expires: Some(pause.expires),
            }),
            Some(
                Suppression::ManagedByOthers(_)
                | Suppression::LocksOut(_)
                | Suppression::RetriesExhausted(_)
                | Suppression::Conflict(_),
            )
            | None => self.exempt.clone(),
        }
    }

    /// The changes that remedy it, where nothing but the mode keeps them from being planned.
    pub fn changes(&self) -> Option<&[Change]> {
        let kept = self.exempt.is_some() || self.suppression.is_some();
        self.conclusion.changes().filter(|_| !kept)
    }

    /// What a person has to do about it. None where nothing has to be done, or Postern does it.
    pub fn advice(&self) -> Option<Cow<'_, str>> {
        if let Some(suppression) = &self.suppression {
            return suppression.advice().map(Cow::from);
        }
        match &self.conclusion {
            Conclusion::NonCompliant {
                remediation: Remediation::Manual(advice),
                ..
            }
            | Conclusion::Indeterminate { advice, .. } => Some(advice.into()),
            Conclusion::NotEvaluated(_) => {
                let advice = "If a call was denied, grant the action to the caller: the role of the function, or you. Then \
                              evaluate again, a deployment with `postern sweep`.";
                Some(advice.into())
            }
            Conclusion::Compliant { .. } | Conclusion::NotApplicable { .. } | Conclusion::NonCompliant { .. } => None,
        }
    }

    /// Takes over why it is not remediated from the same finding after the changes for other findings.
    pub(crate) fn remains_as(&mut self, left: &Self) {
        if !matches!(left.verdict(), Verdict::NonCompliant | Verdict::Indeterminate) {
            return;
        }
        self.suppression.clone_from(&left.suppression);
        let manual = left.conclusion.changes().is_none().then(|| left.advice()).flatten();
        if let (Some(advice), Conclusion::NonCompliant { remediation, .. }) = (manual, &mut self.conclusion) {
            let advice = format!("If the changes for other findings are made, this one remains. {advice}");
            *remediation = Remediation::Manual(advice);
        }
    }

    /// The remediation conflict because of which it is not remediated.
    pub fn conflict(&self) -> Option<&RemediationConflict> {
        match &self.suppression {
            Some(Suppression::Conflict(conflict)) => Some(conflict),
            Some(
                Suppression::Paused(_)
                | Suppression::ManagedByOthers(_)
                | Suppression::LocksOut(_)
                | Suppression::RetriesExhausted(_),
            )
            | None => None,
        }
    }
}

impl Suppression {
    fn advice(&self) -> Option<String> {
        match self {
            Self::Paused(_) => None,
            Self::ManagedByOthers(managed_by) => Some(format!(
                "Postern does not change it: {managed_by}. Change it there, or add an exemption."
            )),
            Self::LocksOut(endpoint) => Some(format!(
                "Postern does not change the policy: no trusted principal could use {endpoint} afterwards. Check whether \
                 `[perimeter]` in `postern.toml` contains the organisation and the account of your workloads. If it does, \
                 correct the policy yourself."
            )),
            Self::RetriesExhausted(exhausted) => Some(exhausted.advice()),
            Self::Conflict(conflict) => Some(conflict.advice()),
        }
    }
}
