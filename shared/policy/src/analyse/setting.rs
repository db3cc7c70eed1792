//! What is known before a document is: whom the perimeter trusts, and what is behind the endpoint.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::rc::Rc;

use super::{Analysis, analysis};
use crate::aws_owned::{self, Mark};
use crate::condition_keys;
use crate::document::Document;
use crate::federation;
use crate::literal::iso;
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
    pub(super) listed: Listing,
    pub(super) owned: Rc<Listing>,
    /// Condition keys whose value tells that AWS owns the resource.
    pub(crate) marks: Rc<[Mark]>,
    /// Whether callers with the token of an identity provider come through the endpoint.
    pub(super) bearers: bool,
    /// The value of `aws:RequestedRegion`, empty if it is not known.
    pub(super) region: String,
    /// The value of `aws:CurrentTime` of requests that come now.
    pub(super) now: String,
    /// The value of `aws:SourceVpcArn`, empty if it is not known.
    pub(super) vpc_arn: String,
    /// See [`EndpointContext::unknown_prefix`].
    pub(crate) unknown_prefix: Option<String>,
}

/// A resource that the settings list.
pub(super) struct Listed {
    pub(super) pattern: ArnPattern,
    /// Whether the one before it in its list has the same first five fields.
    pub(super) starts_alike: bool,
}

/// Resources that the settings list, by pattern.
pub(super) struct Listing {
    pub(super) all: Vec<Listed>,
    /// The place of each, by its text.
    pub(super) places: BTreeMap<String, usize>,
}

impl Listing {
    pub(super) fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let mut listing = Self {
            all: Vec::new(),
            places: BTreeMap::new(),
        };
        for text in texts {
            let pattern = ArnPattern::wild(&text);
            let before = listing.all.last().and_then(|before| before.pattern.start());
            let starts_alike = before.is_some() && before == pattern.start();
            if let Entry::Vacant(free) = listing.places.entry(text) {
                free.insert(listing.all.len());
                listing.all.push(Listed { pattern, starts_alike });
            }
        }
        listing
    }

    /// Whether one of them is this resource.
    pub(super) fn has(&self, arn: &str, short_arns: bool) -> bool {
        self.all.iter().any(|listed| listed.pattern.matches(arn, short_arns))
    }
}

impl<'s> Setting<'s> {
    pub(crate) fn new(perimeter: &'s Perimeter, endpoint: &'s EndpointContext) -> Self {
        let service = service::find(&endpoint.service);
        let AwsOwns { resources, marks } = aws_owns(perimeter, endpoint, service);
        let trusted = perimeter.resources_behind(service, &endpoint.region);
        Self {
            perimeter,
            endpoint,
            listed: Listing::new(trusted),
            owned: resources,
            marks,
            bearers: !federation::calls(service).is_empty(),
            region: requested_region(service, endpoint),
            now: iso(endpoint.time),
            vpc_arn: vpc_arn(endpoint),
            unknown_prefix: endpoint.unknown_prefix(service),
            service,
        }
    }

    /// The same with this list of what AWS owns.
    pub(crate) fn owning(perimeter: &'s Perimeter, endpoint: &'s EndpointContext, owned: Vec<String>) -> Self {
        Self {
            owned: Rc::new(Listing::new(owned)),
            ..Self::new(perimeter, endpoint)
        }
    }

    /// Whether an account may be in an organisation, or in none. The account of the endpoint is in the one that the settings
    /// name, if they name one.
    pub(super) fn may_be_in(&self, account: &str, organization: Option<&str>) -> bool {
        match self.perimeter.organizations.as_slice() {
            [one] if account == self.endpoint.owner => organization == Some(one.as_str()),
            _ => true,
        }
    }

    /// See [`crate::analyse`].
    pub(crate) fn analyse(&self, document: &Document) -> Analysis {
        analysis(document, self)
    }
}

/// What AWS owns behind an endpoint.
#[derive(Clone)]
struct AwsOwns {
    resources: Rc<Listing>,
    marks: Rc<[Mark]>,
}

/// What AWS owns. For the built-in resources of a service in a Region these are the same patterns for every document, and
/// to write them takes longer than to analyse most documents, so the last ones are kept.
fn aws_owns(perimeter: &Perimeter, endpoint: &EndpointContext, service: Option<&Service>) -> AwsOwns {
    thread_local! {
        static LAST: RefCell<Option<([String; 2], AwsOwns)>> = const { RefCell::new(None) };
    }
    let region = &endpoint.region;
    let new = || AwsOwns {
        resources: Rc::new(Listing::new(aws_owned::resources(perimeter, service, region))),
        marks: aws_owned::marks(perimeter, service, region).into(),
    };
    if !perimeter.aws_owned_resources.is_empty() || !perimeter.builtin_aws_owned_resources {
        return new();
    }
    LAST.with_borrow_mut(|last| {
        if let Some((of, kept)) = last
            && [&endpoint.service, region] == [&of[0], &of[1]]
        {
            return kept.clone();
        }
        let new = new();
        *last = Some(([endpoint.service.clone(), region.clone()], new.clone()));
        new
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
