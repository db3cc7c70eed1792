#![doc = include_str!("../README.md")]

mod analyse;
mod arn;
mod aws_owned;
mod bind;
mod bits;
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

pub use analyse::{Analysis, Containment, Witness, analyse, taken_away};
pub use arn::{Arn, is_account, is_region};
pub use bind::{Binding, bind};
pub use context::{ANY_SERVICE, EndpointContext};
pub use document::{Document, Effect, MOST_CHARACTERS, Note, Statement, Version};
pub use endpoint_service::{PortRange, Ports, Transport, is_documented, ports, short_name};
pub use evaluate::{Decision, Request, evaluate};
pub use fix::{Advice, Fix, NoFix, fix};
pub use parse::{ParseError, Problem};
pub use perimeter::Perimeter;
pub use possible::impossible;
pub use template::{TemplateError, template};
