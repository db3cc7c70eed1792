//! Verdicts in words for those who run networks.

use crate::analyse::{Containment, Witness};
use crate::document::Document;
use crate::evaluate::{self, Decision, evaluate_as};
use crate::federation;
use crate::reading::Reading;

/// Which question a witness answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hole {
    Identity,
    Resource,
}

/// Who gets through, doing what, through which statement, and why each Deny does not stop it.
pub(crate) fn hole(document: &Document, witness: &Witness, hole: Hole, reading: Reading) -> Vec<String> {
    let request = &witness.request;
    let value = |key: &str| request.values(key).first().map(String::as_str);
    let who = match (request.principal.as_str(), value("aws:PrincipalOrgID")) {
        ("anonymous", _) if federation::is_call(&request.action) => {
            "anybody, with the token of an identity provider and without credentials,".to_owned()
        }
        ("anonymous", _) => "anybody, without credentials,".to_owned(),
        (name, _) if evaluate::is_service(name) => format!("the AWS service `{name}`"),
        (name, Some(organization)) => format!("`{name}` of the organisation {organization}"),
        (name, None) => format!("`{name}`, whose account is in no organisation,"),
    };
    let whose = match (value("aws:ResourceAccount"), value("aws:ResourceOrgID")) {
        (Some(account), Some(organization)) => format!(" of account {account} in the organisation {organization}"),
        (Some(account), None) => format!(" of account {account}, which is in no organisation"),
        (None, _) => String::new(),
    };
    let what = match hole {
        Hole::Identity => "Strangers get in",
        Hole::Resource => "Data gets out",
    };
    let mut lines = vec![format!(
        "{what}: for example, {who} may call {} on `{}`{whose}.",
        request.action, request.resource
    )];
    let statements = document
        .variants
        .get(reading.variant)
        .map_or(&[][..], |variant| &variant.statements);
    if let Decision::Allowed { statement: index } = evaluate_as(document, request, reading)
        && let Some(statement) = statements.iter().find(|statement| statement.index == index)
    {
        lines.push(format!("{} allows it.", statement.name()));
    }
    for (statement, why) in evaluate::escapes(document, request, reading) {
        lines.push(format!("{} does not stop it: {why}.", statement.name()));
    }
    if !witness.conditional.is_empty() {
        let keys = witness.conditional.join("`, `");
        lines.push(format!(
            "This takes `{keys}` as shown, which a caller may not be able to choose."
        ));
    }
    for supposition in &witness.supposing {
        lines.push(format!("AWS does not document this; it holds if {supposition}."));
    }
    lines
}

/// What the verdict means.
pub(crate) fn verdict(verdict: Containment, locked_out: bool) -> Vec<String> {
    let mut lines = Vec::new();
    match verdict {
        Containment::Closed => {
            lines.push(
                "No stranger gets in and no data gets out; trusted principals reach trusted resources.".to_owned(),
            );
        }
        Containment::Undecided => {
            lines.push("Whether the policy is closed could not be proven; see the reasons.".to_owned());
        }
        Containment::LockedOut | Containment::Open => {}
    }
    if locked_out {
        lines.push("No trusted principal reaches any trusted resource through this endpoint.".to_owned());
    }
    lines
}
