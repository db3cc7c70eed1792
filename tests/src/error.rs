//! What goes wrong around the thing under test.

use std::error::Error;
use std::fmt::Display;

/// A stand-in, a tool or a call of the harness failed. Printed with all its causes.
#[derive(Debug, thiserror::Error)]
#[error("{what}{}", causes(.source.as_deref()))]
pub struct HarnessError {
    what: String,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

pub type Result<T> = std::result::Result<T, HarnessError>;

impl HarnessError {
    pub fn new(what: impl Display) -> Self {
        Self {
            what: what.to_string(),
            source: None,
        }
    }
}

fn causes(mut source: Option<&(dyn Error + Send + Sync + 'static)>) -> String {
    let mut words = String::new();
    let mut next: Option<&dyn Error> = source.take().map(|error| error as &dyn Error);
    while let Some(error) = next {
        words.push_str(": ");
        words.push_str(&error.to_string());
        next = error.source();
    }
    words
}

/// Says what was being done when it failed.
pub trait While<T> {
    fn while_doing(self, what: impl Display) -> Result<T>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> While<T> for std::result::Result<T, E> {
    fn while_doing(self, what: impl Display) -> Result<T> {
        self.map_err(|error| HarnessError {
            what: what.to_string(),
            source: Some(error.into()),
        })
    }
}
