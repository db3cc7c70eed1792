//! The smallest change that provably closes a policy: Denies at its end, and nothing of the customer's touched.

use std::cell::RefCell;
use std::fmt;

mod deny;
mod examples;
mod layout;
mod proof;

use deny::{Deny, EVERY_ACTION, Exempt, FEW_EXCEPTIONS, Test, Writer, list, texts};
pub(crate) use deny::{free_sid, quoted};
pub(crate) use layout::append;
use proof::certain;

use crate::analyse::{Analysis, Containment, Setting};
use crate::arn::{Arn, is_account};
use crate::aws_owned;
use crate::document::{Document, MOST_CHARACTERS};
use crate::evaluate::Request;
use crate::federation;
use crate::service::Keyless;
use crate::{EndpointContext, Perimeter};

/// A closed document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The whole document. Without white space if it would be too long with it.
    pub text: String,
    /// The statements at its end that are new, each as JSON. None when there was no hole.
    pub added: Vec<String>,
}

/// Why there is no change that is proven to close the holes and to keep what is legitimate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoFix {
    #[error("the policy cannot be decided: {}", .0.join("; "))]
    Undecided(Vec<String>),
    #[error("the perimeter trusts nobody, so the fix would lock everybody out: name an organisation or an account")]
    NobodyTrusted,
    #[error("the actions of the service `{0}` are not known, so no change can be proven to keep legitimate requests")]
    ServiceUnknown(String),
    #[error("no Deny statement could be proven to close the policy")]
    NotClosed,
    #[error("the fix would deny legitimate requests such as `{}` on `{}` by `{}`", .0.action, .0.resource, .0.principal)]
    Loses(Box<Request>),
    #[error("it could not be proven that the fix keeps every legitimate request")]
    LossUnknown,
    /// Neither do AWS's examples of data perimeters have a way: their default policy lets nothing through but requests that
    /// tell the organisation of the resource, and so denies these on resources of the organisation, too:
    /// <https://github.com/aws-samples/data-perimeter-policy-examples/blob/main/vpc_endpoint_policies/default_endpoint_policy.json>
    #[error(
        "no Deny can close the policy and keep legitimate requests: requests for `{}` have no condition key that tells who \
         owns `{}`, and {}; to fix it by hand, {advice}", .request.action, .request.resource, untold(.request)
    )]
    OwnersUntold { request: Box<Request>, advice: Advice },
    #[error("the fix would lock everybody out")]
    LocksOut,
    #[error(
        "the fixed policy would have {0} characters, more than the {MOST_CHARACTERS} that an endpoint policy may have"
    )]
    TooLong(usize),
}

/// Why the name of the resource does not tell either whether it lies in the perimeter.
fn untold(request: &Request) -> &'static str {
    match Arn::parse(&request.resource) {
        Some(arn) if is_account(arn.account) => {
            "its ARN names an account, but no condition tells whether that account is in an organisation of the perimeter"
        }
        Some(_) => "its ARN names no account",
        None => "the request names no resource",
    }
}

/// What to do by hand where no fix is proven to keep every legitimate request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// Denies for the end of the document, each as JSON. With them, and the resources below trusted, it is proven that the
    /// policy has no hole and locks nobody out. None where the service is not known.
    pub statements: Vec<String>,
    /// An example of the resources that have to be trusted by their ARNs. None where the statements do without.
    pub resources: Vec<String>,
    /// The actions that these statements deny whatever the resource is, or wherever it is not listed.
    pub denied: Vec<String>,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statements = self.statements.join(", ");
        let needed: Vec<String> = self.denied.iter().map(|action| format!("`{action}`")).collect();
        match (needed.as_slice(), statements.contains("\"NotResource\"")) {
            _ if statements.is_empty() => {
                f.write_str("name the service of the endpoint: requests of most services have these keys")
            }
            ([], _) | (_, true) => write!(
                f,
                "trust the resources that workloads need by their ARNs, and append these statements with these ARNs in \
                 `NotResource` of the last: {statements}"
            ),
            (needed, false) => write!(
                f,
                "append these statements, unless workloads need {}: {statements}",
                needed.join(", ")
            ),
        }
    }
}

/// Closes the holes of a policy. The result is proven: it has no hole, it allows every request that was allowed and
/// lies in neither hole, it locks nobody out who was not, AWS takes its length, and fixing it again changes nothing.
pub fn fix(document: &Document, perimeter: &Perimeter, endpoint: &EndpointContext) -> Result<Fix, NoFix> {
    let setting = &Setting::new(perimeter, endpoint);
    let before = setting.analyse(document);
    match before.verdict {
        Containment::Closed | Containment::LockedOut => {
            return Ok(Fix {
                text: document.text().to_owned(),
                added: Vec::new(),
            });
        }
        Containment::Undecided => return Err(NoFix::Undecided(before.reasons)),
        Containment::Open => {}
    }
    if !perimeter.trusts_somebody() {
        return Err(NoFix::NobodyTrusted);
    }
    if let Some(service) = &setting.unknown_prefix {
        return Err(NoFix::ServiceUnknown(service.clone()));
    }
    let writer = Writer::new(
        document,
        setting,
        aws_owned::resources(perimeter, setting.service, &endpoint.region),
    );
    // Where an Allow names some of them, another for every resource seldom needs the others.
    let named = writer.named();
    if !named.is_empty()
        && named.len() < writer.owned.len()
        && let Ok((_, fix)) = Writer::new(document, setting, named).search(&before)
    {
        return Ok(fix);
    }
    if writer.owned.len() > FEW_EXCEPTIONS
        && let Some(fix) = writer.proven_by_sketch(&before)
    {
        return Ok(fix);
    }
    let (_, fix) = writer.search(&before)?;
    Ok(fix)
}

impl<'d> Writer<'d> {
    fn new(document: &'d Document, setting: &'d Setting<'d>, owned: Vec<String>) -> Self {
        let mut writer = Self {
            document,
            setting,
            perimeter: setting.perimeter,
            endpoint: setting.endpoint,
            owned,
            examples: RefCell::default(),
        };
        writer.owned = writer.reached(&writer.owned);
        writer
    }

    /// The smallest Denies that are proven, and the document with them.
    fn search(&self, before: &Analysis) -> Result<(Vec<Deny>, Fix), NoFix> {
        self.examples.borrow_mut().holes.extend(certain(before));
        let mut reason = NoFix::NotClosed;
        for denies in self.attempts(before.identity.is_some(), before.resource.is_some()) {
            match self.proven(&denies, before.locked_out) {
                Ok(fix) => return Ok(self.smallest(denies, fix, before.locked_out)),
                Err(NoFix::NotClosed) => {}
                Err(other) => reason = other,
            }
        }
        Err(self.owners_untold().unwrap_or(reason))
    }

    /// Two of the resources that AWS owns stand for all of them while the Denies are looked for. Then all of them take their
    /// place, and the whole is proven.
    fn proven_by_sketch(&self, before: &Analysis) -> Option<Fix> {
        let few: Vec<String> = self.owned.iter().take(2).cloned().collect();
        let setting = Setting::owning(self.perimeter, self.endpoint, few.clone());
        let (denies, _) = Writer::new(self.document, &setting, few.clone()).search(before).ok()?;
        let whole: Vec<Deny> = denies.iter().map(|deny| deny.with_all(&few, &self.owned)).collect();
        self.proven(&whole, before.locked_out).ok()
    }
}

impl Writer<'_> {
    /// Lists of statements to try, the smallest first.
    fn attempts(&self, identity: bool, resource: bool) -> Vec<Vec<Deny>> {
        let unsigned = federation::calls(self.setting.service);
        let signed = unsigned
            .iter()
            .copied()
            .filter(|action| federation::may_be_signed(action));
        let signed: Vec<&str> = signed.collect();
        let but_unsigned = format!(r#""NotAction":{}"#, list(&texts(&unsigned)));
        let may_be_signed = format!(r#""Action":{}"#, list(&texts(&signed)));
        let owned = &self.owned;
        let exceptions: &[&[String]] = if owned.is_empty() { &[&[]] } else { &[&[], owned] };
        let mut identities: Vec<Vec<Deny>> = Vec::new();
        for except in exceptions {
            identities.push(vec![self.identity(EVERY_ACTION, except)]);
        }
        for except in exceptions.iter().filter(|_| !unsigned.is_empty()) {
            let mut denies = vec![self.identity(&but_unsigned, except)];
            denies.extend((!signed.is_empty()).then(|| self.signed_identity(&may_be_signed, except)));
            identities.push(denies);
        }
        let arns = self.exempt(true).arns;
        let mut resources = vec![self.resource(&Exempt::default(), false)];
        if !arns.is_empty() {
            resources.push(self.resource(&self.exempt(false), false));
        }
        if self.exempt(true).marked {
            resources.push(self.resource(&self.exempt(true), false));
        }
        if self.keyless() != Keyless::None {
            resources.push(self.resource(&self.exempt(true), true));
        }
        let mut all = Vec::new();
        if identity {
            all.extend(identities.iter().cloned());
        }
        if resource {
            all.extend(resources.iter().cloned());
        }
        if identity && resource {
            for first in &identities {
                all.extend(resources.iter().map(|second| [first.as_slice(), second].concat()));
            }
        }
        all
    }

    /// That no Deny can do, if a hole is left when all is denied that tells who owns the resource: the same request may
    /// be one for a trusted resource, and what denies the one denies the other.
    fn owners_untold(&self) -> Option<NoFix> {
        if self.keyless() == Keyless::None && self.endpoint.knows_service() {
            return None;
        }
        let exempt = self.exempt(true);
        let mut denies = vec![self.identity(EVERY_ACTION, &self.owned)];
        let mut conditions = self.outsiders("Resource");
        conditions.extend(self.unmarked(&exempt));
        conditions.push(Test::new("Null", "aws:ResourceAccount", &["false".to_owned()]));
        denies.push(Deny::new(
            "DenyUntrustedResources",
            EVERY_ACTION,
            &exempt.arns,
            conditions,
        ));
        let document = Document::parse(&append(self.document, &self.texts(&denies))).ok()?;
        let request = self.setting.analyse(&document).resource?.request;
        let keys = ["aws:ResourceAccount", "aws:ResourceOrgID", "aws:ResourceOrgPaths"];
        let account = Arn::parse(&request.resource).map_or("", |arn| arn.account);
        let perimeter = self.perimeter;
        let anybodys =
            account.is_empty() || !perimeter.organizations.is_empty() || !perimeter.organization_paths.is_empty();
        if !anybodys || keys.iter().any(|key| !request.values(key).is_empty()) {
            return None;
        }
        let advice = if self.endpoint.knows_service() {
            self.advice(denies, &exempt, &request)?
        } else {
            Advice {
                statements: Vec::new(),
                resources: Vec::new(),
                denied: Vec::new(),
            }
        };
        let request = Box::new(request);
        Some(NoFix::OwnersUntold { request, advice })
    }

    /// What closes the policy without a proof that nothing legitimate is lost: of requests that do not tell the owner, only
    /// those for trusted ARNs are left and, where that closes it, those for resources of the caller's own account.
    fn advice(&self, denies: Vec<Deny>, exempt: &Exempt, request: &Request) -> Option<Advice> {
        let last = match self.keyless() {
            Keyless::Some(actions) if request.resource == "*" => {
                let actions = format!(r#""Action":{}"#, list(&texts(actions)));
                let services = self.except_services().into_iter().collect();
                Deny::new("DenyActionsWithoutOwner", &actions, &[], services)
            }
            _ => self.by_arn(exempt),
        };
        let narrower = self.by_arn_or_caller(exempt).filter(|_| request.resource != "*");
        let mut lasts = narrower.into_iter().chain([last]);
        lasts.find_map(|last| self.closing(denies.clone(), last, request))
    }

    /// The advice with this Deny as the last, if it closes the policy.
    fn closing(&self, mut denies: Vec<Deny>, mut last: Deny, request: &Request) -> Option<Advice> {
        let mut trusted = self.perimeter.clone();
        let mut resources = Vec::new();
        let denied = match self.keyless() {
            Keyless::Some(actions) => texts(actions),
            Keyless::None | Keyless::All => {
                // Every request is one that does not tell.
                denies.pop();
                if last.except.is_empty() {
                    resources.push(request.resource.clone());
                }
                Vec::new()
            }
        };
        last.except.extend(resources.iter().cloned());
        trusted.resources.extend(resources.iter().cloned());
        denies.push(last);
        let statements = self.texts(&denies);
        let document = Document::parse(&append(self.document, &statements)).ok()?;
        let found = Setting::new(&trusted, self.endpoint).analyse(&document);
        (found.verdict == Containment::Closed).then_some(Advice {
            statements,
            resources,
            denied,
        })
    }

    /// The fix without the statements, conditions and exceptions that its proof does not need.
    fn smallest(&self, denies: Vec<Deny>, fix: Fix, was_locked_out: bool) -> (Vec<Deny>, Fix) {
        let (mut denies, mut fix) = (denies, fix);
        for at in (0..denies.len()).rev() {
            let mut others = denies.clone();
            others.remove(at);
            if !others.is_empty()
                && let Ok(smaller) = self.proven(&others, was_locked_out)
            {
                (denies, fix) = (others, smaller);
            }
        }
        for at in 0..denies.len() {
            while let Some((others, smaller)) = self.smaller(&denies, at, was_locked_out) {
                (denies, fix) = (others, smaller);
            }
        }
        (denies, fix)
    }

    /// The same with less in the Deny of this place, if that is proven.
    fn smaller(&self, denies: &[Deny], at: usize, was_locked_out: bool) -> Option<(Vec<Deny>, Fix)> {
        denies.get(at)?.smaller().into_iter().find_map(|deny| {
            let mut others = denies.to_vec();
            *others.get_mut(at)? = deny;
            // A broader Deny leaves no hole; what it takes away is seldom nothing, so that is asked first.
            let (fixed, fix) = self.written(&others).ok()?;
            self.keeps(&fixed, fix.added.len()).ok()?;
            self.closes(&fixed, was_locked_out).ok()?;
            Some((others, fix))
        })
    }
}

/// The text with statements at its end, short enough for AWS.
pub(crate) fn appended(document: &Document, added: &[String]) -> Result<String, NoFix> {
    let mut text = append(document, added);
    if text.chars().count() > MOST_CHARACTERS {
        text = minified(&text);
    }
    match text.chars().count() {
        characters if characters > MOST_CHARACTERS => Err(NoFix::TooLong(characters)),
        _ => Ok(text),
    }
}

/// JSON without white space between its tokens.
fn minified(text: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    text.chars()
        .filter(|c| {
            if inside {
                inside = escaped || *c != '"';
                escaped = !escaped && *c == '\\';
                return true;
            }
            inside = *c == '"';
            !c.is_ascii_whitespace()
        })
        .collect()
}

#[cfg(test)]
mod tests;
