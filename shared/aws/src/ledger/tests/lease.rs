use super::*;

async fn acquire(cloud: &Cloud) -> Result<Option<u64>, LedgerError> {
    let (now, until) = (at("06:00:00"), at("06:05:00"));
    ledger(cloud).acquire(&scope(), &"run-1".into(), until, now).await
}

#[tokio::test]
async fn free_lease_is_taken() {
    let cloud = Cloud::new().json("UpdateItem", &json!({ "Attributes": { "version": { "N": "8" } } }));
    assert_eq!(acquire(&cloud).await.unwrap(), Some(8));
    let body = cloud.body("UpdateItem");
    assert_eq!(body["Key"], item("lease", json!({})));
    assert_eq!(
        body["ConditionExpression"],
        "attribute_not_exists(#run) OR #until < :now OR #run = :run"
    );
    let values = &body["ExpressionAttributeValues"];
    assert_eq!(values[":run"]["S"], "run-1");
    assert_eq!(values[":now"]["N"], at("06:00:00").as_millisecond().to_string());
    assert_eq!(values[":until"]["N"], at("06:05:00").as_millisecond().to_string());
}

#[tokio::test]
async fn a_lease_that_another_run_holds_is_not_taken() {
    let cloud = refuse(Cloud::new(), "UpdateItem", "ConditionalCheckFailedException");
    assert_eq!(acquire(&cloud).await.unwrap(), None);
}

#[tokio::test]
async fn an_answer_without_the_version_is_an_error() {
    let error = acquire(&Cloud::new().json("UpdateItem", &json!({}))).await.unwrap_err();
    assert!(chain(&error).contains("lacks the version"), "{}", chain(&error));
}

#[tokio::test]
async fn lease_is_released_by_its_holder_and_a_second_release_has_no_effect() {
    let cloud = Cloud::new().json("UpdateItem", &json!({}));
    let cloud = refuse(cloud, "UpdateItem", "ConditionalCheckFailedException");
    for _ in 0..2 {
        ledger(&cloud).release(&scope(), &"run-1".into()).await.unwrap();
    }
    let body = &cloud.bodies("UpdateItem")[0];
    assert_eq!(body["UpdateExpression"], "REMOVE #run, #until");
    assert_eq!(body["ConditionExpression"], "#run = :run");
    assert_eq!(body["ExpressionAttributeValues"][":run"]["S"], "run-1");
}
