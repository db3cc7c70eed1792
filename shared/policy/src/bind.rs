//! Binding the credentials of EC2 instances to the VPC of the endpoint.
//!
//! Credentials that an instance role hands out carry the instance's VPC. Used through an endpoint of another VPC they have
//! left their instance. This is the comparison of AWS's guidance with the endpoint's VPC written out, so that it
//! holds in documents of either Version: `${aws:SourceVpc}` is a variable in the newer one only.
//! <https://aws.amazon.com/blogs/security/how-to-use-policies-to-restrict-where-ec2-instance-credentials-can-be-used-from/>

use crate::analyse::{Containment, Setting, removes_access};
use crate::evaluate::Request;
use crate::fix::{append, appended, free_sid, quoted};
use crate::{Document, EndpointContext, Fix, NoFix, Perimeter};

/// Whether trusted credentials of instances of other VPCs pass an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// Proven: they do not.
    Bound,
    Unbound {
        /// A request by such credentials that the policy allows.
        witness: Box<Request>,
        /// The policy with the Deny that stops them.
        fix: Result<Fix, NoFix>,
    },
    /// Why it cannot be told.
    Undecided(String),
}

/// Whether instance credentials are bound to the endpoint's VPC, and if not, the document with the Deny that binds them.
/// The result is proven: it is bound, so binding it again changes nothing; what it takes away are requests by
/// credentials of instances of other VPCs and nothing else; no hole is new, nobody is locked out who was not, and AWS
/// takes its length.
pub fn bind(document: &Document, perimeter: &Perimeter, endpoint: &EndpointContext) -> Binding {
    if endpoint.vpc.is_empty() {
        return Binding::Undecided("the VPC of the endpoint is not known".to_owned());
    }
    let setting = &Setting::new(perimeter, endpoint);
    match passing(document, endpoint, setting) {
        Some(None) => Binding::Bound,
        Some(Some(witness)) => Binding::Unbound {
            witness: Box::new(witness),
            fix: bound(document, endpoint, setting),
        },
        None => Binding::Undecided(
            "could not prove whether the policy denies credentials of instances of other VPCs".to_owned(),
        ),
    }
}

/// A request by credentials of another VPC's instance: one that the Deny against these would take away.
fn passing(document: &Document, endpoint: &EndpointContext, setting: &Setting<'_>) -> Option<Option<Request>> {
    let after = Document::parse(&append(document, &[deny(document, endpoint)])).ok()?;
    removes_access(document, &after, setting)
}

/// Both keys come with every credential of an instance, so requiring both asks no more; it makes the statement be
/// about these and no others, whichever of the two another statement of the document tests.
fn deny(document: &Document, endpoint: &EndpointContext) -> String {
    format!(
        r#"{{"Sid":{},"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{{"StringNotEquals":{{"aws:Ec2InstanceSourceVPC":{}}},"Null":{{"aws:Ec2InstanceSourceVPC":"false","ec2:SourceInstanceARN":"false"}},"BoolIfExists":{{"aws:ViaAWSService":"false"}}}}}}"#,
        quoted(&free_sid(document, "DenyInstanceCredentialsOfOtherVpcs")),
        quoted(&endpoint.vpc),
    )
}

fn bound(document: &Document, endpoint: &EndpointContext, setting: &Setting<'_>) -> Result<Fix, NoFix> {
    let added = vec![deny(document, endpoint)];
    let text = appended(document, &added)?;
    let fixed = Document::parse(&text).map_err(|_| NoFix::NotClosed)?;
    if passing(&fixed, endpoint, setting) != Some(None) {
        return Err(NoFix::NotClosed);
    }
    let before = setting.analyse(document);
    let after = setting.analyse(&fixed);
    if after.verdict == Containment::Undecided && before.verdict != Containment::Undecided {
        return Err(NoFix::Undecided(after.reasons));
    }
    if (after.identity.is_some() && before.identity.is_none())
        || (after.resource.is_some() && before.resource.is_none())
    {
        return Err(NoFix::NotClosed);
    }
    if after.locked_out && !before.locked_out {
        return Err(NoFix::LocksOut);
    }
    Ok(Fix { text, added })
}

#[cfg(test)]
mod tests;
