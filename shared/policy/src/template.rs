//! The perimeter policy: trusted principals reach trusted resources, and what AWS itself owns and needs stays usable.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value, json};

use crate::arn::Arn;
use crate::aws_owned::{self, AwsOwned, Caller};
use crate::federation;
use crate::partition;
use crate::service::{self, Keyless, Service};
use crate::{MOST_CHARACTERS, Perimeter};

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("the perimeter trusts nobody, so the policy would lock everybody out: name an organisation or an account")]
    NobodyTrusted,
    #[error(
        "the perimeter trusts no resource of `{service}`, so the policy would lock everybody out: name an organisation, \
         an account or the resources"
    )]
    NothingTrusted { service: String },
    #[error(
        "requests to `{service}` do not tell who owns a resource, so no policy can keep them inside the organisations \
         and accounts: name the trusted resources by their ARNs"
    )]
    OwnerUntold { service: String },
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
    let perimeter = &perimeter.sorted();
    let behind = Behind {
        region,
        service: service::find(service),
    };
    let principals = principals(perimeter);
    let resources = resources(perimeter, &behind);
    if resources.is_empty() {
        let service = service.to_owned();
        return Err(match behind.keyless() {
            Keyless::All => TemplateError::OwnerUntold { service },
            Keyless::None | Keyless::Some(_) => TemplateError::NothingTrusted { service },
        });
    }
    let mut policy = Policy::default();
    for principal in &principals {
        for resource in &resources {
            policy.allow(
                "TrustedToTrusted",
                &[EVERY],
                &resource.arns,
                [principal, &resource.conditions],
            );
        }
    }
    let (actions, arns) = told_by_arn(perimeter, &behind);
    if !arns.is_empty() {
        for principal in &principals {
            policy.allow("TrustedToTrustedByArn", actions, &arns, [principal]);
        }
    }
    let unsigned = federation::calls(behind.service);
    if behind.service.is_some() && !unsigned.is_empty() {
        // The caller has no credentials of AWS that a condition could be about. Requests with a signature have the key.
        let without_signature = condition("Null", "aws:PrincipalIsAWSService", ["true"]);
        let (signed, never): (Vec<&str>, Vec<&str>) =
            unsigned.iter().partition(|action| federation::may_be_signed(action));
        for resource in &resources {
            if !never.is_empty() {
                policy.allow("UnsignedToTrusted", &never, &resource.arns, [&resource.conditions]);
            }
            if !signed.is_empty() {
                let conditions = [&resource.conditions, &without_signature];
                policy.allow("UnsignedToTrusted", &signed, &resource.arns, conditions);
            }
        }
    }
    if perimeter.aws_services {
        let signed_by_aws = condition("Bool", "aws:PrincipalIsAWSService", ["true"]);
        policy.allow("AwsServices", &[EVERY], &[EVERY.to_owned()], [&signed_by_aws]);
    }
    if perimeter.builtin_aws_owned_resources {
        for group in groups(behind.service) {
            policy.allow_owned(&group, region, &principals);
        }
    }
    let arns = behind.relevant(&perimeter.aws_owned_resources);
    if !arns.is_empty() {
        policy.allow("AwsOwnedResources", &[EVERY], &arns, []);
    }
    policy.text(service)
}

const EVERY: &str = "*";

/// By operator and key. Keys of one Condition are ANDed, the values of a key are ORed.
type Conditions = BTreeMap<String, BTreeMap<String, Vec<String>>>;

struct Statement {
    sid: String,
    actions: Vec<String>,
    resources: Vec<String>,
    conditions: Conditions,
}

/// In the order in which people write the members.
impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sid, actions, resources) = (json!(self.sid), words(&self.actions), words(&self.resources));
        write!(
            f,
            r#"{{"Sid":{sid},"Effect":"Allow","Principal":"*","Action":{actions},"Resource":{resources}"#
        )?;
        if !self.conditions.is_empty() {
            let keys = |keys: &BTreeMap<String, Vec<String>>| -> Map<String, Value> {
                keys.iter().map(|(key, values)| (key.clone(), words(values))).collect()
            };
            let operators = self
                .conditions
                .iter()
                .map(|(operator, all)| (operator.clone(), keys(all).into()));
            write!(f, r#","Condition":{}"#, Value::Object(operators.collect()))?;
        }
        f.write_str("}")
    }
}

/// One word is written as a string, several as an array.
fn words(all: &[String]) -> Value {
    match all {
        [one] => json!(one),
        many => json!(many),
    }
}

#[derive(Default)]
struct Policy {
    statements: Vec<Statement>,
}

impl Policy {
    fn allow<'c>(
        &mut self,
        name: &str,
        actions: &[&str],
        resources: &[String],
        conditions: impl IntoIterator<Item = &'c Conditions>,
    ) {
        let number = |sid: &str| {
            sid.strip_prefix(name)
                .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
        };
        let sid = match self
            .statements
            .iter()
            .filter(|statement| number(&statement.sid))
            .count()
        {
            0 => name.to_owned(),
            before => format!("{name}{}", before + 1),
        };
        let mut all = Conditions::new();
        for (operator, keys) in conditions.into_iter().flatten() {
            all.entry(operator.clone()).or_default().extend(keys.clone());
        }
        self.statements.push(Statement {
            sid,
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
            resources: resources.to_vec(),
            conditions: all,
        });
    }

    fn allow_owned(&mut self, group: &[&AwsOwned], region: &str, principals: &[Conditions]) {
        let arns: Vec<String> = group.iter().flat_map(|owned| owned.arns(region)).collect();
        let Some(first) = group.first().filter(|_| !arns.is_empty()) else {
            return;
        };
        let actions = first.actions;
        match (first.caller, first.mark) {
            (Caller::Anyone, _) => self.allow(first.sid, actions, &arns, []),
            (Caller::Trusted, None) => {
                for principal in principals {
                    self.allow(first.sid, actions, &arns, [principal]);
                }
            }
            (Caller::Trusted, Some((key, value))) => {
                let mark = condition("StringEquals", key, [value]);
                for principal in principals {
                    self.allow(first.sid, actions, &arns, [principal, &mark]);
                }
            }
        }
    }

    fn text(&self, service: &str) -> Result<String, TemplateError> {
        let statements: Vec<String> = self.statements.iter().map(ToString::to_string).collect();
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
        match text.chars().count() {
            0..=MOST_CHARACTERS => Ok(text),
            characters => Err(TemplateError::TooLong {
                service: service.to_owned(),
                characters,
            }),
        }
    }
}

/// The built-in resources of a service, by statement.
fn groups(service: Option<&Service>) -> Vec<Vec<&'static AwsOwned>> {
    let mut groups: Vec<Vec<&AwsOwned>> = Vec::new();
    let left_out = |action: &&str| service.is_some_and(|service| service.leaves_out(&action.to_ascii_lowercase()));
    for owned in aws_owned::of_service(service).filter(|owned| !owned.actions.iter().all(left_out)) {
        let key = |owned: &AwsOwned| (owned.sid, owned.caller, owned.actions, owned.mark);
        let same = |group: &&mut Vec<&AwsOwned>| group.first().is_some_and(|first| key(first) == key(owned));
        match groups.iter_mut().find(same) {
            Some(group) => group.push(owned),
            None => groups.push(vec![owned]),
        }
    }
    groups
}

/// The ways in which a principal can be trusted. Keys of one Condition are ANDed, so each is a statement of its own.
fn principals(perimeter: &Perimeter) -> Vec<Conditions> {
    let mut ways = owners("Principal", perimeter);
    if !perimeter.principals.is_empty() {
        ways.push(condition(
            "ArnEquals",
            "aws:PrincipalArn",
            perimeter.principals.iter().cloned(),
        ));
    }
    ways
}

struct TrustedResources {
    arns: Vec<String>,
    conditions: Conditions,
}

fn resources(perimeter: &Perimeter, behind: &Behind<'_>) -> Vec<TrustedResources> {
    let mut ways = Vec::new();
    if behind.keyless() != Keyless::All {
        ways.extend(
            owners("Resource", perimeter)
                .into_iter()
                .map(|conditions| TrustedResources {
                    arns: vec![EVERY.to_owned()],
                    conditions,
                }),
        );
    }
    let arns = behind.relevant(&perimeter.resources_behind(behind.service, behind.region));
    if !arns.is_empty() {
        ways.push(TrustedResources {
            arns,
            conditions: Conditions::new(),
        });
    }
    ways
}

/// The actions whose requests do not tell who owns their resource, and the ARNs that tell it instead. ARNs tell the
/// account, not the organisation.
fn told_by_arn(perimeter: &Perimeter, behind: &Behind<'_>) -> (&'static [&'static str], Vec<String>) {
    let Keyless::Some(actions) = behind.keyless() else {
        return (&[], Vec::new());
    };
    let partition = partition::of_region(behind.region);
    let prefixes = behind.prefixes_with_accounts();
    let of_account = |account: &String| -> Vec<String> {
        let arn = |prefix: &&str| format!("arn:{partition}:{prefix}:*:{account}:*");
        prefixes.iter().map(arn).collect()
    };
    (actions, perimeter.accounts.iter().flat_map(of_account).collect())
}

/// Trust by organisation, path and account; principals and resources have the same keys for it.
fn owners(side: &str, perimeter: &Perimeter) -> Vec<Conditions> {
    let below = |path: &String| match path.strip_suffix('*') {
        Some(_) => path.clone(),
        None => format!("{}/*", path.trim_end_matches('/')),
    };
    let mut ways = Vec::new();
    if !perimeter.organizations.is_empty() {
        let ids = perimeter.organizations.iter().cloned();
        ways.push(condition("StringEquals", &format!("aws:{side}OrgID"), ids));
    }
    if !perimeter.organization_paths.is_empty() {
        let paths = perimeter.organization_paths.iter().map(below);
        ways.push(condition(
            "ForAnyValue:StringLike",
            &format!("aws:{side}OrgPaths"),
            paths,
        ));
    }
    if !perimeter.accounts.is_empty() {
        let ids = perimeter.accounts.iter().cloned();
        ways.push(condition("StringEquals", &format!("aws:{side}Account"), ids));
    }
    ways
}

fn condition<T: Into<String>>(operator: &str, key: &str, values: impl IntoIterator<Item = T>) -> Conditions {
    let keys = BTreeMap::from([(key.to_owned(), values.into_iter().map(Into::into).collect())]);
    BTreeMap::from([(operator.to_owned(), keys)])
}

/// What can be asked for through the endpoint.
struct Behind<'r> {
    region: &'r str,
    /// Nothing when the service is not known; then everything may be.
    service: Option<&'static Service>,
}

impl Behind<'_> {
    fn keyless(&self) -> Keyless {
        self.service.map_or(Keyless::None, |service| service.keyless)
    }

    /// Those of the ARNs that a request through the endpoint can be for.
    fn relevant(&self, arns: &[String]) -> Vec<String> {
        let partition = partition::of_region(self.region);
        let possible = |text: &&String| {
            let (Some(arn), Some(service)) = (Arn::parse(text), self.service) else {
                return true;
            };
            let one = |field: &str, of: &str| field == of || field.contains(['*', '?']);
            one(arn.partition, partition) && service.acted_on().any(|format| one(arn.service, format.service))
        };
        arns.iter().filter(possible).cloned().collect()
    }

    /// The prefixes of the service's own ARNs, if these name an account.
    fn prefixes_with_accounts(&self) -> Vec<&'static str> {
        let Some(service) = self.service else {
            return Vec::new();
        };
        let named = |prefix: &&str| {
            let mut formats = service.acted_on();
            formats.any(|format| format.service == *prefix && format.account == "*")
        };
        service.prefixes().filter(named).collect()
    }
}

#[cfg(test)]
mod tests;
