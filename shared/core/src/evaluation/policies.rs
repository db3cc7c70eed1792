//! What several controls ask about the policies of endpoints.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use postern_policy::{
    Analysis, Binding, Containment, Document, EndpointContext, Fix, NoFix, Perimeter, analyse, bind, fix,
};

use crate::evaluation::{Context, Finding};
use crate::model::finding::{FindingKey, ResourceKind};
use crate::model::id::EndpointId;
use crate::model::snapshot::{Endpoint, EndpointKind, EndpointState, Gap, Service};

/// What is known of the policy of one endpoint.
pub(crate) enum Known<'a> {
    /// Nothing: why, and what a person can do. policy-open says so for all controls, so that it is said once.
    Nothing(String, &'static str),
    /// The service supports none.
    Unsupported(&'a Service),
    /// The document cannot be decided; the reasons. policy-undecided says so for all controls.
    Undecided(&'a Service, Vec<String>),
    Decided(&'a Service, Rc<Policy>),
}

/// A document that was understood, and what was found out about it.
#[derive(Debug)]
pub(crate) struct Policy {
    document: Document,
    endpoint: EndpointContext,
    pub(crate) analysis: Analysis,
    fix: OnceCell<Result<Fix, NoFix>>,
    binding: OnceCell<Binding>,
}

impl Policy {
    /// The policy without its holes.
    pub(crate) fn fix(&self, perimeter: &Perimeter) -> &Result<Fix, NoFix> {
        self.fix.get_or_init(|| fix(&self.document, perimeter, &self.endpoint))
    }

    /// Whether credentials of EC2 instances are bound to the endpoint's VPC.
    pub(crate) fn binding(&self, perimeter: &Perimeter) -> &Binding {
        self.binding
            .get_or_init(|| bind(&self.document, perimeter, &self.endpoint))
    }
}

/// Policies that were looked at under the same settings at the same moment, so that none is analysed twice.
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
    /// The findings of a control on the policy of each endpoint that is alive and of a kind that has one.
    pub(crate) fn judge_policies(
        &self,
        control: &str,
        judge: impl Fn(FindingKey, &'a Endpoint, Known<'a>) -> Option<Finding>,
    ) -> Result<Vec<Finding>, Gap> {
        let mut findings = Vec::new();
        for endpoint in self.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values() {
            if matches!(endpoint.kind, EndpointKind::Interface | EndpointKind::Gateway) && !endpoint.dead() {
                let key = FindingKey::new(control, ResourceKind::Endpoint, &endpoint.id);
                findings.extend(judge(key, endpoint, self.policy_of(endpoint)?));
            }
        }
        Ok(findings)
    }

    fn policy_of(&self, endpoint: &'a Endpoint) -> Result<Known<'a>, Gap> {
        let Some(service) = self.service_of(endpoint)? else {
            return Ok(Known::Nothing(
                "Cannot be decided: the Region's catalogue does not list the endpoint's service.".to_owned(),
                "Check whether the service still exists, and read the policy yourself.",
            ));
        };
        if !service.policy_supported {
            return Ok(Known::Unsupported(service));
        }
        if endpoint.state == EndpointState::Unknown {
            return Ok(Known::Nothing(
                format!(
                    "Cannot be decided: {} is in a state that is not known here.",
                    endpoint.id
                ),
                "Look at the endpoint's state in the console.",
            ));
        }
        let Some(text) = &endpoint.policy else {
            return Ok(Known::Nothing(
                "Cannot be decided: AWS returned no policy document.".to_owned(),
                "Read the endpoint's policy in the console.",
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

    /// An endpoint of a service in this VPC that has no id yet.
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

/// Texts as sentences, one after the other.
pub(crate) fn sentences<'t>(texts: impl IntoIterator<Item = &'t String>) -> String {
    let sentence = |text: &String| {
        let mut chars = text.chars();
        let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
        let end = if text.ends_with('.') { "" } else { "." };
        format!("{first}{}{end}", chars.as_str())
    };
    texts.into_iter().map(sentence).collect::<Vec<_>>().join(" ")
}
