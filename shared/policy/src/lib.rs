//! The endpoint-policy language of AWS: what a policy lets through, and the policy that keeps a perimeter.
//!
//! [`Document::parse`] reads a policy strictly. [`evaluate`] answers for one request. [`analyse`] answers for all of
//! them: whether principals outside a perimeter can use the endpoint, whether resources outside it can be reached, and
//! whether everybody is locked out, each with a request as proof
//! that `evaluate` confirmed. [`fix`] adds the Denies that provably close a policy, and [`template`] writes one anew.
//!
//! What the analysis rests on: principals, owners, actions, resources and keys are independent of each other but for the
//! keys that belong together, so each is split into the classes that the document tells apart, and a class is nothing
//! but the set of statements that it does not fail. Where the classes cannot all be found, or the documentation is
//! silent and interpretations differ, the answer is never *closed*.

mod analyse;
mod arn;
mod aws_owned;
mod bind;
mod condition_keys;
mod context;
mod document;
mod endpoint_service;
mod evaluate;
mod federation;
mod fix;
mod glob;
mod interpretation;
mod json;
mod literal;
mod operators;
mod parse;
mod partition;
mod perimeter;
mod possible;
mod service;
mod template;
mod text;

pub use analyse::{Analysis, Containment, Witness, analyse};
pub use bind::{Binding, bind};
pub use context::{ANY_SERVICE, EndpointContext};
pub use document::{Document, Effect, MOST_CHARACTERS, Note, Statement, Version};
pub use endpoint_service::{PortRange, Ports, Transport, ports, short_name};
pub use evaluate::{Decision, Request, evaluate};
pub use fix::{Fix, NoFix, fix};
pub use parse::{ParseError, Problem};
pub use perimeter::Perimeter;
pub use possible::impossible;
pub use template::{TemplateError, template};
