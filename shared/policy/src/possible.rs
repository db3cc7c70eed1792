//! Whether a request can come through an endpoint at all: a plain checker that knows nothing of the search, and judges
//! every request that the search makes up.

use crate::EndpointContext;
use crate::arn::{Arn, is_account, is_bucket};
use crate::condition_keys::{self, Side};
use crate::evaluate::Request;
use crate::federation;
use crate::literal::instant;
use crate::partition;
use crate::service::{self, Service, Targets};

mod signer;
mod source;

use signer::Signer;

/// Why no request like this can come through the endpoint. Nothing when one can.
pub fn impossible(request: &Request, endpoint: &EndpointContext) -> Option<String> {
    impossible_behind(request, endpoint, service::find(&endpoint.service))
}

/// The same where it is known what is behind the endpoint.
pub(crate) fn impossible_behind(
    request: &Request,
    endpoint: &EndpointContext,
    service: Option<&'static Service>,
) -> Option<String> {
    Checker::new(request, endpoint, service).flaw().err()
}

/// Why the action of a request and its resource do not go together.
pub(crate) fn misfit(
    request: &Request,
    endpoint: &EndpointContext,
    service: Option<&'static Service>,
) -> Option<String> {
    let signer = Signer::of(request)?;
    Checker::new(request, endpoint, service)
        .action_and_resource(signer)
        .err()
}

struct Checker<'r> {
    request: &'r Request,
    /// The keys of the request, with their values.
    keys: Vec<(&'r str, &'r [String])>,
    endpoint: &'r EndpointContext,
    service: Option<&'static Service>,
}

/// Organisation and path of an account.
const PRINCIPAL: [&str; 2] = ["aws:PrincipalOrgID", "aws:PrincipalOrgPaths"];
const RESOURCE: [&str; 2] = ["aws:ResourceOrgID", "aws:ResourceOrgPaths"];

type Verdict = Result<(), String>;

fn must<W: Into<String>>(holds: bool, why: impl FnOnce() -> W) -> Verdict {
    if holds { Ok(()) } else { Err(why().into()) }
}

impl<'r> Checker<'r> {
    fn new(request: &'r Request, endpoint: &'r EndpointContext, service: Option<&'static Service>) -> Self {
        let keys = request.context.iter();
        Self {
            request,
            keys: keys.map(|(key, values)| (key.as_str(), values.as_slice())).collect(),
            endpoint,
            service,
        }
    }

    /// The values of a key; keys compare without case.
    fn values(&self, key: &str) -> &[String] {
        let found = self.keys.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        found.map_or(&[], |(_, values)| values)
    }

    fn one(&self, key: &str) -> Option<&str> {
        self.values(key).first().map(String::as_str)
    }

    fn flaw(&self) -> Verdict {
        let Some(signer) = Signer::of(self.request) else {
            return Err(format!("`{}` is no principal", self.request.principal));
        };
        for (key, values) in &self.keys {
            self.key(key, values, signer)?;
        }
        self.principal(signer)?;
        self.membership(PRINCIPAL)?;
        self.membership(RESOURCE)?;
        self.action_and_resource(signer)?;
        let now = self.one("aws:CurrentTime").and_then(instant);
        self.endpoint(now)?;
        self.session(signer, now)?;
        self.tags()?;
        self.source()
    }

    /// The key exists, and the request can have it with these values.
    fn key(&self, key: &str, values: &[String], signer: Signer) -> Verdict {
        let id = key.to_ascii_lowercase();
        let Some(fact) = condition_keys::find(&id) else {
            return Err(format!("AWS has no condition key `{key}`"));
        };
        let of_other =
            condition_keys::of_service(&id) && self.service.is_some_and(|service| service.key(&id).is_none());
        must(!of_other, || format!("`{key}` belongs to another service"))?;
        let action = &self.request.action;
        let lacks =
            condition_keys::is_by_action(&id) && service::carries(&action.to_ascii_lowercase(), &id) == Some(false);
        must(!lacks, || format!("requests for `{action}` have no `{key}`"))?;
        must(signer.carries(fact.carrier), || {
            format!("the principal cannot have `{key}`")
        })?;
        must(values.len() == 1 || (fact.several && !values.is_empty()), || {
            format!("`{key}` has {} values", values.len())
        })?;
        if let Some(of_arn) = condition_keys::account_of_arn(&id) {
            let (whose, account) = match of_arn.side {
                Side::Caller => ("caller", self.one("aws:PrincipalAccount")),
                Side::Owner => ("owner", self.one("aws:ResourceAccount")),
            };
            let mut arns = values.iter().filter_map(|value| Arn::parse(value));
            must(
                account.is_none() || arns.all(|arn| Some(arn.account) == account),
                || format!("`{key}` is in the account of the {whose}"),
            )?;
        }
        let account = matches!(id.as_str(), "aws:principalaccount" | "kms:calleraccount");
        let anonymous = matches!(signer, Signer::Nobody { .. }) && account;
        let fits = |value: &String| {
            // What the caller of the library says of the endpoint is taken as it is.
            let of_endpoint = [&self.endpoint.vpc, &self.endpoint.endpoint].contains(&value);
            fact.values.fits(value) || of_endpoint || (anonymous && value == "anonymous") || id == "aws:epochtime"
        };
        match values.iter().find(|value| !fits(value)) {
            Some(value) => Err(format!("`{value}` is no value of `{key}`")),
            None => Ok(()),
        }
    }

    /// The keys that belong to the principal agree with its name.
    fn principal(&self, signer: Signer) -> Verdict {
        let account = self.one("aws:PrincipalAccount");
        let by_service = self.one("aws:PrincipalIsAWSService");
        match signer {
            Signer::Nobody { token } => {
                must(
                    account == Some("anonymous") || (token && account.is_none()),
                    || "an unsigned request has no account",
                )?;
                return must(
                    by_service.is_none(),
                    || "an unsigned request has no `aws:PrincipalIsAWSService`",
                );
            }
            Signer::Service => {
                must(by_service == Some("true"), || "a service says that it is one")?;
                let name = self.request.principal.as_str();
                let list = self.values("aws:PrincipalServiceNamesList");
                must(
                    list.is_empty() || list.iter().any(|known| known == name),
                    || "a service is one of its names",
                )?;
                let told = self.one("aws:PrincipalServiceName");
                return must(told.is_none_or(|told| told == name), || "a service has one name");
            }
            _ => must(by_service == Some("false"), || "only services are services")?,
        }
        let own = Arn::parse(&self.request.principal).map_or("", |arn| arn.account);
        must(account == Some(own), || "the principal is of its account")?;
        let arn = self.one("aws:PrincipalArn").unwrap_or(&self.request.principal);
        let told = Arn::parse(arn).filter(Arn::is_principal);
        must(
            told.is_some_and(|arn| arn.account == own && arn.session_role().is_none()),
            || "`aws:PrincipalArn` names the principal",
        )?;
        let home = partition::of_region(&self.endpoint.region);
        must(
            self.endpoint.region.is_empty() || told.is_some_and(|arn| arn.partition == home),
            || "the principal is of the partition of the Region",
        )?;
        let kind = match signer {
            Signer::Root => "Account",
            Signer::User => "User",
            Signer::FederatedUser => "FederatedUser",
            _ => "AssumedRole",
        };
        must(
            self.one("aws:PrincipalType").is_none_or(|told| told == kind),
            || "`aws:PrincipalType` is the kind of the principal",
        )?;
        let name = arn.rsplit('/').next().unwrap_or_default();
        must(
            self.one("aws:username").is_none_or(|told| told == name),
            || "`aws:username` is the name of the user",
        )?;
        let id = self.one("aws:userid");
        let fits = |id: &str| match signer {
            Signer::Root => id == own,
            Signer::FederatedUser => id == format!("{own}:{name}"),
            Signer::User => id.starts_with("AIDA"),
            _ => id.starts_with("AROA") && id.contains(':'),
        };
        must(
            id.is_none_or(fits),
            || "`aws:userid` has the form of its kind of principal",
        )
    }

    /// An account is in one organisation and at one place in it, or in none.
    fn membership(&self, [id, path]: [&str; 2]) -> Verdict {
        match (self.one(id), self.one(path)) {
            (None, None) => Ok(()),
            (Some(own), Some(at)) => must(at.strip_prefix(own).is_some_and(|rest| rest.starts_with('/')), || {
                format!("`{path}` lies in `{id}`")
            }),
            _ => Err(format!("`{id}` and `{path}` come together")),
        }
    }

    fn action_and_resource(&self, signer: Signer) -> Verdict {
        let request = self.request;
        let (prefix, _) = request.action.split_once(':').unwrap_or_default();
        let owner = self.one("aws:ResourceAccount");
        let account = self.one("aws:PrincipalAccount");
        if owner.is_some() && owner == account && signer.is_iam() {
            for (caller, owner) in PRINCIPAL.into_iter().zip(RESOURCE) {
                must(
                    self.one(caller) == self.one(owner),
                    || "an account is in one organisation",
                )?;
            }
        }
        must(
            owner.is_some() || self.one("aws:ResourceOrgID").is_none(),
            || "who tells the owner's organisation tells the owner",
        )?;
        for (name, told) in [("kms:CallerAccount", account), ("s3:ResourceAccount", owner)] {
            must(self.one(name).is_none_or(|one| told == Some(one)), || {
                format!("`{name}` is another name of an account that is told")
            })?;
        }
        if let Some(arn) = Arn::parse(&request.resource) {
            must(
                !is_account(arn.account) || owner.is_none_or(|owner| owner == arn.account),
                || "the owner is the account of the resource",
            )?;
            let home = partition::of_region(&self.endpoint.region);
            must(
                self.endpoint.region.is_empty() || arn.partition == home,
                || "the resource is of the partition of the Region",
            )?;
            let bucket = arn.resource.split('/').next().unwrap_or_default();
            let plain = arn.service == "s3" && arn.region.is_empty() && arn.account.is_empty();
            must(
                !plain || is_bucket(bucket),
                || "the bucket has a name that buckets have",
            )?;
        } else {
            must(request.resource == "*", || "the resource is an ARN or `*`")?;
        }
        let Some(service) = self.service else {
            // Whatever the service is, it is none of those that are known by other names.
            let other = self.endpoint.unknown_prefix(None).is_some() && service::of_prefix(prefix).is_some();
            return must(!other, || "the action is one of another service");
        };
        must(
            service.prefixes().any(|known| known.eq_ignore_ascii_case(prefix)),
            || "the action is one of the endpoint's service",
        )?;
        must(!service.leaves_out(&request.action.to_ascii_lowercase()), || {
            format!("`{}` comes through another endpoint", request.action)
        })?;
        let keyless = service.keyless.has(&request.action);
        must(
            keyless || owner.is_some(),
            || "requests for the action tell who owns the resource",
        )?;
        must(
            !keyless || owner.is_none() || service::sometimes_tells(&request.action),
            || "requests for the action do not tell who owns the resource",
        )?;
        let published = service.action(&request.action.to_ascii_lowercase());
        let published = published.map(|published| published.targets);
        match published {
            _ if federation::is_call(&request.action) => Ok(()),
            None => must(false, || format!("AWS has no action `{}`", request.action)),
            Some(Targets::Unknown) => Ok(()),
            Some(Targets::Nothing) => {
                must(request.resource == "*", || "the action names no resource")?;
                must(
                    owner.is_none() || owner == account,
                    || "the action is about the account of the caller",
                )
            }
            Some(Targets::Formats(formats)) => must(
                service
                    .format_of(&request.resource)
                    .is_some_and(|format| formats.has(format)),
                || format!("the action does not act on `{}`", request.resource),
            ),
        }
    }

    /// What every request through the endpoint has.
    fn endpoint(&self, now: Option<i64>) -> Verdict {
        let endpoint = self.endpoint;
        for (key, value) in [("aws:SourceVpc", &endpoint.vpc), ("aws:SourceVpce", &endpoint.endpoint)] {
            must(value.is_empty() || self.one(key) == Some(value), || {
                format!("`{key}` is that of the endpoint")
            })?;
        }
        let agent = self.service.is_some_and(|service| {
            let mut prefixes = service.prefixes();
            prefixes.all(|prefix| prefix != condition_keys::WITHOUT_USER_AGENT)
        });
        let always = ["aws:SecureTransport", "aws:ViaAWSService", "aws:VpcSourceIp"];
        for key in always.into_iter().chain(agent.then_some("aws:UserAgent")) {
            must(self.one(key).is_some(), || format!("every request has `{key}`"))?;
        }
        let told = |key: &str| {
            let id = key.to_ascii_lowercase();
            self.service.is_none_or(|service| {
                let mut prefixes = service.prefixes();
                prefixes.any(|prefix| match id.as_str() {
                    "aws:ismcpserviceaction" => condition_keys::serves_mcp(prefix),
                    _ => condition_keys::tells_endpoint_owner(prefix, &id),
                })
            })
        };
        for key in [
            "aws:IsMcpServiceAction",
            "aws:VpceAccount",
            "aws:VpceOrgID",
            "aws:VpceOrgPaths",
            "aws:SourceVpcArn",
        ] {
            must(self.one(key).is_none() || told(key), || {
                format!("requests to the service do not have `{key}`")
            })?;
        }
        let (own, at) = (self.one("aws:VpceOrgID"), self.one("aws:VpceOrgPaths"));
        must(
            own.zip(at).is_none_or(|(own, at)| at.split('/').next() == Some(own)),
            || "`aws:VpceOrgPaths` lies in `aws:VpceOrgID`",
        )?;
        let owner = self.one("aws:VpceAccount");
        must(
            endpoint.owner.is_empty() || owner.is_none_or(|owner| owner == endpoint.owner),
            || "`aws:VpceAccount` is that of the endpoint",
        )?;
        let of_vpc = self.one("aws:SourceVpcArn");
        must(
            endpoint.vpc.is_empty() || of_vpc.is_none_or(|arn| arn.ends_with(&format!(":vpc/{}", endpoint.vpc))),
            || "`aws:SourceVpcArn` is that of the endpoint's VPC",
        )?;
        let epoch = self.one("aws:EpochTime").and_then(instant);
        must(now.is_some() && now == epoch, || "the two clocks show one time")?;
        must(now >= Some(endpoint.time), || "the request comes now or later")
    }

    /// Every tag of the request is among the keys of its tags, if these are told.
    fn tags(&self) -> Verdict {
        let all = self.values("aws:TagKeys");
        let listed = |key: &str| all.is_empty() || all.iter().any(|known| known.eq_ignore_ascii_case(key));
        let tags = self.keys.iter().filter_map(|(key, _)| {
            let (start, tag) = key.split_once('/')?;
            start.eq_ignore_ascii_case("aws:RequestTag").then_some(tag)
        });
        let mut unlisted = tags.filter(|tag| !listed(tag));
        must(
            unlisted.next().is_none(),
            || "`aws:TagKeys` lists every tag of the request",
        )
    }

    /// Keys of the credentials that a request was signed with.
    fn session(&self, signer: Signer, now: Option<i64>) -> Verdict {
        let issued = self.one("aws:TokenIssueTime").and_then(instant);
        must(
            issued.is_some() || !signer.is_temporary(),
            || "temporary credentials tell when they were issued",
        )?;
        must(issued <= now, || "credentials are issued before they are used")?;
        let aged = self.one("aws:MultiFactorAuthAge").is_some();
        must(
            !aged || self.one("aws:MultiFactorAuthPresent") != Some("false"),
            || "`aws:MultiFactorAuthAge` needs multi-factor authentication",
        )?;
        let via = ["aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"];
        must(
            via.iter().all(|key| self.one(key).is_none()) || self.one("aws:ViaAWSService") == Some("true"),
            || "`aws:CalledVia` needs a service that calls",
        )?;
        let all = self.values("aws:CalledVia");
        for (key, end) in [("aws:CalledViaFirst", all.first()), ("aws:CalledViaLast", all.last())] {
            must(
                all.is_empty() || self.one(key).is_none_or(|one| end.is_some_and(|end| end == one)),
                || format!("`{key}` is an end of `aws:CalledVia`"),
            )?;
        }
        Ok(())
    }
}
