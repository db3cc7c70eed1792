//! What is settled of a session beforehand, where keys of it depend on each other.

use super::super::model::Model;

/// Whether a caller used multi-factor authentication, and whether a service calls for it. Nothing where no condition asks
/// for two keys that tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Session {
    pub(in super::super) multi_factor: Option<bool>,
    pub(in super::super) via_service: Option<bool>,
}

impl Session {
    /// The sessions that the keys of a document tell apart.
    pub(super) fn all(model: &Model<'_>) -> Vec<Self> {
        let has = |id: &str| model.keys.iter().any(|key| key.id == id);
        let both = |asked: bool| {
            if asked {
                vec![Some(false), Some(true)]
            } else {
                vec![None]
            }
        };
        let multi_factor = both(has("aws:multifactorauthage") && has("aws:multifactorauthpresent"));
        let via = ["aws:calledvia", "aws:calledviafirst", "aws:calledvialast"];
        let via_service = both(has("aws:viaawsservice") && via.iter().any(|id| has(id)));
        let pairs = multi_factor
            .iter()
            .flat_map(|multi_factor| via_service.iter().map(move |via| (*multi_factor, *via)));
        pairs
            .map(|(multi_factor, via_service)| Self {
                multi_factor,
                via_service,
            })
            .collect()
    }

    /// Whether the session can have these values of a key.
    pub(in super::super) fn allows(self, id: &str, values: &[String]) -> bool {
        let told =
            |told: Option<bool>| told.is_none_or(|told| values == [told.to_string()] || (!told && values.is_empty()));
        match id {
            "aws:multifactorauthpresent" => told(self.multi_factor),
            // Requests with multi-factor authentication tell how long ago it was:
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthage
            "aws:multifactorauthage" => self.multi_factor.is_none_or(|used| used != values.is_empty()),
            "aws:viaawsservice" => told(self.via_service),
            id if id.starts_with("aws:calledvia") => self.via_service != Some(false) || values.is_empty(),
            _ => true,
        }
    }
}
