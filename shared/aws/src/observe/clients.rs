//! In which subnets of a VPC there may be clients of endpoints.

use std::collections::BTreeSet;

use postern_core::model::id::{Region, SubnetId, VpcId};

use super::ObserveError;
use crate::describe::{self, filter};
use crate::session::Session;

/// The IAM actions that finding clients requires. Where they are denied, every subnet may have clients.
pub const CLIENT_CALLS: &[&str] = &[describe::NETWORK_INTERFACES];

impl Session {
    /// The subnets in which somebody has a network interface: instances, functions, load balancers, NAT gateways,
    /// whatever it is. Those of endpoints do not count. None where AWS denies the answer.
    pub async fn subnets_with_clients(
        &self,
        region: &Region,
        vpc: &VpcId,
    ) -> Result<Option<BTreeSet<SubnetId>>, ObserveError> {
        let filters = vec![filter("vpc-id", [vpc.as_str()])];
        let ec2 = self.ec2(region);
        // Boxed: the futures of the SDK's calls are large.
        match Box::pin(describe::network_interfaces(&ec2, filters)).await {
            Ok(found) => {
                let clients = found.iter().filter(|interface| {
                    let kind = interface.interface_type().map(|kind| kind.as_str());
                    kind != Some(describe::OF_ENDPOINT)
                });
                Ok(Some(
                    clients
                        .filter_map(|interface| interface.subnet_id())
                        .map(SubnetId::from)
                        .collect(),
                ))
            }
            Err(error) if error.denied() => Ok(None),
            Err(source) => Err(ObserveError {
                target: format!("the network interfaces of {vpc} in {region}"),
                source,
            }),
        }
    }
}
