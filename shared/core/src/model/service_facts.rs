//! What is known of single services besides the Region's catalogue.

use super::catalogue::Service;

/// Services on whose endpoints private DNS is never enabled, by short name, with the reason.
const NO_PRIVATE_DNS: &[(&str, &str)] = &[
    // https://docs.aws.amazon.com/appsync/latest/devguide/using-private-apis.html
    (
        "appsync-api",
        "private DNS makes public AppSync APIs unreachable from the VPC",
    ),
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-api-create.html
    (
        "execute-api",
        "private DNS makes the default URLs of public APIs answer 403 in the VPC",
    ),
];

/// Services that AWS retires, by short name, with the one that takes the place.
const RETIRED: &[(&str, &str)] = &[
    // https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html
    ("ec2messages", "ssmmessages"),
];

/// The short name of the service that takes the place of one that AWS retires.
pub fn successor(service: &Service) -> Option<&'static str> {
    let name = service.short_name()?;
    let found = RETIRED.iter().find(|(retired, _)| *retired == name);
    found.map(|(_, successor)| *successor)
}

/// Why private DNS is not enabled on endpoints of a service. None where nothing is known against it.
pub fn against_private_dns(service: &Service) -> Option<&'static str> {
    let name = service.short_name()?;
    let found = NO_PRIVATE_DNS
        .iter()
        .find(|(service, _)| *service == name.trim_end_matches("-fips"));
    found.map(|(_, reason)| *reason)
}
