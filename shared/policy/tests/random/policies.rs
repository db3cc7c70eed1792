//! Random documents of the keys, operators and values that policies have, each valid.

use super::Random;

/// Keys with the type of their values.
const KEYS: [(&str, Type); 65] = [
    ("aws:AssumedRoot", Type::Bool),
    ("aws:CalledVia", Type::Services),
    ("aws:CalledViaFirst", Type::Service),
    ("aws:CalledViaLast", Type::Service),
    ("aws:CurrentTime", Type::Date),
    ("aws:Ec2InstanceSourcePrivateIPv4", Type::Address),
    ("aws:Ec2InstanceSourceVPC", Type::Vpc),
    ("aws:EpochTime", Type::Date),
    ("aws:FederatedProvider", Type::Text),
    ("aws:MultiFactorAuthAge", Type::Number),
    ("aws:MultiFactorAuthPresent", Type::Bool),
    ("aws:PrincipalAccount", Type::Account),
    ("aws:PrincipalArn", Type::Principal),
    ("aws:PrincipalIsAWSService", Type::Bool),
    ("aws:PrincipalOrgID", Type::Organization),
    ("aws:PrincipalOrgPaths", Type::Paths),
    ("aws:PrincipalServiceName", Type::Service),
    ("aws:PrincipalServiceNamesList", Type::Services),
    ("aws:PrincipalTag/team", Type::Text),
    ("aws:PrincipalType", Type::Caller),
    ("aws:Referer", Type::Text),
    ("aws:RequestTag/team", Type::Text),
    ("aws:RequestedRegion", Type::Region),
    ("aws:ResourceAccount", Type::Account),
    ("aws:ResourceOrgID", Type::Organization),
    ("aws:ResourceOrgPaths", Type::Paths),
    ("aws:ResourceTag/team", Type::Text),
    ("aws:SecureTransport", Type::Bool),
    ("aws:SourceAccount", Type::Account),
    ("aws:SourceArn", Type::Resource),
    ("aws:SourceIdentity", Type::Text),
    ("aws:SourceIp", Type::Address),
    ("aws:SourceOrgID", Type::Organization),
    ("aws:SourceOrgPaths", Type::Paths),
    ("aws:SourceVpc", Type::Vpc),
    ("aws:SourceVpcArn", Type::Resource),
    ("aws:SourceVpce", Type::Text),
    ("aws:TagKeys", Type::Texts),
    ("aws:TokenIssueTime", Type::Date),
    ("aws:UserAgent", Type::Text),
    ("aws:ViaAWSService", Type::Bool),
    ("aws:VpcSourceIp", Type::Address),
    ("aws:VpceAccount", Type::Account),
    ("aws:VpceOrgID", Type::Organization),
    ("aws:VpceOrgPaths", Type::Paths),
    ("aws:userid", Type::Id),
    ("aws:username", Type::Text),
    ("ec2:RoleDelivery", Type::Number),
    ("ec2:SourceInstanceARN", Type::Resource),
    ("glue:RoleAssumedBy", Type::Service),
    ("kms:CallerAccount", Type::Account),
    ("kms:EncryptionContextKeys", Type::Texts),
    ("kms:ViaService", Type::Text),
    ("lambda:SourceFunctionArn", Type::Resource),
    ("s3:ExistingObjectTag/team", Type::Text),
    ("s3:RequestObjectTagKeys", Type::Texts),
    ("s3:ResourceAccount", Type::Account),
    ("s3:TlsVersion", Type::Number),
    ("s3:max-keys", Type::Number),
    ("s3:prefix", Type::Text),
    ("s3:x-amz-acl", Type::Text),
    ("s3:x-amz-server-side-encryption", Type::Text),
    ("secretsmanager:SecretId", Type::Resource),
    ("aws:IsMcpServiceAction", Type::Bool),
    ("aws:SourceOwner", Type::Account),
];

/// The keys of perimeters, which policies name more often than others.
const USUAL: [&str; 8] = [
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Account,
    Address,
    Bool,
    Date,
    Id,
    Number,
    Organization,
    Paths,
    Principal,
    Caller,
    Region,
    Resource,
    Service,
    Services,
    Text,
    Texts,
    Vpc,
}

impl Type {
    fn has_several(self) -> bool {
        matches!(self, Self::Paths | Self::Services | Self::Texts)
    }

    fn operators(self) -> &'static [&'static str] {
        match self {
            Self::Address => &["IpAddress", "NotIpAddress"],
            Self::Bool => &["Bool"],
            Self::Date => &[
                "DateEquals",
                "DateNotEquals",
                "DateLessThan",
                "DateLessThanEquals",
                "DateGreaterThan",
                "DateGreaterThanEquals",
            ],
            Self::Number => &[
                "NumericEquals",
                "NumericNotEquals",
                "NumericLessThan",
                "NumericLessThanEquals",
                "NumericGreaterThan",
                "NumericGreaterThanEquals",
            ],
            Self::Principal | Self::Resource => &[
                "ArnEquals",
                "ArnLike",
                "ArnNotEquals",
                "ArnNotLike",
                "StringEquals",
                "StringLike",
                "StringNotLike",
            ],
            _ => &[
                "StringEquals",
                "StringNotEquals",
                "StringLike",
                "StringNotLike",
                "StringEqualsIgnoreCase",
                "StringNotEqualsIgnoreCase",
            ],
        }
    }

    fn values(self) -> &'static [&'static str] {
        match self {
            Self::Account => &[
                "111122223333",
                "444455556666",
                "999999999999",
                "1111*",
                "11112222333?",
                "????????????",
                "${aws:PrincipalAccount}",
                "anonymous",
            ],
            Self::Address => &["10.0.0.0/8", "10.0.0.10", "192.168.0.0/16", "fd00::/8"],
            Self::Bool => &["true", "false"],
            Self::Date => &[
                "2026-01-01T00:00:00Z",
                "2030-01-01T00:00:00Z",
                "2031-06-01T12:30:00Z",
                "1924992000",
            ],
            Self::Id => &[
                "AROAEXAMPLE:*",
                "AIDAEXAMPLE",
                "111122223333",
                "*:session",
                "111122223333:someone",
            ],
            Self::Number => &["0", "10", "1.2", "1.3", "3600", "1e3"],
            Self::Organization => &[
                "o-exampleorg1",
                "o-foreignorg1",
                "o-*",
                "o-example*",
                "${aws:PrincipalOrgID}",
            ],
            Self::Paths => &[
                "o-exampleorg1/*",
                "o-exampleorg1/r-ab12/ou-ab12-11111111/*",
                "o-*/r-ab12/*",
                "*/ou-ab12-11111111/*",
                "o-foreignorg1/r-zz12/",
                "o-exampleorg1*",
                "o-exampleorg1/r-????/*",
            ],
            Self::Principal => &[
                "arn:aws:iam::111122223333:role/app",
                "arn:aws:iam::999999999999:role/*",
                "arn:aws:iam::*:role/team/*",
                "arn:aws:iam::111122223333:*",
                "arn:aws:iam::444455556666:user/someone",
                "arn:aws:iam::*:root",
                "*:role/*",
                "arn:aws:iam::111122223333:user/${aws:username}",
                "arn:aws:iam::?99999999999:*/team/?",
            ],
            Self::Caller => &["AssumedRole", "User", "Account", "Anonymous", "*User"],
            Self::Region => &["us-east-1", "eu-*", "eu-central-1"],
            Self::Resource => &[
                "arn:aws:s3:::corp-data",
                "arn:aws:sns:*:111122223333:*",
                "arn:aws:s3:::*",
                "arn:aws:ec2:*:111122223333:vpc/*",
            ],
            Self::Service | Self::Services => &[
                "cloudtrail.amazonaws.com",
                "*.amazonaws.com",
                "config.us-east-1.amazonaws.com",
                "athena.*",
                "glue.amazonaws.com",
            ],
            Self::Text | Self::Texts => &[
                "red",
                "Re*",
                "*",
                "?",
                "blue/*",
                "${aws:PrincipalTag/team}",
                "RED",
                "a*b?c",
            ],
            Self::Vpc => &["vpc-0aaaabbbbccccdddd1", "vpc-0fedcba9876543210", "vpc-*"],
        }
    }
}

const PRINCIPALS: [&str; 9] = [
    r#""*""#,
    r#""*""#,
    r#""*""#,
    r#"{"AWS":"*"}"#,
    r#"{"AWS":["111122223333","arn:aws:iam::999999999999:role/app"]}"#,
    r#"{"AWS":"arn:aws:iam::111122223333:role/app"}"#,
    r#"{"AWS":"444455556666"}"#,
    r#"{"Service":"cloudtrail.amazonaws.com"}"#,
    r#"{"AWS":"*","Service":"config.amazonaws.com"}"#,
];

const ACTIONS: [&str; 10] = [
    r#""*""#,
    r#""*""#,
    r#""s3:*""#,
    r#"["s3:GetObject","s3:PutObject"]"#,
    r#"["s3:Get*","s3:List*","sqs:*","kms:*"]"#,
    r#""sqs:SendMessage""#,
    r#"["kms:Decrypt","s3:GetObject"]"#,
    r#"["s3:ListAllMyBuckets","sqs:ListQueues","s3:?utObject"]"#,
    r#"["s3:ListBucket","sqs:CreateQueue","kms:TagResource"]"#,
    r#"["s3:*Tagging","s3:Create*","sqs:*Queue","kms:Create*"]"#,
];

const RESOURCES: [&str; 8] = [
    r#""*""#,
    r#""*""#,
    r#""*""#,
    r#"["arn:aws:s3:::corp-data","arn:aws:s3:::corp-data/*"]"#,
    r#""arn:aws:s3:::*""#,
    r#"["arn:aws:sqs:*:111122223333:*","arn:aws:kms:*:111122223333:key/*","arn:aws:s3:::corp-*"]"#,
    r#""arn:aws:s3:::${aws:PrincipalAccount}-data/*""#,
    r#""arn:aws:*:*:444455556666:*""#,
];

fn condition(random: &mut Random) -> String {
    let (key, of) = match random.below(2) {
        0 => {
            let usual = random.pick(&USUAL);
            *KEYS.iter().find(|(key, _)| *key == usual).unwrap()
        }
        _ => KEYS[random.below(KEYS.len())],
    };
    if random.below(12) == 0 {
        return format!(r#""Null":{{"{key}":"{}"}}"#, random.below(2) == 0);
    }
    let operator = random.pick(of.operators());
    let quantifier = match random.below(if of.has_several() { 4 } else { 16 }) {
        0 => "ForAnyValue:",
        1 => "ForAllValues:",
        2 if of.has_several() => "ForAnyValue:",
        _ => "",
    };
    let exists = if quantifier.is_empty() && random.below(3) == 0 {
        "IfExists"
    } else {
        ""
    };
    let values: Vec<String> = (0..=random.below(3))
        .map(|_| format!("{:?}", random.pick(of.values())))
        .collect();
    format!(r#""{quantifier}{operator}{exists}":{{"{key}":[{}]}}"#, values.join(","))
}

fn statement(effect: &str, random: &mut Random) -> String {
    let not = |random: &mut Random| if random.below(10) == 0 { "Not" } else { "" };
    let principal = random.pick(&PRINCIPALS);
    let actions = format!(r#""{}Action":{}"#, not(random), random.pick(&ACTIONS));
    let resources = format!(r#""{}Resource":{}"#, not(random), random.pick(&RESOURCES));
    let mut conditions: Vec<String> = Vec::new();
    for _ in 0..random.below(4) {
        let new = condition(random);
        let operator = |text: &str| text.split(':').take(2).collect::<String>();
        // An operator stands once in a Condition.
        if conditions.iter().all(|known| operator(known) != operator(&new)) {
            conditions.push(new);
        }
    }
    let condition = match conditions.as_slice() {
        [] => String::new(),
        all => format!(r#","Condition":{{{}}}"#, all.join(",")),
    };
    format!(r#"{{"Effect":"{effect}","Principal":{principal},{actions},{resources}{condition}}}"#)
}

/// A document with one Allow or two, and up to three Denies.
pub fn policy(random: &mut Random) -> String {
    let mut all: Vec<String> = (0..=random.below(2)).map(|_| statement("Allow", random)).collect();
    all.extend((0..random.below(4)).map(|_| statement("Deny", random)));
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, all.join(","))
}
