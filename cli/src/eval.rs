//! `eval`: one request held against one policy.

use postern_core::model::text::printable;
use std::io::{self, Write};

use postern_aws::chain;
use postern_policy::{Decision, Document, Request, evaluate};

use crate::arguments::{EndpointType, Evaluating};
use crate::input::{self, Unjudged};
use crate::output::{Status, complain, warn};

pub(crate) fn eval(evaluating: &Evaluating, out: &mut dyn Write) -> io::Result<Status> {
    let (document, request) = match (policy(evaluating), request(evaluating)) {
        (Ok(document), Ok(request)) => (document, request),
        (document, request) => {
            for problem in [document.err(), request.err()].into_iter().flatten() {
                complain(&problem);
            }
            return Ok(Status::Failed);
        }
    };
    for note in document.notes() {
        warn(&note.to_string());
    }
    let decision = evaluate(&document, &request);
    writeln!(out, "{}", printable(&said(&document, decision)))?;
    Ok(if decision.is_allowed() {
        Status::Fine
    } else {
        Status::Found
    })
}

fn said(document: &Document, decision: Decision) -> String {
    let name = |index: usize| {
        let statement = document.statements().iter().find(|statement| statement.index == index);
        statement.map_or_else(|| format!("Statement[{index}]"), |statement| statement.name())
    };
    match decision {
        Decision::Allowed { statement } => format!("allowed by {}", name(statement)),
        Decision::Denied { statement } => format!("denied by {}", name(statement)),
        Decision::NotAllowed => "denied: no statement allows it".to_owned(),
    }
}

fn policy(evaluating: &Evaluating) -> Result<Document, String> {
    input::policy(&evaluating.file).map_err(|unjudged| match unjudged {
        Unjudged::NoJson(reason) => reason,
        Unjudged::NoPolicy(problems) => {
            let lines: String = problems.iter().map(|problem| format!("\n  {problem}")).collect();
            format!("`{}` is not understood:{lines}", evaluating.file.display())
        }
    })
}

fn request(evaluating: &Evaluating) -> Result<Request, String> {
    let path = &evaluating.request;
    if input::is_standard_input(path) && input::is_standard_input(&evaluating.file) {
        return Err("standard input cannot be both the policy and the request".to_owned());
    }
    let text = input::text(path).map_err(|error| chain(&error))?;
    let mut request: Request = serde_json::from_str(&text).map_err(|error| {
        format!(
            "`{}` is not a request; see `postern policy eval --help`: {error}",
            path.display()
        )
    })?;
    request.gateway |= evaluating.kind == EndpointType::Gateway;
    Ok(request)
}
