use super::*;

/// What the one PutItem of a cloud wrote.
fn written(cloud: &Cloud) -> Json {
    cloud.body("PutItem")["Item"].clone()
}

fn change() -> Json {
    let record = record("06:00:00");
    item(
        &format!("change/{}", record.id),
        json!({
            "v": { "N": "2" }, "change": change_document(&record), "place": { "S": "111122223333/eu-central-1" },
            "expires": { "N": at("12:00:00").as_second().to_string() },
        }),
    )
}

#[tokio::test]
async fn an_intention_is_written_where_there_is_none() {
    let cloud = Cloud::new().json("PutItem", &json!({}));
    let record = record("06:00:00");
    ledger(&cloud).intend(&record, at("12:00:00")).await.unwrap();
    assert_eq!(written(&cloud), change());
    let body = cloud.body("PutItem");
    assert_eq!(body["ConditionExpression"], "attribute_not_exists(pk)");
    assert_eq!(body["TableName"], "the-ledger");
}

#[tokio::test]
async fn an_intention_whose_answer_got_lost_is_not_taken_for_anothers() {
    let there = |item| refuse_showing(Cloud::new(), "PutItem", "ConditionalCheckFailedException", item);
    let record = record("06:00:00");
    let mine = there(change());
    ledger(&mine).intend(&record, at("12:00:00")).await.unwrap();
    assert_eq!(mine.body("PutItem")["ReturnValuesOnConditionCheckFailure"], "ALL_OLD");
    let mut other = change();
    other["change"] = change_document(&ChangeRecord {
        status: ChangeStatus::NotNeeded {
            reason: "it is there".to_owned(),
        },
        ..record.clone()
    });
    let error = ledger(&there(other)).intend(&record, at("12:00:00")).await.unwrap_err();
    let item = format!("111122223333/eu-central-1/vpc-1 change/{}", record.id);
    assert_eq!(
        error.to_string(),
        format!("the ledger `the-ledger` has another `{item}` already")
    );
    assert!(!error.transient());
}

#[tokio::test]
async fn a_conclusion_replaces_the_intention() {
    let cloud = Cloud::new().json("PutItem", &json!({}));
    let concluded = ChangeRecord {
        status: ChangeStatus::Applied {
            created: Some("sg-1".to_owned()),
        },
        ..record("06:00:00")
    };
    ledger(&cloud).conclude(&concluded, at("12:00:00")).await.unwrap();
    assert_eq!(written(&cloud)["sk"], change()["sk"]);
    assert_eq!(written(&cloud)["change"], change_document(&concluded));
    assert_eq!(cloud.body("PutItem").get("ConditionExpression"), None);
}

#[tokio::test]
async fn delivery_is_written_whole() {
    for list in [vec![], vec![delivered("vpc-1", "open"), delivered("vpc-2", "open")]] {
        let cloud = Cloud::new().json("PutItem", &json!({}));
        ledger(&cloud)
            .tell(&scope(), "endpoint-missing", &list, at("12:00:00"))
            .await
            .unwrap();
        let expected = item(
            "told/endpoint-missing",
            json!({
                "v": { "N": "2" }, "delivered": delivered_document(&list.iter().collect::<Vec<_>>()), "parts": { "N": "1" },
                "expires": { "N": at("12:00:00").as_second().to_string() },
            }),
        );
        assert_eq!(written(&cloud), expected);
    }
}

#[tokio::test]
async fn delivery_beyond_an_item_is_written_in_parts_with_the_first_last() {
    let list: Vec<_> = (0..1_000)
        .map(|n| delivered(&format!("vpc-{n}"), &"x".repeat(600)))
        .collect();
    let cloud = (0..3).fold(Cloud::new(), |cloud, _| cloud.json("PutItem", &json!({})));
    ledger(&cloud)
        .tell(&scope(), "endpoint-missing", &list, at("12:00:00"))
        .await
        .unwrap();
    cloud.done();
    let items: Vec<_> = cloud
        .bodies("PutItem")
        .into_iter()
        .map(|body| body["Item"].clone())
        .collect();
    let sorts: Vec<_> = items.iter().map(|item| item["sk"]["S"].as_str().unwrap()).collect();
    assert_eq!(
        sorts,
        [
            "told/endpoint-missing/2",
            "told/endpoint-missing/1",
            "told/endpoint-missing"
        ]
    );
    for item in &items {
        assert!(item["delivered"]["S"].as_str().unwrap().len() < 390 * 1024);
        assert_eq!(item["parts"]["N"], "3");
    }
    let past = ledger(&Cloud::new().json("Query", &json!({ "Items": items })))
        .past(&scope(), None)
        .await;
    assert_eq!(past.unwrap().delivered.len(), 1_000);
}

#[tokio::test]
async fn a_hold_is_written_and_lifted_by_its_finding() {
    let cloud = Cloud::new().json("PutItem", &json!({})).json("DeleteItem", &json!({}));
    ledger(&cloud).pause(&scope(), &pause()).await.unwrap();
    ledger(&cloud).lift(&scope(), &finding("vpc-1")).await.unwrap();
    let item = written(&cloud);
    assert!(item["sk"]["S"].as_str().unwrap().starts_with("hold/"));
    assert_eq!(item["pause"], document(&PauseDocument::from(&pause())));
    assert_eq!(item["expires"]["N"], at("12:00:00").as_second().to_string());
    let lifted = cloud.body("DeleteItem")["Key"].clone();
    assert_eq!((&lifted["pk"], &lifted["sk"]), (&item["pk"], &item["sk"]));
}

#[tokio::test]
async fn a_resumption_is_read_as_it_was_written() {
    let cloud = Cloud::new().json("PutItem", &json!({}));
    let time = at("06:00:00");
    ledger(&cloud)
        .resume(&scope(), &finding("vpc-1"), time, at("12:00:00"))
        .await
        .unwrap();
    let item = written(&cloud);
    assert!(item["sk"]["S"].as_str().unwrap().starts_with("resume/"));
    let cloud = Cloud::new().json("Query", &json!({ "Items": [item] }));
    let past = ledger(&cloud).past(&scope(), None).await.unwrap();
    assert_eq!(past.resumes, [(finding("vpc-1"), time)].into());
}
