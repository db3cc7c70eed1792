use serde_json::json;

use super::*;
use crate::error::chain;
use crate::wire::Cloud;

const SSM: Service = Service {
    id: "SSM",
    host: "ssm",
    signing_name: "ssm",
};

fn request() -> Request {
    Request::json("ssm:GetParameter", SSM, "AmazonSSM.GetParameter".to_owned(), &json!({}))
}

#[tokio::test]
async fn throttled_or_broken_request_is_repeated_and_each_attempt_counted() {
    let throttled = r#"{"__type":"com.amazonaws.ssm#ThrottlingException","message":"Rate exceeded"}"#;
    let cloud = Cloud::new()
        .raw("GetParameter", 400, throttled)
        .breaks("GetParameter")
        .raw("GetParameter", 503, "")
        .json("GetParameter", &json!({"done": true}));
    let aws = cloud.aws_with_attempts(4);
    assert_eq!(aws.send(request()).await.unwrap().json(), json!({"done": true}));
    assert_eq!(aws.calls().total(), 4);
    cloud.done();
}

#[tokio::test]
async fn refused_request_is_not_repeated() {
    let denied = r#"{"__type":"AccessDeniedException","Message":"not authorized"}"#;
    let cloud = Cloud::new().raw("GetParameter", 400, denied);
    let aws = cloud.aws_with_attempts(4);
    let error = aws.send(request()).await.unwrap_err();
    assert!(error.denied() && !error.transient(), "{error:?}");
    assert_eq!(
        chain(&error),
        "ssm:GetParameter failed: AccessDeniedException: not authorized"
    );
    assert_eq!(aws.calls().total(), 1);
}

#[tokio::test]
async fn request_without_an_answer_ends() {
    let cloud = Cloud::new().silence("GetParameter");
    let error = cloud.aws().send(request()).await.unwrap_err();
    assert!(error.transient(), "{error:?}");
}

#[tokio::test]
async fn global_service_is_reached_and_signed_for_in_the_region_of_its_partition() {
    let hosts = [
        ("eu-central-1", "", "us-east-1"),
        ("cn-north-1", ".cn", "cn-northwest-1"),
    ];
    for (region, domain, signed) in hosts {
        let action = format!("GET {domain}/zones");
        let cloud = Cloud::new().raw(&action, 200, "");
        let request = Request {
            call: "route53:ListHostedZonesByVPC",
            service: Service {
                id: "Route 53",
                host: "route53",
                signing_name: "route53",
            },
            region: Some(region.to_owned()),
            method: "GET",
            uri: "/zones".to_owned(),
            headers: Vec::new(),
            body: String::new(),
        };
        cloud.aws().send(request).await.unwrap();
        let sent = cloud.request(&action);
        assert_eq!(sent["Uri"], format!("https://route53.amazonaws.com{domain}/zones"));
        assert!(
            sent["Authorization"].contains(&format!("/{signed}/route53/")),
            "{sent:#?}"
        );
    }
}

#[test]
fn domain_is_that_of_the_partition() {
    let regions = [
        "eu-central-1",
        "cn-north-1",
        "us-gov-west-1",
        "us-isob-east-1",
        "us-iso-east-1",
        "eusc-de-east-1",
    ];
    let suffixes = regions.map(suffix);
    assert_eq!(
        suffixes,
        [
            "amazonaws.com",
            "amazonaws.com.cn",
            "amazonaws.com",
            "sc2s.sgov.gov",
            "c2s.ic.gov",
            "amazonaws.eu"
        ]
    );
}
