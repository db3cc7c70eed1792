//! The analysis of endpoint policies, shared by the policy controls.

mod rewrite;

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use postern_policy::{
    Analysis, Binding, Containment, Document, EndpointContext, Fix, NoFix, Perimeter, analyse, bind, fix, template,
};
use serde_json::Value;

use crate::changes::Change;
use crate::evaluation::{Assessment, Context, UNKNOWN_STATE_ADVICE};
use crate::model::finding::{FindingKey, ResourceKind};
use crate::model::id::{AccountId, EndpointId, ServiceName};
use crate::model::snapshot::{Endpoint, EndpointKind, EndpointState, Gap, Service};

/// What is known of the policy of one endpoint.
pub(crate) enum Known<'a> {
    /// The policy is not known: an explanation, and advice. policy-open reports it for all controls.
    Nothing(String, &'static str),
    /// The service supports none.
    Unsupported(&'a Service),
    /// The document cannot be decided; the reasons. policy-undecided reports it for all controls.
    Undecided(&'a Service, Vec<String>),
    Decided(&'a Service, Rc<Policy>),
}

/// A document with its analysis.
#[derive(Debug)]
pub(crate) struct Policy {
    document: Document,
    endpoint: EndpointContext,
    pub(crate) analysis: Analysis,
    fix: OnceCell<Result<Fix, NoFix>>,
    binding: OnceCell<Binding>,
}

impl Policy {
    /// The change that closes the policy.
    pub(crate) fn fix(&self, perimeter: &Perimeter) -> &Result<Fix, NoFix> {
        self.fix.get_or_init(|| fix(&self.document, perimeter, &self.endpoint))
    }

    /// Whether credentials of EC2 instances are bound to the endpoint's VPC.
    pub(crate) fn binding(&self, perimeter: &Perimeter) -> &Binding {
        self.binding
            .get_or_init(|| bind(&self.document, perimeter, &self.endpoint))
    }
}

/// Policies that were analysed with the same settings at the same time, so that none is analysed twice.
#[derive(Debug, Default)]
pub(crate) struct Policies(RefCell<BTreeMap<PolicyKey, Read>>);

/// What the analysis of a policy depends on, besides the settings, the VPC and the time.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PolicyKey {
    text: String,
    service: ServiceName,
    kind: EndpointKind,
    owner: AccountId,
    /// Set where the document may name its endpoint.
    endpoint: Option<EndpointId>,
}

impl PolicyKey {
    fn new(id: &EndpointId, owner: &AccountId, service: &Service, text: &str) -> Self {
        // Escapes can hide a name.
        let names_endpoint = text.contains('\\') || text.to_ascii_lowercase().contains("vpce");
        Self {
            text: text.to_owned(),
            service: service.name.clone(),
            kind: service.kind,
            owner: owner.clone(),
            endpoint: names_endpoint.then(|| id.clone()),
        }
    }
}

type Read = Result<Rc<Policy>, String>;

impl Policies {
    fn read(&self, key: PolicyKey, read: impl FnOnce() -> Read) -> Read {
        self.0.borrow_mut().entry(key).or_insert_with(read).clone()
    }
}

impl<'a> Context<'a> {
    /// The assessments of a control for the policy of each live endpoint of a kind that has one.
    pub(crate) fn assess_policies(
        &self,
        control: &str,
        assess: impl Fn(FindingKey, &'a Endpoint, Known<'a>) -> Option<Assessment>,
    ) -> Result<Vec<Assessment>, Gap> {
        let mut findings = Vec::new();
        for endpoint in self.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values() {
            if matches!(endpoint.kind, EndpointKind::Interface | EndpointKind::Gateway) && !endpoint.dead() {
                let key = FindingKey::new(control, ResourceKind::Endpoint, &endpoint.id);
                findings.extend(assess(key, endpoint, self.policy_of(endpoint)?));
            }
        }
        Ok(findings)
    }

    fn policy_of(&self, endpoint: &'a Endpoint) -> Result<Known<'a>, Gap> {
        let Some(service) = self.service_of(endpoint)? else {
            return Ok(Known::Nothing(
                "Could not evaluate the policy: the Region's catalogue does not list the endpoint's service."
                    .to_owned(),
                "Check whether the service still exists, and check the policy yourself.",
            ));
        };
        if !service.policy_supported {
            return Ok(Known::Unsupported(service));
        }
        if endpoint.state == EndpointState::Unknown {
            return Ok(Known::Nothing(
                format!(
                    "Could not evaluate the policy: {} is in a state that Postern does not know.",
                    endpoint.id
                ),
                UNKNOWN_STATE_ADVICE,
            ));
        }
        let Some(text) = &endpoint.policy else {
            return Ok(Known::Nothing(
                "Could not evaluate the policy: AWS returned no policy document.".to_owned(),
                "Check the endpoint's policy in the AWS console.",
            ));
        };
        let analysed = self.analysed(&endpoint.id, &endpoint.owner, service, text);
        Ok(match analysed {
            Err(reason) => Known::Undecided(service, vec![reason]),
            Ok(policy) if policy.analysis.verdict == Containment::Undecided => {
                Known::Undecided(service, policy.analysis.reasons.clone())
            }
            Ok(policy) => Known::Decided(service, policy),
        })
    }

    fn analysed(&self, id: &EndpointId, owner: &AccountId, service: &Service, text: &str) -> Read {
        let perimeter = &self.settings.perimeter;
        self.policies.read(PolicyKey::new(id, owner, service, text), || {
            let document = Document::parse(text).map_err(|error| error.to_string())?;
            let endpoint = EndpointContext {
                owner: owner.to_string(),
                endpoint: id.to_string(),
                ..self.any_endpoint(service)
            };
            let analysis = analyse(&document, perimeter, &endpoint);
            Ok(Rc::new(Policy {
                document,
                endpoint,
                analysis,
                fix: OnceCell::new(),
                binding: OnceCell::new(),
            }))
        })
    }

    /// An endpoint whose policy these changes would write such that no trusted principal could use it, or for which the
    /// opposite is not proven. Its id, or the service of an endpoint that does not exist yet.
    pub(crate) fn locked_out_by(&self, changes: &[Change]) -> Option<String> {
        let before = self.snapshot.endpoints.as_ref().ok()?;
        let after = changes
            .iter()
            .fold(self.snapshot.clone(), |state, change| change.simulate(&state));
        let written = after.endpoints.ok()?.into_values().filter(|endpoint| {
            before
                .get(&endpoint.id)
                .is_none_or(|before| before.policy != endpoint.policy)
        });
        let locked_out = written.into_iter().find(|endpoint| self.locks_out(endpoint))?;
        match &locked_out.service {
            Some(service) if !before.contains_key(&locked_out.id) => Some(format!("the new endpoint to {service}")),
            Some(_) | None => Some(locked_out.id.to_string()),
        }
    }

    fn locks_out(&self, endpoint: &Endpoint) -> bool {
        let (Some(text), Ok(Some(service))) = (&endpoint.policy, self.service_of(endpoint)) else {
            return false;
        };
        match self.analysed(&endpoint.id, &endpoint.owner, service, text) {
            Ok(policy) => {
                policy.analysis.verdict == Containment::Undecided || self.admits_only_others(&policy, service, text)
            }
            Err(_) => true,
        }
    }

    /// Whether no principal of the perimeter reaches any resource of it. What AWS services may do, and what Postern's own
    /// policies allow on resources that AWS owns, does not count: a policy for another organisation allows that as well.
    fn admits_only_others(&self, policy: &Policy, service: &Service, text: &str) -> bool {
        let perimeter = &self.settings.perimeter;
        let own = Perimeter {
            aws_owned_resources: Vec::new(),
            builtin_aws_owned_resources: false,
            aws_services: false,
            ..perimeter.clone()
        };
        let region = &self.snapshot.region;
        // In a policy for an organisation alone, the statements for single resources are those for AWS's.
        let of_aws = Perimeter {
            organizations: vec!["o-0000000000".to_owned()],
            aws_owned_resources: perimeter.aws_owned_resources.clone(),
            builtin_aws_owned_resources: true,
            ..Perimeter::default()
        };
        let of_aws = template(service.name.as_str(), region.as_str(), &of_aws).ok();
        let rest = of_aws.and_then(|of_aws| without_aws_owned(text, &of_aws));
        Document::parse(rest.as_deref().unwrap_or(text))
            .map_or(true, |document| analyse(&document, &own, &policy.endpoint).locked_out)
    }

    /// An endpoint to a service in this VPC that does not exist yet.
    pub(crate) fn any_endpoint(&self, service: &Service) -> EndpointContext {
        let snapshot = self.snapshot;
        EndpointContext {
            service: service.name.to_string(),
            gateway: service.kind == EndpointKind::Gateway,
            owner: snapshot.account.to_string(),
            region: snapshot.region.to_string(),
            vpc: snapshot.vpc.id.to_string(),
            endpoint: String::new(),
            time: self.now.as_second(),
        }
    }
}

/// The policy without the Allow statements for resources that a policy of Postern for the same service names as owned by
/// AWS. None where a text is not a policy.
fn without_aws_owned(text: &str, of_postern: &str) -> Option<String> {
    let resources = |statement: &Value| statement.get("Resource").cloned();
    let postern: Value = serde_json::from_str(of_postern).ok()?;
    let named = postern.get("Statement")?.as_array()?.iter().filter_map(resources);
    let named: Vec<Value> = named.filter(|resource| *resource != "*").collect();
    let mut policy: Value = serde_json::from_str(text).ok()?;
    let statements = policy.get_mut("Statement")?.as_array_mut()?;
    statements.retain(|statement| {
        statement.get("Effect").is_some_and(|effect| effect == "Deny")
            || !resources(statement).is_some_and(|resource| named.contains(&resource))
    });
    Some(policy.to_string())
}

/// Joins texts as sentences.
pub(crate) fn sentences<'t>(texts: impl IntoIterator<Item = &'t String>) -> String {
    let sentence = |text: &String| {
        let mut chars = text.chars();
        let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
        let end = if text.ends_with('.') { "" } else { "." };
        format!("{first}{}{end}", chars.as_str())
    };
    texts.into_iter().map(sentence).collect::<Vec<_>>().join(" ")
}
