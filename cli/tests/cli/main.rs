//! The program as people and pipelines run it.
#![cfg(test)]
#![expect(clippy::print_stdout, reason = "tests say when there is nothing to test")]

mod check;
mod eval;
mod explain;
mod fix;
mod robustness;
mod samples;
mod support;
