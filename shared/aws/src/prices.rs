//! The price list of AWS: its files, which everybody may read, and its query API.
//!
//! How to find the file of a Region: [reading the price list
//! files](https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/bulk-api-reading-price-list-files.html).

use postern_core::model::cost::RegionPrices;
use postern_core::model::id::Region;
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::error::CallError;
use crate::request::{Request, Service};

const CALL: &str = "pricing:PriceList";
/// The files are in this Region.
const HOME: &str = "us-east-1";
const INDEX: &str = "/offers/v1.0/aws/AmazonVPC/current/region_index.json";
/// The usage types of interface endpoints and NAT gateways end like this, after a code of the Region.
/// [Billing codes](https://docs.aws.amazon.com/vpc/latest/userguide/vpc-billing-usage-reports.html)
const ZONE_HOURS: &str = "VpcEndpoint-Hours";
const GIGABYTES: &str = "VpcEndpoint-Bytes";
const NAT_GIGABYTES: &str = "NatGateway-Bytes";

/// Requests to it are not signed.
const PRICE_LIST: Service = Service {
    id: "PRICE_LIST",
    host: "pricing",
    signing_name: "",
};

const PRODUCTS: &str = "pricing:GetProducts";
const PRODUCTS_SERVICE: Service = Service {
    id: "PRICING",
    host: "api.pricing",
    signing_name: "pricing",
};

impl Aws {
    /// The prices in US dollars of interface endpoints in a Region. The price of a gigabyte is that of the first tier, and
    /// unknown where the list has none. That of NAT gateways is in another list.
    ///
    /// # Errors
    /// If the price list cannot be read, or has no price of an hour for the Region.
    pub async fn interface_endpoint_prices(&self, region: &Region) -> Result<RegionPrices, CallError> {
        let index = self.price_list(INDEX.to_owned()).await?;
        let file = index.get("regions").and_then(|regions| regions.get(region.to_string()));
        let file = file
            .and_then(|entry| entry.get("currentVersionUrl"))
            .and_then(Value::as_str);
        let file = file.ok_or_else(|| CallError::unreadable(CALL, format!("AWS has no price list for {region}")))?;
        let list = self.price_list(file.to_owned()).await?;
        let hour = highest(&list, ZONE_HOURS).ok_or_else(|| {
            CallError::unreadable(
                CALL,
                format!("the price list of {region} has no price in US dollars for {ZONE_HOURS}"),
            )
        })?;
        Ok(RegionPrices {
            interface_endpoint_zone_hour: Some(hour),
            interface_endpoint_gigabyte: highest(&list, GIGABYTES),
            nat_gateway_gigabyte: None,
        })
    }

    /// The price in US dollars of a gigabyte that a NAT gateway processes. It is asked for with credentials: the file of the
    /// price list that has it is that of EC2, of hundreds of megabytes.
    ///
    /// # Errors
    /// If [`GetProducts`](https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html)
    /// fails, or has no such price for the Region.
    pub async fn nat_gateway_gigabyte(&self, region: &Region) -> Result<f64, CallError> {
        let equal = |field: &str, value: &str| json!({"Type": "TERM_MATCH", "Field": field, "Value": value});
        let body = json!({
            "ServiceCode": "AmazonEC2",
            "FormatVersion": "aws_v1",
            "Filters": [equal("productFamily", "NAT Gateway"), equal("regionCode", &region.to_string())],
        });
        let target = "AWSPriceListService.GetProducts".to_owned();
        let request = Request {
            region: Some(HOME.to_owned()),
            ..Request::json(PRODUCTS, PRODUCTS_SERVICE, target, &body)
        };
        let answer = self.send(request).await?.json();
        // Each product is a text in JSON.
        let products = answer.get("PriceList").and_then(Value::as_array);
        let products = products.into_iter().flatten().filter_map(Value::as_str);
        let products = products.filter_map(|text| serde_json::from_str::<Value>(text).ok());
        let of_usage = products.filter(|product| {
            let usage = product.pointer("/product/attributes/usagetype").and_then(Value::as_str);
            usage.is_some_and(|usage| usage.ends_with(NAT_GIGABYTES))
        });
        let prices = of_usage.filter_map(|product| highest_of(members(product.pointer("/terms/OnDemand"))));
        prices.max_by(f64::total_cmp).ok_or_else(|| {
            CallError::unreadable(
                PRODUCTS,
                format!("there is no price in US dollars for {NAT_GIGABYTES} in {region}"),
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

/// The highest price of the products of a usage type, on demand.
fn highest(list: &Value, usage_type: &str) -> Option<f64> {
    let products = list.get("products")?.as_object()?;
    let of_usage = products.iter().filter(|(_, product)| {
        let usage = product.pointer("/attributes/usagetype").and_then(Value::as_str);
        let family = product.get("productFamily").and_then(Value::as_str);
        family == Some("VpcEndpoint") && usage.is_some_and(|usage| usage.ends_with(usage_type))
    });
    let offers = of_usage.flat_map(|(sku, _)| members(list.pointer(&format!("/terms/OnDemand/{sku}"))));
    highest_of(offers)
}

/// The highest price of these offers, so that of the first tier.
fn highest_of<'v>(offers: impl Iterator<Item = &'v Value>) -> Option<f64> {
    let dimensions = offers.filter_map(|offer| offer.get("priceDimensions"));
    let prices = dimensions.flat_map(|dimension| members(Some(dimension)));
    let prices = prices.filter_map(|price| price.pointer("/pricePerUnit/USD")?.as_str()?.parse::<f64>().ok());
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
        tiers(&[dollars])
    }

    fn tiers(dollars: &[&str]) -> Value {
        let dimension = |(at, dollars): (usize, &&str)| {
            let dimension = json!({"unit": "Hrs", "pricePerUnit": {"USD": dollars}});
            (format!("A.B.{at}"), dimension)
        };
        let dimensions: serde_json::Map<_, _> = dollars.iter().enumerate().map(dimension).collect();
        json!({"A.B": {"priceDimensions": dimensions}})
    }

    fn nat_gateway(usage: &str, dollars: &str) -> String {
        let attributes = json!({"usagetype": usage});
        let product = json!({"productFamily": "NAT Gateway", "attributes": attributes});
        json!({"product": product, "terms": {"OnDemand": offer(dollars)}}).to_string()
    }

    #[tokio::test]
    async fn price_of_nat_gateways_is_asked_for_by_region_with_credentials() {
        let products = [
            nat_gateway("EUC1-NatGateway-Hours", "0.0520000000"),
            nat_gateway("EUC1-NatGateway-Bytes", "0.0510000000"),
            nat_gateway("EUC1-NatGateway-Prvd-Bytes", "0.0900000000"),
        ];
        let cloud = Cloud::new().json("GetProducts", &json!({"PriceList": products}));
        let price = cloud.aws().nat_gateway_gigabyte(&"eu-central-1".into()).await;
        assert_eq!(price.unwrap(), 0.051);
        let filters = &cloud.body("GetProducts")["Filters"];
        assert_eq!(filters[1]["Value"], "eu-central-1");
        let request = cloud.request("GetProducts");
        assert_eq!(request["Uri"], "https://api.pricing.us-east-1.amazonaws.com/");
        assert_ne!(request["Authorization"], "");
    }

    #[tokio::test]
    async fn missing_price_of_nat_gateways_is_an_error() {
        let cloud = Cloud::new().json("GetProducts", &json!({"PriceList": []}));
        let error = cloud
            .aws()
            .nat_gateway_gigabyte(&"mars-north-1".into())
            .await
            .unwrap_err();
        assert!(
            chain(&error).contains("NatGateway-Bytes in mars-north-1"),
            "{}",
            chain(&error)
        );
    }

    #[tokio::test]
    async fn prices_are_those_of_interface_endpoints_in_the_region() {
        let list = json!({
            "products": {
                "A": product("VpcEndpoint", "EUC1-VpcEndpoint-Hours"),
                "B": product("VpcEndpoint", "EUC1-VpcEndpoint-Bytes"),
                "C": product("VpcEndpoint", "EUC1-VpcEndpoint-GWLBE-Hours"),
                "D": product("NatGateway", "EUC1-NatGateway-Hours"),
            },
            "terms": {"OnDemand": {
                "A": offer("0.0120000000"),
                "B": tiers(&["0.0040000000", "0.0100000000", "0.0060000000"]),
                "C": offer("0.0130000000"),
                "D": offer("0.0520000000"),
            }},
        });
        let cloud = Cloud::new()
            .json(&format!("GET {INDEX}"), &index())
            .json(&format!("GET {FILE}"), &list);
        let prices = cloud.aws().interface_endpoint_prices(&"eu-central-1".into()).await;
        let expected = RegionPrices {
            interface_endpoint_zone_hour: Some(0.012),
            interface_endpoint_gigabyte: Some(0.01),
            nat_gateway_gigabyte: None,
        };
        assert_eq!(prices.unwrap(), expected);
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
        let error = aws.interface_endpoint_prices(&"mars-north-1".into()).await.unwrap_err();
        assert!(
            chain(&error).contains("no price list for mars-north-1"),
            "{}",
            chain(&error)
        );
        let error = aws.interface_endpoint_prices(&"eu-central-1".into()).await.unwrap_err();
        assert!(
            chain(&error).contains("has no price in US dollars"),
            "{}",
            chain(&error)
        );
    }
}
