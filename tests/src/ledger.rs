//! The ledger's table on a stand-in.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use jiff::{SignedDuration, Timestamp};
use postern_aws::Aws;
use postern_core::history::ChangeRecord;
use serde_json::Value;

use crate::error::{Result, While};
use crate::stack::{ACCOUNT, REGION};

pub const TABLE: &str = "postern-ledger";

/// Makes the table with the keys that the template gives it.
pub async fn create_table(sdk: &SdkConfig) -> Result<()> {
    let doing = "making the ledger's table";
    let attribute = |name: &str| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .while_doing(doing)
    };
    let key = |name: &str, kind| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .while_doing(doing)
    };
    let history = GlobalSecondaryIndex::builder()
        .index_name("history")
        .key_schema(key("place", KeyType::Hash)?)
        .key_schema(key("sk", KeyType::Range)?)
        .projection(Projection::builder().projection_type(ProjectionType::All).build())
        .build()
        .while_doing(doing)?;
    Client::new(sdk)
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("pk")?)
        .attribute_definitions(attribute("sk")?)
        .attribute_definitions(attribute("place")?)
        .key_schema(key("pk", KeyType::Hash)?)
        .key_schema(key("sk", KeyType::Range)?)
        .global_secondary_indexes(history)
        .send()
        .await
        .while_doing(doing)?;
    Ok(())
}

/// The changes in the account and Region of the configuration, oldest first.
pub async fn history(sdk: &SdkConfig, table: &str) -> Result<Vec<ChangeRecord>> {
    let region = sdk.region().map_or(REGION, |region| region.as_ref()).into();
    let aws = Aws::new(sdk.clone());
    let history = aws.ledger(table).history(&ACCOUNT.into(), &region, None).await;
    history.while_doing("reading the ledger")
}

/// Makes everything in the table look as if it had happened earlier: leases run out, and AWS had the time to show what
/// was done.
pub async fn age(sdk: &SdkConfig, table: &str, by: SignedDuration) -> Result<()> {
    let doing = "ageing the ledger";
    let client = Client::new(sdk);
    let items = client.scan().table_name(table).send().await.while_doing(doing)?;
    for mut item in items.items.unwrap_or_default() {
        age_item(&mut item, by)?;
        let put = client.put_item().table_name(table).set_item(Some(item));
        put.send().await.while_doing(doing)?;
    }
    Ok(())
}

fn age_item(item: &mut HashMap<String, AttributeValue>, by: SignedDuration) -> Result<()> {
    let doing = "ageing an item of the ledger";
    if let Some(AttributeValue::N(until)) = item.get("until") {
        let until: i128 = until.parse().while_doing(doing)?;
        item.insert(
            "until".to_owned(),
            AttributeValue::N((until - by.as_millis()).to_string()),
        );
    }
    if let Some(AttributeValue::S(change)) = item.get("change") {
        let mut change: Value = serde_json::from_str(change).while_doing(doing)?;
        if let Some(time) = change.get_mut("time") {
            let at: Timestamp = serde_json::from_value(time.take()).while_doing(doing)?;
            *time = Value::String((at - by).to_string());
        }
        item.insert("change".to_owned(), AttributeValue::S(change.to_string()));
    }
    Ok(())
}
