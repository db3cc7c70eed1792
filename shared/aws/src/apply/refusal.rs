//! What AWS's refusals mean.

use postern_core::changes::ChangeOutcome;

use crate::error::{CallError, chain};

/// A refusal that only its code and words tell from others.
struct Refusal {
    code: &'static str,
    /// A part of the message; empty fits all.
    words: &'static str,
    meaning: Meaning,
}

enum Meaning {
    /// Live state is as wanted.
    NotNeeded(&'static str),
    /// Passes by itself.
    Wait(&'static str),
    /// Stays until somebody does this.
    Advice(&'static str),
}

use Meaning::{Advice, NotNeeded, Wait};

/// The first that fits counts.
static REFUSALS: &[Refusal] = &[
    Refusal {
        code: "InvalidParameter",
        words: "conflicting DNS domain",
        meaning: Wait("AWS holds the private DNS name for some minutes after its endpoint was deleted"),
    },
    Refusal {
        code: "InvalidParameter",
        words: "enableDnsSupport",
        meaning: Wait("AWS does not see both DNS attributes of the VPC switched on yet"),
    },
    Refusal {
        code: "InvalidParameter",
        words: "does not support the availability zone",
        meaning: Advice("the service is not offered in that zone; exempt the subnet or use a subnet of another zone"),
    },
    Refusal {
        code: "InvalidParameter",
        words: "only supported for Interface",
        meaning: Advice("the endpoint is not an interface endpoint and takes no subnets"),
    },
    Refusal {
        code: "DuplicateSubnetsInSameZone",
        words: "",
        meaning: NotNeeded("another subnet of the zone serves it already"),
    },
    Refusal {
        code: "InvalidPermission.Duplicate",
        words: "",
        meaning: NotNeeded("the rule is there already"),
    },
    Refusal {
        code: "RouteAlreadyExists",
        words: "",
        meaning: Advice("another gateway endpoint of the service serves that route table; decide which of them stays"),
    },
    Refusal {
        code: "InsufficientFreeAddressesInSubnet",
        words: "",
        meaning: Advice("free addresses in the subnet, or give the zone a subnet that has some"),
    },
    Refusal {
        code: "VpcEndpointLimitExceeded",
        words: "",
        meaning: Advice("delete endpoints that nobody needs or ask AWS for a higher quota of endpoints"),
    },
    Refusal {
        code: "SecurityGroupLimitExceeded",
        words: "",
        meaning: Advice("delete security groups that nobody needs or ask AWS for a higher quota"),
    },
    Refusal {
        code: "RulesPerSecurityGroupLimitExceeded",
        words: "",
        meaning: Advice("ask AWS for a higher quota of rules per security group"),
    },
    Refusal {
        code: "InvalidServiceName",
        words: "",
        meaning: Advice("the service is not offered in this Region to this account; correct the requirement"),
    },
    Refusal {
        code: "IncorrectState",
        words: "",
        meaning: Wait("it is still busy with an earlier change"),
    },
    Refusal {
        code: "DependencyViolation",
        words: "",
        meaning: Wait(
            "something still uses it; AWS takes minutes to remove the network interfaces of a deleted endpoint, so try \
             again then, or see what else is attached to it",
        ),
    },
    Refusal {
        code: "OperationNotPermitted",
        words: "",
        meaning: Advice("the resource belongs to another account or is managed by an AWS service"),
    },
];

/// The outcome of a change of which a call failed.
pub(super) fn outcome(error: CallError) -> ChangeOutcome {
    let fits = |refusal: &&Refusal| error.is(&[refusal.code]) && error.message.contains(refusal.words);
    match REFUSALS.iter().find(fits).map(|refusal| &refusal.meaning) {
        Some(NotNeeded(reason)) => ChangeOutcome::NotNeeded {
            reason: (*reason).to_owned(),
        },
        Some(Wait(advice)) => failed(&error, advice, true),
        Some(Advice(advice)) => failed(&error, advice, false),
        None if error.transient() => failed(&error, "it is tried again", true),
        None if error.not_found() => ChangeOutcome::Skipped {
            reason: format!("gone meanwhile: {}", error.message),
        },
        None if error.denied() => {
            let advice = format!(
                "let the function's role call {}; a service control policy may forbid it too",
                error.call
            );
            failed(&error, &advice, false)
        }
        None if error
            .code
            .as_deref()
            .is_some_and(|code| code.ends_with("LimitExceeded")) =>
        {
            failed(&error, "ask AWS for a higher quota", false)
        }
        None => failed(&error, "look into what AWS says, then run the sweep", false),
    }
}

fn failed(error: &CallError, advice: &str, transient: bool) -> ChangeOutcome {
    ChangeOutcome::Failed {
        cause: format!("{}; {advice}", chain(&error)),
        transient,
    }
}
