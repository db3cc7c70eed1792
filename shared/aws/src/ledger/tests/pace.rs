use super::*;

async fn turn(cloud: &Cloud) -> Timestamp {
    let (account, region) = ("111122223333".into(), "eu-central-1".into());
    let ledger = ledger(cloud);
    let turn = ledger.take_turn(&account, &region, "ec2:ModifyVpcEndpoint", at("06:00:00"));
    turn.await.unwrap()
}

#[tokio::test]
async fn first_call_may_be_sent_at_once() {
    let cloud = Cloud::new().json("UpdateItem", &json!({}));
    assert_eq!(turn(&cloud).await, at("06:00:00"));
    let body = cloud.body("UpdateItem");
    assert_eq!(body["Key"]["sk"], json!({"S": "pace/ec2:ModifyVpcEndpoint"}));
    let first = at("06:00:05").as_millisecond().to_string();
    assert_eq!(body["ExpressionAttributeValues"][":first"], json!({"N": first}));
}

#[tokio::test]
async fn later_calls_wait_once_three_were_sent_at_once() {
    for (until, expected) in [
        ("06:00:10", "05:59:55"),
        ("06:00:15", "06:00:00"),
        ("06:00:20", "06:00:05"),
    ] {
        let taken = json!({"Attributes": {"until": {"N": at(until).as_millisecond().to_string()}}});
        let cloud = refuse(Cloud::new(), "UpdateItem", "ConditionalCheckFailedException").json("UpdateItem", &taken);
        assert_eq!(turn(&cloud).await, at(expected), "{until}");
    }
}
