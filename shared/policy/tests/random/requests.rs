//! Random requests around the constants of a document.

use std::collections::{BTreeMap, BTreeSet};

use postern_policy::{EndpointContext, Perimeter, Request, impossible};
use serde_json::Value;

use super::Random;
use super::text::{collect, conditions, covers, fill, is_path};

/// A request, and where it lies.
pub struct Drawn {
    pub request: Request,
    /// Its principal is untrusted, and AWS does not own the resource.
    pub identity: bool,
    /// Its resource is untrusted, and its principal no service.
    pub resource: bool,
}

/// What requests are made of.
pub struct Requests {
    perimeter: Perimeter,
    endpoint: EndpointContext,
    accounts: Vec<String>,
    organizations: Vec<String>,
    paths: Vec<String>,
    names: Vec<String>,
    services: Vec<String>,
    actions: Vec<String>,
    resources: Vec<String>,
    /// Keys that belong to neither side, with the values that the document has for them.
    keys: BTreeMap<String, Vec<String>>,
}

/// Keys that every request has in its own way.
const SETTLED: [&str; 6] = [
    "aws:securetransport",
    "aws:viaawsservice",
    "aws:vpcsourceip",
    "aws:currenttime",
    "aws:userid",
    "aws:username",
];

/// Keys that requests cannot do without, or those with temporary credentials cannot, with a value that all can have.
const USUAL: [(&str, &str); 2] = [
    ("aws:useragent", "aws-cli/2.31.0"),
    ("aws:tokenissuetime", "2026-11-22T00:00:00Z"),
];

const NAMED: [&str; 3] = ["role/app", "user/someone", "role/team/deep"];

impl Requests {
    /// Requests around the constants of a document and of a perimeter without built-in AWS-owned resources.
    pub fn around(document: &Value, perimeter: &Perimeter, endpoint: &EndpointContext) -> Self {
        assert!(!perimeter.builtin_aws_owned_resources);
        let mut strings = BTreeSet::new();
        collect(document, &mut strings);
        let all = perimeter.accounts.iter().chain(&perimeter.principals);
        strings.extend(all.chain(&perimeter.organizations).cloned());
        let digits = |text: &String| -> Vec<String> {
            let words = text.split(|c: char| !c.is_ascii_digit());
            words.filter(|word| word.len() == 12).map(str::to_owned).collect()
        };
        let mut accounts: BTreeSet<String> = strings.iter().flat_map(digits).collect();
        accounts.extend(["111122223333", "222233334444", "999999999999", "123456789012"].map(str::to_owned));
        let organization = |text: &String| {
            let id = text.split(['/', '*', '?']).next().unwrap_or_default();
            let real = id
                .strip_prefix("o-")?
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            (real && (12..=34).contains(&id.len())).then(|| id.to_owned())
        };
        let mut organizations: BTreeSet<String> = strings.iter().filter_map(organization).collect();
        organizations.extend(["o-exampleorg1", "o-foreignorg1"].map(str::to_owned));
        let paths = strings
            .iter()
            .filter(|text| text.contains("/r-") || text.contains("/ou-"));
        let names = strings.iter().filter_map(|text| {
            let name = text.split(':').nth(5)?;
            text.contains(":iam:")
                .then(|| name.to_owned())
                .filter(|name| name.contains('/'))
        });
        let services = strings.iter().filter(|text| text.ends_with(".amazonaws.com"));
        let service = endpoint.service.as_str();
        let mut actions: Vec<String> = strings
            .iter()
            .filter(|text| {
                text.split_once(':')
                    .is_some_and(|(prefix, _)| prefix.eq_ignore_ascii_case(service))
            })
            .filter(|text| !text.contains(['*', '?', '$']) && text.matches(':').count() == 1)
            .cloned()
            .collect();
        actions.extend(
            match service {
                "s3" => &[
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:ListBucket",
                    "s3:DeleteObject",
                    "s3:CreateBucket",
                    "s3:PutObjectTagging",
                ][..],
                "sqs" => &[
                    "sqs:SendMessage",
                    "sqs:ReceiveMessage",
                    "sqs:CreateQueue",
                    "sqs:TagQueue",
                ],
                "kms" => &["kms:Decrypt", "kms:Encrypt", "kms:DescribeKey", "kms:TagResource"],
                _ => &["s3:GetObject", "sqs:SendMessage", "kms:Decrypt"],
            }
            .iter()
            .map(|name| (*name).to_owned()),
        );
        let mut resources: Vec<String> = strings
            .iter()
            .filter(|text| text.starts_with("arn:"))
            .cloned()
            .collect();
        resources.extend(
            perimeter
                .resources
                .iter()
                .chain(&perimeter.aws_owned_resources)
                .cloned(),
        );
        resources.extend(match service {
            "s3" | "any" => ["arn:aws:s3:::outsider/x", "arn:aws:s3:us-east-1:*:accesspoint/x"].map(str::to_owned),
            other => ["us-east-1", "eu-west-1"].map(|region| format!("arn:aws:{other}:{region}:*:key/x")),
        });
        let of_service = |text: &String| {
            text.split(':')
                .nth(2)
                .is_some_and(|field| field == service || field.contains('*'))
        };
        resources.retain(|text| {
            (service == "any" || of_service(text)) && !text.contains(":iam:") && !text.contains(":sts:")
        });
        let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
        conditions(document, &mut keys);
        let bound = [
            "aws:principal",
            "aws:resource",
            "aws:source",
            "aws:vpce",
            "aws:epochtime",
        ];
        keys.retain(|key, _| key.starts_with("aws:principaltag/") || !bound.iter().any(|start| key.starts_with(start)));
        keys.entry("aws:referer".to_owned()).or_default();
        Self {
            perimeter: perimeter.clone(),
            endpoint: endpoint.clone(),
            accounts: accounts.into_iter().collect(),
            organizations: organizations.into_iter().collect(),
            paths: paths.cloned().collect(),
            names: names.chain(NAMED.map(str::to_owned)).collect(),
            services: services
                .cloned()
                .chain(["cloudtrail.amazonaws.com".to_owned()])
                .collect(),
            actions,
            resources,
            keys,
        }
    }

    /// Where an account belongs: to the organisation of the settings, to another, or to none.
    fn membership(&self, account: &str, random: &mut Random) -> Option<(String, String)> {
        let organization = match account {
            "111122223333" | "222233334444" => "o-exampleorg1".to_owned(),
            "444455556666" | "123456789012" => return None,
            _ if random.below(3) == 0 => return None,
            _ => random.one_of(&self.organizations),
        };
        let usual = [
            "r-ab12/",
            "r-ab12/ou-ab12-11111111/",
            "r-zz12/ou-zz12-zzzzzzzz/ou-zz12-22222222/",
        ];
        let named = random.below(2) == 0 && !self.paths.is_empty();
        let path = if named {
            let path = fill(&random.one_of(&self.paths), random);
            let below = path
                .split_once('/')
                .map(|(_, rest)| rest.trim_end_matches('/').to_owned());
            below.map(|rest| format!("{rest}/")).filter(|rest| is_path(rest))
        } else {
            None
        };
        let path = path.unwrap_or_else(|| random.pick(&usual).to_owned());
        let path = format!("{organization}/{path}");
        Some((organization, path))
    }

    fn trusts(&self, account: &str, membership: Option<&(String, String)>) -> bool {
        self.perimeter.accounts.iter().any(|trusted| trusted == account)
            || membership.is_some_and(|(organization, path)| {
                let below = |wanted: &String| path.starts_with(wanted.trim_end_matches('*'));
                self.perimeter.organizations.contains(organization)
                    || self.perimeter.organization_paths.iter().any(below)
            })
    }

    /// One request that can exist.
    pub fn draw(&self, random: &mut Random) -> Drawn {
        for _ in 0..40 {
            let mut drawn = self.attempt(random);
            let settled = drawn.request.clone();
            // Keys of the document that this request cannot have, or not with these values, are left out.
            for key in self.keys.keys() {
                if impossible(&drawn.request, &self.endpoint).is_none() {
                    break;
                }
                if !SETTLED.contains(&key.as_str()) {
                    let usual = USUAL.iter().find(|(known, _)| known == key);
                    match usual.filter(|_| drawn.request.context.contains_key(key)) {
                        Some((_, value)) => drawn.request.context.insert(key.clone(), vec![(*value).to_owned()]),
                        None => drawn.request.context.remove(key),
                    };
                }
            }
            if impossible(&drawn.request, &self.endpoint).is_none() {
                for key in self.keys.keys() {
                    let mut more = drawn.request.clone();
                    more.context.extend(
                        settled
                            .context
                            .get_key_value(key)
                            .map(|(key, values)| (key.clone(), values.clone())),
                    );
                    if impossible(&more, &self.endpoint).is_none() {
                        drawn.request = more;
                    }
                }
                if self.tears_tags(&drawn.request) {
                    continue;
                }
                return drawn;
            }
        }
        let none = self.attempt(random);
        Drawn {
            identity: false,
            resource: false,
            ..none
        }
    }

    /// Whether the keys of tags are not those of the tags that the document names.
    fn tears_tags(&self, request: &Request) -> bool {
        let named = |key: &&String| key.starts_with("aws:requesttag/");
        let Some(list) = self.keys.keys().find(|key| *key == "aws:tagkeys") else {
            return false;
        };
        self.keys.keys().filter(named).any(|key| {
            let tag = key.split('/').nth(1).unwrap_or_default();
            let listed = request.context.get(list);
            let listed = listed.is_some_and(|keys| keys.iter().any(|known| known.eq_ignore_ascii_case(tag)));
            let mut both = request.clone();
            both.context.insert(list.clone(), vec![tag.to_owned()]);
            both.context.insert(key.clone(), vec!["x".to_owned()]);
            let goes = impossible(&both, &self.endpoint).is_none();
            goes && listed != request.context.contains_key(key)
        })
    }

    fn attempt(&self, random: &mut Random) -> Drawn {
        let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut put = |key: &str, value: &str| drop(context.insert(key.to_owned(), vec![value.to_owned()]));
        let account = random.one_of(&self.accounts);
        let owner = if random.below(4) == 0 {
            account.clone()
        } else {
            random.one_of(&self.accounts)
        };
        let of_caller = self.membership(&account, random);
        let of_owner = if owner == account {
            of_caller.clone()
        } else {
            self.membership(&owner, random)
        };
        let mut trusted = self.trusts(&account, of_caller.as_ref());
        let kind = random.below(8);
        let principal = match kind {
            0 => {
                put("aws:PrincipalAccount", "anonymous");
                put("aws:PrincipalType", "Anonymous");
                put("aws:userid", "anonymous");
                trusted = false;
                "anonymous".to_owned()
            }
            1 => {
                let name = random.one_of(&self.services);
                put("aws:PrincipalAccount", "888800008888");
                put("aws:PrincipalIsAWSService", "true");
                put("aws:PrincipalServiceName", &name);
                put("aws:PrincipalServiceNamesList", &name);
                trusted = self.perimeter.aws_services;
                name
            }
            _ => {
                let name = fill(&random.one_of(&self.names), random);
                let name = if name.split('/').any(str::is_empty) {
                    "role/app".to_owned()
                } else {
                    name
                };
                let arn = if kind == 2 {
                    format!("arn:aws:iam::{account}:root")
                } else if name.starts_with("user/") || name.starts_with("role/") {
                    format!("arn:aws:iam::{account}:{name}")
                } else {
                    format!("arn:aws:iam::{account}:role/app")
                };
                let (kind, user) = match () {
                    () if arn.ends_with(":root") => ("Account", false),
                    () if name.starts_with("user/") => ("User", true),
                    () => ("AssumedRole", false),
                };
                put("aws:PrincipalAccount", &account);
                put("aws:PrincipalArn", &arn);
                put("aws:PrincipalIsAWSService", "false");
                put("aws:PrincipalType", kind);
                let id = match kind {
                    "Account" => account.clone(),
                    "User" => "AIDAEXAMPLE".to_owned(),
                    _ => "AROAEXAMPLE:session".to_owned(),
                };
                put("aws:userid", &id);
                if user {
                    put("aws:username", arn.rsplit('/').next().unwrap());
                }
                if let Some((organization, path)) = &of_caller {
                    put("aws:PrincipalOrgID", organization);
                    put("aws:PrincipalOrgPaths", path);
                }
                trusted |= self.perimeter.principals.contains(&arn);
                arn
            }
        };
        put("aws:ResourceAccount", &owner);
        if let Some((organization, path)) = &of_owner {
            put("aws:ResourceOrgID", organization);
            put("aws:ResourceOrgPaths", path);
        }
        put("aws:SourceVpc", &self.endpoint.vpc);
        put("aws:SourceVpce", &self.endpoint.endpoint);
        let service = self.endpoint.service.as_str();
        if ["s3", "sqs", "kms", "ebs"].contains(&service) {
            // SQS tells the organisation alone.
            let own = self.perimeter.organizations.first();
            if let Some(own) = own {
                put("aws:VpceOrgID", own);
            }
            if service != "sqs" {
                let vpc = format!(
                    "arn:aws:ec2:{}:{}:vpc/{}",
                    self.endpoint.region, self.endpoint.owner, self.endpoint.vpc
                );
                let path = random.pick(&["r-ab12/", "r-ab12/ou-ab12-11111111/"]);
                put("aws:SourceVpcArn", &vpc);
                put("aws:VpceAccount", &self.endpoint.owner);
                if let Some(own) = own {
                    put("aws:VpceOrgPaths", &format!("{own}/{path}"));
                }
            }
        }
        put("aws:RequestedRegion", &self.endpoint.region);
        let temporary = principal.contains(":role/");
        for (key, value) in USUAL.iter().take(if temporary { 2 } else { 1 }) {
            put(key, value);
        }
        put("aws:SecureTransport", random.pick(&["true", "false"]));
        put("aws:ViaAWSService", random.pick(&["true", "false"]));
        put(
            "aws:VpcSourceIp",
            random.pick(&["10.0.0.10", "192.168.7.7", "172.16.0.1"]),
        );
        let (now, epoch) = [
            ("2026-11-23T00:00:00Z", "1795392000"),
            ("2031-01-01T00:00:00Z", "1924992000"),
        ][random.below(2)];
        put("aws:CurrentTime", now);
        put("aws:EpochTime", epoch);
        for (key, values) in &self.keys {
            let of_caller = [
                "aws:principaltag/",
                "aws:ec2instance",
                "aws:multifactor",
                "aws:token",
                "aws:federated",
                "ec2:sourceinstance",
                "lambda:sourcefunction",
            ];
            let caller = of_caller.iter().any(|start| key.starts_with(start));
            if SETTLED.contains(&key.as_str()) || (caller && kind < 2) || key.contains("::") || random.below(3) == 0 {
                continue;
            }
            let own = !values.is_empty() && random.below(3) > 0;
            let value = if own {
                fill(&random.one_of(values), random)
            } else {
                random.pick(&["true", "x", "", "2030"]).to_owned()
            };
            // These name something in the account of caller or owner.
            let of_account = match key.as_str() {
                "ec2:sourceinstancearn" | "lambda:sourcefunctionarn" => Some(&account),
                "secretsmanager:secretid" => Some(&owner),
                _ => None,
            };
            let mut fields: Vec<&str> = value.splitn(6, ':').collect();
            if let (Some(own), Some(field)) = (of_account, fields.get_mut(4)) {
                *field = own;
            }
            put(key, &fields.join(":"));
        }
        // A request tells the keys of its tags.
        if self.keys.contains_key("aws:tagkeys") {
            let tags: Vec<String> = context
                .keys()
                .filter_map(|key| Some(key.strip_prefix("aws:requesttag/")?.to_owned()))
                .collect();
            let keys = context.entry("aws:tagkeys".to_owned()).or_default();
            keys.extend(tags);
            if keys.is_empty() {
                context.remove("aws:tagkeys");
            }
        }
        let (resource, owner_of_arn) = self.resource(&owner, random);
        let leaf = owner_of_arn.is_none_or(|fixed| fixed == owner);
        let resource = if leaf {
            resource
        } else {
            "arn:aws:s3:::outsider/x".to_owned()
        };
        let covers = |all: &[String]| all.iter().any(|pattern| covers(pattern, &resource));
        let owned = covers(&self.perimeter.aws_owned_resources);
        let safe = owned || covers(&self.perimeter.resources) || self.trusts(&owner, of_owner.as_ref());
        Drawn {
            identity: !trusted && !owned,
            resource: !safe && kind != 1,
            request: Request {
                principal,
                action: random.one_of(&self.actions),
                resource,
                context,
                gateway: self.endpoint.gateway,
            },
        }
    }

    fn outsider(&self, owner: &str) -> String {
        match self.endpoint.service.as_str() {
            "s3" | "any" => "arn:aws:s3:::outsider/x".to_owned(),
            service => format!("arn:aws:{service}:us-east-1:{owner}:key/x"),
        }
    }

    /// An ARN, and the account that its text says owns it.
    fn resource(&self, owner: &str, random: &mut Random) -> (String, Option<String>) {
        let text = random.one_of(&self.resources);
        let mut fields: Vec<String> = text.splitn(6, ':').map(str::to_owned).collect();
        if fields.len() < 6 {
            return (self.outsider(owner), None);
        }
        let any = |field: &String| field.contains(['*', '?', '$']);
        if any(&fields[1]) {
            fields[1] = "aws".to_owned();
        }
        if any(&fields[2]) {
            fields[2] = match self.endpoint.service.as_str() {
                "any" => "s3".to_owned(),
                service => service.to_owned(),
            };
        }
        if any(&fields[3]) {
            fields[3] = "us-east-1".to_owned();
        }
        if any(&fields[4]) {
            fields[4] = owner.to_owned();
        }
        fields[5] = fill(&fields[5], random);
        let account = fields[4].clone();
        let odd = !account.is_empty() && (account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()));
        if odd || fields[5].is_empty() {
            return (self.outsider(owner), None);
        }
        (fields.join(":"), Some(account).filter(|account| !account.is_empty()))
    }
}
