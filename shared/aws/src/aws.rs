//! The deployment's access to AWS: sessions of the accounts that it serves, its own topic, ledger and queues.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_ec2::config::{Credentials, SharedCredentialsProvider};
use jiff::Timestamp;
use postern_core::model::id::{AccountId, Region};
use tokio::sync::OnceCell;

use crate::calls::{Calls, Counter};
use crate::config::{self, own_quota, retries, timeouts};
use crate::error::CallError;
use crate::session::Session;

/// No policy can deny this action.
const CALLER_IDENTITY: &str = "sts:GetCallerIdentity";
const ASSUME_ROLE: &str = "sts:AssumeRole";

/// One deployment with the credentials of its own account, kept while a function is warm.
///
/// Topic, ledger and queues belong to the deployment's own account. Everything else that Postern observes or changes is
/// reached by `account`.
#[derive(Debug)]
pub struct Aws {
    pub(crate) config: SdkConfig,
    pub(crate) sns: aws_sdk_sns::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) counter: Counter,
    /// The session of the deployment's own account, once the account is known.
    own: OnceCell<Session>,
}

/// Whose credentials a deployment or an operator has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub account: AccountId,
    pub arn: String,
}

/// Why there is no session of an account.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SessionError {
    #[error(transparent)]
    Foreign(#[from] ForeignAccountError),
    #[error("could not determine the account of this deployment")]
    OwnAccount(#[source] CallError),
}

/// The deployment has no credentials of the account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this deployment serves account `{own}`; the event is of account `{foreign}`, and nothing of it was looked up or \
     changed; deploy Postern in account `{foreign}`, or remove the rule that forwards its events to account `{own}`"
)]
pub struct ForeignAccountError {
    pub own: AccountId,
    pub foreign: AccountId,
}

impl SessionError {
    /// Whether another attempt may succeed.
    pub fn transient(&self) -> bool {
        match self {
            Self::Foreign(_) => false,
            Self::OwnAccount(error) => error.transient(),
        }
    }
}

impl Aws {
    /// With the credentials, Region and endpoints that the environment configures.
    pub async fn from_environment() -> Self {
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .retry_config(retries())
            .timeout_config(timeouts())
            .load()
            .await;
        Self::new(config)
    }

    /// The same in this Region, whichever the environment configures.
    pub async fn from_environment_in(region: &Region) -> Self {
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .region(aws_types::region::Region::new(region.to_string()))
            .retry_config(retries())
            .timeout_config(timeouts())
            .load()
            .await;
        Self::new(config)
    }

    /// With this configuration. Each deployment has a retry quota of its own, however many there are in a process.
    pub fn new(config: SdkConfig) -> Self {
        let counter = Counter::default();
        let sns = aws_sdk_sns::config::Builder::from(&config)
            .interceptor(counter.clone())
            .retry_partition(own_quota())
            .build();
        let dynamodb = aws_sdk_dynamodb::config::Builder::from(&config)
            .interceptor(counter.clone())
            .retry_partition(own_quota())
            .build();
        Self {
            sns: aws_sdk_sns::Client::from_conf(sns),
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb),
            counter,
            own: OnceCell::new(),
            config,
        }
    }

    /// States the account of the credentials, which otherwise takes a call to STS.
    pub fn with_own_account(self, account: AccountId) -> Self {
        let session = Session::new(account, self.config.clone());
        Self {
            own: OnceCell::new_with(Some(session)),
            ..self
        }
    }

    /// The session of an account. A deployment serves its own account.
    ///
    /// # Errors
    /// If the account is another one, or AWS does not say which one is the deployment's own.
    pub async fn account(&self, account: &AccountId) -> Result<Session, SessionError> {
        let own = self.own_session().await.map_err(SessionError::OwnAccount)?;
        if own.account() != account {
            return Err(SessionError::Foreign(ForeignAccountError {
                own: own.account().clone(),
                foreign: account.clone(),
            }));
        }
        Ok(own)
    }

    /// The session of the deployment's own account. Its id is asked for once, where it was not stated.
    ///
    /// # Errors
    /// If AWS does not say whose credentials these are.
    pub async fn own_session(&self) -> Result<Session, CallError> {
        let session = self.own.get_or_try_init(async || {
            // Boxed: this future is part of everything that uses a session, and is needed once.
            let caller = Box::pin(self.caller()).await?;
            Ok(Session::new(caller.account, self.config.clone()))
        });
        session.await.cloned()
    }

    /// Access to another account with the credentials of a role there, which last for an hour. The role must allow these
    /// credentials to assume it.
    ///
    /// # Errors
    /// If AWS refuses the role, or does not answer.
    pub async fn in_account(&self, account: &AccountId, role: &str, session: &str) -> Result<Self, CallError> {
        let caller = self.caller().await?;
        let partition = caller.arn.split(':').nth(1).unwrap_or("aws").to_owned();
        let request = self
            .sts()
            .assume_role()
            .role_arn(format!("arn:{partition}:iam::{account}:role/{role}"))
            .role_session_name(session);
        let answer = request.send().await;
        let answer = answer.map_err(|error| CallError::new(ASSUME_ROLE, error))?;
        let given = answer
            .credentials
            .ok_or_else(|| CallError::unreadable(ASSUME_ROLE, "the answer has no credentials"))?;
        let credentials = Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            given.expiration.try_into().ok(),
            "AssumeRole",
        );
        let config = self.config.to_builder();
        let config = config.credentials_provider(SharedCredentialsProvider::new(credentials));
        Ok(Self::new(config.build()).with_own_account(account.clone()))
    }

    /// Whose credentials these are.
    pub async fn caller(&self) -> Result<Caller, CallError> {
        let answer = self.sts().get_caller_identity().send().await;
        let answer = answer.map_err(|error| CallError::new(CALLER_IDENTITY, error))?;
        let account = answer.account.map(AccountId::from);
        Ok(Caller {
            account: account
                .ok_or_else(|| CallError::unreadable(CALLER_IDENTITY, "the answer does not name the account"))?,
            arn: answer.arn.unwrap_or_default(),
        })
    }

    /// A client of STS, which is needed seldom.
    fn sts(&self) -> aws_sdk_sts::Client {
        let config = aws_sdk_sts::config::Builder::from(&self.config)
            .interceptor(self.counter.clone())
            .build();
        aws_sdk_sts::Client::from_conf(config)
    }

    /// The Region of the configuration.
    pub fn region(&self) -> Option<Region> {
        let region = self.config.region()?;
        Some(Region::from(region.as_ref()))
    }

    /// The time of the clients' clock.
    pub fn now(&self) -> Timestamp {
        config::now(&self.config)
    }

    /// The requests that were sent so far, those of all sessions included.
    pub fn calls(&self) -> Calls {
        let mut calls = self.counter.calls();
        if let Some(session) = self.own.get() {
            calls.add(&session.calls());
        }
        calls
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::Cloud;

    const IDENTITY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account>\
        </GetCallerIdentityResult></GetCallerIdentityResponse>";

    #[tokio::test]
    async fn requests_are_counted_by_operation_over_attempts_and_regions() {
        let cloud = Cloud::new()
            .refuse("DescribeVpcs", "RequestLimitExceeded", "Request limit exceeded.")
            .refuse("DescribeVpcs", "InternalError", "An internal error has occurred")
            .always("DescribeVpcs", "<vpcSet/>")
            .always("DescribeSubnets", "<subnetSet/>");
        let aws = cloud.aws_with_attempts(3);
        let session = aws.own_session().await.unwrap();
        session
            .ec2(&"eu-central-1".into())
            .describe_vpcs()
            .send()
            .await
            .unwrap();
        let before = session.calls();
        assert_eq!(before.by_operation().collect::<Vec<_>>(), [("DescribeVpcs", 3)]);
        let other_region = session.ec2(&"eu-west-1".into());
        other_region.describe_vpcs().send().await.unwrap();
        other_region.describe_subnets().send().await.unwrap();
        let run = session.calls().since(&before);
        assert_eq!(
            run.by_operation().collect::<Vec<_>>(),
            [("DescribeSubnets", 1), ("DescribeVpcs", 1)]
        );
        assert_eq!((run.total(), aws.calls().total()), (2, 5));
    }

    #[tokio::test]
    async fn requests_to_all_services_are_counted() {
        let topic = "<GetTopicAttributesResponse><GetTopicAttributesResult/></GetTopicAttributesResponse>";
        let cloud = Cloud::new()
            .raw("GetTopicAttributes", 200, topic)
            .json("GetItem", &json!({}))
            .raw("GetCallerIdentity", 200, IDENTITY)
            .on("DescribeVpcs", "<vpcSet/>");
        let aws = cloud.aws_of_unknown_account();
        aws.check_topic("arn:aws:sns:eu-central-1:111122223333:postern")
            .await
            .unwrap();
        let item = aws.dynamodb.get_item().table_name("postern-ledger");
        let key = aws_sdk_dynamodb::types::AttributeValue::S("change".to_owned());
        item.key("pk", key).send().await.unwrap();
        let session = aws.own_session().await.unwrap();
        session
            .ec2(&"eu-central-1".into())
            .describe_vpcs()
            .send()
            .await
            .unwrap();
        let calls = ["DescribeVpcs", "GetCallerIdentity", "GetItem", "GetTopicAttributes"];
        assert_eq!(
            aws.calls().by_operation().collect::<Vec<_>>(),
            calls.map(|call| (call, 1))
        );
    }

    #[tokio::test]
    async fn a_foreign_account_is_refused_without_any_call() {
        let cloud = Cloud::new();
        let aws = cloud.aws();
        for account in ["444455556666", "11112222333", ""] {
            let error = aws.account(&account.into()).await.unwrap_err();
            let SessionError::Foreign(foreign) = &error else {
                panic!("{error:?}");
            };
            assert_eq!(
                (foreign.own.as_str(), foreign.foreign.as_str()),
                ("111122223333", account)
            );
            assert!(!error.transient());
        }
        assert_eq!(cloud.actions(), [""; 0]);
        assert_eq!(aws.calls().total(), 0);
        let error = aws.account(&"444455556666".into()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "this deployment serves account `111122223333`; the event is of account `444455556666`, and nothing of it was \
             looked up or changed; deploy Postern in account `444455556666`, or remove the rule that forwards its events \
             to account `111122223333`"
        );
    }

    #[tokio::test]
    async fn the_own_account_is_asked_for_once_and_then_others_are_refused() {
        let cloud = Cloud::new().raw("GetCallerIdentity", 200, IDENTITY);
        let aws = cloud.aws_of_unknown_account();
        let (own, foreign) = ("111122223333".into(), "444455556666".into());
        let (first, second) = tokio::join!(aws.account(&own), aws.account(&foreign));
        assert_eq!(first.unwrap().account(), &own);
        assert!(matches!(second, Err(SessionError::Foreign(_))));
        assert_eq!(aws.account(&own).await.unwrap().account(), &own);
        assert_eq!(cloud.actions(), ["GetCallerIdentity"]);
    }

    #[tokio::test]
    async fn role_in_another_account_is_called_with_its_credentials() {
        let identity = IDENTITY.replace("<Account>", "<Arn>arn:aws-cn:iam::111122223333:user/ada</Arn><Account>");
        let assumed = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>\
            <SecretAccessKey>s</SecretAccessKey><SessionToken>token-of-the-role</SessionToken>\
            <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
        let cloud = Cloud::new()
            .raw("GetCallerIdentity", 200, &identity)
            .raw("AssumeRole", 200, assumed)
            .on("DescribeVpcs", "<vpcSet/>");
        let aws = cloud.aws_of_unknown_account();
        let there = aws
            .in_account(&"444455556666".into(), "audit/postern", "postern-audit")
            .await
            .unwrap();
        let session = there.own_session().await.unwrap();
        assert_eq!(session.account().as_str(), "444455556666");
        session.ec2(&"cn-north-1".into()).describe_vpcs().send().await.unwrap();
        assert_eq!(cloud.actions(), ["AssumeRole", "DescribeVpcs", "GetCallerIdentity"]);
        let role = &cloud.requests("AssumeRole")[0]["RoleArn"];
        assert_eq!(role, "arn:aws-cn:iam::444455556666:role/audit/postern");
    }

    #[tokio::test]
    async fn an_own_account_that_could_not_be_determined_is_asked_for_again() {
        let cloud = Cloud::new()
            .breaks("GetCallerIdentity")
            .raw("GetCallerIdentity", 200, IDENTITY);
        let aws = cloud.aws_of_unknown_account();
        let own = "111122223333".into();
        let error = aws.account(&own).await.unwrap_err();
        assert!(
            error.transient() && matches!(error, SessionError::OwnAccount(_)),
            "{error:?}"
        );
        assert_eq!(aws.account(&own).await.unwrap().account(), &own);
        cloud.done();
    }
}
