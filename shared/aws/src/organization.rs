//! The organisation of an account.

use aws_sdk_organizations::operation::describe_organization::DescribeOrganizationError;

use crate::aws::Aws;
use crate::error::CallError;

const ORGANIZATION: &str = "organizations:DescribeOrganization";

impl Aws {
    /// The id of the organisation that the account of the credentials belongs to, such as `o-exampleorg1`. None if it
    /// belongs to none. Every account of an organisation may be allowed to ask
    /// (<https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeOrganization.html>).
    ///
    /// # Errors
    /// If AWS refuses or does not answer.
    pub async fn organization(&self) -> Result<Option<String>, CallError> {
        let config = aws_sdk_organizations::config::Builder::from(&self.config).build();
        let client = aws_sdk_organizations::Client::from_conf(config);
        let answer = match client.describe_organization().send().await {
            Ok(answer) => answer,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeOrganizationError::is_aws_organizations_not_in_use_exception) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(CallError::new(ORGANIZATION, error)),
        };
        let id = answer.organization.and_then(|organization| organization.id);
        let id = id.ok_or_else(|| CallError::unreadable(ORGANIZATION, "the answer has no id"))?;
        Ok(Some(id))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::wire::Cloud;

    #[tokio::test]
    async fn account_without_an_organisation_has_none() {
        let found = json!({"Organization": {"Id": "o-exampleorg1"}});
        let cloud = Cloud::new()
            .json("DescribeOrganization", &found)
            .raw(
                "DescribeOrganization",
                400,
                r#"{"__type":"AWSOrganizationsNotInUseException","Message":"Your account is not a member of an organization."}"#,
            )
            .raw("DescribeOrganization", 400, r#"{"__type":"AccessDeniedException","Message":"No."}"#);
        let aws = cloud.aws();
        assert_eq!(aws.organization().await.unwrap().as_deref(), Some("o-exampleorg1"));
        assert_eq!(aws.organization().await.unwrap(), None);
        let error = aws.organization().await.unwrap_err();
        assert_eq!(error.code.as_deref(), Some("AccessDeniedException"));
    }
}
