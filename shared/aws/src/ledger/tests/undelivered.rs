use postern_core::history::UndeliveredMessage;

use super::*;

fn message() -> UndeliveredMessage {
    UndeliveredMessage {
        sink: "alerts".to_owned(),
        time: at("06:00:00"),
        subject: "[Postern] HIGH".to_owned(),
        body: "text".to_owned(),
        attributes: vec![("severity".to_owned(), "String".to_owned(), "high".to_owned())],
    }
}

#[tokio::test]
async fn kept_message_is_read_until_it_is_dropped() {
    let cloud = Cloud::new().json("PutItem", &json!({})).json("PutItem", &json!({}));
    let ledger = ledger(&cloud);
    ledger
        .keep_undelivered(&scope(), &message(), at("07:00:00"))
        .await
        .unwrap();
    ledger
        .drop_undelivered(&scope(), &message(), at("08:00:00"))
        .await
        .unwrap();
    let [kept, dropped] = cloud.bodies("PutItem").try_into().unwrap();
    assert_eq!(kept["Item"]["pk"], dropped["Item"]["pk"]);
    assert_eq!(kept["Item"]["sk"], dropped["Item"]["sk"]);
    assert!(
        kept["Item"]["sk"]["S"]
            .as_str()
            .unwrap()
            .starts_with("undelivered/alerts/")
    );
    let read = async |item: &Json| {
        let cloud = Cloud::new().json("Query", &json!({ "Items": [item] }));
        let history = super::ledger(&cloud).past(&scope(), None).await.unwrap();
        history.undelivered
    };
    assert_eq!(read(&kept["Item"]).await, [message()]);
    assert_eq!(read(&dropped["Item"]).await, []);
}
