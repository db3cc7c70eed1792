//! The endpoint that a policy is for, with what was not said of it.

use std::time::{SystemTime, UNIX_EPOCH};

use postern_policy::{ANY_SERVICE, Analysis, Containment, Document, EndpointContext, Perimeter, Witness, analyse};

use crate::arguments::{EndpointArguments, EndpointType};

const ACCOUNT: &str = "111122223333";
const VPC: &str = "vpc-0aaaabbbbccccdddd1";
const ENDPOINT: &str = "vpce-0aaaabbbbccccdddd";

#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) context: EndpointContext,
    /// The same endpoint with nothing supposed about its ids; none when all of them were given.
    unnamed: Option<EndpointContext>,
    /// What there is to say about the service.
    service: Option<String>,
}

impl Endpoint {
    pub(crate) fn new(arguments: &EndpointArguments, perimeter: &Perimeter) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let given = |id: &Option<String>| id.clone().unwrap_or_default();
        let named = EndpointContext {
            service: arguments.service.as_deref().unwrap_or(ANY_SERVICE).to_owned(),
            gateway: arguments.kind == EndpointType::Gateway,
            owner: given(&arguments.owner),
            region: arguments.region.clone(),
            vpc: given(&arguments.vpc_id),
            endpoint: given(&arguments.endpoint_id),
            time: i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
        };
        let mut context = named.clone();
        let owner = perimeter.accounts.first().map_or(ACCOUNT, String::as_str);
        for (id, default) in [
            (&mut context.owner, owner),
            (&mut context.vpc, VPC),
            (&mut context.endpoint, ENDPOINT),
        ] {
            if id.is_empty() {
                default.clone_into(id);
            }
        }
        let unnamed = (context != named).then_some(named);
        let service = match &arguments.service {
            None => Some("the actions of every service count: say with --service which one it is for".to_owned()),
            Some(name) if name == ANY_SERVICE || context.knows_service() => None,
            Some(name) => Some(format!(
                "the actions of `{name}` are not known, and its requests may not tell who owns the resource"
            )),
        };
        Self {
            context,
            unnamed,
            service,
        }
    }

    /// What the policy lets through. When it is closed only as long as the endpoint does not have one of the ids that it
    /// names, and nobody said which one the endpoint has, that is not known.
    pub(crate) fn analyse(&self, document: &Document, perimeter: &Perimeter) -> Analysis {
        let mut analysis = self.named(document, perimeter);
        analysis.reasons.extend(self.service.clone());
        analysis
    }

    fn named(&self, document: &Document, perimeter: &Perimeter) -> Analysis {
        let mut analysis = analyse(document, perimeter, &self.context);
        let Some(unnamed) = &self.unnamed else {
            return analysis;
        };
        if !matches!(analysis.verdict, Containment::Closed | Containment::LockedOut) {
            return analysis;
        }
        let supposed = analyse(document, perimeter, unnamed);
        let decided = [supposed.identity.is_none(), supposed.resource.is_none()];
        let Some(witness) = supposed.identity.or(supposed.resource) else {
            return analysis;
        };
        if analysis.verdict == Containment::Closed {
            analysis.verdict = Containment::Undecided;
            [analysis.identity_decided, analysis.resource_decided] = decided;
            analysis.explanation.clear();
        }
        let reason = self.depends(&witness);
        analysis.explanation.push(format!("{reason}."));
        analysis.reasons.push(reason);
        analysis
    }

    fn depends(&self, witness: &Witness) -> String {
        let own = [
            ("aws:SourceVpce", &self.context.endpoint, "--endpoint-id"),
            ("aws:SourceVpc", &self.context.vpc, "--vpc-id"),
            ("aws:VpceAccount", &self.context.owner, "--owner"),
        ];
        let differing = own.iter().find_map(|(key, supposed, flag)| {
            let value = witness.request.context.get(*key)?.first()?;
            (value != *supposed).then(|| {
                format!(
                    "`{key}` is taken for `{supposed}`; if it is `{value}`, the policy is open: say which with {flag}"
                )
            })
        });
        differing.unwrap_or_else(|| {
            "whether it is closed depends on which endpoint it is for: say it with --endpoint-id, --vpc-id and --owner".to_owned()
        })
    }
}
