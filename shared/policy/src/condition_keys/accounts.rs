//! Keys whose values are ARNs of something in the account of caller or owner.

/// Whose account the ARN names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Caller,
    Owner,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct AccountOfArn {
    pub(crate) side: Side,
    /// How many colons the ARN has.
    pub(crate) colons: usize,
}

const fn caller(colons: usize) -> AccountOfArn {
    let side = Side::Caller;
    AccountOfArn { side, colons }
}

const fn owner(colons: usize) -> AccountOfArn {
    let side = Side::Owner;
    AccountOfArn { side, colons }
}

/// A service gets roles of its own account alone, so that the caller is in the account of the function, instance or project
/// that has the role: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>. What the keys have:
/// <https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-ec2-instance>
///
/// Who names a secret by its ARN asks for this secret:
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html>
const ACCOUNTS: [(&str, AccountOfArn); 6] = [
    ("codebuild:buildarn", caller(6)),
    ("codebuild:projectarn", caller(5)),
    ("ec2:sourceinstancearn", caller(5)),
    ("lambda:sourcefunctionarn", caller(6)),
    ("secretsmanager:secretid", owner(6)),
    ("ssm:sourceinstancearn", caller(5)),
];

/// Whose account the values of a key name, by its name in lower case.
pub(crate) fn account_of_arn(id: &str) -> Option<AccountOfArn> {
    let known = ACCOUNTS.iter().find(|(known, _)| *known == id);
    known.map(|(_, account)| *account)
}
