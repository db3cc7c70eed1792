//! The endpoint-policy language of AWS: what a policy lets through, and the policy that keeps a perimeter.

mod perimeter;
mod template;
mod verdict;

pub use perimeter::Perimeter;
pub use template::template;
pub use verdict::{Verdict, verdict};
