use super::*;

const HOLDER: &str = "run-1/vpc-1";

pub(super) fn changes(most: u64) -> Budget {
    Budget::changes(&place().account, &place().region, at("06:15:30"), most)
}

fn taken() -> Cloud {
    Cloud::new().json("UpdateItem", &json!({}))
}

/// A refusal because of an item of which so much is used and so much is the holder's share.
fn refused(cloud: Cloud, used: u64, share: Option<u64>) -> Cloud {
    let mut item = json!({ "used": { "N": used.to_string() } });
    if let Some(share) = share {
        item[HOLDER] = json!({ "N": share.to_string() });
    }
    refuse_showing(cloud, "UpdateItem", "ConditionalCheckFailedException", item)
}

#[tokio::test]
async fn a_share_is_reserved_while_enough_is_left() {
    let cloud = taken();
    assert!(ledger(&cloud).reserve(&changes(10), HOLDER, 4).await.unwrap());
    let body = cloud.body("UpdateItem");
    let key = json!({ "pk": { "S": "111122223333/eu-central-1" }, "sk": { "S": "changes/2026-11-23T06:00:00Z/1h" } });
    assert_eq!(body["Key"], key);
    assert_eq!(
        body["ConditionExpression"],
        "attribute_not_exists(#share) AND (attribute_not_exists(#used) OR #used <= :room)"
    );
    let update = "SET #expires = :expires, #used = if_not_exists(#used, :zero) + :difference, #share = :wanted";
    assert_eq!(body["UpdateExpression"], update);
    let names = json!({ "#used": "used", "#share": HOLDER, "#expires": "expires" });
    assert_eq!(body["ExpressionAttributeNames"], names);
    let expires = at("07:00:00").as_second() + 24 * 3_600;
    assert_eq!(
        body["ExpressionAttributeValues"],
        json!({
            ":difference": { "N": "4" }, ":wanted": { "N": "4" }, ":room": { "N": "6" }, ":zero": { "N": "0" },
            ":expires": { "N": expires.to_string() },
        })
    );
}

#[tokio::test]
async fn nothing_is_reserved_where_too_little_is_left() {
    let cloud = refused(Cloud::new(), 7, None);
    assert!(!ledger(&cloud).reserve(&changes(10), HOLDER, 4).await.unwrap());
    assert!(!ledger(&Cloud::new()).reserve(&changes(10), HOLDER, 11).await.unwrap());
    assert!(ledger(&Cloud::new()).reserve(&changes(0), HOLDER, 0).await.unwrap());
}

#[tokio::test]
async fn a_reservation_whose_answer_got_lost_counts_once() {
    let cloud = refused(Cloud::new(), 4, Some(4));
    assert!(ledger(&cloud).reserve(&changes(4), HOLDER, 4).await.unwrap());
    cloud.done();
}

#[tokio::test]
async fn a_share_that_is_there_is_made_what_is_asked_for() {
    let cloud = refused(Cloud::new(), 5, Some(3)).json("UpdateItem", &json!({}));
    assert!(ledger(&cloud).reserve(&changes(10), HOLDER, 4).await.unwrap());
    let body = &cloud.bodies("UpdateItem")[1];
    assert_eq!(
        body["ConditionExpression"],
        "#share = :held AND (attribute_not_exists(#used) OR #used <= :room)"
    );
    let values = &body["ExpressionAttributeValues"];
    assert_eq!(
        (&values[":held"]["N"], &values[":difference"]["N"]),
        (&json!("3"), &json!("1"))
    );
    let cloud = refused(refused(Cloud::new(), 10, Some(3)), 10, Some(3));
    assert!(!ledger(&cloud).reserve(&changes(10), HOLDER, 4).await.unwrap());
    cloud.done();
}

#[tokio::test]
async fn what_was_not_used_is_given_back() {
    let cloud = taken();
    ledger(&cloud).give_back(&changes(10), HOLDER, 4, 1).await.unwrap();
    let body = cloud.body("UpdateItem");
    assert_eq!(body["ConditionExpression"], "#share = :held");
    assert_eq!(
        body["UpdateExpression"],
        "SET #expires = :expires, #used = #used - :difference, #share = :wanted"
    );
    assert_eq!(body["ExpressionAttributeValues"][":difference"]["N"], "3");
    let cloud = taken();
    ledger(&cloud).give_back(&changes(10), HOLDER, 4, 0).await.unwrap();
    assert_eq!(
        cloud.body("UpdateItem")["UpdateExpression"],
        "SET #expires = :expires, #used = #used - :difference REMOVE #share"
    );
    ledger(&Cloud::new())
        .give_back(&changes(10), HOLDER, 4, 4)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_was_given_back_is_not_given_back_again() {
    for (used, share) in [(0, None), (1, Some(1))] {
        let cloud = refused(Cloud::new(), 1, share);
        ledger(&cloud).give_back(&changes(10), HOLDER, 4, used).await.unwrap();
        cloud.done();
    }
}

#[test]
fn windows_begin_at_multiples_of_their_length() {
    let place = place();
    let cost = |now, hours| Budget::monthly_cost(&place.account, &place.region, now, hours, 100);
    assert_eq!(cost(at("00:00:00"), 24), cost(at("23:59:59"), 24));
    assert_ne!(cost(at("11:59:59"), 12), cost(at("12:00:00"), 12));
    assert_ne!(cost(at("06:00:00"), 12), cost(at("06:00:00"), 24));
    assert_eq!(
        changes(5),
        Budget::changes(&place.account, &place.region, at("06:59:59"), 5)
    );
}
