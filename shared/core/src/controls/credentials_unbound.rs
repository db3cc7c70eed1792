//! credentials-unbound: see [`CONTROL`].

use postern_policy::{Binding, Request};

use crate::changes::{Change, ChangeKind, ReplacePolicy};
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Policy, Remediation};
use crate::model::catalogue::Service;
use crate::model::endpoint::Endpoint;
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::part::{Gap, Part};

pub static CONTROL: Control = Control {
    name: "credentials-unbound",
    summary: "Credentials of EC2 instances of other VPCs may be used through the endpoint.",
    documentation: "\
The credentials that EC2 gives an instance for its role work from anywhere. Credentials that are stolen from an \
instance of one VPC can be used from another VPC, through its endpoints, and look like normal use. Requests signed \
with them carry the VPC of the instance (`aws:Ec2InstanceSourceVPC`), so that an endpoint policy can deny them.

The control is off unless `[modes]` names it: where instances of several VPCs share the endpoints of a central VPC, \
by peering or a transit gateway, its remediation would cut them off. The control does not apply to VPCs that \
`[central]` names as hubs; exempt other endpoints that are shared, or leave the control off. While it is on, Postern creates endpoints with such a policy.

The control is non-compliant when the policy allows at least one request of a trusted principal with credentials of \
an instance of another VPC. The address of the instance (`aws:Ec2InstanceSourcePrivateIPv4`) is not checked: the key \
contains the primary address only, and containers and second network interfaces have others. The control does not \
apply where the policy is unsupported or undecided, and while the perimeter is empty.

**Remediation** (automatic, restrictive). Appends one Deny statement as in AWS's guidance for data perimeters: for \
requests with credentials of an instance whose VPC is not that of the endpoint, unless a service acts on behalf of \
the instance. The statement contains the id of the VPC, so that it works in policies of either version. It is \
appended only when it is proven that such requests are then denied, that nothing else is opened, that no trusted \
principal is locked out, and that the policy fits into AWS's limit. Other requests are not affected. The policy of a \
service that AWS does not offer is left to people.",
    finds: "a policy that accepts credentials of instances of other VPCs",
    remediation: "appends the Deny that binds credentials to the VPC",
    concern: Concern::Containment,
    severity: Severity::Medium,
    frameworks: &[
        (Framework::Nist80053, "AC-3"),
        (Framework::Nist80053, "AC-4"),
        (Framework::Nist80053, "SC-7"),
        (Framework::PciDss4, "7.2.1"),
        (Framework::CisControls8, "3.3"),
        (Framework::DataPerimeter, "network-of-identities"),
    ],
    resource: ResourceKind::Endpoint,
    needs: &[Part::Endpoints, Part::Services],
    changes: &[ChangeKind::ReplacePolicy],
    opt_in: true,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    context.assess_decided_policies(CONTROL.name, judge)
}

fn judge(
    context: &Context<'_>,
    key: FindingKey,
    endpoint: &Endpoint,
    service: &Service,
    policy: &Policy,
) -> Assessment {
    if context.hub().is_some() {
        return key.not_applicable("The VPC is a hub (`[central]`): instances of other VPCs use its endpoints.");
    }
    let vpc = &context.snapshot.vpc.id;
    let (witness, fix) = match context.policies.binding(policy, &context.settings.perimeter) {
        Binding::Bound => {
            return key.compliant("The policy denies requests with credentials of instances of other VPCs.");
        }
        Binding::Undecided(reason) => {
            return key.indeterminate(
                format!("Could not decide whether the policy denies credentials of other VPCs' instances: {reason}."),
                "Check the conditions of the policy on `aws:Ec2InstanceSourceVPC`.",
            );
        }
        Binding::Unbound { witness, fix } => (witness, fix),
    };
    let remediation = match fix {
        _ if !service.amazon() => Remediation::Manual(format!(
            "AWS does not offer {}, so Postern does not change its policy. Restrict the policy yourself.",
            service.name
        )),
        Ok(fix) => Remediation::Automatic(vec![Change::ReplacePolicy(ReplacePolicy {
            endpoint: endpoint.id.clone(),
            before: endpoint.policy.clone().unwrap_or_default(),
            after: policy.said_for(vpc, &fix.text).into_owned(),
        })]),
        Err(error) => Remediation::Manual(format!(
            "Postern could not prove that a change denies these credentials and keeps legitimate requests: {error}. Deny \
             requests whose `aws:Ec2InstanceSourceVPC` is another VPC yourself."
        )),
    };
    key.non_compliant(explain(witness), remediation)
}

fn explain(witness: &Request) -> String {
    let vpc = |key: &str| witness.context.get(key).and_then(|values| values.first());
    let of = vpc("aws:Ec2InstanceSourceVPC").map_or_else(String::new, |vpc| format!(" such as {vpc}"));
    format!(
        "Credentials that leak from an instance of another VPC{of} can be used through this endpoint: for example, `{}` can call \
         `{}` on `{}` with them.",
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
    fn opt_in_control_is_off_unless_the_settings_name_it() {
        let mut world = compliant();
        for default in [Mode::Audit, Mode::Enforce] {
            world.settings.modes.default = default;
            assert_eq!(world.findings(&CONTROL), []);
        }
        assert!(!unbound().findings(&CONTROL).is_empty());
    }

    #[test]
    fn policy_without_a_vpc_condition_gets_one_deny() {
        let world = unbound();
        let finding = world.judge(&CONTROL, "vpce-sts");
        insta::assert_snapshot!(finding.explanation(), @"Credentials that leak from an instance of another VPC such as vpc-0fedcba9876543210 can be used through this endpoint: for example, `arn:aws:iam::999988887777:role/anybody` can call `sts:SetContext` on `arn:aws:sts::999988887777:self` with them.");
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
    fn binding_without_proof_is_manual() {
        let long = ALLOW_ALL.replace(
            "2008-10-17\",",
            &format!("2008-10-17\",\"Id\":\"{}\",", "x".repeat(20_300)),
        );
        let world = unbound().edit_endpoint("vpce-sts", |e| e.policy = Some(long));
        assert!(advice(&world.judge(&CONTROL, "vpce-sts")).contains("20480"));
    }

    #[test]
    fn policy_of_a_third_party_service_is_manual() {
        let world = unbound().interface("vpce-partner", PARTNER, &["subnet-a"]);
        assert!(advice(&world.judge(&CONTROL, "vpce-partner")).starts_with("AWS does not offer"));
    }

    #[test]
    fn control_does_not_apply_where_nothing_can_be_bound() {
        let mut nobody = unbound();
        nobody.settings.perimeter.organizations.clear();
        assert_eq!(nobody.verdict(&CONTROL, "vpce-sts"), Verdict::NotApplicable);
        let undecided = unbound().edit_endpoint("vpce-sts", |e| e.policy = Some("{}".to_owned()));
        assert_eq!(undecided.verdict(&CONTROL, "vpce-sts"), Verdict::NotApplicable);
        let unsupported = unbound().interface("vpce-smtp", "email-smtp", &["subnet-a"]);
        assert_eq!(unsupported.verdict(&CONTROL, "vpce-smtp"), Verdict::NotApplicable);
    }

    #[test]
    fn endpoint_is_created_with_a_binding_policy_while_the_control_is_on() {
        for (mode, bound) in [(Mode::Off, false), (Mode::Audit, true), (Mode::Enforce, true)] {
            let world = compliant().bound_but("none").without("vpce-sts").mode(&CONTROL, mode);
            let plan = world.plan();
            let policies = plan.changes.iter().filter_map(|planned| match &planned.change {
                Change::CreateEndpoint(new) => new.policy.as_ref(),
                Change::ReplacePolicy(ReplacePolicy { after, .. }) => Some(after),
                Change::EnableVpcDns(_)
                | Change::CreateManagedGroup(_)
                | Change::AuthorizeIngress(_)
                | Change::AddSubnet(_)
                | Change::AssociateRouteTable(_)
                | Change::AttachManagedGroup(_)
                | Change::EnablePrivateDns(_)
                | Change::AcceptConnection(_)
                | Change::QuarantineEndpoint(_)
                | Change::IsolateEndpoint(_)
                | Change::RequireAcceptance(_)
                | Change::RemoveServicePrincipals(_)
                | Change::RejectConnection(_) => None,
            });
            let policies: Vec<_> = policies.collect();
            let [policy] = policies.as_slice() else {
                panic!("{policies:#?}")
            };
            assert_eq!(policy.contains("Ec2InstanceSourceVPC"), bound, "{mode:?}");
        }
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        assert_needs(&CONTROL, &[unbound()]);
    }
}
