//! The endpoint-policy language of AWS: what a policy lets through, and the policy that keeps a perimeter.

mod aws_owned;
mod json;
mod perimeter;
mod template;
mod verdict;

pub use json::ParseError;
pub use perimeter::Perimeter;
pub use template::{MOST_CHARACTERS, TemplateError, template};
pub use verdict::{Verdict, verdict};
