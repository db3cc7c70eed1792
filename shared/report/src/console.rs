//! Links to the AWS console.

use std::fmt::Write as _;

use postern_core::model::finding::ResourceKind;
use postern_core::model::id::Region;

/// Where the console shows the resource.
pub(crate) fn link(region: &Region, kind: ResourceKind, id: &str) -> String {
    let region = encode(region.as_str());
    let host = if region.starts_with("cn-") {
        "console.amazonaws.cn"
    } else if region.starts_with("us-gov-") {
        "console.amazonaws-us-gov.com"
    } else {
        "console.aws.amazon.com"
    };
    let view = match kind {
        ResourceKind::Vpc => "VpcDetails:VpcId",
        ResourceKind::Subnet => "SubnetDetails:subnetId",
        ResourceKind::RouteTable => "RouteTableDetails:RouteTableId",
        ResourceKind::Endpoint => "EndpointDetails:vpcEndpointId",
    };
    let id = encode(id);
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
        ];
        for ((region, kind, id), expected) in cases {
            assert_eq!(link(&region.into(), kind, id), expected);
        }
    }

    #[test]
    fn odd_ids_cannot_lead_elsewhere() {
        let link = link(&"evil.example/?".into(), ResourceKind::Vpc, "a&b\"<ü>");
        assert_eq!(
            link,
            "https://evil%2Eexample%2F%3F.console.aws.amazon.com/vpcconsole/home?region=evil%2Eexample%2F%3F\
             #VpcDetails:VpcId=a%26b%22%3C%C3%BC%3E"
        );
    }
}
