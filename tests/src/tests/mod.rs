//! The suites that need more than one crate. One program, because each that links the AWS SDK takes long to link.

mod architecture;
mod deployed;
mod documents;
mod generated;
mod infrastructure;
mod wire;
