//! VPC endpoints.

mod checks;
mod create;
mod describe;
mod modify;

pub(super) use self::create::create;
pub(super) use self::describe::describe;
pub(super) use self::modify::{delete, modify};
