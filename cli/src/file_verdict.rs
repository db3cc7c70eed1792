//! A file with its verdict, as people and as programs read it.

use std::io::{self, Write};

use postern_core::controls::{policy_locked_out, policy_open, policy_undecided};
use postern_core::model::text::printable;
use postern_policy::{Analysis, Containment, Request, Witness};
use postern_report::sarif::FileResult;
use serde::Serialize;

use crate::arguments::Format;

#[derive(Debug)]
pub(crate) struct FileVerdict {
    pub(crate) file: String,
    pub(crate) analysis: Analysis,
}

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    Verdict,
    Explanation,
}

#[derive(Serialize)]
pub(crate) struct Line<'j> {
    file: &'j str,
    verdict: Containment,
    identity: Hole,
    resource: Hole,
    locked_out: bool,
    pub(crate) reasons: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<&'j [String]>,
}

#[derive(Serialize)]
struct Hole {
    /// Nothing where it could not be decided.
    hole: Option<bool>,
    witness: Option<Request>,
}

impl Hole {
    fn new(witness: Option<&Witness>, decided: bool) -> Self {
        // Which type the endpoint has is no part of what is shown: whoever asks has said it.
        let request = |witness: &Witness| Request {
            gateway: false,
            ..witness.request.clone()
        };
        Self {
            hole: decided.then_some(witness.is_some()),
            witness: witness.map(request),
        }
    }
}

impl FileVerdict {
    /// What cannot be judged is neither open nor closed.
    pub(crate) fn undecided(file: String, reasons: Vec<String>) -> Self {
        let analysis = Analysis::undecided(reasons);
        Self { file, analysis }
    }

    pub(crate) fn write(&self, out: &mut dyn Write, format: Format, detail: Detail) -> io::Result<()> {
        match format {
            Format::Json => {
                serde_json::to_writer(&mut *out, &self.line(detail))?;
                writeln!(out)
            }
            Format::Text => self.write_text(out, detail),
        }
    }

    /// What code scanning is told of the file; None if it is closed.
    pub(crate) fn result(&self) -> Option<FileResult> {
        let control = match self.analysis.verdict {
            Containment::Closed => return None,
            Containment::Open => policy_open::CONTROL.name,
            Containment::LockedOut => policy_locked_out::CONTROL.name,
            Containment::Undecided => policy_undecided::CONTROL.name,
        };
        let holes = self.holes().map(|(hole, witness)| hole_line(hole, &witness.request));
        let locked_out = self
            .analysis
            .locked_out
            .then(|| "no trusted principal can use the endpoint".to_owned());
        let sentences: Vec<_> = holes
            .chain(locked_out)
            .chain(self.reasons())
            .map(|text| printable(&text))
            .collect();
        Some(FileResult {
            file: self.file.clone(),
            control,
            message: sentences.join("; "),
        })
    }

    pub(crate) fn line(&self, detail: Detail) -> Line<'_> {
        let analysis = &self.analysis;
        Line {
            file: &self.file,
            verdict: analysis.verdict,
            identity: Hole::new(analysis.identity.as_ref(), analysis.identity_decided),
            resource: Hole::new(analysis.resource.as_ref(), analysis.resource_decided),
            locked_out: analysis.locked_out,
            reasons: self.reasons(),
            explanation: (detail == Detail::Explanation).then_some(&analysis.explanation),
        }
    }

    fn write_text(&self, out: &mut dyn Write, detail: Detail) -> io::Result<()> {
        let analysis = &self.analysis;
        writeln!(out, "{}: {}", printable(&self.file), word(analysis.verdict))?;
        let mut lines: Vec<String> = Vec::new();
        match detail {
            Detail::Verdict => {
                lines.extend(self.holes().map(|(hole, witness)| hole_line(hole, &witness.request)));
                if analysis.locked_out {
                    lines.push("no trusted principal can use the endpoint".to_owned());
                }
                lines.extend(self.reasons());
            }
            Detail::Explanation => {
                let said = |reason: &&String| !analysis.explanation.contains(&format!("{reason}."));
                lines.extend(analysis.explanation.iter().cloned());
                lines.extend(
                    analysis
                        .reasons
                        .iter()
                        .filter(said)
                        .map(|reason| format!("Note: {reason}.")),
                );
                for (hole, witness) in self.holes() {
                    lines.push(format!("The request by which {hole}:"));
                    lines.extend(request_lines(&witness.request));
                }
            }
        }
        for line in lines {
            writeln!(out, "  {}", printable(&line))?;
        }
        Ok(())
    }

    fn holes(&self) -> impl Iterator<Item = (&'static str, &Witness)> {
        let identity = self
            .analysis
            .identity
            .as_ref()
            .map(|witness| ("a principal outside your perimeter can use the endpoint", witness));
        let resource = self
            .analysis
            .resource
            .as_ref()
            .map(|witness| ("a resource outside your perimeter can be reached", witness));
        identity.into_iter().chain(resource)
    }

    /// The analyser's reasons, and what the witnesses suppose.
    fn reasons(&self) -> Vec<String> {
        let mut reasons = self.analysis.reasons.clone();
        for (hole, witness) in self.holes() {
            if !witness.conditional.is_empty() {
                let keys = witness.conditional.join("`, `");
                reasons.push(format!(
                    "{hole} only with `{keys}` as shown, which a caller may not be able to choose"
                ));
            }
            let supposing = witness.supposing.iter();
            reasons.extend(supposing.map(|supposed| format!("{hole}, supposing that {supposed}")));
        }
        reasons
    }
}

fn word(verdict: Containment) -> &'static str {
    match verdict {
        Containment::Open => "open",
        Containment::Closed => "closed",
        Containment::LockedOut => "locked-out",
        Containment::Undecided => "undecided",
    }
}

fn hole_line(hole: &str, request: &Request) -> String {
    format!(
        "{hole}: {} calls {} on {}",
        request.principal, request.action, request.resource
    )
}

fn request_lines(request: &Request) -> impl Iterator<Item = String> {
    let parts = [
        ("principal", &request.principal),
        ("action", &request.action),
        ("resource", &request.resource),
    ];
    let context = request.context.iter();
    let context = context.map(|(key, values)| format!("  {key} = {}", values.join(", ")));
    parts
        .map(|(name, value)| format!("  {name} = {value}"))
        .into_iter()
        .chain(context)
}
