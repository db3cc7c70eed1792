//! A model of the parts of AWS that Postern talks to.

pub mod dynamodb;
