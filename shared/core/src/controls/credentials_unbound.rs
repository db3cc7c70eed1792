//! credentials-unbound: see [`CONTROL`].

use postern_policy::{Binding, Perimeter, Request};

use crate::changes::{Change, ChangeKind, ReplacePolicy};
use crate::evaluation::policies::{Known, Policy};
use crate::evaluation::{Assessment, Context, Control, Remediation};
use crate::model::finding::{FindingKey, Severity};
use crate::model::snapshot::{Endpoint, Gap, Part, Service};

pub static CONTROL: Control = Control {
    name: "credentials-unbound",
    summary: "Credentials of EC2 instances of other VPCs may be used through the endpoint.",
    documentation: "\
The credentials that an instance gets for its role work from anywhere. Stolen from an instance of one VPC they can be \
used from another one, through its endpoints, and look like normal use. Requests that are signed with them carry the \
instance's VPC (`aws:Ec2InstanceSourceVPC`), so an endpoint's policy can tell.

Off unless it is named in `[modes]`: where instances of several VPCs share the endpoints of a central one, by peering or \
a transit gateway, this would cut them off. Exempt such endpoints, or leave it off. While it is on, the endpoints that \
Postern creates are bound from the start.

It is decided exactly: non-compliant when one request by a trusted principal with credentials of another VPC's \
instance passes the policy. The instance's address (`aws:Ec2InstanceSourcePrivateIPv4`) is not asked for: it is the \
primary one only, and containers and second network interfaces have others. Not applicable where the policy is \
unsupported or undecided, and while the perimeter trusts nobody.

**Remediation** (automatic, restrictive). Appends one Deny as in AWS's guidance for data perimeters: for requests with \
credentials of an instance whose VPC is not the endpoint's, unless a service acts on its behalf. The VPC is written \
out, so that it holds in documents of either Version. It is made only when it is proven that these credentials are \
then stopped, that no hole is new, that nobody is locked out, and that it fits into AWS's limit; requests of others are \
not touched. The policy of a service that is not offered by AWS is left to people.",
    severity: Severity::Medium,
    needs: &[Part::Endpoints, Part::Services],
    changes: &[ChangeKind::ReplacePolicy],
    opt_in: true,
    writes_perimeter_policies: false,
    evaluate,
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    context.judge_policies(CONTROL.name, |key, endpoint, known| {
        Some(match known {
            Known::Nothing(..) => return None,
            Known::Unsupported(service) => key.not_applicable(format!("{} supports no endpoint policy.", service.name)),
            Known::Undecided(..) => key.not_applicable("The policy cannot be decided: see policy-undecided."),
            Known::Decided(..) if !context.settings.perimeter.trusts_somebody() => {
                key.not_applicable("The perimeter trusts nobody.")
            }
            Known::Decided(service, policy) => judge(&context.settings.perimeter, key, endpoint, service, &policy),
        })
    })
}

fn judge(
    perimeter: &Perimeter,
    key: FindingKey,
    endpoint: &Endpoint,
    service: &Service,
    policy: &Policy,
) -> Assessment {
    let (witness, fix) = match policy.binding(perimeter) {
        Binding::Bound => return key.compliant("Credentials of instances of other VPCs are stopped."),
        Binding::Undecided(reason) => {
            return key.indeterminate(
                format!("Cannot be decided: {reason}."),
                "Read what the policy says of `aws:Ec2InstanceSourceVPC`.",
            );
        }
        Binding::Unbound { witness, fix } => (witness, fix),
    };
    let remediation = match fix {
        _ if !service.amazon => Remediation::Manual(format!(
            "{} is not offered by AWS: restrict the policy yourself.",
            service.name
        )),
        Ok(fix) => Remediation::Automatic(vec![Change::ReplacePolicy(ReplacePolicy {
            endpoint: endpoint.id.clone(),
            before: endpoint.policy.clone().unwrap_or_default(),
            after: fix.text.clone(),
        })]),
        Err(error) => Remediation::Manual(format!(
            "No change is proven to bind them and to keep what is legitimate: {error}. Deny requests whose \
             `aws:Ec2InstanceSourceVPC` is another VPC yourself."
        )),
    };
    key.non_compliant(explain(witness), remediation)
}

fn explain(witness: &Request) -> String {
    let vpc = |key: &str| witness.context.get(key).and_then(|values| values.first());
    let of = vpc("aws:Ec2InstanceSourceVPC").map_or_else(String::new, |vpc| format!(" such as {vpc}"));
    format!(
        "Credentials that leak from an instance of another VPC{of} can be used here: `{}` may call {} on `{}` with \
         them.",
        witness.principal, witness.action, witness.resource
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Verdict;
    use crate::settings::Mode;
    use crate::testing::{ALLOW_ALL, PARTNER, World, advice, assert_needs, changes, compliant};

    /// The control is on, and content with everything but the policy of `vpce-sts`.
    fn unbound() -> World {
        compliant().bound_but("vpce-sts")
    }

    #[test]
    fn it_is_off_unless_it_is_named() {
        let mut world = compliant();
        for default in [Mode::Audit, Mode::Enforce] {
            world.settings.modes.default = default;
            assert_eq!(world.findings(&CONTROL), []);
        }
        assert!(!unbound().findings(&CONTROL).is_empty());
    }

    #[test]
    fn a_policy_that_does_not_ask_for_the_vpc_gets_one_deny() {
        let world = unbound();
        let finding = world.judge(&CONTROL, "vpce-sts");
        insta::assert_snapshot!(finding.explanation(), @"Credentials that leak from an instance of another VPC such as vpc-0fedcba9876543210 can be used here: `arn:aws:iam::999988887777:role/anybody` may call sts:AssumeRole on `arn:aws:sts::999988887777:self` with them.");
        let [Change::ReplacePolicy(ReplacePolicy { before, after, .. })] = changes(&finding) else {
            panic!("{finding:#?}")
        };
        let own = world.snapshot.endpoints.as_ref().unwrap()[&"vpce-sts".into()]
            .policy
            .as_ref();
        assert_eq!(Some(before), own);
        assert!(
            after.contains(r#""StringNotEquals":{"aws:Ec2InstanceSourceVPC":"vpc-1"}"#),
            "{after}"
        );
        let bound = world
            .clone()
            .edit_endpoint("vpce-sts", |e| e.policy = Some(after.clone()));
        assert_eq!(bound.verdict(&CONTROL, "vpce-sts"), Verdict::Compliant);
        assert_eq!(bound.plan().changes, []);
    }

    #[test]
    fn a_binding_without_proof_is_left_to_people() {
        let long = ALLOW_ALL.replace(
            "2008-10-17\",",
            &format!("2008-10-17\",\"Id\":\"{}\",", "x".repeat(20_300)),
        );
        let world = unbound().edit_endpoint("vpce-sts", |e| e.policy = Some(long));
        assert!(advice(&world.judge(&CONTROL, "vpce-sts")).contains("20480"));
    }

    #[test]
    fn the_policy_of_a_third_partys_service_is_left_to_people() {
        let world = unbound().interface("vpce-partner", PARTNER, &["subnet-a"]);
        assert!(advice(&world.judge(&CONTROL, "vpce-partner")).contains("is not offered by AWS"));
    }

    #[test]
    fn it_does_not_apply_where_nothing_can_be_bound() {
        let mut nobody = unbound();
        nobody.settings.perimeter.organizations.clear();
        assert_eq!(nobody.verdict(&CONTROL, "vpce-sts"), Verdict::NotApplicable);
        let undecided = unbound().edit_endpoint("vpce-sts", |e| e.policy = Some("{}".to_owned()));
        assert_eq!(undecided.verdict(&CONTROL, "vpce-sts"), Verdict::NotApplicable);
        let unsupported = unbound().interface("vpce-smtp", "email-smtp", &["subnet-a"]);
        assert_eq!(unsupported.verdict(&CONTROL, "vpce-smtp"), Verdict::NotApplicable);
    }

    #[test]
    fn endpoints_are_created_bound_while_it_is_on() {
        for (mode, bound) in [(Mode::Off, false), (Mode::Audit, true), (Mode::Enforce, true)] {
            let world = compliant().bound_but("none").without("vpce-sts").mode(&CONTROL, mode);
            let plan = world.plan();
            let policies = plan.changes.iter().filter_map(|planned| match &planned.change {
                Change::CreateEndpoint(new) => new.policy.as_ref(),
                Change::ReplacePolicy(ReplacePolicy { after, .. }) => Some(after),
                _ => None,
            });
            let policies: Vec<_> = policies.collect();
            let [policy] = policies.as_slice() else {
                panic!("{policies:#?}")
            };
            assert_eq!(policy.contains("Ec2InstanceSourceVPC"), bound, "{mode:?}");
        }
    }

    #[test]
    fn it_needs_what_it_says() {
        assert_needs(&CONTROL, &[unbound()]);
    }
}
