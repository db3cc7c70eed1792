//! The perimeter policy: trusted principals reach trusted resources, and what AWS itself owns and needs stays usable.

use serde_json::{Map, Value, json};

use crate::aws_owned::AWS_OWNED;
use crate::{MOST_CHARACTERS, Perimeter};

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("the perimeter trusts nobody, so the policy would lock everybody out: name an organisation or an account")]
    NobodyTrusted,
    #[error(
        "the perimeter policy for `{service}` has {characters} characters, more than the {MOST_CHARACTERS} that an \
         endpoint policy may have: trust an organisation instead of its accounts"
    )]
    TooLong { service: String, characters: usize },
}

/// The perimeter policy for an endpoint of a service, by its short name such as `s3`, in a Region.
///
/// Every statement has Principal `*`, which gateway endpoints insist on; conditions do the restricting.
pub fn template(service: &str, region: &str, perimeter: &Perimeter) -> Result<String, TemplateError> {
    if !perimeter.trusts_somebody() {
        return Err(TemplateError::NobodyTrusted);
    }
    let mut statements = Vec::new();
    for principal in principals(perimeter) {
        for resource in resources(perimeter) {
            let condition = merged(&principal, resource.condition.as_ref());
            statements.push(allow(
                "TrustedToTrusted",
                &statements,
                json!("*"),
                resource.arns,
                Some(condition),
            ));
        }
    }
    if perimeter.aws_services {
        let condition = json!({"Bool": {"aws:PrincipalIsAWSService": "true"}});
        statements.push(allow(
            "AwsServices",
            &statements,
            json!("*"),
            json!("*"),
            Some(condition),
        ));
    }
    if perimeter.builtin_aws_owned_resources {
        let partition = partition(region);
        for owned in AWS_OWNED.iter().filter(|owned| owned.service == service) {
            let arns: Vec<_> = owned
                .resources
                .iter()
                .map(|arn| format!("arn:{partition}{}", arn.replace("{region}", region)))
                .collect();
            statements.push(allow(owned.sid, &statements, json!(owned.action), json!(arns), None));
        }
    }
    if !perimeter.aws_owned_resources.is_empty() {
        let arns = json!(perimeter.aws_owned_resources);
        statements.push(allow("AwsOwnedResources", &statements, json!("*"), arns, None));
    }
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    match document.chars().count() {
        0..=MOST_CHARACTERS => Ok(document),
        characters => Err(TemplateError::TooLong {
            service: service.to_owned(),
            characters,
        }),
    }
}

fn allow(sid: &str, before: &[Value], action: Value, resource: Value, condition: Option<Value>) -> Value {
    let same = before
        .iter()
        .filter(|s| s["Sid"].as_str().is_some_and(|other| other.starts_with(sid)))
        .count();
    let sid = if same == 0 {
        sid.to_owned()
    } else {
        format!("{sid}{}", same + 1)
    };
    let mut statement =
        json!({"Sid": sid, "Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource});
    if let (Some(members), Some(condition)) = (statement.as_object_mut(), condition) {
        members.insert("Condition".to_owned(), condition);
    }
    statement
}

/// The ways in which a principal can be trusted. Keys of one Condition are ANDed, so each is a statement of its own.
fn principals(perimeter: &Perimeter) -> Vec<Value> {
    let mut ways = owners("Principal", perimeter);
    if !perimeter.principals.is_empty() {
        ways.push(json!({"ArnEquals": {"aws:PrincipalArn": perimeter.principals}}));
    }
    ways
}

struct TrustedResources {
    arns: Value,
    condition: Option<Value>,
}

fn resources(perimeter: &Perimeter) -> Vec<TrustedResources> {
    let mut ways: Vec<_> = owners("Resource", perimeter)
        .into_iter()
        .map(|condition| TrustedResources {
            arns: json!("*"),
            condition: Some(condition),
        })
        .collect();
    if !perimeter.resources.is_empty() {
        ways.push(TrustedResources {
            arns: json!(perimeter.resources),
            condition: None,
        });
    }
    ways
}

/// Trust by organisation, path and account; principals and resources have the same keys for it.
fn owners(side: &str, perimeter: &Perimeter) -> Vec<Value> {
    let mut ways = Vec::new();
    if !perimeter.organizations.is_empty() {
        ways.push(condition(
            "StringEquals",
            &format!("aws:{side}OrgID"),
            &perimeter.organizations,
        ));
    }
    if !perimeter.organization_paths.is_empty() {
        let below: Vec<_> = perimeter
            .organization_paths
            .iter()
            .map(|path| format!("{path}*"))
            .collect();
        ways.push(condition(
            "ForAnyValue:StringLike",
            &format!("aws:{side}OrgPaths"),
            &below,
        ));
    }
    if !perimeter.accounts.is_empty() {
        ways.push(condition(
            "StringEquals",
            &format!("aws:{side}Account"),
            &perimeter.accounts,
        ));
    }
    ways
}

fn condition(operator: &str, key: &str, values: &[String]) -> Value {
    json!({operator: {key: values}})
}

/// Both conditions in one, operator by operator.
fn merged(first: &Value, second: Option<&Value>) -> Value {
    let mut all = Map::new();
    for operators in [Some(first), second].into_iter().flatten().filter_map(Value::as_object) {
        for (operator, keys) in operators {
            let entry = all.entry(operator.clone()).or_insert_with(|| json!({}));
            if let (Some(entry), Some(keys)) = (entry.as_object_mut(), keys.as_object()) {
                entry.extend(keys.clone());
            }
        }
    }
    Value::Object(all)
}

pub(crate) fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organization() -> Perimeter {
        Perimeter {
            organizations: vec!["o-exampleorg1".to_owned()],
            builtin_aws_owned_resources: true,
            aws_services: true,
            ..Perimeter::default()
        }
    }

    fn statements(service: &str, region: &str, perimeter: &Perimeter) -> Vec<Value> {
        let document: Value = serde_json::from_str(&template(service, region, perimeter).unwrap()).unwrap();
        document["Statement"].as_array().unwrap().clone()
    }

    #[test]
    fn an_organisation_is_pinned_on_both_sides() {
        insta::assert_snapshot!(template("sts", "eu-central-1", &organization()).unwrap(), @r#"{"Version":"2012-10-17","Statement":[{"Sid":"TrustedToTrusted","Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":["o-exampleorg1"],"aws:ResourceOrgID":["o-exampleorg1"]}}},{"Sid":"AwsServices","Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"Bool":{"aws:PrincipalIsAWSService":"true"}}}]}"#);
    }

    #[test]
    fn every_way_to_be_trusted_meets_every_way_to_be_a_trusted_resource() {
        let perimeter = Perimeter {
            organization_paths: vec!["o-exampleorg1/r-ab12/ou-ab12-11111111/".to_owned()],
            accounts: vec!["111122223333".to_owned()],
            principals: vec!["arn:aws:iam::444455556666:role/partner".to_owned()],
            resources: vec!["arn:aws:s3:::corp-data/*".to_owned()],
            ..organization()
        };
        let statements = statements("sts", "eu-central-1", &perimeter);
        let trusted = statements
            .iter()
            .filter(|s| s["Sid"].as_str().unwrap().starts_with("TrustedToTrusted"));
        assert_eq!(trusted.count(), 4 * 4);
        let sids: std::collections::BTreeSet<_> = statements.iter().map(|s| s["Sid"].as_str().unwrap()).collect();
        assert_eq!(
            sids.len(),
            statements.len(),
            "AWS refuses a policy in which a Sid appears twice"
        );
        assert!(statements.iter().any(|s| s["Condition"]
            == json!({
                "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-exampleorg1/r-ab12/ou-ab12-11111111/*"]},
                "StringEquals": {"aws:ResourceAccount": ["111122223333"]},
            })));
    }

    #[test]
    fn s3_keeps_image_layers_and_package_repositories_of_its_region_and_partition() {
        let text = template("s3", "cn-north-1", &organization()).unwrap();
        assert!(
            text.contains("arn:aws-cn:s3:::prod-cn-north-1-starport-layer-bucket/*"),
            "{text}"
        );
        assert!(!text.contains("{region}") && !text.contains("arn:aws:"), "{text}");
    }

    #[test]
    fn aws_owned_resources_are_exact_buckets_that_nobody_else_can_register() {
        for arn in AWS_OWNED.iter().flat_map(|owned| owned.resources) {
            let (bucket, object) = arn.trim_start_matches(":s3:::").split_once('/').unwrap();
            assert!(!bucket.contains(['*', '?']) && object == "*", "{arn}");
        }
    }

    #[test]
    fn a_perimeter_without_anybody_has_no_policy() {
        let nobody = Perimeter {
            organizations: Vec::new(),
            ..organization()
        };
        assert_eq!(
            template("sts", "eu-central-1", &nobody),
            Err(TemplateError::NobodyTrusted)
        );
    }

    #[test]
    fn a_policy_that_ec2_would_refuse_for_its_length_is_not_made() {
        let accounts = (0..2_000).map(|i| format!("{i:012}")).collect();
        let error = template(
            "sts",
            "eu-central-1",
            &Perimeter {
                accounts,
                ..organization()
            },
        )
        .unwrap_err();
        assert!(matches!(error, TemplateError::TooLong { characters, .. } if characters > MOST_CHARACTERS));
    }
}
