use jiff::SignedDuration;
use postern_core::model::scope::ScopedResource;

use super::*;

#[tokio::test]
async fn record_of_a_perimeter_names_the_vpcs_of_its_reservations() {
    let item = json!({
        "pk": {"S": "111122223333/eu-central-1"}, "sk": {"S": "perimeter/0123456789ab"},
        "used": {"N": "2"}, "expires": {"N": at("06:00:00").as_second().to_string()},
        "vpc-1/7": {"N": "1"}, "vpc-1/8": {"N": "1"}, "vpc-2/1": {"N": "0"},
    });
    let cloud = Cloud::new().json("Query", &json!({"Items": [item]}));
    let found = ledger(&cloud)
        .canaries(&"111122223333".into(), &"eu-central-1".into(), "0123456789ab")
        .await
        .unwrap();
    assert_eq!((found.verified, found.reserved), (false, 2));
    let vpc = |id: &str| ScopedResource::Vpc(id.into());
    assert_eq!(found.scopes, [vpc("vpc-1"), vpc("vpc-2")]);
    let hour = SignedDuration::from_hours(1);
    assert!(found.in_progress(hour, at("05:19:59")));
    assert!(!found.in_progress(hour, at("05:20:00")));
    let values = &cloud.body("Query")["ExpressionAttributeValues"];
    assert_eq!(values[":key"], json!({"S": "perimeter/0123456789ab"}));
}

#[tokio::test]
async fn perimeter_without_record_has_closed_nothing() {
    let cloud = Cloud::new().json("Query", &json!({"Items": []}));
    let (account, region) = ("111122223333".into(), "eu-central-1".into());
    let found = ledger(&cloud)
        .canaries(&account, &region, "0123456789ab")
        .await
        .unwrap();
    assert_eq!(found, Canaries::default());
    let cloud = Cloud::new().json("UpdateItem", &json!({}));
    let now = at("06:00:00");
    ledger(&cloud)
        .verify_perimeter(&account, &region, "0123456789ab", now, now)
        .await
        .unwrap();
    let body = cloud.body("UpdateItem");
    assert_eq!(body["UpdateExpression"], "SET #verified = :now, #expires = :expires");
}
