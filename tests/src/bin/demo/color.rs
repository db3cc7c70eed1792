//! Colours of the terminal.

use std::env;
use std::io::{IsTerminal as _, stdout};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Color(bool);

impl Color {
    /// In colour on a terminal, unless `NO_COLOR` is set.
    pub(crate) fn for_stdout() -> Self {
        Self(stdout().is_terminal() && env::var_os("NO_COLOR").is_none())
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.with("31", text)
    }

    pub(crate) fn mark(self, passed: bool) -> String {
        if passed { self.good("✔") } else { self.bad("✘") }
    }

    fn with(self, code: &str, text: &str) -> String {
        match self.0 {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}
