//! What is shown on a terminal while Regions are read.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};

use postern_core::model::id::Region;

/// A line on standard error that is written again and again, if that is a terminal.
pub(crate) struct Progress {
    total: usize,
    waiting: BTreeSet<Region>,
    shown: bool,
}

impl Progress {
    pub(crate) fn new(regions: &[Region]) -> Self {
        let progress = Self {
            total: regions.len(),
            waiting: regions.iter().cloned().collect(),
            shown: io::stderr().is_terminal(),
        };
        progress.show();
        progress
    }

    pub(crate) fn done(&mut self, region: &Region) {
        self.waiting.remove(region);
        self.show();
    }

    fn show(&self) {
        if self.shown {
            drop(write!(io::stderr(), "\r\u{1b}[K{}", self.line()));
        }
    }

    fn line(&self) -> String {
        let done = self.total - self.waiting.len();
        let bar: String = (0..20)
            .map(|at| if at * self.total < done * 20 { '#' } else { '.' })
            .collect();
        let mut names = self.waiting.iter().map(Region::as_str);
        let first: Vec<_> = names.by_ref().take(2).collect();
        let more = if names.next().is_some() { ", …" } else { "" };
        format!("[{bar}] {done}/{} Regions  {}{more}", self.total, first.join(", "))
    }
}

/// The line is gone when the work is.
impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            drop(write!(io::stderr(), "\r\u{1b}[K"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_shows_how_far_the_audit_is_and_what_it_waits_for() {
        let regions: Vec<Region> = ["eu-central-1", "eu-north-1", "us-east-1", "us-west-2"]
            .map(Into::into)
            .into();
        let mut progress = Progress::new(&regions);
        progress.done(&"eu-central-1".into());
        assert_eq!(
            progress.line(),
            "[#####...............] 1/4 Regions  eu-north-1, us-east-1, …"
        );
        for region in &regions {
            progress.done(region);
        }
        assert_eq!(progress.line(), "[####################] 4/4 Regions  ");
    }
}
