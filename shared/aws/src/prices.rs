//! The price list that AWS publishes for everybody, without credentials.
//!
//! How to find the file of a Region: [reading the price list
//! files](https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/bulk-api-reading-price-list-files.html).

use postern_core::model::id::Region;
use serde_json::Value;

use crate::aws::Aws;
use crate::error::CallError;
use crate::request::{Request, Service};

const CALL: &str = "pricing:PriceList";
/// The files are in this Region.
const HOME: &str = "us-east-1";
const INDEX: &str = "/offers/v1.0/aws/AmazonVPC/current/region_index.json";
/// The usage type of an interface endpoint ends like this, after a code of the Region.
const ZONE_HOURS: &str = "VpcEndpoint-Hours";

/// Requests to it are not signed.
const PRICE_LIST: Service = Service {
    id: "PRICE_LIST",
    host: "pricing",
    signing_name: "",
};

impl Aws {
    /// The price in US dollars of an interface endpoint in one zone for one hour.
    ///
    /// # Errors
    /// If the price list cannot be read, or has no such price for the Region.
    pub async fn interface_endpoint_price(&self, region: &Region) -> Result<f64, CallError> {
        let index = self.price_list(INDEX.to_owned()).await?;
        let file = index.get("regions").and_then(|regions| regions.get(region.to_string()));
        let file = file
            .and_then(|entry| entry.get("currentVersionUrl"))
            .and_then(Value::as_str);
        let file = file.ok_or_else(|| CallError::unreadable(CALL, format!("AWS has no price list for {region}")))?;
        let list = self.price_list(file.to_owned()).await?;
        zone_hour(&list).ok_or_else(|| {
            CallError::unreadable(
                CALL,
                format!("the price list of {region} has no price in US dollars for {ZONE_HOURS}"),
            )
        })
    }

    async fn price_list(&self, uri: String) -> Result<Value, CallError> {
        let request = Request {
            call: CALL,
            service: PRICE_LIST,
            region: Some(HOME.to_owned()),
            method: "GET",
            uri,
            headers: Vec::new(),
            body: String::new(),
        };
        Ok(self.send(request).await?.json())
    }
}

/// The highest price of the products of this usage type, on demand.
fn zone_hour(list: &Value) -> Option<f64> {
    let products = list.get("products")?.as_object()?;
    let hours = products.iter().filter(|(_, product)| {
        let usage = product.pointer("/attributes/usagetype").and_then(Value::as_str);
        let family = product.get("productFamily").and_then(Value::as_str);
        family == Some("VpcEndpoint") && usage.is_some_and(|usage| usage.ends_with(ZONE_HOURS))
    });
    let prices = hours.flat_map(|(sku, _)| {
        let offers = list.pointer(&format!("/terms/OnDemand/{sku}"));
        let dimensions = members(offers).filter_map(|offer| offer.get("priceDimensions"));
        let prices = dimensions.flat_map(|dimension| members(Some(dimension)));
        prices.filter_map(|price| price.pointer("/pricePerUnit/USD")?.as_str()?.parse::<f64>().ok())
    });
    prices.filter(|price| *price > 0.0).max_by(f64::total_cmp)
}

fn members(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|members| members.values())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::chain;
    use crate::wire::Cloud;

    const FILE: &str = "/offers/v1.0/aws/AmazonVPC/20261101000000/eu-central-1/index.json";

    fn index() -> Value {
        json!({"regions": {"eu-central-1": {"regionCode": "eu-central-1", "currentVersionUrl": FILE}}})
    }

    fn product(family: &str, usage: &str) -> Value {
        json!({"productFamily": family, "attributes": {"usagetype": usage}})
    }

    fn offer(dollars: &str) -> Value {
        let dimension = json!({"unit": "Hrs", "pricePerUnit": {"USD": dollars}});
        json!({"A.B": {"priceDimensions": {"A.B.C": dimension}}})
    }

    #[tokio::test]
    async fn price_is_that_of_the_hours_of_interface_endpoints_in_the_region() {
        let list = json!({
            "products": {
                "A": product("VpcEndpoint", "EUC1-VpcEndpoint-Hours"),
                "B": product("VpcEndpoint", "EUC1-VpcEndpoint-Bytes"),
                "C": product("VpcEndpoint", "EUC1-VpcEndpoint-GWLBE-Hours"),
                "D": product("NatGateway", "EUC1-NatGateway-Hours"),
            },
            "terms": {"OnDemand": {
                "A": offer("0.0120000000"),
                "B": offer("0.0100000000"),
                "C": offer("0.0130000000"),
                "D": offer("0.0520000000"),
            }},
        });
        let cloud = Cloud::new()
            .json(&format!("GET {INDEX}"), &index())
            .json(&format!("GET {FILE}"), &list);
        let price = cloud.aws().interface_endpoint_price(&"eu-central-1".into()).await;
        assert_eq!(price.unwrap(), 0.012);
        let request = cloud.request(&format!("GET {INDEX}"));
        assert_eq!(
            request["Uri"],
            format!("https://pricing.us-east-1.amazonaws.com{INDEX}")
        );
        assert_eq!(request["Authorization"], "", "the price list is for everybody");
    }

    #[tokio::test]
    async fn region_without_a_price_is_named() {
        let cloud = Cloud::new()
            .json(&format!("GET {INDEX}"), &index())
            .json(&format!("GET {INDEX}"), &index())
            .json(&format!("GET {FILE}"), &json!({"products": {}, "terms": {}}));
        let aws = cloud.aws();
        let error = aws.interface_endpoint_price(&"mars-north-1".into()).await.unwrap_err();
        assert!(
            chain(&error).contains("no price list for mars-north-1"),
            "{}",
            chain(&error)
        );
        let error = aws.interface_endpoint_price(&"eu-central-1".into()).await.unwrap_err();
        assert!(
            chain(&error).contains("has no price in US dollars"),
            "{}",
            chain(&error)
        );
    }
}
