//! The sinks: who is told what happened in a scope, in which form, and by which way. One file each.

mod alerts;
mod reports;
mod sns;

use std::collections::BTreeMap;

use futures_util::future::LocalBoxFuture;
use postern_aws::{Aws, PublishError, TopicError};
use postern_core::history::UndeliveredMessage;
use postern_report::Message;
use postern_report::published::Report;

pub use self::alerts::ALERTS;
pub use self::reports::REPORTS;

/// Every sink.
pub static SINKS: &[&Sink] = &[&ALERTS, &REPORTS];

pub struct Sink {
    /// The name under which the ledger keeps messages that the sink did not take.
    pub name: &'static str,
    /// The environment variable of the functions with the destination, such as the ARN of a topic.
    pub variable: &'static str,
    /// Whether the functions refuse to run without a destination. Any other sink without one gets nothing.
    pub required: bool,
    pub audience: Audience,
    /// The messages about the reports of one run.
    pub(crate) render: fn(&[&Report]) -> Vec<Message>,
    /// Checks that somebody would receive a message.
    pub(crate) check: for<'a> fn(&'a Aws, destination: &'a str) -> LocalBoxFuture<'a, Result<(), TopicError>>,
    /// Delivers a message, and gives the id that the receiver gave it.
    pub(crate) deliver: for<'a> fn(
        &'a Aws,
        destination: &'a str,
        &'a UndeliveredMessage,
    ) -> LocalBoxFuture<'a, Result<String, PublishError>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The messages about scopes that were observed together wait for each other, so that many can become one. No change
    /// is made unless people can be told.
    People,
    /// Each scope has messages of its own, at once.
    Programs,
}

/// Where the sinks of a deployment deliver to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destinations(BTreeMap<&'static str, String>);

impl Destinations {
    /// The destination of a sink; None where it has none.
    pub fn of(&self, sink: &Sink) -> Option<&str> {
        self.0.get(sink.name).map(String::as_str)
    }

    /// The sinks that have a destination.
    pub(crate) fn sinks(&self) -> impl Iterator<Item = (&'static Sink, &str)> {
        SINKS.iter().filter_map(|sink| Some((*sink, self.of(sink)?)))
    }

    /// Checks that people would receive an alert.
    ///
    /// # Errors
    /// If nobody would, or that cannot be determined.
    pub async fn check(&self, aws: &Aws) -> Result<(), TopicError> {
        for (sink, destination) in self.for_people() {
            (sink.check)(aws, destination).await?;
        }
        Ok(())
    }

    /// Where people are told of changes. In a deployment without a sink for people, they get what programs get.
    pub(crate) fn for_people(&self) -> impl Iterator<Item = (&'static Sink, &str)> {
        let any = self.sinks().any(|(sink, _)| sink.audience == Audience::People);
        let wanted = if any { Audience::People } else { Audience::Programs };
        self.sinks().filter(move |(sink, _)| sink.audience == wanted)
    }
}

impl FromIterator<(&'static Sink, String)> for Destinations {
    fn from_iter<T: IntoIterator<Item = (&'static Sink, String)>>(destinations: T) -> Self {
        let named = |(sink, destination): (&'static Sink, String)| (sink.name, destination);
        Self(destinations.into_iter().map(named).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(sinks: impl Iterator<Item = (&'static Sink, impl Sized)>) -> Vec<&'static str> {
        sinks.map(|(sink, _)| sink.name).collect()
    }

    #[test]
    fn report_goes_to_people_where_no_sink_is_for_people() {
        let one: Destinations = [(&REPORTS, "reports".to_owned())].into_iter().collect();
        assert_eq!(names(one.for_people()), ["reports"]);
        let both = [(&ALERTS, "alerts".to_owned()), (&REPORTS, "reports".to_owned())];
        let both: Destinations = both.into_iter().collect();
        assert_eq!(names(both.for_people()), ["alerts"]);
        assert_eq!(names(both.sinks()), ["alerts", "reports"]);
    }

    #[test]
    fn names_and_variables_of_sinks_are_unique() {
        let names: BTreeSet<_> = SINKS.iter().map(|sink| sink.name).collect();
        let variables: BTreeSet<_> = SINKS.iter().map(|sink| sink.variable).collect();
        assert_eq!((names.len(), variables.len()), (SINKS.len(), SINKS.len()));
    }
}
