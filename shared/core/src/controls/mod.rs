//! The controls, one file each.

use crate::control::Control;

pub mod endpoint_missing;
pub mod gateway_route_missing;
pub mod ingress_blocked;
pub mod policy_open;
pub mod private_dns_disabled;
pub mod subnet_uncovered;
pub mod vpc_dns_disabled;

/// Every control, by name.
pub static CONTROLS: &[&Control] = &[
    &endpoint_missing::CONTROL,
    &gateway_route_missing::CONTROL,
    &ingress_blocked::CONTROL,
    &policy_open::CONTROL,
    &private_dns_disabled::CONTROL,
    &subnet_uncovered::CONTROL,
    &vpc_dns_disabled::CONTROL,
];
