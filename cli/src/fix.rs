//! `fix`: the smallest change that provably closes a policy, printed or written.

use postern_core::model::text::printable;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use postern_policy::{Containment, Document, Fix, Perimeter, fix};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::arguments::{Fixing, Format};
use crate::difference::difference;
use crate::endpoint::Endpoint;
use crate::file_verdict::{Detail, FileVerdict, Line};
use crate::input::{self, Unjudged};
use crate::output::{Status, complain, note};
use crate::replace::replace;

/// What became of one file.
enum FixOutcome {
    /// There was nothing to close.
    Kept,
    Fixed(Fix),
    /// The reason.
    Not(String),
    /// The reason why there is no policy to fix.
    Failed(String),
}

#[derive(Serialize)]
struct FixLine<'j> {
    #[serde(flatten)]
    line: Line<'j>,
    /// None when nothing is changed.
    fix: Option<Change<'j>>,
}

#[derive(Serialize)]
struct Change<'j> {
    document: &'j str,
    added: Vec<Box<RawValue>>,
}

struct Attempt {
    /// As it was before.
    file_verdict: FileVerdict,
    text: String,
    outcome: FixOutcome,
}

pub(crate) fn fix_all(fixing: &Fixing, perimeter: &Perimeter, out: &mut dyn Write) -> io::Result<Status> {
    let endpoint = Endpoint::new(&fixing.judging.endpoint, perimeter);
    let mut worst = Status::Fine;
    for file in &fixing.judging.files {
        let mut attempt = attempt(file, perimeter, &endpoint);
        if fixing.write {
            attempt.write(file);
        }
        worst = worst.max(attempt.status());
        match fixing.format {
            Format::Json => attempt.print_line(out)?,
            Format::Text => attempt.print_text(fixing.write, out)?,
        }
        if let FixOutcome::Failed(reason) = &attempt.outcome {
            complain(reason);
        }
    }
    Ok(worst)
}

fn attempt(path: &Path, perimeter: &Perimeter, endpoint: &Endpoint) -> Attempt {
    let file = path.display().to_string();
    let not = |file_verdict, text, outcome| Attempt {
        file_verdict,
        text,
        outcome,
    };
    let document = match input::policy(path) {
        Ok(document) => document,
        Err(Unjudged::NoPolicy(problems)) => {
            let reasons: Vec<_> = problems.iter().map(ToString::to_string).collect();
            let outcome = FixOutcome::Not(reasons.join("; "));
            return not(FileVerdict::undecided(file, reasons), String::new(), outcome);
        }
        Err(Unjudged::NoJson(reason)) => {
            let file_verdict = FileVerdict::undecided(file, vec![reason.clone()]);
            return not(file_verdict, String::new(), FixOutcome::Failed(reason));
        }
    };
    let analysis = endpoint.analyse(&document, perimeter);
    let outcome = match analysis.verdict {
        Containment::Closed => FixOutcome::Kept,
        Containment::LockedOut => FixOutcome::Not("it locks everybody out, and has nothing to close".to_owned()),
        Containment::Undecided => FixOutcome::Not(analysis.reasons.join("; ")),
        Containment::Open => match fix(&document, perimeter, &endpoint.context) {
            Ok(fix) => proven(fix, perimeter, endpoint),
            Err(error) => FixOutcome::Not(error.to_string()),
        },
    };
    let text = document.text().to_owned();
    Attempt {
        file_verdict: FileVerdict { file, analysis },
        text,
        outcome,
    }
}

/// The fix, unless it closes the policy only as long as the endpoint has the ids that were supposed.
fn proven(fix: Fix, perimeter: &Perimeter, endpoint: &Endpoint) -> FixOutcome {
    let Ok(document) = Document::parse(&fix.text) else {
        return FixOutcome::Not("the fixed document is not understood".to_owned());
    };
    let after = endpoint.analyse(&document, perimeter);
    match after.verdict {
        Containment::Closed => FixOutcome::Fixed(fix),
        Containment::LockedOut => FixOutcome::Not("closed, it would lock everybody out as it does now".to_owned()),
        Containment::Open | Containment::Undecided => FixOutcome::Not(after.reasons.join("; ")),
    }
}

impl Attempt {
    fn status(&self) -> Status {
        match self.outcome {
            FixOutcome::Kept | FixOutcome::Fixed(_) => Status::Fine,
            FixOutcome::Not(_) => Status::Found,
            FixOutcome::Failed(_) => Status::Failed,
        }
    }

    /// Changes the file if there is a fix for it.
    fn write(&mut self, path: &Path) {
        let FixOutcome::Fixed(fix) = &self.outcome else {
            return;
        };
        let written = if input::is_standard_input(path) {
            Err("standard input cannot be changed; leave out --write".to_owned())
        } else {
            replace(path, &fix.text).map_err(|error| format!("`{}` cannot be written: {error}", path.display()))
        };
        if let Err(reason) = written {
            self.file_verdict.analysis.reasons.push(reason.clone());
            self.outcome = FixOutcome::Failed(reason);
        }
    }

    fn print_line(&self, out: &mut dyn Write) -> io::Result<()> {
        let fix = match &self.outcome {
            FixOutcome::Fixed(fix) => Some(Change {
                document: &fix.text,
                added: fix
                    .added
                    .iter()
                    .filter_map(|text| RawValue::from_string(text.clone()).ok())
                    .collect(),
            }),
            _ => None,
        };
        let mut line = self.file_verdict.line(Detail::Verdict);
        if let FixOutcome::Not(reason) = &self.outcome
            && !line.reasons.contains(reason)
            && self.file_verdict.analysis.verdict != Containment::Undecided
        {
            line.reasons.push(format!("not fixed: {reason}"));
        }
        serde_json::to_writer(&mut *out, &FixLine { line, fix })?;
        writeln!(out)
    }

    /// The document goes to standard output and what is said about it to standard error, so that the one can be kept.
    /// A document that was written to its file is not printed.
    fn print_text(&self, written: bool, out: &mut dyn Write) -> io::Result<()> {
        let file = printable(&self.file_verdict.file);
        let (document, said) = match &self.outcome {
            FixOutcome::Kept => (Some(&self.text), format!("{file}: closed; nothing is changed\n")),
            FixOutcome::Fixed(fix) => (Some(&fix.text), difference(&file, "fixed", &self.text, &fix.text)),
            FixOutcome::Not(reason) => (None, format!("{file}: not fixed: {}\n", printable(reason))),
            FixOutcome::Failed(_) => (None, String::new()),
        };
        if written {
            return write!(out, "{said}");
        }
        drop(write!(io::stderr(), "{said}"));
        // On a terminal the difference has shown it already.
        let shown =
            matches!(self.outcome, FixOutcome::Fixed(_)) && io::stdout().is_terminal() && io::stderr().is_terminal();
        if shown {
            note("To get the document, redirect standard output or add --write.");
        }
        if let Some(document) = document.filter(|_| !shown) {
            write!(out, "{document}")?;
            if !document.ends_with('\n') {
                writeln!(out)?;
            }
        }
        Ok(())
    }
}
