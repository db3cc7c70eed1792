use super::*;

fn query(condition: &str, values: Json, more: Json) -> Json {
    let mut request = json!({ "KeyConditionExpression": condition, "ExpressionAttributeValues": values });
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

fn sort_keys(answer: &Json) -> Vec<String> {
    let items = answer["Items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["sk"]["S"].as_str().unwrap().to_owned())
        .collect()
}

/// A partition `a` of `b/1` to `b/3`, `c` and `d`, of which `b/1` and `b/3` are in the index; and another partition.
fn filled(mut tables: Tables) -> Tables {
    for sk in ["c", "b/2", "d"] {
        put(&mut tables, sk, json!({ "n": { "N": "2" } }));
    }
    for sk in ["b/3", "b/1"] {
        put(&mut tables, sk, json!({ "place": { "S": "here" } }));
    }
    let other = json!({ "pk": { "S": "z" }, "sk": { "S": "b/1" }, "place": { "S": "here" } });
    call(&mut tables, "PutItem", json!({ "Item": other }));
    tables
}

#[test]
fn a_query_reads_one_partition_in_order() {
    let a = json!({ ":a": { "S": "a" } });
    let with = |more: Json| {
        let mut values = a.clone();
        for (name, value) in more.as_object().unwrap() {
            values[name] = json!({ "S": value });
        }
        values
    };
    let table = [
        ("pk = :a", with(json!({})), vec!["b/1", "b/2", "b/3", "c", "d"]),
        (
            "pk = :a AND begins_with(sk, :b)",
            with(json!({ ":b": "b/" })),
            vec!["b/1", "b/2", "b/3"],
        ),
        ("sk = :b AND pk = :a", with(json!({ ":b": "c" })), vec!["c"]),
        ("pk = :a AND sk > :b", with(json!({ ":b": "b/3" })), vec!["c", "d"]),
        (
            "pk = :a AND sk >= :b",
            with(json!({ ":b": "b/3" })),
            vec!["b/3", "c", "d"],
        ),
        ("pk = :a AND sk < :b", with(json!({ ":b": "b/2" })), vec!["b/1"]),
        (
            "pk = :a AND sk BETWEEN :b AND :c",
            with(json!({ ":b": "b/2", ":c": "c" })),
            vec!["b/2", "b/3", "c"],
        ),
        ("pk = :a AND (sk = :b)", with(json!({ ":b": "e" })), vec![]),
    ];
    for (condition, values, expected) in table {
        let answer = call(&mut filled(tables()), "Query", query(condition, values, json!({})));
        assert_eq!(sort_keys(&answer), expected, "{condition}");
        assert_eq!(answer["Count"], expected.len());
        assert_eq!(answer.get("LastEvaluatedKey"), None);
    }
    let backward = query("pk = :a", a.clone(), json!({ "ScanIndexForward": false }));
    assert_eq!(
        sort_keys(&call(&mut filled(tables()), "Query", backward)),
        ["d", "c", "b/3", "b/2", "b/1"]
    );
}

#[test]
fn key_conditions_that_are_none_are_refused() {
    let table = [
        "sk = :a",
        "pk = :a OR sk = :a",
        "NOT pk = :a",
        "pk > :a",
        "pk <> :a",
        "begins_with(pk, :a)",
        "pk = :a AND pk = :a",
        "pk = :a AND sk > :a AND sk < :a",
        "pk = :a AND n = :a",
        "pk = :a AND sk <> :a",
        "pk = :a AND attribute_exists(sk)",
        "pk = sk AND sk = :a",
        "pk = :a AND sk = :n",
        "pk = :n",
        "pk = :a AND sk BETWEEN :a AND :b",
    ];
    for condition in table {
        let all = [
            (":a", json!({ "S": "a" })),
            (":b", json!({ "S": "A" })),
            (":n", json!({ "N": "1" })),
        ];
        let values = all.into_iter().filter(|(name, _)| condition.contains(name));
        let values: Json = values.map(|(name, value)| (name.to_owned(), value)).collect();
        let (kind, message) = refused(&mut filled(tables()), "Query", query(condition, values, json!({})));
        assert_eq!(kind, "ValidationException", "{condition}: {message}");
    }
}

/// All pages of a query, each as its sort keys.
fn pages(tables: &mut Tables, mut request: Json) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    loop {
        let answer = call(tables, "Query", request.clone());
        pages.push(sort_keys(&answer));
        match answer.get("LastEvaluatedKey") {
            None => return pages,
            Some(last) => request["ExclusiveStartKey"] = last.clone(),
        }
    }
}

#[test]
fn pages_end_at_the_limit_and_go_on_where_they_ended() {
    let mut tables = filled(tables());
    let a = json!({ ":a": { "S": "a" } });
    let by = |limit: u32, forward: bool| {
        query(
            "pk = :a",
            a.clone(),
            json!({ "Limit": limit, "ScanIndexForward": forward }),
        )
    };
    assert_eq!(
        pages(&mut tables, by(2, true)),
        [vec!["b/1", "b/2"], vec!["b/3", "c"], vec!["d"]]
    );
    assert_eq!(
        pages(&mut tables, by(2, false)),
        [vec!["d", "c"], vec!["b/3", "b/2"], vec!["b/1"]]
    );
    // A full page never says that it is the last.
    assert_eq!(
        pages(&mut tables, by(5, true)),
        [vec!["b/1", "b/2", "b/3", "c", "d"], vec![]]
    );
    assert_eq!(refused(&mut tables, "Query", by(0, true)).0, "ValidationException");
}

#[test]
fn a_page_goes_on_after_an_item_that_was_deleted_since() {
    let mut tables = filled(tables());
    let request = |more| query("pk = :a", json!({ ":a": { "S": "a" } }), more);
    let first = call(&mut tables, "Query", request(json!({ "Limit": 2 })));
    call(&mut tables, "DeleteItem", json!({ "Key": key("b/2") }));
    let next = request(json!({ "ExclusiveStartKey": first["LastEvaluatedKey"] }));
    assert_eq!(sort_keys(&call(&mut tables, "Query", next)), ["b/3", "c", "d"]);
    for wrong in [
        json!({ "pk": { "S": "a" } }),
        json!({ "pk": { "S": "z" }, "sk": { "S": "b" } }),
    ] {
        let request = request(json!({ "ExclusiveStartKey": wrong }));
        assert_eq!(refused(&mut tables, "Query", request).0, "ValidationException");
    }
}

#[test]
fn a_page_ends_after_a_megabyte() {
    let mut tables = tables();
    for n in 0..4 {
        put(
            &mut tables,
            &n.to_string(),
            json!({ "t": { "S": "t".repeat(390 * 1024) } }),
        );
    }
    let pages = pages(&mut tables, query("pk = :a", json!({ ":a": { "S": "a" } }), json!({})));
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
}

#[test]
fn short_pages_are_of_all_sizes_and_the_same_for_the_same_seed() {
    let read = |seed| {
        let mut tables = filled(tables_of(seed).short_pages());
        pages(&mut tables, query("pk = :a", json!({ ":a": { "S": "a" } }), json!({})))
    };
    let mut sizes = std::collections::BTreeSet::new();
    for seed in 0..20 {
        let pages = read(seed);
        assert_eq!(pages, read(seed));
        assert_eq!(pages.concat(), ["b/1", "b/2", "b/3", "c", "d"]);
        sizes.extend(pages.iter().map(Vec::len));
    }
    assert!(sizes.is_superset(&[1, 2, 3].into()), "{sizes:?}");
}

#[test]
fn a_filter_leaves_out_after_the_limit() {
    let mut tables = filled(tables());
    let request = json!({
        "KeyConditionExpression": "pk = :a", "FilterExpression": "n = :two", "Limit": 2,
        "ExpressionAttributeValues": { ":a": { "S": "a" }, ":two": { "N": "2" } },
    });
    let answer = call(&mut tables, "Query", request.clone());
    assert_eq!(
        (sort_keys(&answer), &answer["ScannedCount"]),
        (vec!["b/2".to_owned()], &json!(2))
    );
    assert_eq!(pages(&mut tables, request).concat(), ["b/2", "c", "d"]);
}

#[test]
fn the_index_has_what_carries_its_keys_alone() {
    let mut tables = filled(tables());
    let here = |more: Json| {
        let mut request = query(
            "place = :h",
            json!({ ":h": { "S": "here" } }),
            json!({ "IndexName": "history" }),
        );
        for (name, value) in more.as_object().unwrap() {
            request[name] = value.clone();
        }
        request
    };
    assert_eq!(
        sort_keys(&call(&mut tables, "Query", here(json!({})))),
        ["b/1", "b/1", "b/3"]
    );
    let first = call(&mut tables, "Query", here(json!({ "Limit": 1 })));
    let last = json!({ "pk": { "S": "a" }, "place": { "S": "here" }, "sk": { "S": "b/1" } });
    assert_eq!(first["LastEvaluatedKey"], last);
    let all = pages(&mut tables, here(json!({ "Limit": 1 })));
    assert_eq!(all.concat(), ["b/1", "b/1", "b/3"]);
    assert_eq!(
        refused(&mut tables, "Query", here(json!({ "ConsistentRead": true }))).0,
        "ValidationException"
    );
    let (_, message) = refused(&mut tables, "Query", here(json!({ "IndexName": "other" })));
    assert_eq!(message, "The table does not have the specified index: other");
}

#[test]
fn only_consistent_reads_show_every_write_at_once() {
    let query_at = |tables: &mut Tables, second, consistent: bool| {
        let more = json!({ "ConsistentRead": consistent });
        let request = query("pk = :a", json!({ ":a": { "S": "a" } }), more);
        sort_keys(&call_at(tables, "Query", second, request).1)
    };
    let get_at = |tables: &mut Tables, second, consistent: bool| {
        let request = json!({ "Key": key("x"), "ConsistentRead": consistent });
        call_at(tables, "GetItem", second, request).1["Item"]["n"]["N"].clone()
    };
    let history_at = |tables: &mut Tables, second| {
        let request = query(
            "place = :h",
            json!({ ":h": { "S": "here" } }),
            json!({ "IndexName": "history" }),
        );
        sort_keys(&call_at(tables, "Query", second, request).1).len()
    };
    let (mut old, mut new) = (0, 0);
    for seed in 0..50 {
        let mut tables = tables_of(seed).lag(SignedDuration::from_secs(10));
        for n in ["1", "2"] {
            let item = item("x", json!({ "n": { "N": n }, "place": { "S": "here" } }));
            let second = if n == "1" { 0 } else { 20 };
            assert_eq!(call_at(&mut tables, "PutItem", second, json!({ "Item": item })).0, 200);
            assert_eq!(query_at(&mut tables, second, true), ["x"]);
            assert_eq!(get_at(&mut tables, second, true), json!(n));
        }
        match get_at(&mut tables, 25, false).as_str().unwrap() {
            "1" => old += 1,
            _ => new += 1,
        }
        assert_eq!(get_at(&mut tables, 30, false), json!("2"));
        let deleted = call_at(&mut tables, "DeleteItem", 40, json!({ "Key": key("x") }));
        assert_eq!((deleted.0, get_at(&mut tables, 40, true)), (200, Json::Null));
        for (count, second) in [
            (query_at(&mut tables, 45, false).len(), 45),
            (history_at(&mut tables, 45), 45),
        ] {
            assert!(count <= 1, "at {second}");
            match count {
                1 => old += 1,
                _ => new += 1,
            }
        }
        assert_eq!(
            (query_at(&mut tables, 50, false).len(), history_at(&mut tables, 50)),
            (0, 0)
        );
    }
    assert!(old > 30 && new > 30, "{old} old and {new} new answers");
}
