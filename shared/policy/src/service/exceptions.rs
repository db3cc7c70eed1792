//! What AWS's other pages say of actions besides the service authorization reference.

use std::sync::LazyLock;

use super::reference::line;
use super::{Published, of_prefix};

/// Services whose requests never carry `aws:ResourceAccount`, `aws:ResourceOrgID` and `aws:ResourceOrgPaths`, and single
/// actions of other services that do not: the list under "Availability" of `aws:ResourceAccount`, in
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceaccount>
pub(super) const KEYLESS: &[(&str, Keyless)] = &[
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
            "ec2:AcceptTransitGatewayPeeringAttachment",
            "ec2:AcceptVpcEndpointConnections",
            "ec2:AcceptVpcPeeringConnection",
            "ec2:CreateTransitGatewayPeeringAttachment",
            "ec2:CreateVpcEndpoint",
            "ec2:CreateVpcPeeringConnection",
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

/// Actions that are about the caller's own account although the service authorization reference has a resource for them.
const ON_OWN_ACCOUNT: &[&str] = &[
    // Metrics go to the account of the caller. The data sets are those of OpenTelemetry, in the same account:
    // <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html>
    "cloudwatch:PutMetricData",
];

pub(super) fn on_own_account(prefix: &str, name: &str) -> bool {
    let same = |action: &&str| action.split_once(':') == Some((prefix, name));
    ON_OWN_ACCOUNT.iter().any(same)
}

/// Which actions of this prefix do not tell who owns their resource.
pub(super) fn keyless(prefix: &str) -> Keyless {
    let known = KEYLESS.iter().find(|(known, _)| *known == prefix);
    known.map_or(Keyless::None, |(_, keyless)| *keyless)
}

/// Whether requests of an action, by its name in lower case, carry no key that tells who owns the resource. Nothing when
/// no service is known to have its prefix.
pub(crate) fn is_keyless(lower: &str) -> Option<bool> {
    let prefix = lower.split(':').next().unwrap_or_default();
    line(prefix).map(|_| keyless(prefix).has(lower))
}

/// Every action of a known service whose requests do not tell who owns the resource.
pub(crate) fn keyless_actions() -> impl Iterator<Item = &'static Published> {
    static ALL: LazyLock<Vec<&Published>> = LazyLock::new(|| {
        let services = KEYLESS.iter().filter_map(|(prefix, _)| of_prefix(prefix));
        let actions = services.flat_map(|service| &service.actions);
        actions.filter(|action| action.tells_owner.may(false)).collect()
    });
    ALL.iter().copied()
}
