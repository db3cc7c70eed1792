//! The traffic of endpoints, with answers in the bytes of CloudWatch.

use postern_core::controls::known;
use postern_core::model::traffic::Traffic;
use serde_json::{Value, json};

use super::*;

/// The control that needs the traffic is on.
fn on() -> Settings {
    Settings::parse(
        "[modes]\nendpoint-idle = \"audit\"\n[traffic]\nidle_days = 30",
        &known(),
    )
    .unwrap()
}

fn endpoint(id: &str, rest: &str) -> String {
    format!(
        "<item><vpcEndpointId>{id}</vpcEndpointId><vpcId>vpc-1</vpcId><state>available</state>\
         <ownerId>111122223333</ownerId><serviceName>com.amazonaws.eu-central-1.sts</serviceName>{rest}</item>"
    )
}

fn cloud(endpoints: &[String]) -> Cloud {
    let endpoints = format!("<vpcEndpointSet>{}</vpcEndpointSet>", endpoints.concat());
    Cloud::new()
        .always("DescribeVpcs", VPC)
        .always("DescribeVpcEndpoints", &endpoints)
}

const INTERFACE: &str = "<vpcEndpointType>Interface</vpcEndpointType>";

fn result(id: &str, values: &[f64], status: &str) -> Value {
    json!({"Id": id, "Label": "BytesProcessed", "Timestamps": [], "Values": values, "StatusCode": status})
}

fn answer(results: &[Value]) -> Value {
    json!({"Messages": [], "MetricDataResults": results})
}

async fn traffic(cloud: &Cloud, settings: &Settings) -> Observed<Traffic> {
    let vpc = ScopedResource::Vpc("vpc-1".into());
    let wanted = parts(&[Part::Endpoints, Part::Traffic]);
    let seen = cloud.session().observe(&region(), &vpc, &wanted, settings).await;
    match seen.unwrap().unwrap() {
        Snapshot::Vpc(vpc) => vpc.traffic,
        Snapshot::Service(service) => panic!("{} is no VPC", service.service.id),
    }
}

#[tokio::test]
async fn days_of_each_endpoint_are_summed() {
    let gateway_balancer = endpoint("vpce-b", "<vpcEndpointType>GatewayLoadBalancer</vpcEndpointType>");
    let results = [
        result("endpoint0", &[1_000.0, 24.0], "Complete"),
        result("endpoint1", &[], "Complete"),
    ];
    let cloud = cloud(&[endpoint("vpce-a", INTERFACE), gateway_balancer]).json("GetMetricData", &answer(&results));
    let found = traffic(&cloud, &on()).await.unwrap();
    assert_eq!(found.bytes, [("vpce-a".into(), 1_024), ("vpce-b".into(), 0)].into());
    let request = cloud.request("GetMetricData");
    assert_eq!(request["Uri"], "https://monitoring.eu-central-1.amazonaws.com/");
    let body = cloud.body("GetMetricData");
    assert_eq!(
        body["MetricDataQueries"][0],
        json!({
            "Id": "endpoint0",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/PrivateLinkEndpoints",
                    "MetricName": "BytesProcessed",
                    "Dimensions": [
                        {"Name": "Endpoint Type", "Value": "Interface"},
                        {"Name": "Service Name", "Value": "com.amazonaws.eu-central-1.sts"},
                        {"Name": "VPC Endpoint Id", "Value": "vpce-a"},
                        {"Name": "VPC Id", "Value": "vpc-1"},
                    ],
                },
                "Period": 86_400,
                "Stat": "Sum",
            },
        })
    );
    let kind = "/MetricDataQueries/1/MetricStat/Metric/Dimensions/0/Value";
    assert_eq!(body.pointer(kind), Some(&json!("GatewayLoadBalancer")));
    let start = body["StartTime"].as_i64().unwrap();
    assert_eq!(start, found.since.as_second());
    assert_eq!(start % 86_400, 0);
    let window = body["EndTime"].as_i64().unwrap() - start;
    assert!((30 * 86_400..31 * 86_400).contains(&window), "{window}");
}

#[tokio::test]
async fn endpoints_without_metrics_are_not_asked_for() {
    let without = [
        endpoint("vpce-a", "<vpcEndpointType>Gateway</vpcEndpointType>"),
        endpoint("vpce-b", "<vpcEndpointType>Resource</vpcEndpointType>"),
        endpoint(
            "vpce-c",
            &format!("{INTERFACE}<serviceRegion>us-east-1</serviceRegion>"),
        ),
        endpoint(
            "vpce-d",
            &format!("{INTERFACE}<requesterManaged>true</requesterManaged>"),
        ),
        endpoint("vpce-e", INTERFACE).replace("available", "failed"),
    ];
    let cloud = cloud(&without);
    assert_eq!(traffic(&cloud, &on()).await.unwrap().bytes, BTreeMap::new());
    assert_eq!(cloud.requests("GetMetricData").len(), 0);
}

#[tokio::test]
async fn nothing_is_asked_while_no_control_that_needs_it_is_on() {
    let off = Settings::parse("", &known()).unwrap();
    let cloud = cloud(&[endpoint("vpce-a", INTERFACE)]);
    let gap = traffic(&cloud, &off).await.unwrap_err();
    assert_eq!(gap.reason, "no control that needs the traffic of endpoints is on");
    assert_eq!(cloud.requests("GetMetricData").len(), 0);
}

#[tokio::test]
async fn pages_are_followed_and_incomplete_data_is_continued() {
    let first = json!({
        "MetricDataResults": [result("endpoint0", &[1.0], "PartialData")],
        "NextToken": "more",
    });
    let second = answer(&[
        result("endpoint0", &[2.0], "Complete"),
        result("endpoint1", &[4.0], "Complete"),
    ]);
    let endpoints = ["vpce-a", "vpce-b"].map(|id| endpoint(id, INTERFACE));
    let cloud = cloud(&endpoints)
        .json("GetMetricData", &first)
        .json("GetMetricData", &second);
    let found = traffic(&cloud, &on()).await.unwrap();
    assert_eq!(found.bytes, [("vpce-a".into(), 3), ("vpce-b".into(), 4)].into());
    let bodies = cloud.bodies("GetMetricData");
    assert_eq!(bodies[0].get("NextToken"), None);
    assert_eq!(bodies[1]["NextToken"], "more");
    assert_eq!(bodies[0]["MetricDataQueries"], bodies[1]["MetricDataQueries"]);
}

#[tokio::test]
async fn request_asks_for_500_endpoints_at_most() {
    let endpoints: Vec<_> = (0..501).map(|n| endpoint(&format!("vpce-{n:03}"), INTERFACE)).collect();
    let results: Vec<_> = (0..501)
        .map(|n| result(&format!("endpoint{n}"), &[1.0], "Complete"))
        .collect();
    let cloud = cloud(&endpoints)
        .json("GetMetricData", &answer(&results[..500]))
        .json("GetMetricData", &answer(&results[500..]));
    assert_eq!(traffic(&cloud, &on()).await.unwrap().bytes.len(), 501);
    let asked: Vec<_> = cloud
        .bodies("GetMetricData")
        .iter()
        .map(|body| body["MetricDataQueries"].as_array().unwrap().len())
        .collect();
    assert_eq!(asked, [500, 1]);
}

#[tokio::test]
async fn metrics_that_cannot_be_read_are_a_gap_and_never_zero() {
    let denied = r#"{"__type":"AccessDeniedException","message":"no identity-based policy allows it"}"#;
    let throttled = r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#;
    let lacking = answer(&[]).to_string();
    let partial = answer(&[result("endpoint0", &[1.0], "PartialData")]).to_string();
    let failed = answer(&[result("endpoint0", &[], "InternalError")]).to_string();
    for (status, content, reason) in [
        (400, denied, "AccessDenied"),
        (400, throttled, "Throttling"),
        (200, &lacking, "the answer lacks vpce-a"),
        (200, &partial, "the data of vpce-a is incomplete"),
        (200, &failed, "InternalError"),
        (200, "no JSON", "the answer has no results"),
    ] {
        let cloud = cloud(&[endpoint("vpce-a", INTERFACE)]).raw("GetMetricData", status, content);
        let gap = traffic(&cloud, &on()).await.unwrap_err();
        assert_eq!(gap.part, Part::Traffic);
        assert!(
            gap.reason.starts_with("cloudwatch:GetMetricData failed") && gap.reason.contains(reason),
            "{}",
            gap.reason
        );
    }
}

#[tokio::test]
async fn region_is_asked_for_at_once_and_each_vpc_gets_its_own() {
    let other = "<vpcId>vpc-2</vpcId>";
    let vpcs = VPC.replace(
        "</vpcSet>",
        &format!("<item>{other}<ownerId>111122223333</ownerId><cidrBlock>10.3.0.0/16</cidrBlock></item></vpcSet>"),
    );
    let endpoints = [
        endpoint("vpce-a", INTERFACE),
        endpoint("vpce-b", INTERFACE).replace("<vpcId>vpc-1</vpcId>", other),
    ];
    let results = [
        result("endpoint0", &[1.0], "Complete"),
        result("endpoint1", &[2.0], "Complete"),
    ];
    let cloud = cloud(&endpoints)
        .on("DescribeVpcs", &vpcs)
        .json("GetMetricData", &answer(&results));
    let wanted = parts(&[Part::Endpoints, Part::Traffic]);
    let seen = cloud.session().observe_vpcs(&region(), &wanted, &on()).await.unwrap();
    let of: Vec<_> = seen.into_iter().map(|vpc| vpc.traffic.unwrap().bytes).collect();
    assert_eq!(of, [[("vpce-a".into(), 1)].into(), [("vpce-b".into(), 2)].into()]);
    let body = cloud.body("GetMetricData");
    let vpc = "/MetricDataQueries/1/MetricStat/Metric/Dimensions/3/Value";
    assert_eq!(body.pointer(vpc), Some(&json!("vpc-2")));
}
