//! `check` and `explain`: the verdict on each file.

use std::io::{self, Write};
use std::path::Path;

use postern_policy::{Containment, Perimeter};
use postern_report::sarif;

use crate::arguments::{CheckFormat, Checking, Format};
use crate::endpoint::Endpoint;
use crate::file_verdict::{Detail, FileVerdict};
use crate::input::{self, Unjudged};
use crate::output::{Status, complain};

pub(crate) fn check(
    checking: &Checking,
    detail: Detail,
    perimeter: &Perimeter,
    out: &mut dyn Write,
) -> io::Result<Status> {
    let Checking { format, judging } = checking;
    let endpoint = Endpoint::new(&judging.endpoint, perimeter);
    let mut worst = Status::Fine;
    let mut results = Vec::new();
    for file in &judging.files {
        let (file_verdict, status) = judge(file, perimeter, &endpoint);
        worst = worst.max(status);
        match format {
            // People have read the complaint.
            CheckFormat::Text if status == Status::Failed => {}
            CheckFormat::Text => file_verdict.write(out, Format::Text, detail)?,
            CheckFormat::Json => file_verdict.write(out, Format::Json, detail)?,
            CheckFormat::Sarif => results.extend(file_verdict.result()),
        }
    }
    if *format == CheckFormat::Sarif {
        writeln!(out, "{:#}", sarif::render(&results))?;
    }
    Ok(worst)
}

fn judge(path: &Path, perimeter: &Perimeter, endpoint: &Endpoint) -> (FileVerdict, Status) {
    let file = path.display().to_string();
    match input::policy(path) {
        Ok(document) => {
            let analysis = endpoint.analyse(&document, perimeter);
            let status = match analysis.verdict {
                Containment::Closed => Status::Fine,
                Containment::Open | Containment::LockedOut | Containment::Undecided => Status::Found,
            };
            (FileVerdict { file, analysis }, status)
        }
        Err(Unjudged::NoPolicy(problems)) => {
            let reasons = problems.iter().map(ToString::to_string).collect();
            (FileVerdict::undecided(file, reasons), Status::Found)
        }
        Err(Unjudged::NoJson(reason)) => {
            complain(&reason);
            (FileVerdict::undecided(file, vec![reason]), Status::Failed)
        }
    }
}
