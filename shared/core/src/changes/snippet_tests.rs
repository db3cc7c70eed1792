//! The compliant setting as code.

use super::*;
use crate::changes::{
    AddSubnet, AssociateRouteTable, AttachManagedGroup, AuthorizeIngress, Change, CreateManagedGroup, EnablePrivateDns,
    HTTPS, ManagedGroup, ReplacePolicy,
};
use crate::model::snapshot::*;
use crate::testing::{net, support, *};

fn code(changes: &[Change], world: &World) -> Code {
    Code::of(changes, &world.snapshot.state()).unwrap()
}

fn world() -> World {
    bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .subnet("subnet-b", "b", SubnetClass::Private)
        .interface("vpce-sts", "sts", &["subnet-a"])
        .gateway("vpce-s3", "s3", &["rtb-private"])
        .managed_group("sg-managed", &[])
}

fn group() -> ManagedGroup {
    ManagedGroup { vpc: VPC.into() }
}

#[test]
fn snippet_of_one_endpoint_is_one_resource_with_whole_values() {
    let changes = [
        Change::AddSubnet(AddSubnet {
            endpoint: "vpce-sts".into(),
            subnet: "subnet-b".into(),
            zone: "eu-central-1b".into(),
        }),
        Change::AttachManagedGroup(AttachManagedGroup {
            endpoint: "vpce-sts".into(),
            group: group(),
        }),
        Change::EnablePrivateDns(EnablePrivateDns {
            endpoint: "vpce-sts".into(),
        }),
    ];
    let code = code(&changes, &world());
    insta::assert_snapshot!(code.terraform, @r#"
    # vpce-sts, besides what is there
    resource "aws_vpc_endpoint" "vpce_sts" {
      subnet_ids = ["subnet-a", "subnet-b"]
      security_group_ids = ["sg-https", "sg-managed"]
      private_dns_enabled = true
    }
    "#);
    insta::assert_snapshot!(code.cloudformation, @r#"
    # vpce-sts, besides what is there
    vpcests:
      Type: AWS::EC2::VPCEndpoint
      Properties:
        SubnetIds: ["subnet-a", "subnet-b"]
        SecurityGroupIds: ["sg-https", "sg-managed"]
        PrivateDnsEnabled: true
    "#);
}

#[test]
fn policy_in_a_snippet_is_escaped_against_interpolation() {
    let change = Change::ReplacePolicy(ReplacePolicy {
        endpoint: "vpce-s3".into(),
        before: "{}".to_owned(),
        after: r#"{"Statement":[{"Resource":"arn:aws:s3:::${aws:PrincipalAccount}","Sid":"a\u202e%{x}"}]}"#.to_owned(),
    });
    let code = code(&[change], &world());
    insta::assert_snapshot!(code.terraform, @r#"
    # vpce-s3, besides what is there
    resource "aws_vpc_endpoint" "vpce_s3" {
      policy = <<-POLICY
        {
          "Statement": [
            {
              "Resource": "arn:aws:s3:::$${aws:PrincipalAccount}",
              "Sid": "a\u202e%%{x}"
            }
          ]
        }
      POLICY
    }
    "#);
    insta::assert_snapshot!(code.cloudformation, @r#"
    # vpce-s3, besides what is there
    vpces3:
      Type: AWS::EC2::VPCEndpoint
      Properties:
        PolicyDocument:
          {
            "Statement": [
              {
                "Resource": "arn:aws:s3:::${aws:PrincipalAccount}",
                "Sid": "a\u202e%{x}"
              }
            ]
          }
    "#);
}

#[test]
fn snippets_of_rules_routes_and_attributes_name_their_resources() {
    let changes = [
        support(),
        Change::AuthorizeIngress(AuthorizeIngress {
            group: group(),
            ports: HTTPS,
            cidrs: [net("10.0.0.0/24"), net("2001:db8::/64")].into(),
        }),
        Change::AssociateRouteTable(AssociateRouteTable {
            endpoint: "vpce-s3".into(),
            route_table: "rtb-isolated".into(),
        }),
    ];
    let code = code(&changes, &world());
    for wanted in [
        "resource \"aws_vpc\" \"vpc_1\" {\n  enable_dns_support = true",
        "resource \"aws_vpc_security_group_ingress_rule\" \"https_from_10_0_0_0_24\" {\n  security_group_id = \"sg-managed\"",
        "  cidr_ipv4 = \"10.0.0.0/24\"",
        "  cidr_ipv6 = \"2001:db8::/64\"",
        "  route_table_ids = [\"rtb-isolated\", \"rtb-private\"]",
    ] {
        assert!(code.terraform.contains(wanted), "{wanted}\n{}", code.terraform);
    }
    for wanted in [
        "  Type: AWS::EC2::VPC\n  Properties:\n    EnableDnsSupport: true",
        "  Type: AWS::EC2::SecurityGroupIngress\n  Properties:\n    GroupId: \"sg-managed\"",
        "    CidrIp: \"10.0.0.0/24\"",
        "    CidrIpv6: \"2001:db8::/64\"",
        "    RouteTableIds: [\"rtb-isolated\", \"rtb-private\"]",
    ] {
        assert!(
            code.cloudformation.contains(wanted),
            "{wanted}\n{}",
            code.cloudformation
        );
    }
}

#[test]
fn snippet_of_a_missing_endpoint_is_complete() {
    let world = compliant().without("vpce-kms").without("vpce-s3");
    let plan = world.plan();
    let grouped = compliant()
        .without("vpce-kms")
        .without("vpce-s3")
        .managed_group("sg-managed", &[]);
    let code_of = |service: &str| {
        let created = plan.enforced().find_map(|planned| {
            let Change::CreateEndpoint(new) = &planned.change else {
                return None;
            };
            new.service.as_str().ends_with(service).then(|| new.clone())
        });
        let mut new = created.unwrap();
        new.policy = Some("{}".to_owned());
        code(&[Change::CreateEndpoint(new)], &grouped)
    };
    insta::assert_snapshot!(code_of("kms").terraform, @r##"
    # The interface endpoint to com.amazonaws.eu-central-1.kms in vpc-1
    resource "aws_vpc_endpoint" "kms" {
      vpc_id = "vpc-1"
      service_name = "com.amazonaws.eu-central-1.kms"
      vpc_endpoint_type = "Interface"
      subnet_ids = ["subnet-a", "subnet-b"]
      security_group_ids = ["sg-managed"]
      private_dns_enabled = true
      policy = <<-POLICY
        {}
      POLICY
    }
    "##);
    insta::assert_snapshot!(code_of("s3").cloudformation, @r##"
    # The gateway endpoint to com.amazonaws.eu-central-1.s3 in vpc-1
    s3:
      Type: AWS::EC2::VPCEndpoint
      Properties:
        VpcId: "vpc-1"
        ServiceName: "com.amazonaws.eu-central-1.s3"
        VpcEndpointType: "Gateway"
        RouteTableIds: ["rtb-isolated", "rtb-private"]
        PolicyDocument:
          {}
    "##);
    let (interface, gateway) = (code_of("kms").cloudformation, code_of("s3").terraform);
    for wanted in [
        "VpcEndpointType: \"Interface\"",
        "SubnetIds: [\"subnet-a\", \"subnet-b\"]",
        "SecurityGroupIds: [\"sg-managed\"]",
        "PrivateDnsEnabled: true",
    ] {
        assert!(interface.contains(wanted), "{wanted}\n{interface}");
    }
    for wanted in [
        "vpc_endpoint_type = \"Gateway\"",
        "route_table_ids = [\"rtb-isolated\", \"rtb-private\"]",
    ] {
        assert!(gateway.contains(wanted), "{wanted}\n{gateway}");
    }
    assert_eq!(
        Code::of(
            &[Change::CreateManagedGroup(CreateManagedGroup::for_ingress(VPC.into()))],
            &world.snapshot.state()
        ),
        None
    );
    let all: Vec<_> = plan.enforced().map(|planned| planned.change.clone()).collect();
    let code = code(&all, &world);
    for text in [code.terraform, code.cloudformation] {
        assert!(text.contains("<id of postern-endpoint-ingress>"), "{text}");
        assert!(!text.contains("sg-managed"), "an id that nobody has: {text}");
    }
}
