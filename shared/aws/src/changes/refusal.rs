//! The meaning of errors with which AWS refuses a change.

use std::fmt::Display;

use postern_core::changes::ChangeOutcome;

use crate::error::{CallError, chain};

/// A refusal, recognized by its code and a part of its message.
struct Refusal {
    code: &'static str,
    /// A part of the message; empty matches every message.
    words: &'static str,
    meaning: Meaning,
}

enum Meaning {
    /// The live state is as wanted.
    NotNeeded(&'static str),
    /// Passes without anybody's action.
    Wait(&'static str),
    /// Lasts until somebody follows the advice.
    Advice(&'static str),
}

use Meaning::{Advice, NotNeeded, Wait};

/// The first match counts.
static REFUSALS: &[Refusal] = &[
    Refusal {
        code: "InvalidParameter",
        words: "conflicting DNS domain",
        meaning: Wait("AWS holds the private DNS name for some minutes after its endpoint was deleted"),
    },
    Refusal {
        code: "InvalidParameter",
        words: "enableDnsSupport",
        meaning: Wait("AWS does not show both DNS attributes of the VPC as enabled yet"),
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
        meaning: NotNeeded("another subnet serves the zone already"),
    },
    Refusal {
        code: "InvalidPermission.Duplicate",
        words: "",
        meaning: NotNeeded("the rule exists already"),
    },
    Refusal {
        code: "RouteAlreadyExists",
        words: "",
        meaning: Advice("another gateway endpoint of the service serves that route table; decide which one to keep"),
    },
    Refusal {
        code: "InsufficientFreeAddressesInSubnet",
        words: "",
        meaning: Advice("release addresses of the subnet, or add a subnet with free addresses in the same zone"),
    },
    Refusal {
        code: "VpcEndpointLimitExceeded",
        words: "",
        meaning: Advice("delete unused endpoints, or request a higher quota of endpoints from AWS"),
    },
    Refusal {
        code: "SecurityGroupLimitExceeded",
        words: "",
        meaning: Advice("delete unused security groups, or request a higher quota of security groups from AWS"),
    },
    Refusal {
        code: "RulesPerSecurityGroupLimitExceeded",
        words: "",
        meaning: Advice("request a higher quota of rules per security group from AWS"),
    },
    Refusal {
        code: "InvalidServiceName",
        words: "",
        meaning: Advice("the service is not offered in this Region to this account; correct the requirement"),
    },
    Refusal {
        code: "IncorrectState",
        words: "",
        meaning: Wait("AWS still processes an earlier change of it"),
    },
    Refusal {
        code: "OperationInProgress",
        words: "",
        meaning: Wait("EC2 still processes an earlier modification of the endpoint"),
    },
    Refusal {
        code: "DependencyViolation",
        words: "",
        meaning: Wait(
            "another resource still uses it; AWS removes the network interfaces of a deleted endpoint within minutes, so \
             try again then, or find out what else is attached to it",
        ),
    },
    Refusal {
        code: "OperationNotPermitted",
        words: "",
        meaning: Advice("the resource belongs to another account or is managed by an AWS service"),
    },
];

fn meaning(error: &CallError) -> Option<&'static Meaning> {
    let matches = |refusal: &&Refusal| error.is(&[refusal.code]) && error.message.contains(refusal.words);
    REFUSALS.iter().find(matches).map(|refusal| &refusal.meaning)
}

/// Whether AWS refused the call for a reason that passes without anybody's action.
pub(super) fn passes(error: &CallError) -> bool {
    matches!(meaning(error), Some(Wait(_)))
}

/// The outcome of a change of which a call failed.
pub(super) fn outcome(error: CallError) -> ChangeOutcome {
    match meaning(&error) {
        Some(NotNeeded(reason)) => ChangeOutcome::NotNeeded {
            reason: (*reason).to_owned(),
        },
        Some(Wait(advice)) => failed(&error, advice, true),
        Some(Advice(advice)) => failed(&error, advice, false),
        None if error.transient() => failed(&error, "Postern will retry", true),
        None if error.not_found() => ChangeOutcome::Skipped {
            reason: format!("the resource no longer exists: {}", error.message),
        },
        None if error.denied() => {
            let advice = format!(
                "allow the function's role to call {}; a service control policy may deny it too",
                error.call
            );
            failed(&error, &advice, false)
        }
        None if error
            .code
            .as_deref()
            .is_some_and(|code| code.ends_with("LimitExceeded")) =>
        {
            failed(&error, "request a higher quota from AWS", false)
        }
        None => failed(
            &error,
            "correct what the error names; a sweep, or the same command, then tries again",
            false,
        ),
    }
}

/// The outcome of undoing a change, where a resource that is gone needs no undoing.
pub(super) fn outcome_of_undo(error: CallError, id: &dyn Display) -> ChangeOutcome {
    match error.not_found() {
        true => ChangeOutcome::NotNeeded {
            reason: format!("{id} no longer has it: {}", error.message),
        },
        false => outcome(error),
    }
}

fn failed(error: &CallError, advice: &str, transient: bool) -> ChangeOutcome {
    ChangeOutcome::Failed {
        cause: format!("{}; {advice}", chain(&error)),
        transient,
    }
}
