//! The analysis of endpoint policies, shared by the policy controls.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use postern_policy::{
    Analysis, Binding, Containment, Document, EndpointContext, Fix, NoFix, Perimeter, analyse, bind, fix,
};

use crate::evaluation::{Assessment, Context, UNKNOWN_STATE_ADVICE};
use crate::model::finding::{FindingKey, ResourceKind};
use crate::model::id::EndpointId;
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
pub(crate) struct Policies(RefCell<BTreeMap<(EndpointId, String), Read>>);

type Read = Result<Rc<Policy>, String>;

impl Policies {
    fn read(&self, id: &EndpointId, text: &str, read: impl FnOnce() -> Read) -> Read {
        let key = (id.clone(), text.to_owned());
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
        let perimeter = &self.settings.perimeter;
        let read = self.policies.read(&endpoint.id, text, || {
            let document = Document::parse(text).map_err(|error| error.to_string())?;
            let endpoint = EndpointContext {
                owner: endpoint.owner.to_string(),
                endpoint: endpoint.id.to_string(),
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
        });
        Ok(match read {
            Err(reason) => Known::Undecided(service, vec![reason]),
            Ok(policy) if policy.analysis.verdict == Containment::Undecided => {
                Known::Undecided(service, policy.analysis.reasons.clone())
            }
            Ok(policy) => Known::Decided(service, policy),
        })
    }

    /// An endpoint to a service in this VPC that does not exist yet.
    pub(crate) fn any_endpoint(&self, service: &Service) -> EndpointContext {
        let snapshot = self.snapshot;
        let name = service.short_name(&snapshot.region);
        EndpointContext {
            service: name.unwrap_or(service.name.as_str()).to_owned(),
            gateway: service.kind == EndpointKind::Gateway,
            owner: snapshot.account.to_string(),
            region: snapshot.region.to_string(),
            vpc: snapshot.vpc.id.to_string(),
            endpoint: String::new(),
            time: self.now.as_second(),
        }
    }
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
