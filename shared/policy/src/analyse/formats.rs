//! The documented formats of a service's ARNs.

use crate::service::{Service, covers};

/// A format of ARNs, `*` for what varies.
#[derive(Debug)]
pub(super) struct Format {
    pub(super) service: &'static str,
    pub(super) region: &'static str,
    pub(super) account: &'static str,
    /// The last field.
    pub(super) name: &'static str,
    /// Whether AWS owns every resource of the format.
    pub(super) of_aws: bool,
    /// Places of the formats that take some of its names for themselves, since more of their names is fixed: an object's
    /// of a bucket's.
    deeper: Vec<usize>,
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

/// The formats of a service, in the order of [`Service::arns`].
pub(super) fn formats(service: &Service) -> Vec<Format> {
    let format = |text: &'static str| {
        let mut fields = text.splitn(4, ':');
        let (service, region, account, name) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        Some(Format {
            service,
            region,
            account,
            name,
            of_aws: account.is_empty() && OF_AWS.contains(&text),
            deeper: Vec::new(),
        })
    };
    let mut all: Vec<Format> = service.arns().filter_map(format).collect();
    let letters = |name: &str| name.bytes().filter(|b| *b != b'*').count();
    let fixed: Vec<usize> = all.iter().map(|format| letters(format.name)).collect();
    let start = |format: &Format| {
        let first = format.name.as_bytes().first().copied();
        first.filter(|byte| *byte != b'*')
    };
    for at in 0..all.len() {
        let Some(own) = all.get(at) else { break };
        let deeper = |(other, letters): &(usize, &usize)| {
            all.get(*other).is_some_and(|format| {
                let (here, there) = (start(own), start(format));
                Some(*letters) > fixed.get(at)
                    && (here == there || here.is_none() || there.is_none())
                    && format.service == own.service
                    && format.region.is_empty() == own.region.is_empty()
                    && format.account.is_empty() == own.account.is_empty()
            })
        };
        let deeper = fixed
            .iter()
            .enumerate()
            .filter(deeper)
            .map(|(other, _)| other)
            .collect();
        if let Some(own) = all.get_mut(at) {
            own.deeper = deeper;
        }
    }
    all
}

/// The formats that ARNs of one start can have, by their places, the deepest first.
pub(super) struct Siblings<'f> {
    pub(super) all: &'f [Format],
    pub(super) places: Vec<usize>,
}

impl<'f> Siblings<'f> {
    /// Those that take some of the names of a format for themselves.
    pub(super) fn deeper(&self, format: &'f Format) -> impl Iterator<Item = &'f Format> {
        let there = format.deeper.iter().filter(|at| self.places.contains(at));
        there.filter_map(|at| self.all.get(*at))
    }

    /// Whether a name has this format and no deeper one.
    pub(super) fn has(&self, format: &'f Format, name: &str) -> bool {
        let taken = || self.deeper(format).any(|deeper| covers(deeper.name, name));
        !name.is_empty() && covers(format.name, name) && !taken()
    }
}
