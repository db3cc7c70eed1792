use super::*;

#[tokio::test]
async fn refusals_are_distinguished_by_code_and_message() {
    #[derive(Debug, PartialEq)]
    enum Is {
        Transient,
        Permanent,
        NotNeeded,
        Skipped,
    }
    let table = [
        (
            "InvalidParameter",
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for \
             sts.eu-central-1.amazonaws.com in the VPC vpc-1",
            Is::Transient,
            "some minutes",
        ),
        (
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true",
            Is::Transient,
            "DNS attributes",
        ),
        (
            "InvalidParameter",
            "The VPC endpoint service com.amazonaws.eu-central-1.sts does not support the availability zone of the \
             subnet: subnet-1",
            Is::Permanent,
            "not offered in that zone",
        ),
        (
            "InvalidParameter",
            "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints",
            Is::Permanent,
            "takes no subnets",
        ),
        (
            "InvalidParameter",
            "Something new",
            Is::Permanent,
            "correct what the error names",
        ),
        ("DuplicateSubnetsInSameZone", "Two subnets", Is::NotNeeded, "zone"),
        (
            "RouteAlreadyExists",
            "route table rtb-1 already has a route",
            Is::Permanent,
            "decide",
        ),
        (
            "InsufficientFreeAddressesInSubnet",
            "No addresses",
            Is::Permanent,
            "free addresses",
        ),
        (
            "VpcEndpointLimitExceeded",
            "The maximum is reached",
            Is::Permanent,
            "higher quota",
        ),
        (
            "RulesPerSecurityGroupLimitExceeded",
            "The maximum is reached",
            Is::Permanent,
            "higher quota",
        ),
        (
            "SomethingElseLimitExceeded",
            "The maximum is reached",
            Is::Permanent,
            "higher quota",
        ),
        (
            "InvalidServiceName",
            "The service does not exist",
            Is::Permanent,
            "correct the requirement",
        ),
        (
            "IncorrectState",
            "The endpoint is pending",
            Is::Transient,
            "still processes",
        ),
        ("OperationNotPermitted", "Not yours", Is::Permanent, "another account"),
        (
            "UnauthorizedOperation",
            "You are not authorized",
            Is::Permanent,
            "allow the function's role to call ec2:ModifyVpcEndpoint",
        ),
        (
            "RequestLimitExceeded",
            "Request limit exceeded",
            Is::Transient,
            "will retry",
        ),
        ("Unavailable", "Try later", Is::Transient, "will retry"),
        (
            "InvalidSubnetID.NotFound",
            "The subnet does not exist",
            Is::Skipped,
            "The subnet does not exist",
        ),
        (
            "InvalidSubnetId.NotFound",
            "The subnet does not exist",
            Is::Skipped,
            "The subnet does not exist",
        ),
        (
            "InvalidVpcEndpointId.NotFound",
            "The endpoint does not exist",
            Is::Skipped,
            "no longer exists",
        ),
        (
            "InvalidVpcEndpoint.NotFound",
            "The endpoint does not exist",
            Is::Skipped,
            "no longer exists",
        ),
    ];
    let change = Change::AddSubnet(AddSubnet {
        endpoint: "vpce-1".into(),
        subnet: "subnet-2".into(),
        zone: "eu-central-1b".into(),
    });
    for (code, message, expected, words) in table {
        // What passes within seconds is waited for.
        let requests = match code {
            "IncorrectState" | "RequestLimitExceeded" => 4,
            _ => 1,
        };
        let cloud = Cloud::new().on("DescribeVpcEndpoints", &interface(""));
        let cloud = (0..requests).fold(cloud, |cloud, _| cloud.refuse("ModifyVpcEndpoint", code, message));
        let (is, text) = match apply(&cloud, &change).await {
            ChangeOutcome::Failed { cause, transient: true } => (Is::Transient, cause),
            ChangeOutcome::Failed { cause, .. } => (Is::Permanent, cause),
            ChangeOutcome::NotNeeded { reason } => (Is::NotNeeded, reason),
            ChangeOutcome::Skipped { reason } => (Is::Skipped, reason),
            ChangeOutcome::Applied { .. } | ChangeOutcome::Postponed { .. } => {
                panic!("{code} was taken for success")
            }
        };
        assert_eq!(is, expected, "{code}: {message}");
        assert!(text.contains(words), "{code}: {text}");
    }
}
