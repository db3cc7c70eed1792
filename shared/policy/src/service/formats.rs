//! The documented formats of a service's ARNs.

use std::collections::BTreeMap;

use crate::arn::Arn;
use crate::bits::Bits;
use crate::glob::{Piece, wild_pieces};

/// A format of ARNs, `*` for what varies.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) service: &'static str,
    pub(crate) region: &'static str,
    pub(crate) account: &'static str,
    /// The last field.
    pub(crate) name: &'static str,
    /// The last field as a pattern.
    pub(crate) pieces: Vec<Piece>,
    /// A name of the format.
    pub(crate) example: String,
    /// Whether AWS owns every resource of the format.
    pub(crate) of_aws: bool,
    /// Places of the formats that take some of its names for themselves, since more of their names is fixed: an object's
    /// of a bucket's.
    pub(crate) deeper: Bits,
}

/// Formats without an account whose resources AWS owns. Others, such as buckets, images and hosted zones, can be anybody's.
const OF_AWS: &[&str] = &[
    // <https://docs.aws.amazon.com/bedrock/latest/userguide/security_iam_service-with-iam.html>
    "bedrock:*::foundation-model/*",
    "controlcatalog:::common-control/*",
    "controlcatalog:::control/*",
    "controlcatalog:::domain/*",
    "controlcatalog:::objective/*",
    "controltower:*::baseline/*",
    "devicefarm:*::device:*",
    // <https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/AWSHowTo.iam.policies.arn.html>
    "elasticbeanstalk:*::platform/*",
    "elasticbeanstalk:*::solutionstack/*",
    "forecast:::algorithm/*",
    "geo-maps:*::provider/default",
    "geo-places:*::provider/default",
    "geo-routes:*::provider/default",
    "personalize:::algorithm/*",
    "personalize:::feature-transformation/*",
    "personalize:::recipe/*",
];

pub(crate) const EXAMPLE_BUCKET: &str = "example-bucket";

fn example(service: &str, account: &str, name: &str) -> String {
    if service == "s3" && account.is_empty() {
        return name.replacen('*', EXAMPLE_BUCKET, 1).replace('*', "example");
    }
    name.replace('*', "example")
}

/// A format by its text, which is `service:region:account:resource`.
fn read(text: &'static str) -> Format {
    let mut fields = text.splitn(4, ':').chain(std::iter::repeat(""));
    let mut field = || fields.next().unwrap_or_default();
    let (service, region, account, name) = (field(), field(), field(), field());
    Format {
        service,
        region,
        account,
        name,
        pieces: wild_pieces(name).collect(),
        example: example(service, account, name),
        of_aws: account.is_empty() && OF_AWS.contains(&text),
        deeper: Bits::NONE,
    }
}

/// The formats of a service by their texts.
pub(super) fn formats(texts: &[&'static str]) -> Vec<Format> {
    texts.iter().map(|text| read(text)).collect()
}

/// Where AWS has resources of its own: formats by their places, each with the formats of the same resources in accounts.
/// What AWS publishes only with an account is added: `iam::aws:policy/*` beside `iam::*:policy/*`.
pub(super) fn of_aws(all: &mut Vec<Format>, text: String) -> Vec<(usize, Bits)> {
    let own = read(text.leak());
    let near = |account: &str| -> Vec<usize> {
        let near = |(_, format): &(usize, &Format)| {
            format.service == own.service
                && format.region.is_empty() == own.region.is_empty()
                && format.account == account
                && (covers(format.name, own.name) || covers(own.name, format.name))
        };
        all.iter().enumerate().filter(near).map(|(place, _)| place).collect()
    };
    let published = near(own.account);
    if !published.is_empty() {
        let in_accounts: Bits = near("*").into_iter().collect();
        return published.into_iter().map(|place| (place, in_accounts)).collect();
    }
    let mut names: BTreeMap<&str, Bits> = BTreeMap::new();
    for place in near("*") {
        let narrower = all.get(place).map(|format| format.name);
        let name = narrower.filter(|name| !covers(name, own.name)).unwrap_or(own.name);
        names.entry(name).or_insert(Bits::NONE).insert(place);
    }
    if names.is_empty() {
        names.insert(own.name, Bits::NONE);
    }
    let add = |(name, in_accounts)| {
        let text = format!("{}:{}:{}:{name}", own.service, own.region, own.account);
        all.push(Format {
            of_aws: true,
            ..read(text.leak())
        });
        (all.len() - 1, in_accounts)
    };
    names.into_iter().map(add).collect()
}

/// The formats with what they leave to others.
pub(super) fn with_deeper(mut all: Vec<Format>) -> Vec<Format> {
    let start = |format: &Format| {
        let first = format.name.as_bytes().first().copied();
        first.filter(|byte| *byte != b'*')
    };
    for at in 0..all.len() {
        let Some(own) = all.get(at) else { break };
        let deeper = |(_, format): &(usize, &Format)| {
            let (here, there) = (start(own), start(format));
            format.letters() > own.letters()
                && (here == there || here.is_none() || there.is_none())
                && format.service == own.service
                && format.region.is_empty() == own.region.is_empty()
                && format.account.is_empty() == own.account.is_empty()
        };
        let deeper = all.iter().enumerate().filter(deeper).map(|(other, _)| other).collect();
        if let Some(own) = all.get_mut(at) {
            own.deeper = deeper;
        }
    }
    all
}

impl Format {
    /// How much of its names is fixed.
    fn letters(&self) -> usize {
        self.name.bytes().filter(|byte| *byte != b'*').count()
    }

    /// Whether the fields of an ARN, from the service on, have this format: none is left empty that varies.
    fn has(&self, [service, region, account, name]: [&str; 4]) -> bool {
        let same = |wanted: &str, value: &str| match wanted {
            "*" => !value.is_empty(),
            _ => wanted == value,
        };
        same(self.service, service)
            && same(self.region, region)
            && same(self.account, account)
            && covers(self.name, name)
    }
}

/// The place of the deepest of these formats that the ARN has: of a bucket's and an object's, the object's.
pub(super) fn deepest(formats: &[Format], arn: &str) -> Option<usize> {
    let arn = Arn::parse(arn)?;
    let kind = [arn.service, arn.region, arn.account, arn.resource];
    let known = formats.iter().enumerate().filter(|(_, format)| format.has(kind));
    known.max_by_key(|(_, format)| format.letters()).map(|(place, _)| place)
}

/// Whether the text is one of this documented format of ARNs, or of a part of one.
pub(crate) fn covers(format: &str, text: &str) -> bool {
    let (mut format, mut text) = (format.as_bytes(), text.as_bytes());
    // What follows the last star, and the text from which the star may take one more byte.
    let mut retry = None;
    loop {
        match (format.split_first(), text.split_first()) {
            (Some((b'*', rest)), _) => {
                retry = Some((rest, text));
                format = rest;
            }
            (Some((wanted, rest)), Some((byte, after))) if wanted == byte => (format, text) = (rest, after),
            (None, None) => return true,
            _ => {
                let Some((rest, Some((_, from)))) = retry.map(|(rest, from)| (rest, from.split_first())) else {
                    return false;
                };
                retry = Some((rest, from));
                (format, text) = (rest, from);
            }
        }
    }
}
