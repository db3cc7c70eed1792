//! The organisation of an account, as AWS Organizations tells it to each of its members.

use jiff::SignedDuration;
use postern_core::settings::Organization;

use serde_json::{Value, json};

use crate::error::{CallError, chain};
use crate::request::{Request, Service};
use crate::session::Session;

const SERVICE: Service = Service {
    id: "Organizations",
    host: "organizations",
    signing_name: "organizations",
};

/// Each account may call it, unless a policy denies it.
const DESCRIBE: &str = "organizations:DescribeOrganization";

/// The IAM actions that determining the organisation requires. Where they are denied, it is not known.
pub const ORGANIZATION_CALLS: &[&str] = &[DESCRIBE];

/// After this time AWS is asked again: an account may be invited, and a denied call be allowed.
const KEPT: SignedDuration = SignedDuration::from_mins(15);

impl Session {
    /// The organisation of the account. AWS is asked once in a quarter of an hour. Every account of an organisation may be
    /// allowed to ask ([DescribeOrganization](https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeOrganization.html)).
    ///
    /// # Errors
    /// If another attempt may succeed.
    pub async fn organization(&self) -> Result<Organization, CallError> {
        let mut answered = self.answered_organization().lock().await;
        let now = self.now();
        if let Some((at, organization)) = answered.as_ref()
            && now.duration_since(*at) < KEPT
        {
            return Ok(organization.clone());
        }
        let organization = self.ask_for_organization().await?;
        *answered = Some((now, organization.clone()));
        Ok(organization)
    }

    async fn ask_for_organization(&self) -> Result<Organization, CallError> {
        let target = "AWSOrganizationsV20161128.DescribeOrganization".to_owned();
        match self.send(Request::json(DESCRIBE, SERVICE, target, &json!({}))).await {
            Ok(answer) => match answer.json().pointer("/Organization/Id").and_then(Value::as_str) {
                Some(id) => Ok(Organization::Member(id.to_owned())),
                None => Err(CallError::unreadable(DESCRIBE, "the answer has no id")),
            },
            Err(error) if error.is(&["AWSOrganizationsNotInUseException"]) => Ok(Organization::None),
            Err(error) if error.transient() => Err(error),
            Err(error) => Ok(Organization::Unknown(chain(&error))),
        }
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::wire::Cloud;

    const MEMBER: &str = r#"{"Organization":{"Id":"o-exampleorg1","Arn":"arn:aws:organizations::999988887777:organization/o-exampleorg1"}}"#;

    #[tokio::test]
    async fn organization_is_asked_for_once() {
        let cloud = Cloud::new().raw("DescribeOrganization", 200, MEMBER);
        let session = cloud.aws().own_session().await.unwrap();
        for _ in 0..2 {
            assert_eq!(
                session.organization().await.unwrap(),
                Organization::Member("o-exampleorg1".to_owned())
            );
        }
        assert_eq!(cloud.actions(), ["DescribeOrganization"]);
    }

    #[tokio::test]
    async fn account_outside_of_organizations_is_distinguished_from_a_denied_call() {
        let refused = |code: &str| format!(r#"{{"__type":"{code}","message":"No."}}"#);
        let cloud = Cloud::new().raw(
            "DescribeOrganization",
            400,
            &refused("AWSOrganizationsNotInUseException"),
        );
        let session = cloud.aws().own_session().await.unwrap();
        assert_eq!(session.organization().await.unwrap(), Organization::None);
        let cloud = Cloud::new().raw("DescribeOrganization", 400, &refused("AccessDeniedException"));
        let session = cloud.aws().own_session().await.unwrap();
        let Organization::Unknown(reason) = session.organization().await.unwrap() else {
            panic!("a denied call tells nothing")
        };
        assert!(
            reason.contains("organizations:DescribeOrganization") && reason.contains("AccessDenied"),
            "{reason}"
        );
    }

    #[tokio::test]
    async fn failure_that_passes_is_an_error_and_is_not_kept() {
        let cloud = Cloud::new()
            .breaks("DescribeOrganization")
            .raw("DescribeOrganization", 200, MEMBER);
        let session = cloud.aws().own_session().await.unwrap();
        assert!(session.organization().await.unwrap_err().transient());
        assert_eq!(
            session.organization().await.unwrap(),
            Organization::Member("o-exampleorg1".to_owned())
        );
    }
}
