//! `check` and `explain`: the verdict on each file.

use std::io::{self, Write};
use std::path::Path;

use postern_policy::{Containment, Perimeter};

use crate::arguments::{Format, Judging};
use crate::endpoint::Endpoint;
use crate::input::{self, Unjudged};
use crate::judged::{Detail, Judged};
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
        let (judged, status) = judge(file, perimeter, &endpoint);
        worst = worst.max(status);
        // Programs get a line for each file; people have read the complaint.
        if status != Status::Failed || judging.format == Format::Json {
            judged.write(out, judging.format, detail)?;
        }
    }
    Ok(worst)
}

fn judge(path: &Path, perimeter: &Perimeter, endpoint: &Endpoint) -> (Judged, Status) {
    let file = path.display().to_string();
    match input::policy(path) {
        Ok(document) => {
            let analysis = endpoint.analyse(&document, perimeter);
            let status = match analysis.verdict {
                Containment::Closed => Status::Fine,
                Containment::Open | Containment::LockedOut | Containment::Undecided => Status::Found,
            };
            (Judged { file, analysis }, status)
        }
        Err(Unjudged::NoPolicy(problems)) => {
            let reasons = problems.iter().map(ToString::to_string).collect();
            (Judged::undecided(file, reasons), Status::Found)
        }
        Err(Unjudged::NoJson(reason)) => {
            complain(&reason);
            (Judged::undecided(file, vec![reason]), Status::Failed)
        }
    }
}
