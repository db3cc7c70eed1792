//! Audits, and how they are rendered.

use postern_core::model::endpoint::{EndpointKind, EndpointState};
use postern_core::model::snapshot::SubnetClass;
use postern_core::settings::Mode;

use super::fixtures::{VPC, audited, finding, repaired};
use super::golden;
use crate::audit::*;
use crate::html;
use crate::published::{Finding, Outcome, Report, Severity};
use crate::terminal::{self, Colour};
use postern_core::model::finding::Verdict;

pub(crate) const OPEN_ENDPOINT: &str = super::fixtures::ENDPOINT;

fn subnet(letter: char, class: SubnetClass) -> SubnetView {
    SubnetView {
        id: format!("subnet-0{letter}0000000000000"),
        name: Some(format!("app-{letter}")),
        zone: format!("eu-central-1{letter}"),
        cidrs: vec![format!("10.0.{}.0/24", u32::from(letter) - 97)],
        class: Some(class),
        route_table: Some("rtb-0badcafe0badcafe0".to_owned()),
    }
}

pub(crate) fn topology() -> Topology {
    let proof = Proof {
        kind: ProofKind::Principal,
        principal: "arn:aws:iam::444455556666:role/anybody".to_owned(),
        action: "s3:GetObject".to_owned(),
        resource: "arn:aws:s3:::any-bucket/key".to_owned(),
        context: [("aws:PrincipalAccount".to_owned(), vec!["444455556666".to_owned()])].into(),
    };
    let elsewhere = Proof {
        kind: ProofKind::Resource,
        principal: "arn:aws:iam::111122223333:role/payments".to_owned(),
        context: [("aws:ResourceAccount".to_owned(), vec!["777788889999".to_owned()])].into(),
        ..proof.clone()
    };
    Topology {
        cidrs: vec!["10.0.0.0/16".to_owned()],
        subnets: vec![subnet('a', SubnetClass::Private), subnet('b', SubnetClass::Public)],
        route_tables: vec![RouteTableView {
            id: "rtb-0badcafe0badcafe0".to_owned(),
            name: Some("private".to_owned()),
            main: true,
            exits: vec!["nat-0123456789abcdef0".to_owned()],
        }],
        endpoints: vec![
            EndpointView {
                id: OPEN_ENDPOINT.to_owned(),
                name: Some("payments-s3".to_owned()),
                service: Some("com.amazonaws.eu-central-1.s3".to_owned()),
                kind: EndpointKind::Gateway,
                state: EndpointState::Available,
                private_dns: false,
                subnets: Vec::new(),
                route_tables: vec!["rtb-0badcafe0badcafe0".to_owned()],
                security_groups: Vec::new(),
                proofs: vec![proof, elsewhere],
            },
            EndpointView {
                id: "vpce-0123456789abcdef0".to_owned(),
                name: None,
                service: Some("com.amazonaws.eu-central-1.kms".to_owned()),
                kind: EndpointKind::Interface,
                state: EndpointState::Available,
                private_dns: true,
                subnets: vec!["subnet-0a0000000000000".to_owned()],
                route_tables: Vec::new(),
                security_groups: vec!["sg-0123456789abcdef0".to_owned()],
                proofs: Vec::new(),
            },
        ],
        central: Vec::new(),
        service: None,
        gaps: Vec::new(),
    }
}

/// One VPC with findings of every kind, in audit mode; one Region that could not be read.
pub(crate) fn example() -> Audit {
    let mut found = repaired();
    found.outcomes.clear();
    found.verification.clear();
    found.triggering_events.clear();
    for finding in &mut found.findings {
        finding.mode = Mode::Audit;
    }
    for planned in &mut found.plan.changes {
        planned.mode = Mode::Audit;
    }
    let missing = audited();
    found.findings.extend(missing.findings);
    found.plan.changes.extend(missing.plan.changes);
    found.findings.push(finding(
        "ingress-blocked",
        "vpce-0123456789abcdef0",
        Verdict::Indeterminate,
    ));
    let perimeter = AuditPerimeter {
        source: PerimeterSource::Organization,
        organizations: vec!["o-exampleorg1".to_owned()],
        organization_paths: Vec::new(),
        accounts: vec!["111122223333".to_owned()],
        principals: Vec::new(),
        note: "Only the account and its own organisation count as trusted.".to_owned(),
    };
    let region = |region: &str, gap: Option<&str>| AuditedRegion {
        region: region.to_owned(),
        gap: gap.map(str::to_owned),
        services_gap: None,
        shared_vpcs: usize::from(gap.is_none()),
    };
    let scope = AuditedScope {
        report: Report::of(&found),
        topology: topology(),
        history: vec![RecordedChange {
            id: "20261101T101500.000000Z-0a1b2c3d".to_owned(),
            time: "2026-11-01T10:15:00Z".parse().unwrap(),
            change: "add subnet-1 (eu-central-1a) to vpce-1".to_owned(),
            function: "subnet-inspector".to_owned(),
            outcome: "applied".to_owned(),
            undone_by: None,
        }],
    };
    Audit::new(
        vec![AuditedAccount {
            account: "111122223333".to_owned(),
            gap: None,
            regions: vec![
                region(
                    "us-east-1",
                    Some("ec2:DescribeVpcs failed: UnauthorizedOperation: denied by an SCP"),
                ),
                region("eu-central-1", None),
            ],
        }],
        found.time,
        perimeter,
        vec![scope],
    )
}

#[test]
fn golden_audit_has_the_summary_first_and_findings_by_resource() {
    let text = terminal::render(&example(), Colour::Never);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    golden("audit.txt", &text);
}

#[test]
fn findings_that_lack_the_same_part_are_told_together() {
    let mut audit = example();
    let findings = &mut audit.scopes[0].report.findings;
    let unread = findings
        .iter()
        .find(|finding| finding.outcome == Outcome::Indeterminate);
    let unread = Finding {
        explanation: "ec2:DescribeSubnets failed: UnauthorizedOperation.".to_owned(),
        ..unread.unwrap().clone()
    };
    for control in ["endpoint-missing", "subnet-uncovered", "acl-blocks-endpoint"] {
        findings.push(Finding {
            control: control.to_owned(),
            ..unread.clone()
        });
    }
    let text = terminal::render(&audit, Colour::Never);
    assert_eq!(text.matches("DescribeSubnets").count(), 1, "{text}");
    assert!(
        text.contains("3 findings of 3 controls: could not be evaluated"),
        "{text}"
    );
    let words: Vec<_> = text.split_whitespace().collect();
    let controls = "Controls: acl-blocks-endpoint, endpoint-missing, subnet-uncovered";
    assert!(words.join(" ").contains(controls), "{text}");
    assert!(text.contains("ingress-blocked: could not be evaluated"), "{text}");
}

#[test]
fn findings_name_their_account_and_an_unread_account_is_named() {
    let mut audit = example();
    let mut scope = audit.scopes[0].clone();
    scope.report.scope.account = "444455556666".to_owned();
    let region = AuditedRegion {
        region: "ap-southeast-1".to_owned(),
        gap: None,
        services_gap: None,
        shared_vpcs: 0,
    };
    scope.report.scope.region.clone_from(&region.region);
    audit.accounts.push(AuditedAccount {
        account: "444455556666".to_owned(),
        gap: None,
        regions: vec![region],
    });
    audit.accounts.push(AuditedAccount {
        account: "777788889999".to_owned(),
        gap: Some("sts:AssumeRole failed: AccessDenied".to_owned()),
        regions: Vec::new(),
    });
    audit.scopes.push(scope);
    let text = terminal::render(&audit, Colour::Never);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    for part in [
        "Audit of 3 accounts: ",
        "\n111122223333 eu-central-1 ",
        "\n444455556666 ap-southeast-1 ",
        "Not read: account 777788889999: sts:AssumeRole failed: AccessDenied",
        "in 444455556666 ap-southeast-1 ==",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let page = html::render(&audit);
    for part in [
        "<h1>VPC endpoints of 3 accounts</h1>",
        "<option value=\"444455556666 ap-southeast-1\">",
        "data-region=\"111122223333 eu-central-1\"",
        "Not read: account 777788889999: sts:AssumeRole failed: AccessDenied",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn colours_add_nothing_but_colours() {
    let plain = terminal::render(&example(), Colour::Never);
    let coloured = terminal::render(&example(), Colour::Ansi);
    assert!(
        coloured.contains("\u{1b}[1;31m  CRITICAL  policy-open\u{1b}[0m\n"),
        "{coloured}"
    );
    let mut stripped = coloured;
    for code in ["1;31", "31", "33", "36", "1", "0"] {
        stripped = stripped.replace(&format!("\u{1b}[{code}m"), "");
    }
    assert_eq!(stripped, plain);
}

#[test]
fn document_follows_its_schema() {
    let schema = serde_json::to_value(schema()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let document: serde_json::Value = serde_json::from_str(&example().json()).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&document)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    let filtered = serde_json::to_value(example().at_least(Severity::High)).unwrap();
    assert!(validator.is_valid(&filtered), "{filtered}");
    assert_eq!(document["scopes"][0]["report"]["scope"]["resource"]["id"], VPC);
}

#[test]
fn summary_counts_what_is_open_and_follows_the_severity() {
    let audit = example();
    let open: Vec<_> = audit.summary.open.values().copied().collect();
    assert_eq!(open, [0, 1, 2, 1]);
    let summary = (audit.summary.not_evaluated, audit.summary.exempt, audit.summary.total());
    assert_eq!(summary, (1, 1, 4));
    let severe = audit.at_least(Severity::High);
    assert_eq!((severe.summary.total(), severe.open().count()), (3, 3));
    assert_eq!(
        severe.frameworks,
        example().frameworks,
        "requirements count every finding"
    );
    let sentence = "Findings below severity high are neither shown nor counted (`--severity high`).";
    assert!(
        terminal::render(&severe, Colour::Never)
            .replace('\n', " ")
            .contains(sentence)
    );
    let page = html::render(&severe);
    assert!(page.contains("Findings below severity high are neither shown nor counted"));
    assert!(page.contains("Findings of every severity by requirement"));
    assert!(!terminal::render(&example(), Colour::Never).contains("are neither shown nor counted"));
}

#[test]
fn page_admits_no_code_but_its_own_and_makes_no_request() {
    let page = html::render(&example());
    let policy = page.split("Content-Security-Policy\" content=\"").nth(1).unwrap();
    let policy = policy.split('"').next().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(
        (page.matches("<script").count(), page.matches("<style").count()),
        (1, 1)
    );
    for request in ["src=", "<link", "@import", "url(", " style=", "onclick"] {
        assert!(!page.contains(request), "{request}");
    }
}

#[test]
fn page_draws_endpoints_interfaces_routes_and_open_policies() {
    let page = html::render(&example());
    for part in [
        "<g data-endpoint=\"vpce-0a1b2c3d4e5f60718\">",
        "1 of 1 subnets have the route",
        "network interface in subnet-0a0000000000000",
        "<circle class=\"none\"",
        "<g data-groups=\"1\"><text class=\"soft\"",
        ">sg-0123456789abcdef0</text>",
        "<td>sg-0123456789abcdef0</td>",
        "<g data-proof=\"principal\"><title>arn:aws:iam::444455556666:role/anybody calls s3:GetObject",
        "<li id=\"repair-0-1\">replace the policy of vpce-0a1b2c3d4e5f60718",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn hostile_names_are_text() {
    const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror=alert(1)>&'";
    let mut audit = example();
    let scope = &mut audit.scopes[0];
    scope.report.scope.resource.name = Some(HOSTILE.to_owned());
    for finding in &mut scope.report.findings {
        finding.resource.name = Some(HOSTILE.to_owned());
        finding.explanation = HOSTILE.to_owned();
        finding.service = Some(HOSTILE.to_owned());
    }
    for endpoint in &mut scope.topology.endpoints {
        endpoint.name = Some(HOSTILE.to_owned());
        endpoint.id = HOSTILE.to_owned();
    }
    let page = html::render(&audit);
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("<img").count(), 0);
    assert!(page.contains("&lt;script&gt;"));
}

#[test]
fn proof_names_the_account_of_a_resource_whose_arn_does_not() {
    let proof = &topology().endpoints[0].proofs[1];
    let sentence = "arn:aws:iam::111122223333:role/payments calls s3:GetObject on arn:aws:s3:::any-bucket/key of account \
                    777788889999";
    assert_eq!(proof.sentence(), sentence);
    let text = terminal::render(&example(), Colour::Never);
    assert!(text.contains("of account 777788889999"), "{text}");
    assert!(html::render(&example()).contains(" of account <code>777788889999</code></summary>"));
    let named = Proof {
        resource: "arn:aws:kms:eu-central-1:777788889999:key/1".to_owned(),
        ..proof.clone()
    };
    assert_eq!(named.owner(), None);
}

#[test]
fn unknown_prices_are_counted_in_every_sum() {
    let mut audit = example();
    let report = &mut audit.scopes[0].report;
    let count = report.changes.len();
    for change in &mut report.changes {
        change.monthly_cost = None;
    }
    report.plan.monthly_cost = Default::default();
    report.plan.audit_monthly_cost = Default::default();
    report.plan.unpriced = count;
    let audit = Audit::new(audit.accounts, audit.time, audit.perimeter, audit.scopes);
    assert_eq!(audit.summary.unpriced, count);
    let sentences =
        format!("{count} proposed changes have no known price. To look prices up, run `postern prices --write`.");
    let text = terminal::render(&audit, Colour::Never).replace('\n', " ");
    assert!(text.contains(&sentences), "{text}");
    let page = html::render(&audit);
    for part in [
        format!("{count} proposed changes have no known price"),
        format!("{count} repairs that Postern proposes, {count} of unknown price</h3>"),
    ] {
        assert!(page.contains(&part), "{part}");
    }
    assert!(!page.contains("$0.00 a month"));
    let reports = [&audit.scopes[0].report];
    let digest = crate::text::digest::digest(&reports).replace('\n', " ");
    assert!(
        digest.contains(&format!("{count}, {count} of unknown price")),
        "{digest}"
    );
}

#[test]
fn page_lists_what_postern_changed_before() {
    let page = html::render(&example());
    assert!(page.contains("<summary>1 change on record</summary>"), "{page}");
    assert!(page.contains(
        "<th scope=\"row\">2026-11-01 10:15 UTC</th><td>add subnet-1 (eu-central-1a) to vpce-1</td><td>applied</td>"
    ));
    let mut without = example();
    without.scopes[0].history.clear();
    assert!(!html::render(&without).contains("on record"));
}
