//! What is known of single services besides the Region's catalogue.

use super::id::Region;
use super::snapshot::Service;

/// Services on whose endpoints private DNS is never enabled, by short name, with the reason.
const NO_PRIVATE_DNS: &[(&str, &str)] = &[
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-create.html
    (
        "execute-api",
        "private DNS makes the default URLs of public APIs answer 403 in the VPC",
    ),
    // https://docs.aws.amazon.com/ses/latest/dg/send-email-set-up-vpc-endpoints.html
    ("email-smtp", OTHER_PORTS),
    // https://docs.aws.amazon.com/keyspaces/latest/devguide/vpc-endpoints.html
    ("cassandra", OTHER_PORTS),
    // https://docs.aws.amazon.com/filegateway/latest/files3/gateway-private-link.html
    ("storagegateway", OTHER_PORTS),
    // https://docs.aws.amazon.com/iot/latest/developerguide/IoTCore-VPC.html
    ("iot.data", OTHER_PORTS),
    // https://docs.aws.amazon.com/datasync/latest/userguide/datasync-in-vpc.html
    ("datasync", OTHER_PORTS),
    // https://docs.aws.amazon.com/appstream2/latest/developerguide/creating-streaming-from-interface-vpc-endpoints.html
    ("appstream.streaming", OTHER_PORTS),
];

const OTHER_PORTS: &str = "clients of the service use other ports than TCP 443, which Postern does not admit";

/// Why private DNS is not enabled on endpoints of a service. None where nothing is known against it.
pub fn against_private_dns(service: &Service, region: &Region) -> Option<&'static str> {
    let name = service.short_name(region)?;
    let found = NO_PRIVATE_DNS.iter().find(|(service, _)| *service == name);
    found.map(|(_, reason)| *reason)
}
