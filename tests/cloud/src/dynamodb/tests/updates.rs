use super::*;

/// The item after an update of one with `n` = 5 and `s` = `five`.
fn update(expression: &str) -> Result<Json, String> {
    let mut tables = tables();
    put(&mut tables, "x", json!({ "n": { "N": "5" }, "s": { "S": "five" } }));
    let mut request = json!({ "Key": key("x"), "UpdateExpression": expression });
    for (name, value) in [(":two", json!({ "N": "2" })), (":word", json!({ "S": "w" }))] {
        if expression.contains(name) {
            request["ExpressionAttributeValues"][name] = value;
        }
    }
    let (status, answer) = call_at(&mut tables, "UpdateItem", 0, request);
    match status {
        200 => {
            let mut item = get(&mut tables, "x");
            item.as_object_mut()
                .unwrap()
                .retain(|name, _| name != "pk" && name != "sk");
            Ok(item)
        }
        _ => Err(answer["message"].as_str().unwrap().to_owned()),
    }
}

#[test]
fn updates_do_what_they_say() {
    let n = |n: &str| json!({ "N": n });
    let s = json!({ "S": "five" });
    let table = [
        ("SET n = :two", json!({ "n": n("2"), "s": s })),
        (
            "SET m = :two, o = n",
            json!({ "n": n("5"), "s": s, "m": n("2"), "o": n("5") }),
        ),
        ("SET n = n + :two", json!({ "n": n("7"), "s": s })),
        ("SET n = n - :two", json!({ "n": n("3"), "s": s })),
        ("SET n = if_not_exists(n, :two) + :two", json!({ "n": n("7"), "s": s })),
        (
            "SET m = if_not_exists(m, :two) + :two",
            json!({ "n": n("5"), "s": s, "m": n("4") }),
        ),
        (
            "SET m = if_not_exists(m, n)",
            json!({ "n": n("5"), "s": s, "m": n("5") }),
        ),
        // Everything is read from the item as it was.
        ("SET n = :two, m = n", json!({ "n": n("2"), "s": s, "m": n("5") })),
        ("REMOVE n, s", json!({})),
        ("REMOVE m", json!({ "n": n("5"), "s": s })),
        ("ADD n :two", json!({ "n": n("7"), "s": s })),
        ("ADD m :two", json!({ "n": n("5"), "s": s, "m": n("2") })),
        (
            "REMOVE s ADD n :two SET m = :word",
            json!({ "n": n("7"), "m": { "S": "w" } }),
        ),
    ];
    for (expression, after) in table {
        assert_eq!(update(expression), Ok(after), "{expression}");
    }
}

#[test]
fn updates_that_cannot_be_read_or_done_are_refused() {
    let table = [
        ("", "can not be empty"),
        ("n = :two", "Syntax error"),
        ("SET n", "Syntax error"),
        ("SET n = :two,", "Syntax error"),
        ("ADD n s", "Syntax error"),
        ("SET n = :two SET m = :two", "can only be used once"),
        ("SET n = :two REMOVE n", "overlap"),
        ("SET m = o", "does not exist in the item"),
        ("SET m = m + :two", "does not exist in the item"),
        ("SET s = s + :two", "incorrect data type"),
        ("ADD s :two", "incorrect data type"),
        ("ADD n :word", "Incorrect operand type"),
        ("SET sk = :word", "part of the key"),
        ("REMOVE pk", "part of the key"),
        ("SET place = :two", "Type mismatch for Index Key place"),
        ("DELETE n :two", "the model does not know DELETE"),
        (
            "SET n = list_append(n, :two)",
            "the model does not know the function list_append",
        ),
        ("SET name = :two", "reserved keyword: name"),
    ];
    for (expression, words) in table {
        let error = update(expression).unwrap_err();
        assert!(error.contains(words), "{expression}: {error}");
    }
}

#[test]
fn an_update_creates_what_is_not_there_unless_it_only_removes() {
    let mut tables = tables();
    let request = |expression: &str| json!({ "Key": key("x"), "UpdateExpression": expression });
    call(&mut tables, "UpdateItem", request("REMOVE n"));
    assert_eq!(get(&mut tables, "x"), Json::Null);
    let mut adding = request("ADD n :one");
    adding["ExpressionAttributeValues"] = json!({ ":one": { "N": "1" } });
    call(&mut tables, "UpdateItem", adding);
    assert_eq!(get(&mut tables, "x"), item("x", json!({ "n": { "N": "1" } })));
}

#[test]
fn an_update_returns_what_is_asked_for() {
    let table = [
        ("NONE", Json::Null),
        ("ALL_OLD", item("x", json!({ "n": { "N": "5" }, "s": { "S": "five" } }))),
        ("UPDATED_OLD", json!({ "n": { "N": "5" }, "s": { "S": "five" } })),
        ("ALL_NEW", item("x", json!({ "n": { "N": "6" } }))),
        ("UPDATED_NEW", json!({ "n": { "N": "6" } })),
    ];
    for (wanted, expected) in table {
        let mut tables = tables();
        put(&mut tables, "x", json!({ "n": { "N": "5" }, "s": { "S": "five" } }));
        let request = json!({
            "Key": key("x"), "UpdateExpression": "ADD n :one REMOVE s", "ReturnValues": wanted,
            "ExpressionAttributeValues": { ":one": { "N": "1" } },
        });
        assert_eq!(
            call(&mut tables, "UpdateItem", request)["Attributes"],
            expected,
            "{wanted}"
        );
    }
}

#[test]
fn a_lease_is_held_by_one() {
    let mut tables = tables();
    let acquire = |run: &str, now: u32| {
        json!({
            "Key": key("lease"),
            "UpdateExpression": "SET #run = :run, #until = :until, #version = if_not_exists(#version, :zero) + :one",
            "ConditionExpression": "attribute_not_exists(#run) OR #until < :now OR #run = :run",
            "ExpressionAttributeNames": { "#run": "run", "#until": "until", "#version": "version" },
            "ExpressionAttributeValues": {
                ":run": { "S": run }, ":until": { "N": (now + 100).to_string() }, ":now": { "N": now.to_string() },
                ":zero": { "N": "0" }, ":one": { "N": "1" },
            },
            "ReturnValues": "UPDATED_NEW",
        })
    };
    let mut acquired = |run, now| {
        let (status, answer) = call_at(&mut tables, "UpdateItem", 0, acquire(run, now));
        (status == 200).then(|| answer["Attributes"]["version"]["N"].as_str().unwrap().to_owned())
    };
    assert_eq!(acquired("one", 0).as_deref(), Some("1"));
    assert_eq!(acquired("two", 99), None);
    assert_eq!(acquired("one", 99).as_deref(), Some("2"));
    assert_eq!(acquired("two", 199), None);
    assert_eq!(acquired("two", 200).as_deref(), Some("3"));
}
