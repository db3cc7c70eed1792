//! The ports of services.

use std::fmt;

use postern_policy::{PortRange, Ports, Transport};

use crate::changes::{HTTPS, port_range};
use crate::model::id::ServiceName;
use crate::model::snapshot::IngressRule;

/// The TCP ports on which a service listens, first and last of each range. Clients need one of them or several, depending
/// on what they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePorts {
    /// First and last of each range.
    tcp: Vec<(u16, u16)>,
    /// Whether it listens on UDP ports, too, which the managed group does not admit.
    pub udp: bool,
}

impl ServicePorts {
    /// Those of a service. Nothing where AWS does not document them.
    pub fn of(service: &ServiceName) -> Option<Self> {
        match postern_policy::ports(service.as_str()) {
            Ports::Known(ranges) => {
                let tcp = |range: &&PortRange| range.transport == Transport::Tcp;
                Some(Self {
                    tcp: ranges.iter().filter(tcp).map(|range| (range.from, range.to)).collect(),
                    udp: !ranges.iter().all(|range| tcp(&range)),
                })
            }
            Ports::Unknown => None,
        }
    }

    pub fn https() -> Self {
        Self::of_one(HTTPS)
    }

    /// Every TCP port, where it is not known which clients need.
    pub fn any() -> Self {
        Self::of_one((0, u16::MAX))
    }

    pub fn of_one(range: (u16, u16)) -> Self {
        Self {
            tcp: vec![range],
            udp: false,
        }
    }

    /// First and last of each range.
    pub fn ranges(&self) -> &[(u16, u16)] {
        &self.tcp
    }

    /// Whether the rule admits one of them.
    pub fn overlap(&self, rule: &IngressRule) -> bool {
        self.tcp.iter().any(|(first, last)| rule.meets_tcp(*first, *last))
    }
}

impl fmt::Display for ServicePorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (first, last)) in self.tcp.iter().enumerate() {
            f.write_str(match place {
                0 => "TCP ",
                _ if place + 1 == self.tcp.len() => " or ",
                _ => ", ",
            })?;
            f.write_str(&port_range((*first, *last)))?;
        }
        Ok(())
    }
}
