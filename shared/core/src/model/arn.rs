//! Names that AWS gives: ARNs, account ids and Regions.

pub use postern_policy::{Arn, is_account, is_region};
