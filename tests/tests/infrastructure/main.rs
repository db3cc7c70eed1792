//! The template as data, and the scripts that deploy and delete it: what is deployed is what the registry of functions
//! and the calls of the code say.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod alarms;
mod authorization;
mod functions;
mod resolve;
mod roles;
mod scripts;
mod template;
