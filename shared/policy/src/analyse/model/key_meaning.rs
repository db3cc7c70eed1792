//! What condition keys tell about a request.

use super::super::atoms;
use super::{Model, Supposition};
use crate::condition_keys;
use crate::document::{Condition, Effect};
use crate::text::Text;

/// What a condition key tells about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum KeyMeaning {
    PrincipalAccount,
    PrincipalOrganization,
    PrincipalPaths,
    PrincipalArn,
    PrincipalUser,
    PrincipalIsService,
    PrincipalService,
    PrincipalServiceList,
    PrincipalType,
    /// The value of `aws:userid`, unless a variable names it.
    PrincipalId,
    ResourceAccount,
    ResourceOrganization,
    ResourcePaths,
    Time,
    /// The same in every request through this endpoint.
    Constant,
    /// May have any value.
    Free,
}

impl<'d> Model<'d> {
    pub(in super::super) fn kind(&self, id: &str) -> KeyMeaning {
        let mut known = self.keys.iter();
        known
            .find(|key| key.id == id)
            .map_or_else(|| self.meaning(id), |key| key.kind)
    }

    /// The same of a key that is not among those of the model.
    pub(super) fn meaning(&self, id: &str) -> KeyMeaning {
        match id {
            // https://aws.amazon.com/about-aws/whats-new/2020/12/new-iam-condition-keys-amazon-s3-limit-requests-buckets-owned-specific-aws-accounts-specific-tls-versions/
            "s3:resourceaccount" if self.has_names_of_services && self.may_have("s3") => KeyMeaning::ResourceAccount,
            // https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-caller-account
            "kms:calleraccount" if self.has_names_of_services && self.may_have("kms") => KeyMeaning::PrincipalAccount,
            "aws:principalaccount" => KeyMeaning::PrincipalAccount,
            "aws:principalorgid" => KeyMeaning::PrincipalOrganization,
            "aws:principalorgpaths" => KeyMeaning::PrincipalPaths,
            "aws:principalarn" => KeyMeaning::PrincipalArn,
            "aws:username" => KeyMeaning::PrincipalUser,
            "aws:principalisawsservice" => KeyMeaning::PrincipalIsService,
            "aws:principalservicename" => KeyMeaning::PrincipalService,
            "aws:principalservicenameslist" => KeyMeaning::PrincipalServiceList,
            "aws:userid" if !self.follows(id) => KeyMeaning::PrincipalId,
            "aws:principaltype" => KeyMeaning::PrincipalType,
            "aws:resourceaccount" => KeyMeaning::ResourceAccount,
            "aws:resourceorgid" => KeyMeaning::ResourceOrganization,
            "aws:resourceorgpaths" => KeyMeaning::ResourcePaths,
            "aws:currenttime" | "aws:epochtime" => KeyMeaning::Time,
            _ if self.constant(id).is_some() => KeyMeaning::Constant,
            _ => KeyMeaning::Free,
        }
    }

    /// Whether a request gains by not having the names that services have for the accounts of caller and owner. Some
    /// actions lack them.
    pub(super) fn gains_without_names_of_services(&self) -> bool {
        let named = |condition: &&Condition| {
            let id = condition.key_id.as_str();
            condition_keys::ACCOUNTS.contains(&id) && self.kind(id) != KeyMeaning::Constant
        };
        self.statements.iter().any(|statement| {
            let deny = statement.effect == Effect::Deny;
            let mut conditions = statement.conditions.iter().filter(named);
            conditions.any(|condition| atoms::holds(condition, &[], self.interpretation, &atoms::nothing) != deny)
        })
    }

    /// Whether requests through this endpoint may be for the service with this prefix.
    pub(in super::super) fn may_have(&self, prefix: &str) -> bool {
        let service = self.setting.service.as_ref();
        service.is_none_or(|service| service.prefixes().any(|known| known == prefix))
    }

    /// Whether a variable names the key, or is compared with it.
    fn follows(&self, id: &str) -> bool {
        let names = |text: &Text| text.variables().any(|variable| variable.key == id);
        self.statements.iter().any(|statement| {
            let mut conditions = statement.conditions.iter();
            statement.resource.values.iter().any(names)
                || conditions.any(|condition| {
                    (condition.key_id == id && condition.linked()) || condition.texts().iter().any(names)
                })
        })
    }

    /// The value that a key has in every request through this endpoint, or nothing inside when it is always missing.
    pub(in super::super) fn constant(&self, id: &str) -> Option<Option<&'d str>> {
        fn some(value: &str) -> Option<Option<&str>> {
            (!value.is_empty()).then_some(Some(value))
        }
        match id {
            "aws:sourceip" => Some(None),
            _ if !self.has_names_of_services && condition_keys::ACCOUNTS.contains(&id) => Some(None),
            "aws:ismcpserviceaction" => {
                let service = self.setting.service.as_ref()?;
                (!service.prefixes().any(condition_keys::serves_mcp)).then_some(None)
            }
            "aws:requestedregion" => some(&self.setting.region),
            "aws:sourcevpc" => some(&self.setting.endpoint.vpc),
            "aws:sourcevpce" => some(&self.setting.endpoint.endpoint),
            "aws:sourcevpcarn" | "aws:vpceaccount" | "aws:vpceorgid" | "aws:vpceorgpaths" => {
                let told = self.tells_endpoint_owner(id);
                match (id, self.setting.perimeter.organizations.as_slice()) {
                    _ if told == Some(false) => Some(None),
                    _ if told.is_none() => None,
                    ("aws:sourcevpcarn", _) => some(&self.setting.vpc_arn),
                    ("aws:vpceaccount", _) => some(&self.setting.endpoint.owner),
                    ("aws:vpceorgid", [one]) => some(one),
                    _ => None,
                }
            }
            // What CloudFormation calls pseudo parameters is no condition key.
            _ if id.contains("::") => Some(None),
            _ if condition_keys::find(id).is_none() => (self.supposition != Supposition::AsWritten).then_some(None),
            _ => {
                let service = self.setting.service.as_ref();
                let of_other =
                    condition_keys::of_service(id) && service.is_some_and(|service| service.key(id).is_none());
                of_other.then_some(None)
            }
        }
    }

    /// Whether requests have a key that tells who owns the endpoint. Nothing when some do.
    pub(in super::super) fn tells_endpoint_owner(&self, id: &str) -> Option<bool> {
        let service = self.setting.service.as_ref()?;
        let mut told = service
            .prefixes()
            .map(|prefix| condition_keys::tells_endpoint_owner(prefix, id));
        let first = told.next()?;
        told.all(|other| other == first).then_some(first)
    }
}
