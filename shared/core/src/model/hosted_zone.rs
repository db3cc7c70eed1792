//! Private hosted zones of Route 53.

use super::catalogue::Service;
use super::id::AccountId;
use super::part::Observed;

/// A private hosted zone that is associated with a VPC. Zones that AWS services made, those of endpoints with private DNS
/// included, are not among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostedZone {
    /// Such as `Z0123456789ABCDEFGHIJ`.
    pub id: String,
    /// In lower case, without the dot at the end.
    pub name: String,
    pub owner: AccountId,
    /// Those of addresses and aliases, read only where they decide.
    pub records: Observed<Vec<ZoneRecord>>,
}

/// A record of type A, AAAA or CNAME.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneRecord {
    /// As that of the zone, with `*` for a wildcard.
    pub name: String,
    /// The name to which an alias or a CNAME leads, as that of the zone, or an address.
    pub target: String,
}

impl HostedZone {
    /// Whether EC2 would need a zone of this name for private DNS of the service. The zone for a name such as
    /// `*.dkr.ecr.eu-central-1.amazonaws.com` is that of the rest.
    pub fn holds_name_of(&self, service: &Service) -> bool {
        let mut names = service.private_dns_names.iter();
        names.any(|name| name.trim_start_matches("*.").eq_ignore_ascii_case(&self.name))
    }
}
