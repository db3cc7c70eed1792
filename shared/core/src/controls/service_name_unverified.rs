//! service-name-unverified: see [`CONTROL`].

use crate::evaluation::{Assessment, Concern, Control, Evaluate, Framework, Remediation, ServiceContext};
use crate::model::endpoint_service::{DnsRecord, EndpointService, PrivateDnsName, Verification};
use crate::model::finding::{FindingKey, ResourceKind, Severity};
use crate::model::part::{Gap, Part};
use crate::model::text::printable;

pub static CONTROL: Control = Control {
    name: "service-name-unverified",
    summary: "The private DNS name of an endpoint service is not verified.",
    documentation: "\
Consumers can use the private DNS name of a service only after AWS has verified, by a TXT record in the public DNS, that the \
domain belongs to its owner. While the verification is pending or failed, an endpoint cannot enable private DNS for it.

**Remediation** (manual). The finding names the TXT record to set, and the command with which AWS verifies the domain again \
once it is set. Postern changes no public DNS.",
    finds: "a private DNS name that AWS has not verified",
    remediation: "reports it, with the TXT record to set",
    concern: Concern::Publication,
    severity: Severity::Medium,
    frameworks: &[
        (Framework::Nist80053, "SC-7"),
        (Framework::CisControls8, "12.2"),
    ],
    resource: ResourceKind::EndpointService,
    needs: &[Part::Configuration],
    changes: &[],
    opt_in: false,
    writes_perimeter_policies: false,
    evaluate: Evaluate::Service(evaluate),
};

fn evaluate(context: &ServiceContext<'_>) -> Result<Vec<Assessment>, Gap> {
    let service = &context.snapshot.service;
    let key = FindingKey::new(CONTROL.name, ResourceKind::EndpointService, &service.id);
    if let Some(reason) = service.ends() {
        return Ok(vec![key.not_applicable(reason)]);
    }
    let Some(name) = &service.private_dns else {
        return Ok(vec![
            key.not_applicable("The endpoint service has no private DNS name."),
        ]);
    };
    let domain = printable(&name.name);
    Ok(vec![match name.verification {
        Verification::Verified => key.compliant(format!("AWS has verified `{domain}`.")),
        Verification::Pending => key.non_compliant(
            format!("AWS has not verified the private DNS name `{domain}` yet, so no consumer can use the name."),
            Remediation::Manual(advice(service, name)),
        ),
        Verification::Failed => key.non_compliant(
            format!("AWS could not verify the private DNS name `{domain}`, so no consumer can use the name."),
            Remediation::Manual(advice(service, name)),
        ),
        Verification::Unknown => key.indeterminate(
            format!("Could not decide: AWS does not tell whether `{domain}` is verified."),
            "Check the private DNS name of the service in the AWS console.",
        ),
    }])
}

fn advice(service: &EndpointService, name: &PrivateDnsName) -> String {
    let record = match &name.record {
        Some(DnsRecord {
            kind,
            name: record,
            value,
        }) => format!(
            "Set the {} record `{}.{}` to `{}` in the public DNS.",
            printable(kind),
            printable(record),
            printable(&name.name),
            printable(value)
        ),
        None => format!(
            "Set the TXT record that the AWS console shows for `{}`.",
            printable(&name.name)
        ),
    };
    format!(
        "{record} Then run `aws ec2 start-vpc-endpoint-service-private-dns-verification --service-id {}`.",
        service.id
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Verdict;
    use crate::testing::advice;
    use crate::testing::service::{assert_service_needs, published};

    #[test]
    fn advice_names_the_record_and_the_command() {
        let world = |state| published().edit(|service| service.private_dns.as_mut().unwrap().verification = state);
        for state in [Verification::Pending, Verification::Failed] {
            let advice = advice(&world(state).judge(&CONTROL));
            assert_eq!(
                advice,
                "Set the TXT record `_abc.pay.example.com` to `vpce:xyz` in the public DNS. Then run `aws ec2 \
                 start-vpc-endpoint-service-private-dns-verification --service-id vpce-svc-0123456789abcdef0`."
            );
        }
        assert_eq!(
            world(Verification::Unknown).judge(&CONTROL).verdict(),
            Verdict::Indeterminate
        );
        assert_eq!(
            world(Verification::Verified).judge(&CONTROL).verdict(),
            Verdict::Compliant
        );
        let none = published().edit(|service| service.private_dns = None);
        assert_eq!(none.judge(&CONTROL).verdict(), Verdict::NotApplicable);
        assert_service_needs(&CONTROL, &[world(Verification::Failed), none]);
    }
}
