use super::*;
use crate::{endpoint_service, federation, service};

fn carries(endpoint: &str, action: &str) -> bool {
    let service = service::find(endpoint).unwrap();
    let lower = action.to_ascii_lowercase();
    let carried = service.action(&lower).is_some();
    assert_eq!(
        carried,
        !service.leaves_out(&lower) && service::action(action).is_some(),
        "{endpoint} {action}"
    );
    carried
}

#[test]
fn lines_name_endpoint_services_with_their_prefixes_and_published_actions() {
    let mut seen = BTreeSet::new();
    for line in lines() {
        assert!(
            line.endpoint.is_empty() || seen.insert(line.endpoint),
            "{}",
            line.endpoint
        );
        if !line.endpoint.is_empty() {
            let entry = endpoint_service::find(line.endpoint).unwrap_or_else(|| panic!("{}", line.endpoint));
            assert!(
                list(entry.prefixes).any(|prefix| prefix == line.prefix),
                "{}",
                line.endpoint
            );
        }
        let known = service::of_prefix(line.prefix).unwrap();
        for action in list(line.actions) {
            let published = known.actions.iter().any(|published| published.name == action);
            assert!(published, "{}: {action}", line.endpoint);
        }
    }
    assert!(seen.len() > 80);
}

#[test]
fn endpoint_service_carries_the_actions_of_its_own_api() {
    for (endpoint, carried, not) in [
        (
            "git-codecommit",
            &["codecommit:GitPull", "codecommit:GitPush"][..],
            &["codecommit:GetFile", "codecommit:UploadArchive"][..],
        ),
        ("codecommit", &["codecommit:GetFile"], &["codecommit:GitPull"]),
        (
            "com.amazonaws.eu-central-1.sagemaker.runtime-fips",
            &["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointAsync"],
            &["sagemaker:CreateModel", "sagemaker:PutRecord"],
        ),
        (
            "sagemaker.api",
            &["sagemaker:CreateModel"],
            &["sagemaker:InvokeEndpoint"],
        ),
        (
            "bedrock-runtime",
            // Converse and asynchronous invocations are authorized as InvokeModel.
            &[
                "bedrock:InvokeModel",
                "bedrock:ApplyGuardrail",
                "bedrock:CallWithBearerToken",
            ],
            &["bedrock:CreateAgent", "bedrock:Retrieve", "bedrock:DeleteGuardrail"],
        ),
        (
            "bedrock",
            &["bedrock:DeleteGuardrail", "bedrock:CallWithBearerToken"],
            &["bedrock:InvokeModel"],
        ),
        (
            "email-smtp",
            &["ses:SendRawEmail"],
            &["ses:SendEmail", "ses:CreateArchive"],
        ),
        ("email", &["ses:SendRawEmail", "ses:SendEmail"], &["ses:CreateArchive"]),
        (
            "iot.data",
            &["iot:Publish", "iot:Connect", "iot:DescribeJobExecution"],
            &["iot:CreateThing"],
        ),
        (
            "iot.api",
            &["iot:CreateThing", "iot:DescribeJobExecution"],
            &["iot:Publish"],
        ),
        (
            "dynamodb",
            &["dynamodb:GetItem", "dynamodb:PartiQLSelect"],
            &["dynamodb:GetShardIterator"],
        ),
        (
            "dynamodb-streams",
            &["dynamodb:GetShardIterator"],
            &["dynamodb:GetItem"],
        ),
        (
            "cloudcontrolapi",
            &["cloudformation:CreateResource"],
            &["cloudformation:CreateStack"],
        ),
        ("geo.maps", &["geo:GetMapTile", "geo-maps:GetTile"], &["geo:GetPlace"]),
        (
            "sync-states",
            &["states:StartSyncExecution"],
            &["states:StartExecution"],
        ),
    ] {
        for action in carried {
            assert!(carries(endpoint, action), "{endpoint} {action}");
        }
        for action in not {
            assert!(!carries(endpoint, action), "{endpoint} {action}");
        }
    }
}

#[test]
fn endpoint_service_carries_every_action_where_aws_does_not_document_which() {
    for name in [
        "ecr.dkr",
        "ecr.api",
        "iot.credentials",
        "studio",
        "s3",
        "execute-api",
        "sagemaker",
    ] {
        let behind = service::find(name).unwrap();
        let prefixes = behind.prefixes().filter_map(service::of_prefix);
        assert_eq!(
            behind.actions.len(),
            prefixes.map(|all| all.actions.len()).sum::<usize>(),
            "{name}"
        );
    }
}

#[test]
fn every_action_of_a_prefix_comes_through_some_endpoint_service_or_a_host_without_one() {
    let without: BTreeSet<String> = lines()
        .iter()
        .filter(|line| line.endpoint.is_empty())
        .flat_map(|line| list(line.actions).map(|action| format!("{}:{action}", line.prefix).to_ascii_lowercase()))
        .collect();
    let prefixes: BTreeSet<&str> = lines().iter().map(|line| line.prefix).collect();
    for prefix in prefixes {
        let through: Vec<_> = lines()
            .iter()
            .filter(|line| line.prefix == prefix && !line.endpoint.is_empty())
            .filter_map(|line| service::find(line.endpoint))
            .collect();
        for action in &service::of_prefix(prefix).unwrap().actions {
            let carried = through.iter().any(|service| service.action(&action.lower).is_some());
            assert!(carried || without.contains(&*action.lower), "{}", action.lower);
        }
    }
}

#[test]
fn calls_without_a_signature_come_through_the_endpoint_services_that_carry_them() {
    let calls = |name: &str| federation::calls(service::find(name));
    assert!(calls("geo.maps").contains(&"geo:GetMapTile") && !calls("geo.maps").contains(&"geo:GetPlace"));
    assert!(calls("geo.tracking").is_empty());
    assert!(calls("rum").is_empty() && calls("rum-dataplane") == ["rum:PutRumEvents"]);
    let gateway = calls("bedrock-agentcore.gateway");
    assert!(gateway.contains(&"bedrock-agentcore:InvokeGateway"));
    assert!(!gateway.contains(&"bedrock-agentcore:InvokeAgentRuntime"));
}
