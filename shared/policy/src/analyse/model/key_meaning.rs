//! What condition keys tell about a request.

use super::super::atoms;
use super::Model;
use crate::document::Effect;

/// What a condition key tells about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum KeyMeaning {
    PrincipalAccount,
    PrincipalOrganization,
    PrincipalPaths,
    PrincipalArn,
    PrincipalIsService,
    PrincipalService,
    PrincipalType,
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
        match id {
            // https://aws.amazon.com/about-aws/whats-new/2020/12/new-iam-condition-keys-amazon-s3-limit-requests-buckets-owned-specific-aws-accounts-specific-tls-versions/
            "s3:resourceaccount" if self.tells("s3", id) => KeyMeaning::ResourceAccount,
            // https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-caller-account
            "kms:calleraccount" if self.tells("kms", id) => KeyMeaning::PrincipalAccount,
            "aws:principalaccount" => KeyMeaning::PrincipalAccount,
            "aws:principalorgid" => KeyMeaning::PrincipalOrganization,
            "aws:principalorgpaths" => KeyMeaning::PrincipalPaths,
            "aws:principalarn" => KeyMeaning::PrincipalArn,
            "aws:principalisawsservice" => KeyMeaning::PrincipalIsService,
            "aws:principalservicename" | "aws:principalservicenameslist" => KeyMeaning::PrincipalService,
            "aws:principaltype" => KeyMeaning::PrincipalType,
            "aws:resourceaccount" => KeyMeaning::ResourceAccount,
            "aws:resourceorgid" => KeyMeaning::ResourceOrganization,
            "aws:resourceorgpaths" => KeyMeaning::ResourcePaths,
            "aws:currenttime" | "aws:epochtime" => KeyMeaning::Time,
            _ if self.constant(id).is_some() => KeyMeaning::Constant,
            _ => KeyMeaning::Free,
        }
    }

    /// Whether requests can be taken to have a key that belongs to a service: some actions lack it, so they can if no
    /// request gains by not having it.
    fn tells(&self, prefix: &str, id: &str) -> bool {
        self.may_have(prefix)
            && self.statements.iter().all(|statement| {
                let conditions = statement.conditions.iter().filter(|condition| condition.key_id == id);
                let deny = statement.effect == Effect::Deny;
                let mut without =
                    conditions.map(|condition| atoms::holds(condition, &[], self.interpretation, &atoms::nothing));
                without.all(|holds| holds == deny)
            })
    }

    /// Whether requests through this endpoint may be for the service with this prefix, and have its keys.
    pub(in super::super) fn may_have(&self, prefix: &str) -> bool {
        let service = self.service.as_ref();
        service.is_none_or(|service| service.prefixes().any(|known| known == prefix))
    }

    /// The value that a key has in every request through this endpoint, or nothing inside when it is always missing.
    pub(in super::super) fn constant(&self, id: &str) -> Option<Option<&'d str>> {
        let some = |value: &'d str| (!value.is_empty()).then_some(Some(value));
        match id {
            "aws:sourceip" => Some(None),
            "s3:resourceaccount" if !self.may_have("s3") => Some(None),
            "kms:calleraccount" if !self.may_have("kms") => Some(None),
            "aws:sourcevpc" => some(&self.endpoint.vpc),
            "aws:sourcevpce" => some(&self.endpoint.endpoint),
            "aws:vpceaccount" => some(&self.endpoint.owner),
            "aws:vpceorgid" => match self.perimeter.organizations.as_slice() {
                [one] => some(one),
                _ => None,
            },
            // What CloudFormation calls pseudo parameters is no condition key.
            _ if id.contains("::") => Some(None),
            _ => None,
        }
    }
}
