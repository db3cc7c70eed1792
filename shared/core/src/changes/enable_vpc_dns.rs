//! Enables one of the two DNS attributes of a VPC.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::effect::{EffectResult, effect_if};
use super::kind::{KindOfChange, KindOfInverse, Prepares};
use super::snippet::{Block, Setting};
use super::{Change, ChangeKind, Inverse, Safety};
use crate::model::cost::{MonthlyCost, Prices};
use crate::model::id::{EndpointId, Region, RunId, VpcId};
use crate::model::managed::GroupPurpose;
use crate::model::part::{Gap, Observed, Part};
use crate::model::snapshot::VpcSnapshot;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct EnableVpcDns {
    pub vpc: VpcId,
    pub attribute: DnsAttribute,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct DisableVpcDns {
    pub vpc: VpcId,
    pub attribute: DnsAttribute,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DnsAttribute {
    /// `enableDnsSupport`
    Support,
    /// `enableDnsHostnames`
    Hostnames,
}

impl fmt::Display for DnsAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Support => "DNS support",
            Self::Hostnames => "DNS hostnames",
        })
    }
}

impl KindOfChange<VpcSnapshot> for EnableVpcDns {
    fn kind(&self) -> ChangeKind {
        ChangeKind::EnableVpcDns
    }

    /// Names of services begin to resolve to the endpoints with private DNS, and names of private hosted zones to what
    /// these hold.
    fn safety(&self) -> Safety {
        Safety::Interrupting
    }

    fn text(&self) -> String {
        format!("enable {} on {}", self.attribute, self.vpc)
    }

    fn endpoint(&self) -> Option<&EndpointId> {
        None
    }

    fn alters(&self) -> &'static [Part] {
        &[Part::Dns]
    }

    fn monthly_cost(&self, _: &Prices, _: &Region) -> Option<MonthlyCost> {
        Some(MonthlyCost::ZERO)
    }

    fn repeats(&self, earlier: &Change) -> bool {
        matches!(earlier, Change::EnableVpcDns(earlier) if earlier == self)
    }

    fn prepares(&self) -> Prepares<'_> {
        Prepares::VpcDns
    }

    fn managed_group(&self) -> Option<(&VpcId, GroupPurpose)> {
        None
    }

    fn requires(&self, earlier: &Change) -> bool {
        match earlier.prepares() {
            // DNS hostnames cannot be enabled without DNS support.
            Prepares::VpcDns => self.attribute == DnsAttribute::Hostnames,
            // Clients that are led to endpoints must be admitted by them.
            Prepares::ManagedGroup | Prepares::Ingress(_) => true,
            Prepares::QuarantineGroup | Prepares::Nothing => false,
        }
    }

    fn simulate(&self, state: &mut VpcSnapshot) -> bool {
        set(state, self.attribute, true)
    }

    fn simulated_id(&self, _: &VpcSnapshot) -> Option<String> {
        None
    }

    fn inverse(&self, _: Option<&str>) -> Option<Inverse> {
        Some(Inverse::DisableVpcDns(DisableVpcDns {
            vpc: self.vpc.clone(),
            attribute: self.attribute,
        }))
    }

    fn effect(&self, _: &RunId, state: &VpcSnapshot) -> EffectResult {
        let enabled = get(state, self.attribute)?;
        Ok(effect_if(enabled, || format!("{} is disabled", self.attribute)))
    }

    fn names_its_run(&self) -> bool {
        false
    }

    /// An attribute is either enabled or not, and `effect` of the inverse tells that.
    fn altered_since(&self, _: Option<&str>, _: &VpcSnapshot) -> Result<Option<String>, Gap> {
        Ok(None)
    }

    fn snippet(&self, _: &VpcSnapshot) -> Vec<Block> {
        let (terraform, cloudformation) = match self.attribute {
            DnsAttribute::Support => ("enable_dns_support", "EnableDnsSupport"),
            DnsAttribute::Hostnames => ("enable_dns_hostnames", "EnableDnsHostnames"),
        };
        vec![Block {
            about: format!("{}, besides what is there", self.vpc),
            name: self.vpc.to_string(),
            terraform: ("aws_vpc", vec![(terraform, Setting::On)]),
            cloudformation: ("AWS::EC2::VPC", vec![(cloudformation, Setting::On)]),
        }]
    }

    fn undoing_calls(&self) -> &'static [&'static str] {
        &["ModifyVpcAttribute"]
    }
}

impl KindOfInverse<VpcSnapshot> for DisableVpcDns {
    /// Clients of private DNS names go to public addresses again.
    fn safety(&self) -> Safety {
        Safety::Interrupting
    }

    fn text(&self) -> String {
        format!("disable {} on {}", self.attribute, self.vpc)
    }

    fn command(&self) -> String {
        let flag = match self.attribute {
            DnsAttribute::Support => "--no-enable-dns-support",
            DnsAttribute::Hostnames => "--no-enable-dns-hostnames",
        };
        format!("aws ec2 modify-vpc-attribute --vpc-id {} {flag}", self.vpc)
    }

    fn simulate(&self, state: &mut VpcSnapshot) {
        set(state, self.attribute, false);
    }

    fn effect(&self, state: &VpcSnapshot) -> EffectResult {
        let enabled = get(state, self.attribute)?;
        Ok(effect_if(!enabled, || format!("{} is enabled", self.attribute)))
    }
}

fn get(state: &VpcSnapshot, attribute: DnsAttribute) -> Observed<bool> {
    let dns = state.dns.as_ref().map_err(Gap::clone)?;
    Ok(match attribute {
        DnsAttribute::Support => dns.support,
        DnsAttribute::Hostnames => dns.hostnames,
    })
}

/// Whether that alters it.
fn set(state: &mut VpcSnapshot, attribute: DnsAttribute, value: bool) -> bool {
    let Ok(dns) = &mut state.dns else {
        return false;
    };
    let attribute = match attribute {
        DnsAttribute::Support => &mut dns.support,
        DnsAttribute::Hostnames => &mut dns.hostnames,
    };
    std::mem::replace(attribute, value) != value
}
