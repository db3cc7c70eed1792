//! Analyses of endpoint policies, kept so that no policy is analysed twice.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use postern_policy::{
    Analysis, Binding, Document, EndpointContext, Fix, NoFix, Perimeter, Request, analyse, bind, fix, taken_away,
    template,
};

use crate::model::id::VpcId;

/// More texts, counted in bytes, are not kept. What is kept of a text takes about ten times its length.
const MOST_BYTES: usize = 512 * 1024;
/// More texts are not kept.
const MOST_TEXTS: usize = 2_000;
/// More perimeters are not kept. A function has one at a time.
const MOST_PERIMETERS: usize = 4;

/// Analyses of policies. Each is found under everything that it depends on, so that what an evaluation concludes does not
/// depend on what was evaluated before. Clones share what they know. Evaluations with any settings may share it; its size is bounded.
#[derive(Clone, Debug, Default)]
pub struct PolicyCache(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    perimeters: Vec<(Perimeter, OfPerimeter)>,
    texts: usize,
    bytes: usize,
}

/// What was analysed with one perimeter.
#[derive(Debug, Default)]
struct OfPerimeter {
    /// By the text of the document.
    policies: BTreeMap<String, Vec<(EndpointContext, Read)>>,
    /// The texts of fixes that were made for any VPC and contain its id.
    fixed: BTreeSet<String>,
    /// Policies of the perimeter, by service and Region.
    templates: BTreeMap<(String, String), Result<String, String>>,
}

/// The id that stands for that of any endpoint.
const ANY_ENDPOINT: &str = "vpce-00000000000000000";

/// A policy, or why its text is none.
pub(super) type Read = Result<Arc<Policy>, String>;

/// A document with its analysis.
#[derive(Debug)]
pub(crate) struct Policy {
    document: Document,
    /// The endpoint for which it was analysed.
    endpoint: EndpointContext,
    pub(crate) analysis: Analysis,
    fix: OnceLock<Result<Fix, NoFix>>,
    binding: OnceLock<Binding>,
    only_others: OnceLock<bool>,
}

impl Policy {
    fn read(text: &str, perimeter: &Perimeter, endpoint: EndpointContext) -> Read {
        let document = Document::parse(text).map_err(|error| error.to_string())?;
        Ok(Arc::new(Self {
            analysis: analyse(&document, perimeter, &endpoint),
            document,
            endpoint,
            fix: OnceLock::new(),
            binding: OnceLock::new(),
            only_others: OnceLock::new(),
        }))
    }

    /// What is said of the policy, or the text of a fix of it, for a VPC: it may have been analysed for any.
    pub(crate) fn said_for<'t>(&self, vpc: &VpcId, text: &'t str) -> Cow<'t, str> {
        if self.endpoint.vpc == vpc.as_str() || !text.contains(&self.endpoint.vpc) {
            return text.into();
        }
        text.replace(&self.endpoint.vpc, vpc.as_str()).into()
    }

    /// A trusted request that this policy denies and an earlier one allowed, where this is the earlier one with Denies at
    /// its end. None where there is none, or where this cannot be told.
    pub(super) fn takes_away(&self, earlier: &Self, perimeter: &Perimeter) -> Option<Request> {
        taken_away(&earlier.document, &self.document, perimeter, &self.endpoint)
    }

    /// What `decide` finds out about the policy, which is decided once.
    pub(super) fn admits_only_others(&self, decide: impl FnOnce(&EndpointContext) -> bool) -> bool {
        *self.only_others.get_or_init(|| decide(&self.endpoint))
    }
}

impl PolicyCache {
    /// The policy with this text on an endpoint. One that says the same of all endpoints of its service, owner and Region
    /// is analysed once for all of them.
    pub(super) fn policy(&self, text: &str, perimeter: &Perimeter, endpoint: EndpointContext) -> Read {
        let mut kept = self.kept();
        let of_perimeter = kept.of(perimeter);
        let (text, endpoint) = of_perimeter.for_any_endpoint(text, endpoint);
        if let Some(read) = of_perimeter.find(&text, &endpoint) {
            return read;
        }
        drop(kept);
        let read = Policy::read(&text, perimeter, endpoint.clone());
        let mut kept = self.kept();
        kept.make_room(text.len());
        let policies = &mut kept.of(perimeter).policies;
        policies
            .entry(text.into_owned())
            .or_default()
            .push((endpoint, read.clone()));
        read
    }

    /// The change that closes a policy.
    pub(crate) fn fix<'p>(&self, policy: &'p Policy, perimeter: &Perimeter) -> &'p Result<Fix, NoFix> {
        policy.fix.get_or_init(|| {
            let fixed = fix(&policy.document, perimeter, &policy.endpoint);
            self.note_fixed(policy, perimeter, fixed.as_ref().ok());
            fixed
        })
    }

    /// Whether a policy binds credentials of EC2 instances to the VPC for which it was analysed.
    pub(crate) fn binding<'p>(&self, policy: &'p Policy, perimeter: &Perimeter) -> &'p Binding {
        policy.binding.get_or_init(|| {
            let binding = bind(&policy.document, perimeter, &policy.endpoint);
            let fixed = match &binding {
                Binding::Unbound { fix, .. } => fix.as_ref().ok(),
                Binding::Bound | Binding::Undecided(_) => None,
            };
            self.note_fixed(policy, perimeter, fixed);
            binding
        })
    }

    /// A fix for any VPC compares its id with conditions keys for equality and in no other way.
    fn note_fixed(&self, policy: &Policy, perimeter: &Perimeter, fixed: Option<&Fix>) {
        if let Some(fixed) =
            fixed.filter(|fixed| policy.endpoint.endpoint == ANY_ENDPOINT && names_one_endpoint(&fixed.text))
        {
            let mut kept = self.kept();
            kept.make_room(fixed.text.len());
            kept.of(perimeter).fixed.insert(fixed.text.clone());
        }
    }

    /// The policy of the perimeter for a service in a Region, or why there is none.
    pub(super) fn template(&self, service: &str, region: &str, perimeter: &Perimeter) -> Result<String, String> {
        let key = (service.to_owned(), region.to_owned());
        if let Some(known) = self.kept().of(perimeter).templates.get(&key) {
            return known.clone();
        }
        let made = template(service, region, perimeter).map_err(|error| error.to_string());
        let mut kept = self.kept();
        kept.make_room(made.as_ref().map_or(0, String::len));
        kept.of(perimeter).templates.insert(key, made.clone());
        made
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A panic leaves nothing half done: each entry is complete before it is inserted.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    #[expect(clippy::indexing_slicing, reason = "the place was found, or the entry was pushed")]
    fn of(&mut self, perimeter: &Perimeter) -> &mut OfPerimeter {
        let place = self.perimeters.iter().position(|(known, _)| known == perimeter);
        let place = place.unwrap_or_else(|| {
            if self.perimeters.len() >= MOST_PERIMETERS {
                *self = Self::default();
            }
            self.perimeters.push((perimeter.clone(), OfPerimeter::default()));
            self.perimeters.len() - 1
        });
        &mut self.perimeters[place].1
    }

    /// Forgets everything where another text would be one too many.
    fn make_room(&mut self, bytes: usize) {
        if self.texts >= MOST_TEXTS || self.bytes + bytes > MOST_BYTES {
            *self = Self::default();
        }
        self.texts += 1;
        self.bytes += bytes;
    }
}

impl OfPerimeter {
    fn find(&self, text: &str, endpoint: &EndpointContext) -> Option<Read> {
        let analysed = self.policies.get(text)?.iter();
        let mut same = analysed.filter(|(known, _)| known == endpoint);
        same.next().map(|(_, read)| read.clone())
    }

    /// The document and the endpoint by which the analysis is to be kept. Where nothing that the document says can depend
    /// on the VPC, the endpoint and the time, these are replaced by any.
    fn for_any_endpoint<'t>(&self, text: &'t str, endpoint: EndpointContext) -> (Cow<'t, str>, EndpointContext) {
        let Some(any) = any_endpoint(&endpoint) else {
            return (text.into(), endpoint);
        };
        // The id that stands for that of any VPC would become that of this one.
        if text.contains(&any.vpc) {
            return (text.into(), endpoint);
        }
        // What is known does not have to be searched for names.
        if self.find(text, &any).is_some() {
            return (text.into(), any);
        }
        if text.contains(&endpoint.vpc) {
            let renamed = text.replace(&endpoint.vpc, &any.vpc);
            if self.fixed.contains(&renamed) {
                return (renamed.into(), any);
            }
        }
        match self.find(text, &endpoint).is_some() || names_one_endpoint(text) {
            true => (text.into(), endpoint),
            false => (text.into(), any),
        }
    }
}

/// Words in the names of all condition keys whose values depend on the VPC, the endpoint or the time, as in
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.
const KEYS_OF_ONE_REQUEST: [&[u8]; 4] = [b"sourcevpc", b"currenttime", b"epochtime", b"tokenissuetime"];

/// Whether what a document says may depend on the VPC, the endpoint or the time: it does so by condition keys and
/// variables. Escapes can hide their names.
fn names_one_endpoint(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has = |word: &&[u8]| bytes.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    text.contains('\\') || KEYS_OF_ONE_REQUEST.iter().any(has)
}

/// The same endpoint with an id, a VPC and a time that stand for any. None where the VPC's id is not as AWS writes them.
fn any_endpoint(endpoint: &EndpointContext) -> Option<EndpointContext> {
    let digits = endpoint.vpc.strip_prefix("vpc-")?;
    let hexadecimal = !digits.is_empty() && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    hexadecimal.then(|| EndpointContext {
        // As long as the real one: the length of a document is limited.
        vpc: format!("vpc-{}", "0".repeat(digits.len())),
        endpoint: ANY_ENDPOINT.to_owned(),
        time: 0,
        ..endpoint.clone()
    })
}

#[cfg(test)]
mod tests;
