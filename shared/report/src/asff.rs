//! Findings in the AWS Security Finding Format, as the input of `BatchImportFindings`
//! (<https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html>).

use postern_core::model::text::excerpt;
use postern_core::model::token::client_token;
use serde_json::{Value, json};

use crate::frameworks::labels;
use crate::published::{Finding, Outcome, Remediation, Report, ResourceKind, Severity, Verdict};

/// Findings of one request
/// (<https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html>).
const MOST_FINDINGS: usize = 100;
/// Characters that AWS accepts in each text.
const LONGEST_TITLE: usize = 256;
const LONGEST_DESCRIPTION: usize = 1_024;
const LONGEST_RECOMMENDATION: usize = 512;

/// The input of one call for each hundred findings: of an account and a Region, since a call takes findings of one
/// account for one Region. Resources that a control does not apply to are left out.
pub fn render<'a>(reports: impl IntoIterator<Item = &'a Report>) -> Vec<Value> {
    let mut calls: Vec<(String, Vec<Value>)> = Vec::new();
    for report in reports {
        let place = format!("{}/{}", report.scope.account, report.scope.region);
        let applicable = report.findings.iter().filter(|f| f.outcome != Outcome::NotApplicable);
        for finding in applicable {
            match calls.last_mut() {
                Some((last, findings)) if *last == place && findings.len() < MOST_FINDINGS => {
                    findings.push(document(report, finding));
                }
                _ => calls.push((place.clone(), vec![document(report, finding)])),
            }
        }
    }
    calls
        .into_iter()
        .map(|(_, findings)| json!({"Findings": findings}))
        .collect()
}

fn document(report: &Report, finding: &Finding) -> Value {
    let (account, region) = (&report.scope.account, &report.scope.region);
    let partition = partition(region);
    let time = report.time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let product = format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default");
    let id = client_token([
        account.as_str(),
        region.as_str(),
        finding.control.as_str(),
        finding.resource.id.as_str(),
        finding.service.as_deref().unwrap_or_default(),
        finding.endpoint_kind.map_or("", |kind| kind.as_str()),
    ]);
    let title = format!("{} on {}", finding.control, finding.resource.id);
    let mut document = json!({
        "SchemaVersion": "2018-10-08",
        "Id": format!("postern/{region}/{account}/{id}"),
        "ProductArn": product,
        "ProductName": "Postern",
        "CompanyName": "Postern",
        "GeneratorId": format!("postern/{}", finding.control),
        "AwsAccountId": account,
        "Region": region,
        "Types": ["Software and Configuration Checks/AWS Security Best Practices/Network Reachability"],
        "CreatedAt": time,
        "UpdatedAt": time,
        "Severity": {"Label": severity(finding)},
        "Title": excerpt(&title, LONGEST_TITLE),
        "Description": excerpt(&finding.explanation, LONGEST_DESCRIPTION),
        "Resources": [{
            "Type": resource_type(finding.resource.kind),
            "Id": arn(partition, region, account, finding),
            "Partition": partition,
            "Region": region,
        }],
        "Compliance": {"Status": status(finding), "RelatedRequirements": labels(finding)},
        "RecordState": if finding.outcome == Outcome::Resolved { "ARCHIVED" } else { "ACTIVE" },
        "ProductFields": {
            "postern/control": finding.control,
            "postern/outcome": finding.outcome.as_str(),
            "postern/scope": report.scope.resource.id,
        },
    });
    let advice = match &finding.remediation {
        Some(Remediation::Manual { advice }) => Some(advice.clone()),
        Some(Remediation::Automatic { changes }) => {
            let changes = changes.iter().filter_map(|at| report.changes.get(*at));
            let texts: Vec<_> = changes.map(|change| change.text.as_str()).collect();
            (!texts.is_empty()).then(|| texts.join("; "))
        }
        None => None,
    };
    if let (Some(advice), Some(members)) = (advice, document.as_object_mut()) {
        let text = excerpt(&advice, LONGEST_RECOMMENDATION);
        let recommendation = json!({"Recommendation": {"Text": text, "Url": finding.console}});
        members.insert("Remediation".to_owned(), recommendation);
    }
    document
}

fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

/// Compliant resources are informational, as Security Hub's own controls report them.
fn severity(finding: &Finding) -> &'static str {
    if matches!(
        finding.outcome,
        Outcome::Compliant | Outcome::Repaired | Outcome::Resolved
    ) {
        return "INFORMATIONAL";
    }
    match finding.severity {
        Severity::Low => "LOW",
        Severity::Medium => "MEDIUM",
        Severity::High => "HIGH",
        Severity::Critical => "CRITICAL",
    }
}

fn status(finding: &Finding) -> &'static str {
    match (finding.verdict, finding.outcome) {
        (_, Outcome::Repaired | Outcome::Resolved) | (Verdict::Compliant, _) => "PASSED",
        (Verdict::NonCompliant, Outcome::Exempt | Outcome::ExemptionEnds) | (Verdict::Indeterminate, _) => "WARNING",
        (Verdict::NonCompliant, _) => "FAILED",
        (Verdict::NotApplicable, _) => "NOT_AVAILABLE",
    }
}

/// There is no type of its own for endpoints.
fn resource_type(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Vpc => "AwsEc2Vpc",
        ResourceKind::Subnet => "AwsEc2Subnet",
        ResourceKind::RouteTable => "AwsEc2RouteTable",
        ResourceKind::Endpoint | ResourceKind::EndpointConnection => "Other",
        ResourceKind::EndpointService => "AwsEc2VpcEndpointService",
    }
}

fn arn(partition: &str, region: &str, account: &str, finding: &Finding) -> String {
    let kind = match finding.resource.kind {
        ResourceKind::Vpc => "vpc",
        ResourceKind::Subnet => "subnet",
        ResourceKind::RouteTable => "route-table",
        ResourceKind::Endpoint => "vpc-endpoint",
        ResourceKind::EndpointService => "vpc-endpoint-service",
        ResourceKind::EndpointConnection => "vpc-endpoint-connection",
    };
    format!("arn:{partition}:ec2:{region}:{account}:{kind}/{}", finding.resource.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::audit::example;

    fn findings() -> Vec<Value> {
        let audit = example();
        let calls = render(audit.reports());
        assert_eq!(calls.len(), 1);
        calls[0]["Findings"].as_array().unwrap().clone()
    }

    #[test]
    fn finding_has_the_arn_of_its_resource_and_the_repair_as_recommendation() {
        let findings = findings();
        let open = findings
            .iter()
            .find(|finding| finding["GeneratorId"] == "postern/policy-open")
            .unwrap();
        assert_eq!(
            open["Resources"][0]["Id"],
            "arn:aws:ec2:eu-central-1:111122223333:vpc-endpoint/vpce-0a1b2c3d4e5f60718"
        );
        assert_eq!(
            (&open["Severity"]["Label"], &open["Compliance"]["Status"]),
            (&json!("CRITICAL"), &json!("FAILED"))
        );
        let text = open["Remediation"]["Recommendation"]["Text"].as_str().unwrap();
        assert!(text.starts_with("replace the policy of"), "{text}");
        assert!(
            findings
                .iter()
                .all(|finding| finding["Compliance"]["Status"] != "NOT_AVAILABLE")
        );
    }

    #[test]
    fn texts_are_as_long_as_aws_accepts() {
        let mut audit = example();
        let finding = &mut audit.scopes[0].report.findings[0];
        finding.explanation = "ä".repeat(5_000);
        finding.remediation = Some(Remediation::Manual {
            advice: "ß".repeat(5_000),
        });
        let calls = render(audit.reports());
        let finding = &calls[0]["Findings"][0];
        let length = |text: &Value| text.as_str().unwrap().chars().count();
        assert_eq!(length(&finding["Description"]), 1_024);
        assert_eq!(length(&finding["Remediation"]["Recommendation"]["Text"]), 512);
    }

    #[test]
    fn one_call_has_at_most_a_hundred_findings_of_one_region() {
        let mut audit = example();
        let mut other = audit.scopes[0].clone();
        other.report.scope.region = "eu-west-1".to_owned();
        let one = audit.scopes[0].report.findings[0].clone();
        audit.scopes[0].report.findings = vec![one; 250];
        audit.scopes.push(other);
        let counts: Vec<_> = render(audit.reports())
            .iter()
            .map(|call| call["Findings"].as_array().unwrap().len())
            .collect();
        assert_eq!(counts[..3], [100, 100, 50]);
        assert_eq!(counts.len(), 4);
    }
}
