//! Verdicts in words, in the order: what happened, to which resource, why.

use super::{Containment, Witness};
use crate::arn::is_service;
use crate::document::Document;
use crate::evaluate::{self, Decision, evaluate_as};
use crate::federation;
use crate::interpretation::Interpretation;

/// Which question a witness answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hole {
    Identity,
    Resource,
}

/// Who gets through, doing what, through which statement, and why each Deny does not stop it.
pub(crate) fn hole(document: &Document, witness: &Witness, hole: Hole, interpretation: Interpretation) -> Vec<String> {
    let request = &witness.request;
    let value = |key: &str| request.values(key).first().map(String::as_str);
    let who = match (request.principal.as_str(), value("aws:PrincipalOrgID")) {
        ("anonymous", _) if federation::brings_provider(&request.action) => {
            "anyone with a token of an identity provider and no AWS credentials".to_owned()
        }
        ("anonymous", _) => "anyone without credentials".to_owned(),
        (name, _) if is_service(name) => format!("the AWS service `{name}`"),
        (name, Some(organization)) => format!("`{name}` of the organisation {organization}"),
        (name, None) => format!("`{name}`, whose account is in no organisation,"),
    };
    let whose = match (value("aws:ResourceAccount"), value("aws:ResourceOrgID")) {
        (Some(account), Some(organization)) => format!(" of account {account} in the organisation {organization}"),
        (Some(account), None) => format!(" of account {account}, which is in no organisation"),
        (None, _) => String::new(),
    };
    let what = match hole {
        Hole::Identity => "Principals outside your perimeter can use this endpoint",
        Hole::Resource => "Resources outside your perimeter can be reached through this endpoint",
    };
    let mut lines = vec![format!(
        "{what}: for example, {who} can call `{}` on `{}`{whose}.",
        request.action, request.resource
    )];
    let statements = document
        .variants
        .get(interpretation.variant)
        .map_or(&[][..], |variant| &variant.statements);
    if let Decision::Allowed { statement: index } = evaluate_as(document, request, interpretation)
        && let Some(statement) = statements.iter().find(|statement| statement.index == index)
    {
        lines.push(format!("Allowed by {}.", statement.name()));
    }
    for (statement, why) in evaluate::escapes(document, request, interpretation) {
        lines.push(format!("Not denied by {}: {why}.", statement.name()));
    }
    if !witness.conditional.is_empty() {
        let keys = witness.conditional.join("`, `");
        lines.push(format!(
            "This request needs `{keys}` as shown. A caller may not be able to choose that value."
        ));
    }
    for supposition in &witness.supposing {
        lines.push(format!(
            "AWS does not document this. The request is allowed if {supposition}."
        ));
    }
    lines
}

/// What the verdict means.
pub(crate) fn verdict(verdict: Containment, locked_out: bool) -> Vec<String> {
    let mut lines = Vec::new();
    match verdict {
        Containment::Closed => {
            lines.push(
                "No principal outside your perimeter can use this endpoint, and no resource outside it can be reached. Trusted principals can reach trusted resources.".to_owned(),
            );
        }
        Containment::Undecided => {
            lines.push("Could not prove whether the policy is closed. See the reasons.".to_owned());
        }
        Containment::LockedOut | Containment::Open => {}
    }
    if locked_out {
        lines.push("No trusted principal can reach any trusted resource through this endpoint.".to_owned());
    }
    lines
}
