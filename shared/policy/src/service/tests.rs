//! What is told of services.

use super::reference::DATA;
use super::*;

#[test]
fn data_is_sorted_and_every_line_is_found_by_its_prefix() {
    let prefixes: Vec<&str> = DATA.lines().skip(1).filter_map(|line| line.split('|').next()).collect();
    assert!(prefixes.is_sorted() && prefixes.len() > 400);
    for prefix in prefixes {
        assert!(line(prefix).is_some_and(|line| line.prefix == prefix), "{prefix}");
    }
    assert!(line("").is_none() && line("zzz").is_none() && line("#").is_none());
}

#[test]
fn endpoint_names_lead_to_action_prefixes() {
    let prefix = |short: &str| find(short).and_then(|service| service.prefixes().next());
    for (short, expected) in [
        ("s3", Some("s3")),
        ("ecr.dkr", Some("ecr")),
        ("monitoring", Some("cloudwatch")),
        ("kms-fips", Some("kms")),
        ("git-codecommit-fips", Some("codecommit")),
        ("airflow-fips.api", Some("airflow")),
        ("monitoring-fips", Some("cloudwatch")),
        ("ecs-agent", Some("ecs")),
        ("tagging", Some("tag")),
        ("cloudcontrolapi", Some("cloudformation")),
        ("sagemaker.runtime", Some("sagemaker")),
        ("com.amazonaws.eu-central-1.sagemaker.runtime-fips", Some("sagemaker")),
        ("com.amazonaws.route53", Some("route53")),
        ("cloudcontrolapi", Some("cloudformation")),
        ("tagging", Some("tag")),
        // Not in AWS's list.
        ("iot", Some("iot")),
        ("com.amazonaws.eu-central-1.kms.tomorrow", Some("kms")),
        ("com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0", None),
        ("any", None),
        ("", None),
    ] {
        assert_eq!(prefix(short), expected, "{short}");
    }
}

#[test]
fn action_is_matched_with_the_resources_it_acts_on() {
    let s3 = find("s3").unwrap();
    let on = |arn: &str, name: &str| {
        s3.actions_on(arn)
            .any(|action| action.full_name() == format!("s3:{name}"))
    };
    assert!(on("arn:aws:s3:::corp-data/report", "GetObject") && !on("arn:aws:s3:::corp-data/report", "ListBucket"));
    assert!(on("arn:aws:s3:::corp-data", "ListBucket") && !on("arn:aws:s3:::corp-data", "GetObject"));
    assert!(takes("S3:getobject", "arn:aws:s3:::corp-data/report") && !takes("s3:GetObject", "*"));
    let first = formats("s3:getobject").first().map(|format| format.name);
    assert_eq!(first, Some("*/*"));
    assert!(formats("s3:ListAllMyBuckets").is_empty() && formats("s3:GetTomorrow").is_empty());
    for line in DATA.lines().skip(1) {
        let fields: Vec<&str> = line.split('|').collect();
        assert_eq!(fields.len(), 7);
        assert_eq!(list(fields[1]).count(), fields[4].split(',').count(), "{}", fields[0]);
        assert_eq!(list(fields[1]).count(), fields[6].split(',').count(), "{}", fields[0]);
        let keys = list(fields[3]).count();
        assert!(
            keys < 384 && list(fields[5]).flat_map(places).all(|place| place < keys),
            "{}",
            fields[0]
        );
    }
}

/// The list under "Availability" of `aws:ResourceAccount`, in the order of the page:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceaccount>
#[test]
fn actions_that_do_not_tell_the_owner_are_those_that_aws_lists() {
    let page = "auditmanager:UpdateAssessmentFrameworkShare detective:AcceptInvitation ds:AcceptSharedDirectory \
                ec2:AcceptTransitGatewayPeeringAttachment ec2:AcceptVpcEndpointConnections \
                ec2:AcceptVpcPeeringConnection ec2:CreateTransitGatewayPeeringAttachment ec2:CreateVpcEndpoint \
                ec2:CreateVpcPeeringConnection events:PutEvents guardduty:AcceptAdministratorInvitation \
                macie2:AcceptInvitation es:AcceptInboundConnection route53:AssociateVPCWithHostedZone \
                route53:CreateVPCAssociationAuthorization securityhub:AcceptAdministratorInvitation";
    let mut listed: Vec<String> = page.split_whitespace().map(str::to_owned).collect();
    let ebs = &find("ebs").unwrap().actions;
    listed.extend(ebs.iter().map(Published::full_name));
    listed.sort_unstable();
    let mut keyless: Vec<String> = keyless_actions().map(Published::full_name).collect();
    keyless.sort_unstable();
    assert_eq!(keyless, listed);
    let sometimes = keyless_actions().filter(|action| action.tells_owner == Tells::Sometimes);
    assert_eq!(
        sometimes.map(Published::full_name).collect::<Vec<_>>(),
        ["events:PutEvents"]
    );
}
