mod conditions;
mod ledger;
mod queries;
mod updates;

use serde_json::{Value as Json, json};

use super::*;

const TABLE: &str = "ledger";

fn tables() -> Tables {
    tables_of(7)
}

fn tables_of(seed: u64) -> Tables {
    Tables::new(seed).with(TABLE, Table::ledger())
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000 + second).unwrap()
}

fn call_at(tables: &mut Tables, operation: &str, second: i64, mut request: Json) -> (u16, Json) {
    request["TableName"] = json!(TABLE);
    let body = serde_json::to_vec(&request).unwrap();
    let (status, body) = answer(tables, &format!("DynamoDB_20120810.{operation}"), &body, at(second));
    (status, serde_json::from_slice(&body).unwrap())
}

fn call(tables: &mut Tables, operation: &str, request: Json) -> Json {
    let (status, answer) = call_at(tables, operation, 0, request);
    assert_eq!(status, 200, "{operation}: {answer}");
    answer
}

/// The name and the message of the error.
fn refused(tables: &mut Tables, operation: &str, request: Json) -> (String, String) {
    let (status, answer) = call_at(tables, operation, 0, request);
    assert_eq!(status, 400, "{operation}: {answer}");
    let (_, name) = answer["__type"].as_str().unwrap().split_once('#').unwrap();
    (name.to_owned(), answer["message"].as_str().unwrap().to_owned())
}

fn key(sk: &str) -> Json {
    json!({ "pk": { "S": "a" }, "sk": { "S": sk } })
}

fn item(sk: &str, more: Json) -> Json {
    let mut item = key(sk);
    for (name, value) in more.as_object().unwrap() {
        item[name] = value.clone();
    }
    item
}

fn put(tables: &mut Tables, sk: &str, more: Json) {
    call(tables, "PutItem", json!({ "Item": item(sk, more) }));
}

fn get(tables: &mut Tables, sk: &str) -> Json {
    call(tables, "GetItem", json!({ "Key": key(sk), "ConsistentRead": true }))["Item"].clone()
}

#[test]
fn an_item_is_put_read_and_deleted() {
    let mut tables = tables();
    assert_eq!(get(&mut tables, "x"), Json::Null);
    let first = item("x", json!({ "n": { "N": "-5" }, "b": { "BOOL": true } }));
    let request = json!({ "Item": first, "ReturnValues": "ALL_OLD" });
    assert_eq!(call(&mut tables, "PutItem", request), json!({}));
    assert_eq!(get(&mut tables, "x"), first);
    let request = json!({ "Item": key("x"), "ReturnValues": "ALL_OLD" });
    assert_eq!(call(&mut tables, "PutItem", request), json!({ "Attributes": first }));
    assert_eq!(get(&mut tables, "x"), key("x"));
    let request = json!({ "Key": key("x"), "ReturnValues": "ALL_OLD" });
    assert_eq!(
        call(&mut tables, "DeleteItem", request.clone()),
        json!({ "Attributes": key("x") })
    );
    assert_eq!(call(&mut tables, "DeleteItem", request), json!({}));
    assert_eq!(get(&mut tables, "x"), Json::Null);
}

#[test]
fn a_condition_that_is_not_met_changes_nothing_and_shows_the_item_where_it_is_asked_for() {
    let mut tables = tables();
    put(&mut tables, "x", json!({ "n": { "N": "1" } }));
    let calls = [
        (
            "PutItem",
            json!({ "Item": key("x"), "ConditionExpression": "attribute_not_exists(pk)" }),
        ),
        (
            "DeleteItem",
            json!({ "Key": key("x"), "ConditionExpression": "attribute_not_exists(pk)" }),
        ),
        (
            "UpdateItem",
            json!({
                "Key": key("x"), "ConditionExpression": "attribute_not_exists(pk)", "UpdateExpression": "REMOVE n",
            }),
        ),
    ];
    for (operation, mut request) in calls {
        let (status, answer) = call_at(&mut tables, operation, 0, request.clone());
        let kind = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
        let error = json!({ "__type": kind, "message": "The conditional request failed" });
        assert_eq!((status, answer), (400, error));
        request["ReturnValuesOnConditionCheckFailure"] = json!("ALL_OLD");
        let (_, answer) = call_at(&mut tables, operation, 0, request);
        assert_eq!(answer["Item"], item("x", json!({ "n": { "N": "1" } })));
    }
    assert_eq!(get(&mut tables, "x"), item("x", json!({ "n": { "N": "1" } })));
    let request = json!({
        "Key": key("y"), "ConditionExpression": "attribute_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    let (status, answer) = call_at(&mut tables, "DeleteItem", 0, request);
    assert_eq!((status, answer.get("Item")), (400, None));
}

#[test]
fn items_that_cannot_be_stored_are_refused() {
    let large = |length: usize| json!({ "Item": item("x", json!({ "t": { "S": "t".repeat(length) } })) });
    // 400 KB, less the names and values of the keys and the name of the attribute.
    let most = 400 * 1024 - "pkaskxt".len();
    call(&mut tables(), "PutItem", large(most));
    let (kind, message) = refused(&mut tables(), "PutItem", large(most + 1));
    assert_eq!(kind, "ValidationException");
    assert_eq!(message, "Item size has exceeded the maximum allowed size");
    let table = [
        (json!({ "pk": { "S": "a" } }), "Missing the key sk"),
        (
            json!({ "pk": { "S": "a" }, "sk": { "N": "1" } }),
            "Type mismatch for key sk",
        ),
        (
            json!({ "pk": { "S": "" }, "sk": { "S": "x" } }),
            "empty string value. Key: pk",
        ),
        (
            item("x", json!({ "place": { "N": "1" } })),
            "Type mismatch for Index Key place",
        ),
        (
            item("x", json!({ "place": { "S": "" } })),
            "empty string value. IndexName: history",
        ),
        (
            item("x", json!({ "n": { "N": "1.5" } })),
            "the model does not know the number 1.5",
        ),
        (
            item("x", json!({ "l": { "L": [] } })),
            "the model does not know the attribute value",
        ),
        (item("x", json!({ "t": "text" })), "must contain exactly one of"),
    ];
    for (item, words) in table {
        let (kind, message) = refused(&mut tables(), "PutItem", json!({ "Item": item }));
        assert_eq!(kind, "ValidationException");
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn an_update_that_makes_the_item_too_large_is_refused() {
    let mut tables = tables();
    put(&mut tables, "x", json!({ "t": { "S": "t".repeat(300 * 1024) } }));
    let request = json!({
        "Key": key("x"), "UpdateExpression": "SET u = :u",
        "ExpressionAttributeValues": { ":u": { "S": "u".repeat(100 * 1024) } },
    });
    let (_, message) = refused(&mut tables, "UpdateItem", request);
    assert_eq!(message, "Item size to update has exceeded the maximum allowed size");
}

#[test]
fn what_the_model_does_not_know_is_refused() {
    let calls = [
        ("Scan", json!({}), "the model does not know the operation"),
        (
            "PutItem",
            json!({ "Item": key("x"), "Expected": {} }),
            "parameter Expected",
        ),
        (
            "PutItem",
            json!({ "Item": key("x"), "ReturnValues": "ALL_NEW" }),
            "ReturnValues ALL_NEW",
        ),
        (
            "GetItem",
            json!({ "Key": key("x"), "ProjectionExpression": "pk" }),
            "ProjectionExpression",
        ),
        (
            "GetItem",
            json!({ "Key": { "pk": { "S": "a" } } }),
            "does not match the schema",
        ),
        ("UpdateItem", json!({ "Key": key("x") }), "without UpdateExpression"),
        ("Query", json!({ "Select": "COUNT" }), "parameter Select"),
        (
            "Query",
            json!({ "ReturnConsumedCapacity": "TOTAL" }),
            "ReturnConsumedCapacity TOTAL",
        ),
    ];
    for (operation, request, words) in calls {
        let (_, message) = refused(&mut tables(), operation, request);
        assert!(message.contains(words), "{operation}: {message}");
    }
    let other = answer(
        &mut Tables::new(0),
        "DynamoDB_20120810.GetItem",
        br#"{"TableName":"t","Key":{}}"#,
        at(0),
    );
    assert!(
        String::from_utf8(other.1)
            .unwrap()
            .contains("#ResourceNotFoundException")
    );
    let broken = answer(&mut tables(), "DynamoDB_20120810.GetItem", b"{", at(0));
    assert!(String::from_utf8(broken.1).unwrap().contains("#SerializationException"));
}

#[test]
fn what_expired_goes_when_it_is_told_to() {
    let mut tables = tables();
    put(&mut tables, "gone", json!({ "expires": { "N": "1005" } }));
    put(&mut tables, "kept", json!({ "expires": { "N": "1010" } }));
    put(&mut tables, "forever", json!({}));
    assert_eq!(get(&mut tables, "gone")["expires"]["N"], "1005");
    tables.table_mut(TABLE).unwrap().expire(at(10));
    let items = tables.table(TABLE).unwrap().items();
    let left: Vec<_> = items.filter_map(|item| item["sk"].text()).collect();
    assert_eq!(left, ["forever", "kept"]);
}
