use postern_core::model::id::RunId;

use super::*;
use crate::ledger::item::changes_since;

async fn past(items: Vec<Json>) -> Result<postern_core::history::ChangeHistory, LedgerError> {
    let cloud = Cloud::new().json("Query", &json!({ "Items": items }));
    ledger(&cloud).past(&scope(), None).await
}

fn change(time: &str) -> Json {
    let record = record(time);
    item(
        &format!("change/{}", record.id),
        json!({ "v": { "N": "2" }, "change": change_document(&record) }),
    )
}

#[tokio::test]
async fn a_vpc_without_a_past_has_an_empty_one() {
    let cloud = Cloud::new().json("Query", &json!({ "Items": [], "Count": 0 }));
    assert_eq!(ledger(&cloud).past(&scope(), None).await.unwrap(), Default::default());
    assert_eq!(
        cloud.body("Query"),
        json!({
            "TableName": "the-ledger", "ConsistentRead": true, "KeyConditionExpression": "pk = :partition",
            "ExpressionAttributeValues": { ":partition": { "S": "111122223333/eu-central-1/vpc-1" } },
        })
    );
}

#[tokio::test]
async fn past_says_whether_a_run_holds_the_lease() {
    let lease = json!({ "version": { "N": "7" }, "run": { "S": "run-1" }, "until": { "N": "1" } });
    let past = past(vec![item("lease", lease)]).await.unwrap();
    assert_eq!((past.version, past.leased), (7, true));
}

#[tokio::test]
async fn the_past_is_read_whole() {
    let (open, other) = (delivered("vpc-1", "open"), delivered("vpc-2", "open"));
    let resume = json!({ "finding": finding("vpc-1"), "time": at("05:00:00") });
    let past = past(vec![
        change("06:00:00"),
        change("07:00:00"),
        item(
            "hold/abc",
            json!({ "v": { "N": "2" }, "pause": document(&PauseDocument::from(&pause())) }),
        ),
        item("lease", json!({ "version": { "N": "7" } })),
        item("resume/abc", json!({ "v": { "N": "2" }, "resume": document(&resume) })),
        item(
            "told/endpoint-missing",
            json!({ "v": { "N": "2" }, "delivered": delivered_document(&[&open]), "parts": { "N": "1" } }),
        ),
        item(
            "told/policy-open",
            json!({ "v": { "N": "2" }, "delivered": delivered_document(&[&other]), "parts": { "N": "1" } }),
        ),
    ]);
    let past = past.await.unwrap();
    assert_eq!(past.records, [record("06:00:00"), record("07:00:00")]);
    assert_eq!(past.pauses, [pause()]);
    assert_eq!((past.version, past.leased), (7, false));
    assert_eq!(past.resumes, [(finding("vpc-1"), at("05:00:00"))].into());
    assert_eq!(
        past.delivered,
        [(finding("vpc-1"), open), (finding("vpc-2"), other)].into()
    );
}

#[tokio::test]
async fn all_pages_are_read() {
    let last = item("change/x", json!({}));
    let cloud = Cloud::new()
        .json(
            "Query",
            &json!({ "Items": [change("06:00:00")], "LastEvaluatedKey": last }),
        )
        .json(
            "Query",
            &json!({ "Items": [], "LastEvaluatedKey": item("change/y", json!({})) }),
        )
        .json("Query", &json!({ "Items": [change("07:00:00")] }));
    let past = ledger(&cloud).past(&scope(), None).await.unwrap();
    cloud.done();
    assert_eq!(past.records.len(), 2);
    let bodies = cloud.bodies("Query");
    assert_eq!(
        (bodies[0].get("ExclusiveStartKey"), &bodies[1]["ExclusiveStartKey"]),
        (None, &last)
    );
}

#[tokio::test]
async fn the_same_page_twice_is_an_error_and_no_endless_loop() {
    let page = json!({ "Items": [], "LastEvaluatedKey": item("lease", json!({})) });
    let cloud = Cloud::new().json("Query", &page).json("Query", &page);
    let error = ledger(&cloud).past(&scope(), None).await.unwrap_err();
    assert!(chain(&error).ends_with("the same page came twice"), "{}", chain(&error));
}

#[tokio::test]
async fn only_changes_may_be_left_out_for_their_age() {
    let cloud = Cloud::new().json("Query", &json!({ "Items": [] }));
    ledger(&cloud).past(&scope(), Some(at("06:00:00.5"))).await.unwrap();
    let body = cloud.body("Query");
    assert_eq!(body["KeyConditionExpression"], "pk = :partition AND sk >= :since");
    assert_eq!(
        body["ExpressionAttributeValues"][":since"]["S"],
        "change/20261123T060000.500000Z"
    );
    for other in ["hold/", "lease", "resume/", "told/"] {
        assert!(other > changes_since(Timestamp::MAX).as_str(), "{other}");
    }
    let id = |time| format!("change/{}", ChangeId::new(time, &RunId::from("run-1"), 3));
    let since = changes_since(at("06:00:00.5"));
    assert!(id(at("06:00:00.499999")) < since && since < id(at("06:00:00.5")));
}

#[tokio::test]
async fn unreadable_item_is_named() {
    let table = [
        (
            item("change/1", json!({ "record": { "S": "{\"id\":1}" } })),
            "invalid type",
        ),
        (item("change/1", json!({ "record": { "S": "not JSON" } })), "expected"),
        (item("change/1", json!({})), "it has no `record`"),
        (item("change/1", json!({ "v": { "N": "2" } })), "it has no `change`"),
        (item("hold/1", json!({ "hold": { "S": "{}" } })), "missing field"),
        (item("resume/1", json!({ "resume": { "S": "{}" } })), "missing field"),
        (
            item("told/c", json!({ "told": { "S": "[{}]" }, "parts": { "N": "1" } })),
            "missing field",
        ),
        (
            item("told/c", json!({ "told": { "S": "[]" } })),
            "its `parts` is not a count",
        ),
        (item("told/c/x", json!({ "told": { "S": "[]" } })), "it is not a part"),
        (
            item("lease", json!({ "version": { "N": "-1" } })),
            "its `version` is not a count",
        ),
        (item("plan/1", json!({})), "it is of an unknown kind"),
    ];
    for (item, words) in table {
        let sort = item["sk"]["S"].as_str().unwrap().to_owned();
        let error = past(vec![change("06:00:00"), item]).await.unwrap_err();
        assert!(!error.transient());
        let text = chain(&error);
        let start =
            format!("could not read the item `111122223333/eu-central-1/vpc-1 {sort}` of the ledger `the-ledger`");
        assert!(text.starts_with(&start) && text.contains(words), "{text}");
    }
}

#[tokio::test]
async fn delivery_in_parts_counts_its_own_parts_only() {
    let part = |resource: &str, count: u32| {
        let list = delivered_document(&[&delivered(resource, "open")]);
        json!({ "v": { "N": "2" }, "delivered": list, "parts": { "N": count.to_string() } })
    };
    let past = past(vec![
        item("told/a", part("vpc-1", 2)),
        item("told/a/1", part("vpc-2", 2)),
        item("told/a/2", part("vpc-3", 3)),
        item("told/b/1", part("vpc-4", 2)),
    ]);
    let delivered: Vec<_> = past
        .await
        .unwrap()
        .delivered
        .into_keys()
        .map(|key| key.resource.id)
        .collect();
    assert_eq!(delivered, ["vpc-1", "vpc-2"]);
}

#[tokio::test]
async fn the_history_of_an_account_and_region_comes_from_the_index() {
    let cloud = Cloud::new().json("Query", &json!({ "Items": [change("06:00:00"), change("07:00:00")] }));
    let scope = scope();
    let ledger = ledger(&cloud);
    let history = ledger.history(&scope.account, &scope.region, Some(at("06:00:00")));
    assert_eq!(history.await.unwrap(), [record("06:00:00"), record("07:00:00")]);
    assert_eq!(
        cloud.body("Query"),
        json!({
            "TableName": "the-ledger", "IndexName": "history",
            "KeyConditionExpression": "place = :partition AND sk >= :since",
            "ExpressionAttributeValues": {
                ":partition": { "S": "111122223333/eu-central-1" },
                ":since": { "S": "change/20261123T060000.000000Z" },
            },
        })
    );
}
