//! What AWS publishes about its services: actions, formats of ARNs, condition keys.

use crate::endpoint_service;

/// See `data/generate.py`.
const DATA: &str = include_str!("../data/services.txt");

/// Where the fields of the lines of [`DATA`] are, by prefix, in lines of one length.
const INDEX: &str = include_str!("../data/services.index");
const INDEX_PREFIX: usize = 40;
const INDEX_NUMBER: usize = 8;
const INDEX_LINE: usize = INDEX_PREFIX + 5 * INDEX_NUMBER + 1;

/// Services whose requests never carry `aws:ResourceAccount`, `aws:ResourceOrgID` and `aws:ResourceOrgPaths`, and single
/// actions of other services that do not: the list under "Availability" of `aws:ResourceAccount`, in
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceaccount>
const KEYLESS: &[(&str, Keyless)] = &[
    (
        "auditmanager",
        Keyless::Some(&["auditmanager:UpdateAssessmentFrameworkShare"]),
    ),
    ("detective", Keyless::Some(&["detective:AcceptInvitation"])),
    ("ds", Keyless::Some(&["ds:AcceptSharedDirectory"])),
    ("ebs", Keyless::All),
    (
        "ec2",
        Keyless::Some(&[
            "ec2:AcceptVpcPeeringConnection",
            "ec2:AcceptTransitGatewayPeeringAttachment",
            "ec2:AcceptVpcEndpointConnections",
            "ec2:CopySnapshot",
            "ec2:CreateTransitGatewayPeeringAttachment",
            "ec2:CreateVpcEndpoint",
            "ec2:CreateVpcPeeringConnection",
            "ec2:DeleteTransitGatewayPeeringAttachment",
            "ec2:DeleteVpcPeeringConnection",
            "ec2:RejectTransitGatewayPeeringAttachment",
            "ec2:RejectVpcEndpointConnections",
            "ec2:RejectVpcPeeringConnection",
        ]),
    ),
    ("events", Keyless::Some(&[PUT_EVENTS])),
    ("es", Keyless::Some(&["es:AcceptInboundConnection"])),
    ("guardduty", Keyless::Some(&["guardduty:AcceptAdministratorInvitation"])),
    ("macie2", Keyless::Some(&["macie2:AcceptInvitation"])),
    (
        "route53",
        Keyless::Some(&[
            "route53:AssociateVPCWithHostedZone",
            "route53:CreateVPCAssociationAuthorization",
            "route53:DeleteVPCAssociationAuthorization",
            "route53:DisassociateVPCFromHostedZone",
            "route53:ListHostedZonesByVPC",
        ]),
    ),
    (
        "securityhub",
        Keyless::Some(&["securityhub:AcceptAdministratorInvitation"]),
    ),
];

/// Requests for this action lack the keys for an event bus of another account that became a target before 2 March 2023.
const PUT_EVENTS: &str = "events:PutEvents";

/// Whether some requests for an action carry `aws:ResourceAccount` and its like.
pub(crate) fn sometimes_tells(action: &str) -> bool {
    action.eq_ignore_ascii_case(PUT_EVENTS)
}

/// Which actions of a service do not tell who owns their resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyless {
    None,
    All,
    Some(&'static [&'static str]),
}

impl Keyless {
    pub(crate) fn has(self, action: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Some(list) => list.iter().any(|name| name.eq_ignore_ascii_case(action)),
        }
    }
}

/// What an action acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Targets {
    /// Nothing that has a name: requests are about the caller's own account.
    Nothing,
    /// Resources of these formats.
    Formats(Places),
    /// Not known: AWS publishes neither the action nor what it acts on.
    Unknown,
}

/// Formats by their places in [`Service::arns`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// How many formats the prefixes before have.
    first: usize,
    target: &'static str,
}

impl Places {
    pub(crate) fn iter(self) -> impl Iterator<Item = usize> {
        places(self.target).map(move |place| self.first + place)
    }

    pub(crate) fn contains(self, place: usize) -> bool {
        self.iter().any(|own| own == place)
    }
}

/// The services behind an endpoint.
#[derive(Clone)]
pub(crate) struct Service {
    lines: Vec<Line>,
}

#[derive(Clone, Copy)]
struct Line {
    prefix: &'static str,
    actions: &'static str,
    arns: &'static str,
    keys: &'static str,
    /// By action, the places of the formats that it takes.
    targets: &'static str,
}

/// What is behind the endpoint service of this name, full or short. Nothing when that is not known.
pub(crate) fn find(name: &str) -> Option<Service> {
    let name = endpoint_service::listed_name(name)?;
    let lines: Vec<Line> = match endpoint_service::find(&name) {
        Some(entry) => entry.prefixes().filter_map(line).collect(),
        // Most services have their prefix as their name, or as its first part.
        None => {
            let first = || name.split('.').next().and_then(line);
            line(&name).or_else(first).into_iter().collect()
        }
    };
    (!lines.is_empty()).then_some(Service { lines })
}

/// What has actions of this prefix, in lower case. Nothing when no service is known to have it.
pub(crate) fn of_prefix(prefix: &str) -> Option<Service> {
    line(prefix).map(|line| Service { lines: vec![line] })
}

/// Prefix and name of an action as AWS spells it. Nothing when no service is known to have it.
pub(crate) fn spelled(action: &str) -> Option<(&'static str, &'static str)> {
    let (prefix, name) = action.split_once(':')?;
    let known = of_prefix(&prefix.to_ascii_lowercase())?;
    known.actions().find(|(_, known)| known.eq_ignore_ascii_case(name))
}

/// Whether requests of an action carry no key that tells who owns the resource. Nothing when no service is known to have
/// its prefix.
pub(crate) fn is_keyless(action: &str) -> Option<bool> {
    let prefix = action.split(':').next().unwrap_or_default().to_ascii_lowercase();
    numbers(&prefix)?;
    let keyless = KEYLESS.iter().find(|(known, _)| *known == prefix);
    Some(keyless.is_some_and(|(_, keyless)| keyless.has(action)))
}

/// Actions that are about the caller's own account although the service authorization reference has a resource for them.
const ON_OWN_ACCOUNT: &[&str] = &[
    // Metrics go to the account of the caller. The data sets are those of OpenTelemetry, in the same account:
    // <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html>
    "cloudwatch:PutMetricData",
];

fn on_own_account(prefix: &str, name: &str) -> bool {
    let same = |action: &&str| action.split_once(':') == Some((prefix, name));
    ON_OWN_ACCOUNT.iter().any(same)
}

/// Whether AWS publishes that an action names no resource.
pub(crate) fn acts_on_nothing(action: &str) -> bool {
    let Some((prefix, name)) = action.split_once(':') else {
        return false;
    };
    let line = line(&prefix.to_ascii_lowercase());
    line.is_some_and(|line| {
        list(line.actions).any(|known| {
            known
                .strip_suffix('-')
                .is_some_and(|known| known.eq_ignore_ascii_case(name))
        })
    })
}

/// Whether an action takes a resource. Not if one of them is not known.
pub(crate) fn takes(action: &str, arn: &str) -> bool {
    let Some((prefix, name)) = action.split_once(':') else {
        return false;
    };
    line(&prefix.to_ascii_lowercase()).is_some_and(|line| line.takes(name, arn))
}

/// The formats of ARNs that an action takes, the deepest first: objects before buckets.
pub(crate) fn formats(action: &str) -> Vec<&'static str> {
    let (prefix, name) = action.split_once(':').unwrap_or_default();
    let Some(line) = line(&prefix.to_ascii_lowercase()) else {
        return Vec::new();
    };
    let places = line.target(name).into_iter().flat_map(places);
    let mut formats: Vec<&str> = places.filter_map(|at| list(line.arns).nth(at)).collect();
    formats.reverse();
    formats
}

/// Prefix and name of every action of a known service whose requests do not tell who owns the resource.
pub(crate) fn keyless_actions() -> impl Iterator<Item = (&'static str, &'static str)> {
    KEYLESS.iter().flat_map(|(prefix, keyless)| -> Vec<(&str, &str)> {
        match keyless {
            Keyless::Some(actions) => actions.iter().filter_map(|action| action.split_once(':')).collect(),
            Keyless::None => Vec::new(),
            Keyless::All => of_prefix(prefix).iter().flat_map(Service::actions).collect(),
        }
    })
}

fn line(prefix: &str) -> Option<Line> {
    let numbers = numbers(prefix)?;
    let number = |at: usize| -> Option<usize> {
        let text = numbers.get(at * INDEX_NUMBER..(at + 1) * INDEX_NUMBER)?;
        text.trim_start().parse().ok()
    };
    // Between two fields is a bar.
    let field = |at: usize| DATA.get(number(at)?..number(at + 1)?)?.strip_suffix('|');
    let start = number(0)?;
    Some(Line {
        prefix: DATA.get(start.checked_sub(prefix.len() + 1)?..start - 1)?,
        actions: field(0)?,
        arns: field(1)?,
        keys: field(2)?,
        targets: DATA.get(number(3)?..number(4)?)?,
    })
}

/// The numbers of a line of [`INDEX`].
fn numbers(prefix: &str) -> Option<&'static str> {
    if prefix.is_empty() || prefix.contains('|') {
        return None;
    }
    let (mut low, mut high) = (0, INDEX.len() / INDEX_LINE);
    while low < high {
        let middle = low + (high - low) / 2;
        let entry = INDEX.get(middle * INDEX_LINE..(middle + 1) * INDEX_LINE)?;
        let (name, numbers) = entry.split_at_checked(INDEX_PREFIX)?;
        let known = name.bytes().take_while(|byte| *byte != b' ');
        match known.cmp(prefix.bytes()) {
            std::cmp::Ordering::Equal => return Some(numbers),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}

fn list(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split(',').filter(|item| !item.is_empty())
}

/// The targets of actions, in their order.
fn targets(text: &'static str) -> impl Iterator<Item = &'static str> {
    // Most are a character or two, too short for the search that a plain `','` starts.
    text.split([','])
}

/// The places that a target names.
fn places(target: &'static str) -> impl Iterator<Item = usize> {
    target.split('.').filter_map(|at| at.parse().ok())
}

/// Whether an ARN, without `arn:` and its partition, has a documented format: field by field, and none left empty that varies.
fn has_format(format: &str, kind: &str) -> bool {
    let (mut formats, mut fields) = (format.splitn(4, ':'), kind.splitn(4, ':'));
    let mut same = |field: Option<(&str, &str)>| match field {
        Some(("*", value)) => !value.is_empty(),
        Some((wanted, value)) => wanted == value,
        None => false,
    };
    let mut next = || formats.next().zip(fields.next());
    let starts = [next(), next(), next()];
    let last = next();
    starts.into_iter().all(&mut same) && last.is_some_and(|(wanted, name)| covers(wanted, name))
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

impl Line {
    /// The place of the format that this resource has.
    fn place(self, arn: &str) -> Option<usize> {
        let kind = arn.splitn(3, ':').nth(2).unwrap_or_default();
        let known = list(self.arns)
            .enumerate()
            .filter(|(_, format)| has_format(format, kind));
        // Of a bucket's format and an object's, the object's.
        let deepest = known.max_by_key(|(_, format)| format.bytes().filter(|b| *b != b'*').count());
        deepest.map(|(place, _)| place)
    }

    /// The target of an action that names a resource.
    fn target(self, name: &str) -> Option<&'static str> {
        let at = list(self.actions).position(|known| known.eq_ignore_ascii_case(name))?;
        targets(self.targets).nth(at)
    }

    /// Whether the action of this name takes the resource.
    fn takes(self, name: &str, arn: &str) -> bool {
        // Services have fewer formats than actions.
        let Some(place) = self.place(arn) else { return false };
        let target = self.target(name);
        target.is_some_and(|target| places(target).any(|at| at == place))
    }

    /// The names of the actions that take this resource.
    fn actions_on(self, arn: &str) -> impl Iterator<Item = &'static str> + use<> {
        let place = self.place(arn).map(|place| place.to_string()).unwrap_or_default();
        let targets = list(self.actions).zip(targets(self.targets));
        let takes = move |target: &str| !target.is_empty() && target.split('.').any(|at| at == place);
        targets.filter_map(move |(name, target)| takes(target).then_some(name))
    }
}

impl Service {
    /// The prefixes of its actions, in lower case.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = &'static str> {
        self.lines.iter().map(|line| line.prefix)
    }

    /// Prefix and name of each action that names no resource: its requests are about the caller's own account.
    pub(crate) fn actions_without_resource(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let all = self.actions_with_targets();
        all.filter_map(|(prefix, name, targets)| (targets == Targets::Nothing).then_some((prefix, name)))
    }

    /// Prefix, name and targets of each action.
    pub(crate) fn actions_with_targets(&self) -> impl Iterator<Item = (&'static str, &'static str, Targets)> {
        let lines = self.lines.iter().scan(0, |before, line| {
            let first = *before;
            *before += list(line.arns).count();
            Some((first, *line))
        });
        lines.flat_map(|(first, line)| {
            let pairs = list(line.actions).zip(targets(line.targets));
            pairs.map(move |(name, target)| match name.strip_suffix('-') {
                Some(name) => (line.prefix, name, Targets::Nothing),
                None if on_own_account(line.prefix, name) => (line.prefix, name, Targets::Nothing),
                None if target.is_empty() => (line.prefix, name, Targets::Unknown),
                None => (line.prefix, name, Targets::Formats(Places { first, target })),
            })
        })
    }

    /// Prefix and name of each action.
    pub(crate) fn actions(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.lines
            .iter()
            .flat_map(|line| list(line.actions).map(|name| (line.prefix, name.strip_suffix('-').unwrap_or(name))))
    }

    /// Formats of ARNs without `arn:` and the partition: `service:region:account:resource`, `*` for what varies.
    pub(crate) fn arns(&self) -> impl Iterator<Item = &'static str> {
        self.lines.iter().flat_map(|line| list(line.arns))
    }

    /// The place in [`Service::arns`] of the format that this resource has.
    pub(crate) fn format_of(&self, arn: &str) -> Option<usize> {
        let kind = arn.splitn(3, ':').nth(2).unwrap_or_default();
        let known = self.arns().enumerate().filter(|(_, format)| has_format(format, kind));
        // Of a bucket's format and an object's, the object's.
        let deepest = known.max_by_key(|(_, format)| format.bytes().filter(|b| *b != b'*').count());
        deepest.map(|(place, _)| place)
    }

    /// Whether an action of the service takes a resource.
    pub(crate) fn takes(&self, action: &str, arn: &str) -> bool {
        let (prefix, name) = action.split_once(':').unwrap_or_default();
        let mut lines = self.lines.iter();
        lines.any(|line| line.prefix.eq_ignore_ascii_case(prefix) && line.takes(name, arn))
    }

    /// Prefix and name of each action that takes this resource.
    pub(crate) fn actions_on(self, arn: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
        let lines = self.lines.into_iter();
        lines.flat_map(move |line| line.actions_on(arn).map(move |name| (line.prefix, name)))
    }

    /// The names of its own condition keys. `*` or `<` begins what varies, and `[]` ends a key with several values.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.lines.iter().flat_map(|line| list(line.keys))
    }

    /// Whether the key is the service's own and may have several values. Nothing when the service has no such key.
    pub(crate) fn key_has_several(&self, id: &str) -> Option<bool> {
        let same = |name: &str| match name.split_once(['*', '<']) {
            Some((start, _)) => id
                .get(..start.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(start) && id.len() > start.len()),
            None => name.eq_ignore_ascii_case(id),
        };
        let mut keys = self.keys();
        keys.find(|name| same(name.strip_suffix("[]").unwrap_or(name)))
            .map(|name| name.ends_with("[]"))
    }

    pub(crate) fn keyless(&self) -> Keyless {
        let found = KEYLESS
            .iter()
            .find(|(prefix, _)| self.lines.iter().any(|line| line.prefix == *prefix));
        found.map_or(Keyless::None, |(_, keyless)| *keyless)
    }
}

#[cfg(test)]
mod tests;
