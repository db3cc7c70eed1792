//! Removes principals that may connect to an endpoint service. Their connections stay up: AWS does not close them.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::effect::{EffectResult, in_effect, not_in_effect};
use super::kind::{KindOfChange, KindOfInverse, Prepares};
use super::snippet::{Block, Setting};
use super::{Change, ChangeKind, Inverse, Safety};
use crate::model::cost::{MonthlyCost, Prices};
use crate::model::endpoint_service::{Permission, PrincipalKind, ServiceSnapshot};
use crate::model::id::{EndpointId, EndpointServiceId, Region, RunId, VpcId};
use crate::model::managed::GroupPurpose;
use crate::model::part::{Gap, Part};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RemoveServicePrincipals {
    pub service: EndpointServiceId,
    /// `*`, or ARNs.
    pub principals: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AddServicePrincipals {
    pub service: EndpointServiceId,
    pub principals: BTreeSet<String>,
}

impl KindOfChange<ServiceSnapshot> for RemoveServicePrincipals {
    fn kind(&self) -> ChangeKind {
        ChangeKind::RemoveServicePrincipals
    }

    fn safety(&self) -> Safety {
        Safety::Restrictive
    }

    fn text(&self) -> String {
        format!(
            "remove {} from the principals of {}",
            named(&self.principals),
            self.service
        )
    }

    fn endpoint(&self) -> Option<&EndpointId> {
        None
    }

    fn alters(&self) -> &'static [Part] {
        &[Part::Permissions]
    }

    fn monthly_cost(&self, _: &Prices, _: &Region) -> Option<MonthlyCost> {
        Some(MonthlyCost::ZERO)
    }

    fn repeats(&self, earlier: &Change) -> bool {
        matches!(earlier, Change::RemoveServicePrincipals(earlier)
            if earlier.service == self.service && !earlier.principals.is_disjoint(&self.principals))
    }

    fn prepares(&self) -> Prepares<'_> {
        Prepares::Nothing
    }

    fn managed_group(&self) -> Option<(&VpcId, GroupPurpose)> {
        None
    }

    fn requires(&self, _: &Change) -> bool {
        false
    }

    fn simulate(&self, state: &mut ServiceSnapshot) -> bool {
        let Ok(permissions) = &mut state.permissions else {
            return false;
        };
        let before = permissions.len();
        permissions.retain(|principal, _| !self.principals.contains(principal));
        permissions.len() < before
    }

    fn simulated_id(&self, _: &ServiceSnapshot) -> Option<String> {
        None
    }

    fn inverse(&self, _: Option<&str>) -> Option<Inverse> {
        Some(Inverse::AddServicePrincipals(AddServicePrincipals {
            service: self.service.clone(),
            principals: self.principals.clone(),
        }))
    }

    fn effect(&self, _: &RunId, state: &ServiceSnapshot) -> EffectResult {
        let permissions = state.permissions.as_ref().map_err(Gap::clone)?;
        let mut left = self
            .principals
            .iter()
            .filter(|principal| permissions.contains_key(*principal));
        Ok(match left.next() {
            Some(principal) => not_in_effect(format!("{principal} may connect to {}", self.service)),
            None => in_effect(None),
        })
    }

    fn names_its_run(&self) -> bool {
        false
    }

    fn altered_since(&self, _: Option<&str>, _: &ServiceSnapshot) -> Result<Option<String>, Gap> {
        Ok(None)
    }

    fn snippet(&self, after: &ServiceSnapshot) -> Vec<Block> {
        let Ok(permissions) = &after.permissions else {
            return Vec::new();
        };
        let left = || Setting::List(permissions.keys().cloned().collect());
        vec![Block {
            about: format!("principals of {}", self.service),
            name: self.service.to_string(),
            terraform: ("aws_vpc_endpoint_service", vec![("allowed_principals", left())]),
            cloudformation: (
                "AWS::EC2::VPCEndpointServicePermissions",
                vec![
                    ("AllowedPrincipals", left()),
                    ("ServiceId", Setting::Text(self.service.to_string())),
                ],
            ),
        }]
    }

    fn undoing_calls(&self) -> &'static [&'static str] {
        &["ModifyVpcEndpointServicePermissions"]
    }
}

impl KindOfInverse<ServiceSnapshot> for AddServicePrincipals {
    fn safety(&self) -> Safety {
        Safety::Additive
    }

    fn text(&self) -> String {
        format!("allow {} to connect to {} again", named(&self.principals), self.service)
    }

    fn command(&self) -> String {
        let principals: Vec<_> = self
            .principals
            .iter()
            .map(|principal| format!("'{principal}'"))
            .collect();
        format!(
            "aws ec2 modify-vpc-endpoint-service-permissions --service-id {} --add-allowed-principals {}",
            self.service,
            principals.join(" ")
        )
    }

    fn simulate(&self, state: &mut ServiceSnapshot) {
        if let Ok(permissions) = &mut state.permissions {
            for principal in &self.principals {
                let permission = Permission {
                    principal: principal.clone(),
                    kind: PrincipalKind::of(principal),
                    id: None,
                };
                permissions.entry(principal.clone()).or_insert(permission);
            }
        }
    }

    fn effect(&self, state: &ServiceSnapshot) -> EffectResult {
        let permissions = state.permissions.as_ref().map_err(Gap::clone)?;
        let mut lacking = self
            .principals
            .iter()
            .filter(|principal| !permissions.contains_key(*principal));
        Ok(match lacking.next() {
            Some(principal) => not_in_effect(format!("{principal} may not connect to {}", self.service)),
            None => in_effect(None),
        })
    }
}

fn named(principals: &BTreeSet<String>) -> String {
    let principals: Vec<_> = principals.iter().map(|principal| format!("`{principal}`")).collect();
    principals.join(", ")
}
