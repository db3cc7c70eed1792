use serde_json::json;

use super::*;
use crate::error::chain;
use crate::wire::Cloud;

const PARAMETER: &str = "arn:aws:ssm:eu-west-1:111122223333:parameter/postern/settings";
const PROFILE: &str =
    "arn:aws:appconfig:eu-central-1:111122223333:application/app1/environment/env1/configuration/prof1";
const NEXT: &str = "next-poll-configuration-token";

fn reader(arn: &str) -> SettingsReader {
    SettingsReader::new(arn.parse().unwrap())
}

#[test]
fn every_kind_of_place_is_an_arn() {
    let gov = "arn:aws-us-gov:s3:::bank-settings/postern/prod.toml";
    for arn in [PARAMETER, PROFILE, gov] {
        let location: SettingsLocation = arn.parse().unwrap();
        assert_eq!(location.to_string(), arn);
    }
}

#[test]
fn location_that_cannot_hold_settings_is_refused_with_the_expected_forms() {
    let wrong = [
        "",
        "postern.toml",
        "/postern/settings",
        "arn:aws:ssm:eu-central-1:111122223333:document/postern",
        "arn:aws:ssm:eu-central-1:111122223333:parameter/",
        "arn:aws:ssm::111122223333:parameter/postern",
        "arn:aws:s3:::bucket",
        "arn:aws:s3:::bucket/",
        "arn:aws:appconfig:eu-central-1:111122223333:application/a/configurationprofile/p",
        "arn:aws:appconfig:eu-central-1:111122223333:application/a/environment//configuration/p",
        "arn:aws:secretsmanager:eu-central-1:111122223333:secret:postern",
    ];
    for text in wrong {
        let error = text.parse::<SettingsLocation>().unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{text}` is not the ARN of")), "{error}");
        assert!(error.contains("arn:aws:ssm:REGION:ACCOUNT:parameter/NAME"), "{error}");
    }
}

#[tokio::test]
async fn parameter_is_read_decrypted_in_its_own_region() {
    let cloud = Cloud::new().json("GetParameter", &json!({"Parameter": {"Value": "[perimeter]"}}));
    let aws = cloud.aws();
    assert_eq!(reader(PARAMETER).read(&aws).await.unwrap(), "[perimeter]");
    assert_eq!(
        cloud.body("GetParameter"),
        json!({"Name": PARAMETER, "WithDecryption": true})
    );
    assert_eq!(aws.calls().by_operation().collect::<Vec<_>>(), [("GetParameter", 1)]);
}

#[tokio::test]
async fn object_is_read_by_its_encoded_key_and_signed_for_s3() {
    let cloud = Cloud::new().raw("GET /bank.settings/postern%20prod/a%2Bb.toml", 200, "[modes]");
    let text = reader("arn:aws:s3:::bank.settings/postern prod/a+b.toml")
        .read(&cloud.aws())
        .await;
    assert_eq!(text.unwrap(), "[modes]");
    let request = cloud.request("GET /bank.settings/postern%20prod/a%2Bb.toml");
    assert_eq!(
        request["Uri"],
        "https://s3.eu-central-1.amazonaws.com/bank.settings/postern%20prod/a%2Bb.toml"
    );
    let authorization = &request["Authorization"];
    assert!(
        authorization.contains("/eu-central-1/s3/aws4_request"),
        "{authorization}"
    );
    assert!(authorization.contains("x-amz-content-sha256"), "{authorization}");
}

#[tokio::test]
async fn configuration_that_has_not_changed_is_the_one_of_the_read_before() {
    let cloud = Cloud::new()
        .json(
            "POST /configurationsessions",
            &json!({"InitialConfigurationToken": "one+"}),
        )
        .headed("GET /configuration", (NEXT, "two"), "[modes]")
        .headed("GET /configuration", (NEXT, "three"), "");
    let (aws, mut reader) = (cloud.aws(), reader(PROFILE));
    assert_eq!(reader.read(&aws).await.unwrap(), "[modes]");
    assert_eq!(reader.read(&aws).await.unwrap(), "[modes]");
    let session: Value = cloud.body("POST /configurationsessions");
    assert_eq!(
        [
            &session["ApplicationIdentifier"],
            &session["EnvironmentIdentifier"],
            &session["ConfigurationProfileIdentifier"]
        ],
        ["app1", "env1", "prof1"]
    );
    let reads = cloud.requests("GET /configuration");
    let uris: Vec<_> = reads.iter().map(|read| read["Uri"].as_str()).collect();
    let uri = |token: &str| {
        format!("https://appconfigdata.eu-central-1.amazonaws.com/configuration?configuration_token={token}")
    };
    assert_eq!(uris, [uri("one%2B"), uri("two")]);
    assert!(reads[0]["Authorization"].contains("/appconfig/aws4_request"));
    cloud.done();
}

#[tokio::test]
async fn session_that_ended_is_begun_again() {
    let ended = r#"{"__type":"BadRequestException","Message":"token expired"}"#;
    let cloud = Cloud::new()
        .json(
            "POST /configurationsessions",
            &json!({"InitialConfigurationToken": "one"}),
        )
        .headed("GET /configuration", (NEXT, "two"), "[modes]")
        .raw("GET /configuration", 400, ended)
        .json(
            "POST /configurationsessions",
            &json!({"InitialConfigurationToken": "other"}),
        )
        .headed("GET /configuration", (NEXT, "next"), "[limits]");
    let (aws, mut reader) = (cloud.aws(), reader(PROFILE));
    reader.read(&aws).await.unwrap();
    assert_eq!(reader.read(&aws).await.unwrap(), "[limits]");
    cloud.done();
}

#[tokio::test]
async fn settings_that_cannot_be_read_are_an_error_that_names_call_and_code() {
    let missing = r#"{"__type":"ParameterNotFound","message":"Parameter not found."}"#;
    let denied = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    let cloud = Cloud::new()
        .raw("GetParameter", 400, missing)
        .raw("GET /bucket/key", 403, denied)
        .json("GetParameter", &json!({}));
    let aws = cloud.aws();
    let error = reader(PARAMETER).read(&aws).await.unwrap_err();
    assert!(!error.transient());
    assert_eq!(
        chain(&error),
        "ssm:GetParameter failed: ParameterNotFound: Parameter not found"
    );
    let error = reader("arn:aws:s3:::bucket/key").read(&aws).await.unwrap_err();
    assert_eq!(chain(&error), "s3:GetObject failed: AccessDenied: Access Denied");
    let error = reader(PARAMETER).read(&aws).await.unwrap_err();
    assert!(chain(&error).contains("has no `/Parameter/Value`"), "{}", chain(&error));
}
