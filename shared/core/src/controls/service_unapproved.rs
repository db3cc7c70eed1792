//! service-unapproved: see [`CONTROL`].

use crate::changes::{Change, ChangeKind, CreateManagedGroup, IsolateEndpoint, QuarantineEndpoint};
use crate::evaluation::approval::Approval;
use crate::evaluation::{Assessment, Concern, Context, Control, Evaluate, Framework, Remediation};
use crate::model::endpoint::{Endpoint, EndpointKind, EndpointState};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::managed::{GroupPurpose, QUARANTINE_GROUP_NAME};
use crate::model::part::{Gap, Part};

pub static CONTROL: Control = Control {
    name: "service-unapproved",
    summary: "An endpoint leads to a service or resource that the settings do not approve.",
    documentation: "\
An endpoint is a way out of the VPC. Endpoints to services, resources and service networks of other accounts carry data \
to them, past firewalls and NAT gateways.

`[approved_services]` in the settings says what is approved: the services of AWS, single services by name, and \
everything that certain accounts offer. The own account is approved, and so is what `[[requirements]]` ask for. Without \
that section the control does not apply. It is about endpoints of every type: interface, gateway, Gateway Load \
Balancer, resource, service-network and tunnel endpoints.

**Remediation** (manual). Approve the service, or delete the endpoint.

**Remediation** (automatic, restrictive and interrupting, with `quarantine = true` in `[approved_services]`). Replaces \
the policy of the endpoint by one that denies every request. Where the service takes no endpoint policy, such as those \
of most other providers, the security groups of an interface endpoint are replaced by `postern-endpoint-quarantine`, a \
group without rules that Postern creates in the VPC. Whoever uses the endpoint is cut off, at once by a policy; \
connections that EC2 tracks go on until they time out after the groups were replaced. A rollback puts the policy or the \
groups from before back. Endpoints without policy and groups, and endpoints that AWS services or other accounts manage, \
remain manual.",
    finds: "an endpoint to a service that nobody approved",
    remediation: "only reports; quarantines it where the settings ask for that",
    concern: Concern::Containment,
    severity: Severity::High,
    frameworks: &[
        (Framework::Nist80053, "AC-4"),
        (Framework::Nist80053, "CM-7"),
        (Framework::Nist80053, "SC-7"),
        (Framework::PciDss4, "1.2.5"),
        (Framework::PciDss4, "1.3.2"),
        (Framework::CisControls8, "12.2"),
        (Framework::DataPerimeter, "resource-from-network"),
    ],
    resource: ResourceKind::Endpoint,
    needs: &[Part::Endpoints, Part::SecurityGroups, Part::Services],
    changes: &[
        ChangeKind::CreateManagedGroup,
        ChangeKind::QuarantineEndpoint,
        ChangeKind::IsolateEndpoint,
    ],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Vpc(evaluate),
};

fn evaluate(context: &Context<'_>) -> Result<Vec<Assessment>, Gap> {
    let endpoints = context.snapshot.endpoints.as_ref().map_err(Gap::clone)?.values();
    let live = endpoints.filter(|endpoint| !endpoint.dead());
    live.map(|endpoint| judge(context, endpoint)).collect()
}

fn judge(context: &Context<'_>, endpoint: &Endpoint) -> Result<Assessment, Gap> {
    let key = FindingKey::new(CONTROL.name, ResourceKind::Endpoint, &endpoint.id);
    let kind = endpoint.kind.word();
    let (target, whose) = match context.approval(endpoint)? {
        Approval::NotAsked => return Ok(key.not_applicable("The settings have no list of approved services.")),
        Approval::Gone => return Ok(key.not_applicable("The service does not exist any more. See service-retired.")),
        Approval::Approved(reason) => return Ok(key.compliant(reason)),
        Approval::Unknown => {
            return Ok(key.indeterminate(
                format!("AWS does not say where the {kind} endpoint leads."),
                "Check the endpoint in the AWS console, and exempt the endpoint if it is approved.",
            ));
        }
        Approval::OwnerUnknown(target) => {
            return Ok(key.indeterminate(
                format!(
                    "The {kind} endpoint leads to {target}, and AWS does not show who offers it: it was deleted, or its \
                     provider withdrew the permission of this account. A connection stays up then."
                ),
                format!(
                    "Ask the owner of the VPC what the endpoint is for. Add `{target}` to `approved_services.names` or delete \
                     the endpoint."
                ),
            ));
        }
        Approval::Unapproved { target, whose } => (target, whose),
    };
    let explanation =
        format!("The {kind} endpoint leads to {target}{whose}, which `approved_services` does not approve");
    let delete = format!("`aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {}`", endpoint.id);
    if context.denied_by_quarantine(endpoint)? {
        return Ok(key.compliant(format!(
            "{explanation}. It is in quarantine: its policy denies every request. To delete it: {delete}."
        )));
    }
    let advice = format!("If it is approved, add `{target}` to `approved_services.names`. If not, run {delete}.");
    if !context.quarantines() {
        return Ok(key.non_compliant(format!("{explanation}."), Remediation::Manual(advice)));
    }
    let manual = |explanation: String| {
        Ok(key
            .clone()
            .non_compliant(explanation, Remediation::Manual(advice.clone())))
    };
    let service = context.service_of(endpoint)?;
    let changes = match &endpoint.policy {
        Some(policy) if service.is_some_and(|service| service.policy_supported) => {
            vec![Change::QuarantineEndpoint(QuarantineEndpoint {
                endpoint: endpoint.id.clone(),
                before: policy.clone(),
            })]
        }
        Some(_) | None => match isolation(context, endpoint)? {
            Isolation::InEffect => {
                return Ok(key.compliant(format!(
                    "{explanation}. It is in quarantine: its security group {QUARANTINE_GROUP_NAME} admits nobody. To \
                     delete it: {delete}."
                )));
            }
            Isolation::Changes(changes) => changes,
            Isolation::Impossible(reason) => return manual(format!("{explanation}. {reason}")),
        },
    };
    match endpoint.usable() {
        true => Ok(key.non_compliant(format!("{explanation}."), Remediation::Automatic(changes))),
        false => manual(format!("{explanation}.")),
    }
}

/// The quarantine of an endpoint that takes no policy.
enum Isolation {
    InEffect,
    Changes(Vec<Change>),
    /// The reason, in a sentence.
    Impossible(String),
}

fn isolation(context: &Context<'_>, endpoint: &Endpoint) -> Result<Isolation, Gap> {
    context.snapshot.security_groups.as_ref().map_err(Gap::clone)?;
    if endpoint.kind != EndpointKind::Interface || endpoint.security_groups.is_empty() {
        let reason =
            "The endpoint takes no endpoint policy and is not an interface endpoint, so Postern cannot quarantine it.";
        return Ok(Isolation::Impossible(reason.to_owned()));
    }
    // EC2 changes nothing but the policy of such an endpoint.
    if endpoint.state == EndpointState::PendingAcceptance {
        let reason = "The endpoint carries no traffic until its service accepts it. Postern quarantines it then.";
        return Ok(Isolation::Impossible(reason.to_owned()));
    }
    let vpc = &context.snapshot.vpc.id;
    let purpose = GroupPurpose::Quarantine;
    if let Some(taken) = context.taken_name(purpose)? {
        return Ok(Isolation::Impossible(taken));
    }
    let mut changes = Vec::new();
    match context.snapshot.group_for(purpose) {
        Some(group) if !group.ingress.is_empty() => {
            let reason = format!(
                "Postern cannot quarantine it while the security group {} ({QUARANTINE_GROUP_NAME}) has rules; remove them.",
                group.id
            );
            return Ok(Isolation::Impossible(reason));
        }
        Some(group) if endpoint.security_groups.iter().eq([&group.id]) => return Ok(Isolation::InEffect),
        Some(_) => {}
        None => changes.push(Change::CreateManagedGroup(CreateManagedGroup {
            vpc: vpc.clone(),
            purpose,
        })),
    }
    changes.push(Change::IsolateEndpoint(IsolateEndpoint {
        endpoint: endpoint.id.clone(),
        vpc: vpc.clone(),
        before: endpoint.security_groups.clone(),
    }));
    Ok(Isolation::Changes(changes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Safety;
    use crate::controls::{ingress_blocked, policy_locked_out, private_dns_disabled};
    use crate::model::finding::Verdict;
    use crate::model::id::AccountId;
    use crate::model::snapshot::SubnetClass;
    use crate::settings::{ApprovedServices, ExemptionSelector};
    use crate::testing::{
        ACCOUNT, ALLOW_ALL, PARTNER, STRANGER, World, advice, assert_needs, bare, changes, compliant, https, service,
        tags,
    };

    fn approving(aws: bool, names: &[&str], accounts: &[&str]) -> World {
        let mut world = bare()
            .interface("vpce-sts", "sts", &[])
            .interface("vpce-partner", PARTNER, &[])
            .interface("vpce-resource", "sts", &[])
            .edit_endpoint("vpce-resource", |e| {
                e.kind = EndpointKind::Resource;
                e.service = None;
                e.target = Some(format!(
                    "arn:aws:vpc-lattice:eu-central-1:{STRANGER}:resourceconfiguration/rcfg-1"
                ));
            });
        world.settings.approved_services = Some(ApprovedServices {
            aws,
            names: names.iter().map(ToString::to_string).collect(),
            accounts: accounts.iter().copied().map(AccountId::from).collect(),
            quarantine: false,
        });
        world
    }

    fn verdicts(world: &World) -> [Verdict; 3] {
        ["vpce-sts", "vpce-partner", "vpce-resource"].map(|id| world.verdict(&CONTROL, id))
    }

    const YES: Verdict = Verdict::Compliant;
    const NO: Verdict = Verdict::NonCompliant;

    #[test]
    fn services_are_approved_by_provider_and_by_name() {
        assert_eq!(compliant().verdict(&CONTROL, "vpce-sts"), YES);
        assert_eq!(verdicts(&approving(true, &[], &[])), [YES, NO, NO]);
        assert_eq!(verdicts(&approving(false, &["sts"], &[])), [YES, NO, NO]);
        assert_eq!(verdicts(&approving(false, &["kms"], &[])), [NO, NO, NO]);
        assert_eq!(
            verdicts(&approving(false, &["com.amazonaws.eu-central-1.sts", PARTNER], &[])),
            [YES, YES, NO]
        );
        assert_eq!(verdicts(&approving(true, &[], &[STRANGER])), [YES, YES, YES]);
    }

    #[test]
    fn required_service_is_approved() {
        let world = approving(false, &[], &[]).require(&["sts", PARTNER]);
        assert_eq!(verdicts(&world), [YES, YES, NO]);
        let mut fips = approving(false, &[], &[])
            .edit_catalogue(|services| services.push(service("com.amazonaws.eu-central-1.kms-fips")))
            .interface("vpce-kms", "kms-fips", &[])
            .require(&["kms"]);
        assert_eq!(fips.verdict(&CONTROL, "vpce-kms"), NO);
        fips.settings.requirements[0].fips = true;
        assert_eq!(fips.verdict(&CONTROL, "vpce-kms"), YES);
    }

    #[test]
    fn service_of_the_own_account_is_approved() {
        let own = approving(true, &[], &[]).edit_endpoint("vpce-resource", |e| {
            e.target = Some(format!(
                "arn:aws:vpc-lattice:eu-central-1:{ACCOUNT}:resourceconfiguration/rcfg-1"
            ));
        });
        assert_eq!(own.verdict(&CONTROL, "vpce-resource"), YES);
    }

    #[test]
    fn finding_names_type_target_and_account() {
        let finding = approving(true, &[], &[]).judge(&CONTROL, "vpce-resource");
        assert_eq!(
            finding.explanation(),
            "The resource endpoint leads to arn:aws:vpc-lattice:eu-central-1:444455556666:resourceconfiguration/rcfg-1 of \
             account 444455556666, which `approved_services` does not approve."
        );
        assert!(advice(&finding).contains("approved_services.names"), "{finding:#?}");
    }

    #[test]
    fn endpoint_that_leads_somewhere_unknown_is_indeterminate() {
        let world = approving(true, &[], &[]).edit_endpoint("vpce-resource", |e| {
            e.kind = EndpointKind::Tunnel;
            e.target = None;
        });
        let finding = world.judge(&CONTROL, "vpce-resource");
        assert_eq!(finding.verdict(), Verdict::Indeterminate);
        assert!(
            finding.explanation().contains("tunnel endpoint"),
            "{}",
            finding.explanation()
        );
    }

    #[test]
    fn without_a_list_the_control_does_not_apply() {
        let mut world = approving(true, &[], &[]);
        world.settings.approved_services = None;
        assert_eq!(verdicts(&world), [Verdict::NotApplicable; 3]);
    }

    #[test]
    fn dead_endpoint_has_no_finding() {
        let world = approving(true, &[], &[]).edit_endpoint("vpce-partner", |e| e.state = EndpointState::Deleted);
        assert_eq!(world.findings(&CONTROL).len(), 2);
    }

    #[test]
    fn exempt_endpoint_is_accepted() {
        let selector = ExemptionSelector::Resource("vpce-partner".to_owned());
        let world = approving(true, &[], &[]).exempt(&CONTROL, selector, "2027-01-01T00:00:00Z");
        assert!(world.judge(&CONTROL, "vpce-partner").accepted().is_some());
    }

    #[test]
    fn control_reads_exactly_the_parts_that_it_declares() {
        assert_needs(&CONTROL, &[approving(true, &[], &[]), quarantining(&["kms"])]);
    }

    /// Of AWS, only KMS is approved; the others are to be quarantined.
    fn quarantining(names: &[&str]) -> World {
        let mut world = approving(false, names, &[]);
        world.settings.approved_services.as_mut().unwrap().quarantine = true;
        world.edit_service(PARTNER, EndpointKind::Interface, |service| {
            service.policy_supported = false
        })
    }

    #[test]
    fn quarantine_denies_every_request_where_the_settings_ask_for_it() {
        assert!(advice(&approving(false, &[], &[]).judge(&CONTROL, "vpce-sts")).contains("delete-vpc-endpoints"));
        let world = quarantining(&["kms", PARTNER]);
        let finding = world.judge(&CONTROL, "vpce-sts");
        let [change] = changes(&finding) else {
            panic!("{finding:#?}")
        };
        assert_eq!(change.safety(), Safety::Disconnecting);
        let mut quarantined = world.clone();
        quarantined.snapshot = change.make_in(&world.snapshot);
        let finding = quarantined.judge(&CONTROL, "vpce-sts");
        assert_eq!(finding.verdict(), YES);
        assert!(finding.explanation().contains("quarantine"), "{finding:#?}");
        assert_eq!(quarantined.plan().changes, []);
        let locked_out = |world: &World| world.verdict(&policy_locked_out::CONTROL, "vpce-sts");
        assert_eq!(locked_out(&quarantined), Verdict::NotApplicable);
        let mut approved = quarantined.clone();
        approved.settings.approved_services.as_mut().unwrap().aws = true;
        assert_eq!(locked_out(&approved), NO, "nobody wants the quarantine any more");
        quarantined.settings.approved_services.as_mut().unwrap().quarantine = false;
        assert_eq!(verdicts(&quarantined)[0], NO);
        assert_eq!(locked_out(&quarantined), NO);
    }

    #[test]
    fn empty_group_replaces_the_groups_of_an_endpoint_that_takes_no_policy() {
        let mut world = quarantining(&["kms"]).group("sg-web", &[https("10.0.0.0/16")]);
        world = world.edit_endpoint("vpce-partner", |e| e.security_groups = ["sg-web".into()].into());
        let finding = world.judge(&CONTROL, "vpce-partner");
        let [create, isolate] = changes(&finding) else {
            panic!("{finding:#?}")
        };
        assert_eq!(
            create.to_string(),
            "create security group postern-endpoint-quarantine in vpc-1"
        );
        assert_eq!(
            isolate.to_string(),
            "quarantine vpce-partner: replace its security groups (sg-web) by postern-endpoint-quarantine, which admits \
             nobody"
        );
        assert_eq!(
            (create.safety(), isolate.safety()),
            (Safety::Additive, Safety::Disconnecting)
        );
        let mut quarantined = world.clone();
        quarantined.snapshot = isolate.make_in(&create.make_in(&world.snapshot));
        let finding = quarantined.judge(&CONTROL, "vpce-partner");
        assert_eq!(finding.verdict(), YES);
        assert!(finding.explanation().contains("admits nobody"), "{finding:#?}");
        let id = isolate.simulated_id(&quarantined.snapshot.state());
        let inverse = isolate.inverse(id.as_deref()).unwrap();
        assert!(
            inverse
                .command()
                .ends_with("--add-security-group-ids sg-web --remove-security-group-ids sg-quarantine-vpc-1")
        );
        assert_eq!(inverse.make_in(&quarantined.snapshot), create.make_in(&world.snapshot));
        let waiting = world
            .clone()
            .edit_endpoint("vpce-partner", |e| e.state = EndpointState::PendingAcceptance);
        assert!(advice(&waiting.judge(&CONTROL, "vpce-partner")).contains("delete-vpc-endpoints"));
        let group = quarantined.snapshot.security_groups.as_mut().unwrap();
        group.get_mut(&"sg-quarantine-vpc-1".into()).unwrap().ingress = vec![https("10.0.0.0/16")];
        let finding = quarantined.judge(&CONTROL, "vpce-partner");
        assert!(finding.explanation().contains("has rules"), "{finding:#?}");
        assert!(advice(&finding).contains("delete-vpc-endpoints"), "{finding:#?}");
    }

    #[test]
    fn endpoint_is_not_quarantined_where_others_have_a_group_of_that_name() {
        let mut world = quarantining(&["kms"]).quarantine_group("sg-odd");
        world = world.edit_endpoint("vpce-partner", |e| e.security_groups = ["sg-https".into()].into());
        assert_eq!(changes(&world.judge(&CONTROL, "vpce-partner")).len(), 1);
        let groups = world.snapshot.security_groups.as_mut().unwrap();
        groups.get_mut(&"sg-odd".into()).unwrap().tags.clear();
        let finding = world.judge(&CONTROL, "vpce-partner");
        assert_eq!(finding.changes(), None);
        assert!(
            finding
                .explanation()
                .contains("sg-odd has the name postern-endpoint-quarantine"),
            "{finding:#?}"
        );
    }

    #[test]
    fn clients_are_not_led_to_an_unapproved_endpoint() {
        let world = quarantining(&["kms"])
            .subnet("subnet-a", "a", SubnetClass::Private)
            .edit_endpoint("vpce-sts", |e| e.private_dns = false);
        let judged = |world: &World| world.verdict(&private_dns_disabled::CONTROL, "vpce-sts");
        assert_eq!(judged(&world), Verdict::NotApplicable);
        let mut approved = world.clone();
        approved.settings.approved_services.as_mut().unwrap().aws = true;
        assert_eq!(judged(&approved), NO);
        let with_private_dns = world.edit_endpoint("vpce-sts", |e| {
            e.private_dns = true;
            e.security_groups.clear();
        });
        let blocked = |world: &World| world.verdict(&ingress_blocked::CONTROL, "vpce-sts");
        assert_eq!(blocked(&with_private_dns), Verdict::NotApplicable);
        let mut approved = with_private_dns;
        approved.settings.approved_services.as_mut().unwrap().aws = true;
        assert_eq!(blocked(&approved), NO);
    }

    #[test]
    fn endpoint_without_policy_and_groups_or_in_doubt_is_not_quarantined() {
        let world = quarantining(&["kms"]);
        let finding = world.judge(&CONTROL, "vpce-resource");
        assert!(
            finding.explanation().contains("takes no endpoint policy"),
            "{finding:#?}"
        );
        assert!(advice(&finding).contains("delete-vpc-endpoints"), "{finding:#?}");
        let unknown = world.edit_endpoint("vpce-sts", |e| e.state = EndpointState::Unknown);
        assert!(advice(&unknown.judge(&CONTROL, "vpce-sts")).contains("delete-vpc-endpoints"));
    }

    #[test]
    fn endpoint_that_others_manage_is_not_quarantined() {
        type Edit = fn(&mut Endpoint);
        let edits: [Edit; 3] = [
            |e| e.requester_managed = true,
            |e| e.owner = STRANGER.into(),
            |e| e.tags = tags(&[("GuardDutyManaged", "true")]),
        ];
        for edit in edits {
            let world = quarantining(&["kms", PARTNER]).edit_endpoint("vpce-sts", edit);
            assert!(advice(&world.judge(&CONTROL, "vpce-sts")).contains("Postern does not change it"));
            assert_eq!(world.plan().changes, []);
        }
    }

    #[test]
    fn policy_is_not_closed_before_the_quarantine_that_follows() {
        let world =
            quarantining(&["kms", PARTNER]).edit_endpoint("vpce-sts", |e| e.policy = Some(ALLOW_ALL.to_owned()));
        let planned = world.plan().changes.into_iter().map(|planned| planned.change);
        let kinds: Vec<_> = planned.map(|change| change.kind()).collect();
        assert_eq!(kinds, [ChangeKind::QuarantineEndpoint]);
    }
}
