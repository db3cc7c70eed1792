//! Links to the AWS console.

use std::fmt::Write as _;

use postern_core::model::finding::{Resource, ResourceKind};
use postern_core::model::scope::Scope;

/// Where the console shows a resource of a scope. A connection is shown with its endpoint service, since its endpoint is in
/// the VPC of another account.
pub(crate) fn link(scope: &Scope, resource: &Resource) -> String {
    let region = encode(scope.region.as_str());
    let host = if region.starts_with("cn-") {
        "console.amazonaws.cn"
    } else if region.starts_with("us-gov-") {
        "console.amazonaws-us-gov.com"
    } else {
        "console.aws.amazon.com"
    };
    let own = || resource.id.clone();
    let (view, id) = match resource.kind {
        ResourceKind::Vpc => ("VpcDetails:VpcId", own()),
        ResourceKind::Subnet => ("SubnetDetails:subnetId", own()),
        ResourceKind::RouteTable => ("RouteTableDetails:RouteTableId", own()),
        ResourceKind::Endpoint => ("EndpointDetails:vpcEndpointId", own()),
        ResourceKind::EndpointService => ("EndpointServiceDetails:vpcEndpointServiceId", own()),
        ResourceKind::EndpointConnection => (
            "EndpointServiceDetails:vpcEndpointServiceId",
            scope.resource.to_string(),
        ),
    };
    let id = encode(&id);
    format!("https://{region}.{host}/vpcconsole/home?region={region}#{view}={id}")
}

/// Percent-encodes all but what ids and Regions consist of.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(region: &str) -> Scope {
        Scope::vpc(&"111122223333".into(), &region.into(), &"vpc-0a1".into())
    }

    #[test]
    fn each_kind_and_partition_has_its_page() {
        let cases = [
            (
                ("eu-central-1", ResourceKind::Vpc, "vpc-0a1"),
                "https://eu-central-1.console.aws.amazon.com/vpcconsole/home?region=eu-central-1#VpcDetails:VpcId=vpc-0a1",
            ),
            (
                ("us-gov-west-1", ResourceKind::Subnet, "subnet-0a1"),
                "https://us-gov-west-1.console.amazonaws-us-gov.com/vpcconsole/home?region=us-gov-west-1\
                 #SubnetDetails:subnetId=subnet-0a1",
            ),
            (
                ("cn-north-1", ResourceKind::RouteTable, "rtb-0a1"),
                "https://cn-north-1.console.amazonaws.cn/vpcconsole/home?region=cn-north-1\
                 #RouteTableDetails:RouteTableId=rtb-0a1",
            ),
            (
                ("us-east-1", ResourceKind::Endpoint, "vpce-0a1"),
                "https://us-east-1.console.aws.amazon.com/vpcconsole/home?region=us-east-1\
                 #EndpointDetails:vpcEndpointId=vpce-0a1",
            ),
            (
                ("us-east-1", ResourceKind::EndpointService, "vpce-svc-0a1"),
                "https://us-east-1.console.aws.amazon.com/vpcconsole/home?region=us-east-1\
                 #EndpointServiceDetails:vpcEndpointServiceId=vpce-svc-0a1",
            ),
        ];
        for ((region, kind, id), expected) in cases {
            assert_eq!(link(&scope(region), &Resource::new(kind, id)), expected);
        }
    }

    #[test]
    fn connection_is_shown_with_its_endpoint_service() {
        let scope = Scope::endpoint_service(&"111122223333".into(), &"us-east-1".into(), &"vpce-svc-0a1".into());
        let link = link(&scope, &Resource::new(ResourceKind::EndpointConnection, "vpce-0b2"));
        assert!(
            link.ends_with("#EndpointServiceDetails:vpcEndpointServiceId=vpce-svc-0a1"),
            "{link}"
        );
    }

    #[test]
    fn odd_ids_cannot_lead_elsewhere() {
        let resource = Resource::new(ResourceKind::Vpc, "a&b\"<ü>");
        let link = link(&scope("evil.example/?"), &resource);
        assert_eq!(
            link,
            "https://evil%2Eexample%2F%3F.console.aws.amazon.com/vpcconsole/home?region=evil%2Eexample%2F%3F\
             #VpcDetails:VpcId=a%26b%22%3C%C3%BC%3E"
        );
    }
}
