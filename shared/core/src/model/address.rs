//! Families of IP addresses.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which IP addresses a network interface or a subnet has, or to which a DNS name resolves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AddressType {
    #[default]
    Ipv4,
    Ipv6,
    /// Both.
    Dualstack,
}

impl AddressType {
    /// Whether it is the type that AWS takes unless it is told another one.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// None where there are no addresses.
    pub fn of(ipv4: bool, ipv6: bool) -> Option<Self> {
        match (ipv4, ipv6) {
            (true, false) => Some(Self::Ipv4),
            (false, true) => Some(Self::Ipv6),
            (true, true) => Some(Self::Dualstack),
            (false, false) => None,
        }
    }

    pub fn ipv4(self) -> bool {
        matches!(self, Self::Ipv4 | Self::Dualstack)
    }

    pub fn ipv6(self) -> bool {
        matches!(self, Self::Ipv6 | Self::Dualstack)
    }

    /// Whether clients with addresses of one type reach something with addresses of the other.
    pub fn meets(self, other: Self) -> bool {
        (self.ipv4() && other.ipv4()) || (self.ipv6() && other.ipv6())
    }

    /// The types together.
    pub fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Dualstack }
    }

    /// As the EC2 API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Dualstack => "dualstack",
        }
    }

    /// From the EC2 API.
    pub fn parse(text: &str) -> Option<Self> {
        let types = [Self::Ipv4, Self::Ipv6, Self::Dualstack];
        types
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(text))
    }
}

/// In a sentence, before "addresses".
impl fmt::Display for AddressType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
            Self::Dualstack => "IPv4 and IPv6",
        })
    }
}
