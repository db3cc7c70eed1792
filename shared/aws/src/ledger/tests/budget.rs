use postern_core::plan::{Budget, Reservation};

use super::*;

/// Of the seventh lease.
const SHARE: &str = "vpc-1/7";

pub(super) fn changes(amount: u64, most: u64) -> Reservation {
    Reservation {
        budget: Budget::ChangesPerHour {
            bucket: "20261123T06Z".to_owned(),
        },
        amount,
        most,
        expires: at("07:00:00"),
    }
}

async fn reserve(cloud: &Cloud, amount: u64, most: u64) -> bool {
    let reserved = ledger(cloud).reserve(&scope(), 7, &changes(amount, most)).await;
    reserved.unwrap()
}

/// Of four that were reserved.
async fn give_back(cloud: &Cloud, unused: u64) {
    let given = ledger(cloud).give_back(&scope(), 7, &changes(4, 10), unused).await;
    given.unwrap();
}

fn taken() -> Cloud {
    Cloud::new().json("UpdateItem", &json!({}))
}

/// A refusal because of an item of which so much is used and so much is the holder's share.
fn refused(cloud: Cloud, used: u64, share: Option<u64>) -> Cloud {
    let mut item = json!({ "used": { "N": used.to_string() } });
    if let Some(share) = share {
        item[SHARE] = json!({ "N": share.to_string() });
    }
    refuse_showing(cloud, "UpdateItem", "ConditionalCheckFailedException", item)
}

#[tokio::test]
async fn a_share_is_reserved_while_enough_is_left() {
    let cloud = taken();
    assert!(reserve(&cloud, 4, 10).await);
    let body = cloud.body("UpdateItem");
    let key = json!({ "pk": { "S": "111122223333/eu-central-1" }, "sk": { "S": "changes/20261123T06Z" } });
    assert_eq!(body["Key"], key);
    assert_eq!(
        body["ConditionExpression"],
        "attribute_not_exists(#share) AND (attribute_not_exists(#used) OR #used <= :room)"
    );
    let update = "SET #expires = :expires, #used = if_not_exists(#used, :zero) + :difference, #share = :wanted";
    assert_eq!(body["UpdateExpression"], update);
    let names = json!({ "#used": "used", "#share": SHARE, "#expires": "expires" });
    assert_eq!(body["ExpressionAttributeNames"], names);
    let expires = at("07:00:00").as_second();
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
    assert!(!reserve(&cloud, 4, 10).await);
    assert!(!reserve(&Cloud::new(), 11, 10).await);
    assert!(reserve(&Cloud::new(), 0, 0).await);
}

#[tokio::test]
async fn a_reservation_whose_answer_got_lost_counts_once() {
    let cloud = refused(Cloud::new(), 4, Some(4));
    assert!(reserve(&cloud, 4, 4).await);
    cloud.done();
}

#[tokio::test]
async fn existing_reservation_is_set_to_the_requested_amount() {
    let cloud = refused(Cloud::new(), 5, Some(3)).json("UpdateItem", &json!({}));
    assert!(reserve(&cloud, 4, 10).await);
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
    assert!(!reserve(&cloud, 4, 10).await);
    cloud.done();
}

#[tokio::test]
async fn unused_reservation_is_returned() {
    let cloud = taken();
    give_back(&cloud, 3).await;
    let body = cloud.body("UpdateItem");
    assert_eq!(body["ConditionExpression"], "#share = :held");
    assert_eq!(
        body["UpdateExpression"],
        "SET #expires = :expires, #used = #used - :difference, #share = :wanted"
    );
    assert_eq!(body["ExpressionAttributeValues"][":difference"]["N"], "3");
    let cloud = taken();
    give_back(&cloud, 4).await;
    assert_eq!(
        cloud.body("UpdateItem")["UpdateExpression"],
        "SET #expires = :expires, #used = #used - :difference REMOVE #share"
    );
    give_back(&Cloud::new(), 0).await;
}

#[tokio::test]
async fn returned_reservation_is_not_returned_again() {
    for (unused, share) in [(4, None), (3, Some(1)), (3, None)] {
        let cloud = refused(Cloud::new(), 1, share);
        give_back(&cloud, unused).await;
        cloud.done();
    }
}
