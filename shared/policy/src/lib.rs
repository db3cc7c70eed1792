//! The endpoint-policy language of AWS: what a policy lets through, and the policy that keeps a perimeter.

mod analyse;
mod arn;
mod aws_owned;
mod context;
mod document;
mod evaluate;
mod explain;
mod fix;
mod glob;
mod json;
mod literal;
mod operators;
mod parse;
mod perimeter;
mod reading;
mod service;
mod template;
mod text;
mod verdict;

pub use analyse::{Analysis, Containment, Witness, analyse};
pub use context::EndpointContext;
pub use document::{Document, Effect, MOST_CHARACTERS, Note, Statement, Version};
pub use evaluate::{Decision, Request, evaluate};
pub use fix::{Fix, NoFix, fix};
pub use parse::{ParseError, Problem};
pub use perimeter::Perimeter;
pub use template::{TemplateError, template};
pub use verdict::{Verdict, verdict};
