//! AWS Organizations: `DescribeOrganization`.

use serde_json::json;

use crate::errors::{Bytes, json_error};
use crate::not_modelled;
use crate::world::World;

pub(crate) fn answer(world: &World, operation: &str) -> Bytes {
    if operation != "DescribeOrganization" {
        not_modelled(format_args!("organizations:{operation}"));
    }
    match &world.organization {
        Some(id) => {
            let organization = json!({"Id": id, "FeatureSet": "ALL", "MasterAccountId": "999988887777"});
            (200, json!({ "Organization": organization }).to_string().into_bytes())
        }
        None => json_error(
            400,
            "AWSOrganizationsNotInUseException",
            "Your account is not a member of an organization.",
        ),
    }
}
