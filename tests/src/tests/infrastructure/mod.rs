//! The template as data, and the scripts that deploy and delete it: what is deployed is what the registry of functions
//! and the calls of the code say.

mod alarms;
mod authorization;
mod functions;
mod page;
mod resolve;
mod roles;
mod scripts;
mod storms;
mod template;
