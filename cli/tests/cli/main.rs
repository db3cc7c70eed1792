//! The program as people and pipelines run it.
#![cfg(test)]
#![expect(clippy::print_stdout, reason = "tests say when there is nothing to test")]

mod access;
mod audit;
mod check;
mod documents;
mod drawings;
mod eval;
mod explain;
mod fix;
mod offline;
mod page;
mod plan;
mod robustness;
mod samples;
mod settings;
mod stand_in;
mod support;
mod validation;
