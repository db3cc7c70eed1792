use postern_core::changes::{
    AddSubnet, AssociateRouteTable, AttachManagedGroup, ChangeKind, CreateManagedGroup, EnablePrivateDns, EnableVpcDns,
    Inverse, QuarantineEndpoint, ReplacePolicy,
};

use super::*;

/// A change as it was made, and what AWS answers when it is taken back.
struct Undo {
    change: Change,
    created: Option<&'static str>,
    look: (&'static str, String),
    act: (&'static str, String),
    /// What the look finds where nothing of the change is left.
    already: String,
}

impl Undo {
    fn inverse(&self) -> Inverse {
        self.change.inverse(self.created).unwrap()
    }
}

const MANAGED: &str = "<tagSet><item><key>postern:managed</key><value>true</value></item></tagSet>";

fn policy(document: &str) -> String {
    format!("<policyDocument>{}</policyDocument>", escaped(document))
}

/// The endpoint of `new_interface` as it was created.
fn new_one() -> String {
    interface(&format!(
        "<subnetIdSet><item>subnet-1</item><item>subnet-2</item></subnetIdSet><privateDnsEnabled>true</privateDnsEnabled>\
         <groupSet><item><groupId>sg-managed</groupId></item></groupSet>{}{MANAGED}",
        policy(r#"{"Statement":[],"Version":"2012-10-17"}"#)
    ))
}

fn our_rules(cidrs: &[&str]) -> String {
    let rules = https_from(cidrs);
    let description = "<description>HTTPS to VPC endpoints (ingress-blocked, run run-0)</description>";
    rules
        .replace("</cidrIp>", &format!("</cidrIp>{description}"))
        .replace("</cidrIpv6>", &format!("</cidrIpv6>{description}"))
}

fn undos() -> Vec<Undo> {
    let done = || "<return>true</return>".to_owned();
    let undo = |change, look, already| Undo {
        change,
        created: Some("sg-managed"),
        look: ("DescribeVpcEndpoints", look),
        act: ("ModifyVpcEndpoint", done()),
        already,
    };
    vec![
        Undo {
            look: (
                "DescribeVpcAttribute",
                "<enableDnsHostnames><value>true</value></enableDnsHostnames>".to_owned(),
            ),
            act: ("ModifyVpcAttribute", done()),
            ..undo(
                Change::EnableVpcDns(EnableVpcDns {
                    vpc: "vpc-1".into(),
                    attribute: DnsAttribute::Hostnames,
                }),
                String::new(),
                "<enableDnsHostnames><value>false</value></enableDnsHostnames>".to_owned(),
            )
        },
        Undo {
            look: ("DescribeSecurityGroups", group("")),
            act: ("DeleteSecurityGroup", done()),
            ..undo(
                Change::CreateManagedGroup(CreateManagedGroup::for_ingress("vpc-1".into())),
                String::new(),
                "<securityGroupInfo/>".to_owned(),
            )
        },
        Undo {
            look: (
                "DescribeSecurityGroups",
                group(&our_rules(&["10.0.0.0/16", "2001:db8:1::/56", "192.0.2.0/24"])),
            ),
            act: ("RevokeSecurityGroupIngress", done()),
            ..undo(
                authorize(managed()),
                String::new(),
                group(&our_rules(&["192.0.2.0/24"])),
            )
        },
        Undo {
            created: Some("vpce-1"),
            act: ("DeleteVpcEndpoints", "<unsuccessful/>".to_owned()),
            ..undo(
                Change::CreateEndpoint(new_interface()),
                new_one(),
                "<vpcEndpointSet/>".to_owned(),
            )
        },
        undo(
            Change::AddSubnet(AddSubnet {
                endpoint: "vpce-1".into(),
                subnet: "subnet-2".into(),
                zone: "eu-central-1b".into(),
            }),
            interface("<subnetIdSet><item>subnet-1</item><item>subnet-2</item></subnetIdSet>"),
            interface("<subnetIdSet><item>subnet-1</item></subnetIdSet>"),
        ),
        undo(
            Change::AssociateRouteTable(AssociateRouteTable {
                endpoint: "vpce-1".into(),
                route_table: "rtb-1".into(),
            }),
            gateway("<routeTableIdSet><item>rtb-1</item></routeTableIdSet>"),
            gateway(""),
        ),
        undo(
            Change::AttachManagedGroup(AttachManagedGroup {
                endpoint: "vpce-1".into(),
                group: managed(),
            }),
            interface(
                "<groupSet><item><groupId>sg-1</groupId></item><item><groupId>sg-managed</groupId></item></groupSet>",
            ),
            interface("<groupSet><item><groupId>sg-1</groupId></item></groupSet>"),
        ),
        undo(
            Change::EnablePrivateDns(EnablePrivateDns {
                endpoint: "vpce-1".into(),
            }),
            interface("<privateDnsEnabled>true</privateDnsEnabled>"),
            interface("<privateDnsEnabled>false</privateDnsEnabled>"),
        ),
        undo(
            Change::QuarantineEndpoint(QuarantineEndpoint {
                endpoint: "vpce-1".into(),
                before: OPEN.to_owned(),
            }),
            interface(&policy(QUARANTINE_POLICY)),
            interface(&policy(OPEN)),
        ),
        undo(
            isolate(),
            interface(&attached(&["sg-managed"])),
            interface(&attached(&["sg-1", "sg-2"])),
        ),
        undo(
            Change::ReplacePolicy(ReplacePolicy {
                endpoint: "vpce-1".into(),
                before: OPEN.to_owned(),
                after: CLOSED.to_owned(),
            }),
            interface(&policy(r#"{"Statement":[],"Version":"2012-10-17"}"#)),
            interface(&policy(OPEN)),
        ),
    ]
}

async fn undo(cloud: &Cloud, undo: &Undo) -> ChangeOutcome {
    let outcome = applier(cloud).undo(&undo.inverse(), Some(&undo.change)).await;
    cloud.done();
    outcome
}

fn unchanged(undo: &Undo) -> Cloud {
    Cloud::new().on(undo.look.0, &undo.look.1)
}

#[tokio::test]
async fn every_change_is_rolled_back_by_the_declared_calls() {
    let mut kinds = BTreeSet::new();
    for case in undos() {
        let cloud = unchanged(&case).on(case.act.0, &case.act.1);
        assert_eq!(
            undo(&cloud, &case).await,
            ChangeOutcome::Applied { created: None },
            "{}",
            case.change
        );
        let declared: BTreeSet<_> = undo_calls(case.change.kind())
            .iter()
            .map(|call| (*call).to_owned())
            .collect();
        let made: BTreeSet<_> = cloud.actions().iter().map(|action| format!("ec2:{action}")).collect();
        assert_eq!(made, declared, "{}", case.change);
        kinds.insert(case.change.kind());
    }
    assert_eq!(kinds.len(), undos().len());
    assert_eq!(kinds.last(), Some(&ChangeKind::ReplacePolicy));
}

#[tokio::test]
async fn change_that_is_rolled_back_already_is_not_rolled_back_again() {
    for case in undos() {
        let outcome = undo(&Cloud::new().on(case.look.0, &case.already), &case).await;
        assert!(
            matches!(outcome, ChangeOutcome::NotNeeded { .. }),
            "{}: {outcome:?}",
            case.change
        );
    }
}

#[tokio::test]
async fn deleted_resource_needs_no_rollback() {
    for case in undos() {
        let code = match case.look.0 {
            "DescribeVpcEndpoints" => "InvalidVpcEndpointId.NotFound",
            "DescribeVpcAttribute" => "InvalidVpcID.NotFound",
            _ => continue,
        };
        let outcome = undo(&Cloud::new().refuse(case.look.0, code, "It does not exist"), &case).await;
        assert!(
            matches!(outcome, ChangeOutcome::NotNeeded { .. }),
            "{}: {outcome:?}",
            case.change
        );
    }
    for case in undos().iter().filter(|case| case.look.0 == "DescribeVpcEndpoints") {
        let deleting = case.look.1.replace("available", "Deleting");
        let outcome = undo(&Cloud::new().on(case.look.0, &deleting), case).await;
        assert!(
            matches!(outcome, ChangeOutcome::NotNeeded { .. }),
            "{}: {outcome:?}",
            case.change
        );
    }
    for (position, code) in [
        (1, "InvalidGroup.NotFound"),
        (2, "InvalidPermission.NotFound"),
        (3, "InvalidVpcEndpointId.NotFound"),
    ] {
        let case = &undos()[position];
        let outcome = undo(&unchanged(case).refuse(case.act.0, code, "It does not exist"), case).await;
        assert!(
            matches!(outcome, ChangeOutcome::NotNeeded { .. }),
            "{}: {outcome:?}",
            case.change
        );
    }
}

#[tokio::test]
async fn failure_names_the_call_and_whether_to_retry() {
    for case in undos() {
        for (code, worth) in [("RequestLimitExceeded", true), ("UnauthorizedOperation", false)] {
            let looks = Cloud::new().refuse(case.look.0, code, "No.");
            let times = requests(case.act.0, code);
            let acts = (0..times).fold(unchanged(&case), |cloud, _| cloud.refuse(case.act.0, code, "No."));
            for (cloud, call) in [(looks, case.look.0), (acts, case.act.0)] {
                let outcome = undo(&cloud, &case).await;
                let (cause, transient) = failed_because(&outcome);
                assert_eq!(transient, worth, "{cause}");
                assert!(
                    cause.starts_with("could not ") && cause.contains(&format!("ec2:{call} failed: {code}")),
                    "{cause}"
                );
            }
        }
        let lost = undo(&unchanged(&case).breaks(case.act.0), &case).await;
        assert!(failed_because(&lost).1, "{lost:?}");
    }
}

#[tokio::test]
async fn resources_that_others_manage_are_not_changed() {
    let table = [
        (
            "<requesterManaged>true</requesterManaged>",
            "is managed by the AWS service",
        ),
        (
            "<tagSet><item><key>GuardDutyManaged</key><value>true</value></item></tagSet>",
            "GuardDuty",
        ),
    ];
    for case in undos().iter().filter(|case| case.look.0 == "DescribeVpcEndpoints") {
        for (content, words) in table {
            let theirs = case.look.1.replace(MANAGED, "");
            let theirs = theirs.replace("<state>", &format!("{content}<state>"));
            let outcome = undo(&Cloud::new().on(case.look.0, &theirs), case).await;
            assert!(skipped_because(&outcome).contains(words), "{outcome:?}");
        }
        let foreign = case.look.1.replace("111122223333", "444455556666");
        let outcome = undo(&Cloud::new().on(case.look.0, &foreign), case).await;
        assert_eq!(skipped_because(&outcome), "vpce-1 belongs to account 444455556666");
    }
}

#[tokio::test]
async fn only_resources_with_the_tag_of_postern_are_deleted() {
    let cases = undos();
    let unmanaged = cases[3].look.1.replace(MANAGED, "");
    for change in [Some(&cases[3].change), None] {
        let cloud = Cloud::new().on("DescribeVpcEndpoints", &unmanaged);
        let outcome = applier(&cloud).undo(&cases[3].inverse(), change).await;
        assert_eq!(skipped_because(&outcome), "vpce-1 lacks the tag postern:managed = true");
        cloud.done();
    }
    for case in &cases[1..3] {
        for theirs in [
            case.look.1.replace("<value>true</value>", "<value>no</value>"),
            case.look.1.replace(MANAGED_GROUP_NAME, "web"),
        ] {
            let outcome = undo(&Cloud::new().on(case.look.0, &theirs), case).await;
            let reason = "sg-managed is not a security group that Postern manages";
            assert_eq!(skipped_because(&outcome), reason);
        }
    }
}

#[tokio::test]
async fn resource_that_was_changed_since_is_left_alone_and_the_difference_shown() {
    let table = [
        (
            1,
            "<ipPermissions>",
            "<ipPermissions>".to_owned() + &https_from(&["10.0.0.0/16"]),
            "has 1 rules since",
        ),
        (3, "<item>subnet-2</item>", String::new(), "the subnets of vpce-1"),
        (
            3,
            "<item>subnet-2</item>",
            "<item>subnet-2</item><item>subnet-3</item>".to_owned(),
            "the subnets of vpce-1",
        ),
        (
            3,
            "<groupId>sg-managed</groupId>",
            "<groupId>sg-managed</groupId></item><item><groupId>sg-2</groupId>".to_owned(),
            "the security groups",
        ),
        (
            3,
            "true</privateDnsEnabled>",
            "false</privateDnsEnabled>".to_owned(),
            "the private DNS names",
        ),
        (
            3,
            "[]",
            "[{&quot;Effect&quot;:&quot;Deny&quot;}]".to_owned(),
            "the statements of the policy",
        ),
        (
            4,
            "<item>subnet-1</item>",
            String::new(),
            "is the only subnet of vpce-1",
        ),
        (
            6,
            "<item><groupId>sg-1</groupId></item>",
            String::new(),
            "is the only security group of vpce-1",
        ),
        (
            8,
            "PosternQuarantine",
            "Ours".to_owned(),
            "somebody else changed the policy",
        ),
        (
            9,
            "<item><groupId>sg-managed</groupId></item>",
            "<item><groupId>sg-managed</groupId></item><item><groupId>sg-3</groupId></item>".to_owned(),
            "somebody else changed the security groups of vpce-1",
        ),
        (
            10,
            "[]",
            "[{&quot;Effect&quot;:&quot;Deny&quot;}]".to_owned(),
            "somebody else changed the policy",
        ),
    ];
    let cases = undos();
    for (position, now, then, words) in table {
        let case = &cases[position];
        assert!(case.look.1.contains(now), "{now}");
        let outcome = undo(&Cloud::new().on(case.look.0, &case.look.1.replace(now, &then)), case).await;
        assert!(skipped_because(&outcome).contains(words), "{outcome:?}");
    }
}

#[tokio::test]
async fn resource_that_postern_created_is_deleted_without_its_change_in_any_state() {
    let cases = undos();
    let grown = cases[3].look.1.replace("<item>subnet-2</item>", "");
    let with_rules = group(&https_from(&["10.0.0.0/16"]));
    for (case, look) in [(&cases[3], grown), (&cases[1], with_rules)] {
        let cloud = Cloud::new().on(case.look.0, &look).on(case.act.0, &case.act.1);
        let outcome = applier(&cloud).undo(&case.inverse(), None).await;
        assert_eq!(outcome, ChangeOutcome::Applied { created: None });
        cloud.done();
    }
    let cloud = unchanged(&cases[8]);
    let outcome = applier(&cloud).undo(&cases[8].inverse(), None).await;
    assert!(
        skipped_because(&outcome).contains("somebody else changed the policy"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn an_endpoint_that_aws_did_not_delete_in_spite_of_its_answer_is_a_failure() {
    let case = &undos()[3];
    let table = [
        ("OperationNotPermitted", false),
        ("IncorrectState", true),
        ("RequestLimitExceeded", true),
    ];
    for (code, worth) in table {
        let unsuccessful = format!(
            "<unsuccessful><item><resourceId>vpce-1</resourceId><error><code>{code}</code><message>No.</message></error>\
             </item></unsuccessful>"
        );
        let outcome = undo(&unchanged(case).on(case.act.0, &unsuccessful), case).await;
        let (cause, transient) = failed_because(&outcome);
        let start = format!("could not delete vpce-1: ec2:DeleteVpcEndpoints failed: {code}: No; ");
        assert!(cause.starts_with(&start), "{cause}");
        assert_eq!(transient, worth, "{code}");
    }
    let missing = "<unsuccessful><item><error><code>InvalidVpcEndpoint.NotFound</code><message>No.</message></error></item>\
         </unsuccessful>";
    let outcome = undo(&unchanged(case).on(case.act.0, missing), case).await;
    assert!(matches!(outcome, ChangeOutcome::NotNeeded { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_group_that_is_still_in_use_is_worth_another_attempt() {
    let case = &undos()[1];
    let outcome = undo(
        &unchanged(case).refuse(case.act.0, "DependencyViolation", "It has a dependent object"),
        case,
    )
    .await;
    let (cause, transient) = failed_because(&outcome);
    assert!(
        transient && cause.contains("network interfaces of a deleted endpoint"),
        "{cause}"
    );
}

#[tokio::test]
async fn rules_that_somebody_else_wrote_are_not_revoked() {
    let case = &undos()[2];
    let theirs = group(&https_from(&["10.0.0.0/16"]));
    let outcome = undo(&Cloud::new().on(case.look.0, &theirs), case).await;
    assert_eq!(
        skipped_because(&outcome),
        "the rule for 10.0.0.0/16 in sg-managed was not written by Postern"
    );
    let wider = group(&our_rules(&["10.0.0.0/16"]).replace("<fromPort>443", "<fromPort>80"));
    let outcome = undo(&Cloud::new().on(case.look.0, &wider), case).await;
    assert!(matches!(outcome, ChangeOutcome::NotNeeded { .. }), "{outcome:?}");
}

#[tokio::test]
async fn rollback_call_has_the_parameters_of_the_inverse_only() {
    let table: [(usize, &[(&str, &str)]); 9] = [
        (0, &[("VpcId", "vpc-1"), ("EnableDnsHostnames.Value", "false")]),
        (1, &[("GroupId", "sg-managed")]),
        (
            2,
            &[
                ("GroupId", "sg-managed"),
                ("IpPermissions.1.IpProtocol", "tcp"),
                ("IpPermissions.1.FromPort", "443"),
                ("IpPermissions.1.ToPort", "443"),
                ("IpPermissions.1.IpRanges.1.CidrIp", "10.0.0.0/16"),
                ("IpPermissions.1.Ipv6Ranges.1.CidrIpv6", "2001:db8:1::/56"),
            ],
        ),
        (3, &[("VpcEndpointId.1", "vpce-1")]),
        (4, &[("VpcEndpointId", "vpce-1"), ("RemoveSubnetId.1", "subnet-2")]),
        (5, &[("VpcEndpointId", "vpce-1"), ("RemoveRouteTableId.1", "rtb-1")]),
        (
            6,
            &[("VpcEndpointId", "vpce-1"), ("RemoveSecurityGroupId.1", "sg-managed")],
        ),
        (7, &[("VpcEndpointId", "vpce-1"), ("PrivateDnsEnabled", "false")]),
        (8, &[("VpcEndpointId", "vpce-1"), ("PolicyDocument", OPEN)]),
    ];
    for (position, fields) in table {
        let case = &undos()[position];
        let cloud = unchanged(case).on(case.act.0, &case.act.1);
        undo(&cloud, case).await;
        let mut request = cloud.request(case.act.0);
        request.retain(|name, _| name != "Action" && name != "Version");
        let expected: BTreeMap<_, _> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(request, expected, "{}", case.change);
    }
}

#[tokio::test]
async fn a_group_that_was_deleted_is_not_used_again() {
    let cloud = Cloud::new()
        .on("DescribeSecurityGroups", "<securityGroupInfo/>")
        .on("CreateSecurityGroup", "<groupId>sg-managed</groupId>")
        .on("DescribeSecurityGroups", &group(""))
        .on("DeleteSecurityGroup", "<return>true</return>")
        .on("DescribeVpcEndpoints", &interface(""))
        .on("DescribeSecurityGroups", "<securityGroupInfo/>");
    let mut applier = applier(&cloud);
    let change = Change::CreateManagedGroup(CreateManagedGroup::for_ingress("vpc-1".into()));
    applier.apply(&change, "the-control").await;
    applier
        .undo(&change.inverse(Some("sg-managed")).unwrap(), Some(&change))
        .await;
    let attach = Change::AttachManagedGroup(AttachManagedGroup {
        endpoint: "vpce-1".into(),
        group: managed(),
    });
    skipped_because(&applier.apply(&attach, "the-control").await);
    cloud.done();
}
