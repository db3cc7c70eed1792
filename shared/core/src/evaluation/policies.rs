//! The analysis of endpoint policies, shared by the policy controls.

mod rewrite;

use std::sync::Arc;

use postern_policy::{Binding, Containment, Document, EndpointContext, Perimeter, analyse, template};
use serde_json::Value;

use super::policy_cache::{Policy, Read};
use crate::changes::Change;
use crate::evaluation::{Assessment, Context, UNKNOWN_STATE_ADVICE};
use crate::model::catalogue::Service;
use crate::model::endpoint::{Endpoint, EndpointKind, EndpointState};
use crate::model::finding::{FindingKey, ResourceKind};
use crate::model::id::{AccountId, EndpointId};
use crate::model::part::Gap;
use crate::model::snapshot::VpcSnapshot;

/// What is known of the policy of one endpoint.
pub(crate) enum Known<'a> {
    /// The policy is not known: an explanation, and advice. policy-open reports it for all controls.
    Nothing(String, &'static str),
    /// The service supports none.
    Unsupported(&'a Service),
    /// The document cannot be decided; the reasons. policy-undecided reports it for all controls.
    Undecided(&'a Service, Vec<String>),
    Decided(&'a Service, Arc<Policy>),
}

impl<'a> Context<'a> {
    /// The assessments of a control for the policy of each live endpoint of a kind that has one.
    pub(crate) fn assess_policies(
        &self,
        control: &str,
        assess: impl Fn(FindingKey, &'a Endpoint, &Known<'a>) -> Option<Assessment>,
    ) -> Result<Vec<Assessment>, Gap> {
        let known = self.known_policies.get_or_init(|| self.policies_of_endpoints());
        let known = known.as_ref().map_err(Gap::clone)?;
        let assessed = known.iter().filter_map(|(endpoint, known)| {
            let key = FindingKey::new(control, ResourceKind::Endpoint, &endpoint.id);
            assess(key, endpoint, known)
        });
        Ok(assessed.collect())
    }

    /// The assessments of a control that depends on what a decided policy says, and on whom the perimeter trusts. Why
    /// another policy cannot be judged is said by the controls that are about it.
    pub(crate) fn assess_decided_policies(
        &self,
        control: &str,
        judge: impl Fn(&Self, FindingKey, &Endpoint, &Service, &Policy) -> Assessment,
    ) -> Result<Vec<Assessment>, Gap> {
        self.assess_policies(control, |key, endpoint, known| {
            Some(match known {
                Known::Nothing(..) => return None,
                Known::Unsupported(service) => {
                    key.not_applicable(format!("{} supports no endpoint policy.", service.name))
                }
                Known::Undecided(..) => key.not_applicable("The policy cannot be decided (see policy-undecided)."),
                Known::Decided(..) if !self.settings.perimeter.trusts_somebody() => {
                    key.not_applicable("The perimeter is empty.")
                }
                Known::Decided(service, policy) => judge(self, key, endpoint, service, policy),
            })
        })
    }

    fn policies_of_endpoints(&self) -> Result<Vec<(&'a Endpoint, Known<'a>)>, Gap> {
        let endpoints = self.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values();
        // Reported by service-retired.
        let lost = |endpoint: &Endpoint| {
            let services = self.snapshot.services.as_ref();
            services.is_ok_and(|services| services.lost_service_of(endpoint))
        };
        endpoints
            .filter(|endpoint| matches!(endpoint.kind, EndpointKind::Interface | EndpointKind::Gateway))
            .filter(|endpoint| !endpoint.dead() && !lost(endpoint))
            .map(|endpoint| Ok((endpoint, self.policy_of(endpoint)?)))
            .collect()
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
        let endpoint = EndpointContext {
            owner: owner.to_string(),
            endpoint: id.to_string(),
            ..self.new_endpoint(service)
        };
        self.policies.policy(text, &self.settings.perimeter, endpoint)
    }

    /// An endpoint whose policy these changes would write such that no trusted principal could use it, or for which the
    /// opposite is not proven. Its id, or the service of an endpoint that does not exist yet.
    pub(crate) fn locked_out_by(&self, changes: &[Change]) -> Option<String> {
        let endpoints = self.snapshot.endpoints.as_ref().ok()?;
        let catalogue = self.snapshot.services.as_ref().ok()?;
        changes.iter().find_map(|change| match change {
            Change::CreateEndpoint(new) => {
                let service = catalogue.find(new.service.as_str(), new.endpoint_kind)?;
                let id = EndpointId::from("");
                let locks_out = self.locks_out(&id, &self.snapshot.account, service, new.policy.as_deref()?);
                locks_out.then(|| format!("the new endpoint to {}", new.service))
            }
            Change::ReplacePolicy(replaced) => {
                let endpoint = endpoints.get(&replaced.endpoint)?;
                if endpoint.policy.as_deref() == Some(&replaced.after) {
                    return None;
                }
                let service = catalogue.of_endpoint(endpoint)?;
                let locks_out = self.locks_out(&endpoint.id, &endpoint.owner, service, &replaced.after);
                locks_out.then(|| endpoint.id.to_string())
            }
            Change::EnableVpcDns(_)
            | Change::CreateManagedGroup(_)
            | Change::AuthorizeIngress(_)
            | Change::AddSubnet(_)
            | Change::AssociateRouteTable(_)
            | Change::AttachManagedGroup(_)
            | Change::EnablePrivateDns(_)
            // Somebody asked for it.
            | Change::QuarantineEndpoint(_)
            | Change::IsolateEndpoint(_)
            | Change::AcceptConnection(_)
            | Change::RequireAcceptance(_)
            | Change::RemoveServicePrincipals(_)
            | Change::RejectConnection(_) => None,
        })
    }

    fn locks_out(&self, id: &EndpointId, owner: &AccountId, service: &Service, text: &str) -> bool {
        match self.analysed(id, owner, service, text) {
            Ok(policy) if policy.analysis.verdict == Containment::Undecided => true,
            Ok(policy) => policy.admits_only_others(|endpoint| self.admits_only_others(endpoint, service, text)),
            Err(_) => true,
        }
    }

    /// Whether no principal of the perimeter reaches any resource of it. What AWS services may do, and what Postern's own
    /// policies allow on resources that AWS owns, does not count: a policy for another organisation allows that as well.
    fn admits_only_others(&self, endpoint: &EndpointContext, service: &Service, text: &str) -> bool {
        let perimeter = &self.settings.perimeter;
        let own = Perimeter {
            aws_owned_resources: Vec::new(),
            builtin_aws_owned_resources: false,
            aws_services: false,
            images_of_any_owner: false,
            ..perimeter.clone()
        };
        let region = &self.snapshot.region;
        // In a policy for an organisation alone, the statements for single resources are those for AWS's.
        let of_aws = Perimeter {
            organizations: vec!["o-0000000000".to_owned()],
            aws_owned_resources: perimeter.aws_owned_resources.clone(),
            builtin_aws_owned_resources: true,
            images_of_any_owner: perimeter.images_of_any_owner,
            ..Perimeter::default()
        };
        let of_aws = template(service.name.as_str(), region.as_str(), &of_aws).ok();
        let rest = of_aws.and_then(|of_aws| without_aws_owned(text, &of_aws));
        Document::parse(rest.as_deref().unwrap_or(text))
            .map_or(true, |document| analyse(&document, &own, endpoint).locked_out)
    }

    /// Whether the policy of an endpoint of a hub is proven to let no principal of this account through.
    pub(crate) fn shuts_out(&self, hub: &VpcSnapshot, endpoint: &Endpoint, service: &Service) -> bool {
        let Some(text) = endpoint.policy.as_ref().filter(|_| service.policy_supported) else {
            return false;
        };
        let of_hub = EndpointContext {
            owner: endpoint.owner.to_string(),
            vpc: hub.vpc.id.to_string(),
            endpoint: endpoint.id.to_string(),
            ..self.new_endpoint(service)
        };
        let account = Perimeter {
            accounts: vec![self.snapshot.account.to_string()],
            builtin_aws_owned_resources: true,
            aws_services: true,
            images_of_any_owner: true,
            ..Perimeter::default()
        };
        let read = self.policies.policy(text, &account, of_hub);
        read.is_ok_and(|policy| policy.analysis.locked_out)
    }

    /// The policy of the perimeter for a new endpoint of a service, or why there is none.
    pub(crate) fn perimeter_policy(&self, service: &Service) -> Result<String, String> {
        let (name, region) = (service.name.as_str(), self.snapshot.region.as_str());
        self.policies.template(name, region, &self.settings.perimeter)
    }

    /// A policy for a new endpoint such that it binds credentials of EC2 instances to the VPC. The same where no proof is
    /// found.
    pub(crate) fn bound_policy(&self, service: &Service, text: String) -> String {
        let endpoint = self.new_endpoint(service);
        let perimeter = &self.settings.perimeter;
        let Ok(policy) = self.policies.policy(&text, perimeter, endpoint) else {
            return text;
        };
        match self.policies.binding(&policy, perimeter) {
            Binding::Unbound { fix: Ok(fix), .. } => policy.said_for(&self.snapshot.vpc.id, &fix.text).into_owned(),
            Binding::Unbound { fix: Err(_), .. } | Binding::Bound | Binding::Undecided(_) => text,
        }
    }

    /// An endpoint to a service in this VPC that does not exist yet.
    fn new_endpoint(&self, service: &Service) -> EndpointContext {
        let snapshot = self.snapshot;
        EndpointContext {
            service: service.name.to_string(),
            gateway: service.kind == EndpointKind::Gateway,
            owner: snapshot.account.to_string(),
            region: service.region.as_ref().unwrap_or(&snapshot.region).to_string(),
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
