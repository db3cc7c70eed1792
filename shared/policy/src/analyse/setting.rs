//! What is known before a document is: whom the perimeter trusts, and what is behind the endpoint.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Analysis, analysis};
use crate::aws_owned::{self, Mark};
use crate::condition_keys;
use crate::document::Document;
use crate::federation;
use crate::partition;
use crate::service::{self, Service};
use crate::text::ArnPattern;
use crate::{EndpointContext, Perimeter};

/// A perimeter and an endpoint, against which any number of documents can be held.
pub(crate) struct Setting<'s> {
    pub(crate) perimeter: &'s Perimeter,
    pub(crate) endpoint: &'s EndpointContext,
    /// Nothing when it is not known what is behind the endpoint.
    pub(crate) service: Option<&'static Service>,
    /// Trusted resources, and those that AWS owns.
    pub(super) listed: Vec<Listed>,
    pub(super) owned: Rc<[Listed]>,
    /// Condition keys whose value tells that AWS owns the resource.
    pub(super) marks: Vec<Mark>,
    /// Whether callers with the token of an identity provider come through the endpoint.
    pub(super) bearers: bool,
    /// The value of `aws:RequestedRegion`, empty if it is not known.
    pub(super) region: String,
    /// The value of `aws:SourceVpcArn`, empty if it is not known.
    pub(super) vpc_arn: String,
    /// See [`EndpointContext::unknown_prefix`].
    pub(super) unknown_prefix: Option<String>,
}

/// Resources that the settings list.
#[derive(Clone)]
pub(super) struct Listed {
    pub(super) text: String,
    pub(super) pattern: ArnPattern,
}

impl Listed {
    pub(super) fn new(text: String) -> Self {
        Self {
            pattern: ArnPattern::wild(&text),
            text,
        }
    }
}

impl<'s> Setting<'s> {
    pub(crate) fn new(perimeter: &'s Perimeter, endpoint: &'s EndpointContext) -> Self {
        let service = service::find(&endpoint.service);
        let trusted = perimeter.resources_behind(service, &endpoint.region);
        Self {
            perimeter,
            endpoint,
            listed: trusted.into_iter().map(Listed::new).collect(),
            owned: owned(perimeter, endpoint),
            marks: aws_owned::marks(perimeter, endpoint),
            bearers: !federation::calls(service).is_empty(),
            region: requested_region(service, endpoint),
            vpc_arn: vpc_arn(endpoint),
            unknown_prefix: endpoint.unknown_prefix(),
            service,
        }
    }

    /// The same with this list of what AWS owns.
    pub(crate) fn owning(perimeter: &'s Perimeter, endpoint: &'s EndpointContext, owned: Vec<String>) -> Self {
        Self {
            owned: owned.into_iter().map(Listed::new).collect(),
            ..Self::new(perimeter, endpoint)
        }
    }

    /// See [`crate::analyse`].
    pub(crate) fn analyse(&self, document: &Document) -> Analysis {
        analysis(document, self)
    }
}

/// What AWS owns. For the built-in resources of a service in a Region these are the same patterns for every document, and
/// to write them takes longer than to analyse most documents, so the last ones are kept.
fn owned(perimeter: &Perimeter, endpoint: &EndpointContext) -> Rc<[Listed]> {
    thread_local! {
        static LAST: RefCell<([String; 2], Rc<[Listed]>)> = RefCell::new(Default::default());
    }
    let listed = |arns: Vec<String>| -> Rc<[Listed]> { arns.into_iter().map(Listed::new).collect() };
    if !perimeter.aws_owned_resources.is_empty() || !perimeter.builtin_aws_owned_resources {
        return listed(aws_owned::resources(perimeter, endpoint));
    }
    LAST.with_borrow_mut(|(of, last)| {
        if [&endpoint.service, &endpoint.region] != [&of[0], &of[1]] {
            *of = [endpoint.service.clone(), endpoint.region.clone()];
            *last = listed(aws_owned::resources(perimeter, endpoint));
        }
        Rc::clone(last)
    })
}

/// The Region that requests through the endpoint are for.
fn requested_region(service: Option<&Service>, endpoint: &EndpointContext) -> String {
    let global = service.is_some_and(|service| service.prefixes().all(condition_keys::is_global));
    match partition::of_region(&endpoint.region) {
        "aws" if global && !endpoint.region.is_empty() => "us-east-1".to_owned(),
        _ => endpoint.region.clone(),
    }
}

fn vpc_arn(endpoint: &EndpointContext) -> String {
    let EndpointContext { owner, region, vpc, .. } = endpoint;
    if [owner, region, vpc].iter().any(|part| part.is_empty()) {
        return String::new();
    }
    format!("arn:{}:ec2:{region}:{owner}:vpc/{vpc}", partition::of_region(region))
}
