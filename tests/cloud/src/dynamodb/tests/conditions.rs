use super::*;

/// Whether an item with `n` = 5 and `s` = `five` meets the condition.
fn met(condition: &str) -> Result<bool, String> {
    let mut tables = tables();
    put(
        &mut tables,
        "x",
        json!({ "n": { "N": "5" }, "s": { "S": "five" }, "name": { "S": "reserved" } }),
    );
    let used = |mark: char, all: &[(&str, Json)]| -> Json {
        let word = |key: &str| {
            condition
                .split(|c: char| !(c == mark || c.is_alphanumeric()))
                .any(|word| word == key)
        };
        all.iter()
            .filter(|(key, _)| word(key))
            .cloned()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    };
    let mut request = json!({ "Item": item("x", json!({})), "ConditionExpression": condition });
    let names = used('#', &[("#n", json!("name")), ("#s", json!("s"))]);
    let values = [
        (":three", json!({ "N": "3" })),
        (":five", json!({ "N": "5" })),
        (":ten", json!({ "N": "10" })),
        (":fi", json!({ "S": "fi" })),
        (":word", json!({ "S": "five" })),
        (":yes", json!({ "BOOL": true })),
    ];
    let values = used(':', &values);
    for (member, given) in [
        ("ExpressionAttributeNames", names),
        ("ExpressionAttributeValues", values),
    ] {
        if !given.as_object().unwrap().is_empty() {
            request[member] = given;
        }
    }
    let (status, answer) = call_at(&mut tables, "PutItem", 0, request);
    let kind = answer["__type"].as_str().unwrap_or_default();
    match status {
        200 => Ok(true),
        _ if kind.ends_with("ConditionalCheckFailedException") => Ok(false),
        _ => Err(answer["message"].as_str().unwrap().to_owned()),
    }
}

#[test]
fn conditions_are_met_or_not() {
    let table = [
        ("attribute_exists(n)", true),
        ("attribute_exists(m)", false),
        ("attribute_not_exists(m)", true),
        ("attribute_not_exists(n)", false),
        ("attribute_exists(#n)", true),
        ("n = :five", true),
        ("n = :three", false),
        ("n = :word", false),
        ("n <> :three", true),
        ("n <> :five", false),
        ("n <> :word", true),
        ("n < :ten", true),
        ("n < :five", false),
        ("n <= :five", true),
        ("n > :three", true),
        ("n > :five", false),
        ("n >= :five", true),
        (":three < n", true),
        ("n < :word", false),
        ("s > :fi", true),
        ("#s=:word", true),
        // Numbers are compared as numbers.
        ("n > :ten", false),
        ("n BETWEEN :three AND :ten", true),
        ("n between :five and :five", true),
        ("n BETWEEN :ten AND :three", false),
        ("begins_with(s, :fi)", true),
        ("begins_with(n, :fi)", false),
        // What is not there.
        ("m = :five", false),
        ("m <> :five", true),
        ("m < :five", false),
        ("m = m", false),
        ("begins_with(m, :fi)", false),
        // Which binds how.
        ("NOT n = :three", true),
        ("NOT NOT n = :five", true),
        ("NOT m < :five", true),
        ("n = :five AND n = :three", false),
        ("n = :five OR n = :three", true),
        ("n = :five OR n = :three AND m = :ten", true),
        ("(n = :five OR n = :three) AND m = :ten", false),
        ("NOT n = :three OR m = :ten", true),
        ("NOT (n = :five OR m = :ten)", false),
        ("n BETWEEN :three AND :ten AND s = :word", true),
        ("attribute_not_exists(m) OR m < :five OR m = :ten", true),
    ];
    for (condition, expected) in table {
        assert_eq!(met(condition), Ok(expected), "{condition}");
    }
}

#[test]
fn conditions_that_cannot_be_read_are_refused() {
    let table = [
        ("", "The expression can not be empty"),
        ("n", "Syntax error"),
        ("n =", "Syntax error"),
        ("n = :five AND", "Syntax error"),
        ("n = :five n = :five", "Syntax error"),
        ("(n = :five", "Syntax error"),
        ("n ? :five", "Syntax error"),
        ("n = #", "Syntax error"),
        ("m.n = :five", "Syntax error"),
        ("n BETWEEN :three OR :five", "Syntax error"),
        ("name = :word", "reserved keyword: name"),
        ("n = :unheard", "attribute value: :unheard"),
        ("#unheard = :five", "attribute name: #unheard"),
        ("n < :yes", "Incorrect operand type"),
        ("begins_with(s, :five)", "Incorrect operand type"),
        ("n = :five OR n < :yes", "Incorrect operand type"),
        ("size(s) = :five", "the model does not know the function size"),
        ("if_not_exists(n, :five) = :five", "not allowed in a condition"),
    ];
    for (condition, words) in table {
        let error = met(condition).unwrap_err();
        assert!(error.contains(words), "{condition}: {error}");
    }
}

#[test]
fn names_and_values_that_nothing_uses_are_refused() {
    let more = [
        json!({ "ExpressionAttributeValues": { ":v": { "S": "x" } } }),
        json!({ "ExpressionAttributeNames": { "#n": "x" } }),
        json!({ "ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeNames": { "#n": "x" } }),
        json!({ "ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeValues": {} }),
        json!({ "ConditionExpression": "pk = :v", "ExpressionAttributeValues": { ":v": { "S": "x" }, "w": { "S": "x" } } }),
    ];
    for more in more {
        let mut request = json!({ "Item": key("x") });
        for (name, value) in more.as_object().unwrap() {
            request[name] = value.clone();
        }
        assert_eq!(
            refused(&mut tables(), "PutItem", request).0,
            "ValidationException",
            "{more}"
        );
    }
}
