//! `check` and `explain`: the verdict on each file.

use std::io::{self, Write};
use std::path::Path;

use postern_policy::{Containment, Perimeter};

use crate::arguments::{Format, Judging};
use crate::endpoint::Endpoint;
use crate::file_verdict::{Detail, FileVerdict};
use crate::input::{self, Unjudged};
use crate::output::{Status, complain};

pub(crate) fn check(
    judging: &Judging,
    detail: Detail,
    perimeter: &Perimeter,
    out: &mut dyn Write,
) -> io::Result<Status> {
    let endpoint = Endpoint::new(&judging.endpoint, perimeter);
    let mut worst = Status::Fine;
    for file in &judging.files {
        let (file_verdict, status) = judge(file, perimeter, &endpoint);
        worst = worst.max(status);
        // Programs get a line for each file; people have read the complaint.
        if status != Status::Failed || judging.format == Format::Json {
            file_verdict.write(out, judging.format, detail)?;
        }
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
