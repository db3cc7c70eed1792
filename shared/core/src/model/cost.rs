//! Prices and what changes cost, in US dollars.

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use crate::model::id::Region;

/// Hours of an average month, as the AWS Pricing Calculator counts them.
pub const HOURS_PER_MONTH: u64 = 730;

/// US dollars a month, kept in millionths so that sums are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(from = "f64")]
#[schemars(with = "f64")]
pub struct MonthlyCost {
    micros: u64,
}

/// What AWS bills for endpoints, and for the NAT gateways that they spare.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    /// For what a Region has no price of its own for.
    pub elsewhere: RegionPrices,
    pub regions: BTreeMap<Region, RegionPrices>,
    /// The day on which the prices were looked up.
    pub as_of: Option<Date>,
}

/// The prices of a Region. None: unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RegionPrices {
    /// An interface endpoint in one Availability Zone for one hour.
    pub interface_endpoint_zone_hour: Option<f64>,
    /// A gigabyte that an interface endpoint processes, of the first petabyte of a month.
    pub interface_endpoint_gigabyte: Option<f64>,
    /// A gigabyte that a NAT gateway processes.
    pub nat_gateway_gigabyte: Option<f64>,
}

impl RegionPrices {
    /// The prices that are known, in US dollars, by their keys in the settings.
    pub fn known(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let Self {
            interface_endpoint_zone_hour,
            interface_endpoint_gigabyte,
            nat_gateway_gigabyte,
        } = *self;
        let prices = [
            ("interface_endpoint_zone_hour", interface_endpoint_zone_hour),
            ("interface_endpoint_gigabyte", interface_endpoint_gigabyte),
            ("nat_gateway_gigabyte", nat_gateway_gigabyte),
        ];
        prices.into_iter().filter_map(|(key, price)| Some((key, price?)))
    }
}

impl MonthlyCost {
    pub const ZERO: Self = Self { micros: 0 };

    /// Negative and non-finite amounts count as nothing.
    pub fn from_dollars(dollars: f64) -> Self {
        // A float to integer cast saturates, and maps NaN to zero.
        Self {
            micros: (dollars * 1e6).round() as u64,
        }
    }

    /// In whole cents, the next higher where it is not.
    pub fn cents(self) -> u64 {
        self.micros.div_ceil(10_000)
    }

    pub fn dollars(self) -> f64 {
        self.micros as f64 / 1e6
    }
}

impl RegionPrices {
    /// These prices, and for what they lack the others.
    pub fn or(self, others: Self) -> Self {
        Self {
            interface_endpoint_zone_hour: self
                .interface_endpoint_zone_hour
                .or(others.interface_endpoint_zone_hour),
            interface_endpoint_gigabyte: self.interface_endpoint_gigabyte.or(others.interface_endpoint_gigabyte),
            nat_gateway_gigabyte: self.nat_gateway_gigabyte.or(others.nat_gateway_gigabyte),
        }
    }
}

impl Prices {
    /// The monthly cost of one zone at a price by the hour.
    pub fn month(hour: f64) -> MonthlyCost {
        MonthlyCost::from_dollars(hour * (HOURS_PER_MONTH as f64))
    }

    pub fn of(&self, region: &Region) -> RegionPrices {
        let own = self.regions.get(region).copied().unwrap_or_default();
        own.or(self.elsewhere)
    }

    /// The monthly cost of an interface endpoint in so many zones. None where the price of the Region is unknown. Data
    /// processing comes on top.
    pub fn interface_endpoint(&self, region: &Region, zones: usize) -> Option<MonthlyCost> {
        if zones == 0 {
            return Some(MonthlyCost::ZERO);
        }
        let hour = self.of(region).interface_endpoint_zone_hour?;
        Some(MonthlyCost::from_dollars(
            hour * (HOURS_PER_MONTH as f64) * (zones as f64),
        ))
    }
}

impl From<f64> for MonthlyCost {
    fn from(dollars: f64) -> Self {
        Self::from_dollars(dollars)
    }
}

impl Serialize for MonthlyCost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.dollars())
    }
}

impl Add for MonthlyCost {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            micros: self.micros.saturating_add(other.micros),
        }
    }
}

impl Sum for MonthlyCost {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for MonthlyCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${:.2}", self.dollars())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone_hour(price: f64) -> RegionPrices {
        RegionPrices {
            interface_endpoint_zone_hour: Some(price),
            ..RegionPrices::default()
        }
    }

    #[test]
    fn endpoint_costs_its_zones_at_the_hourly_price_of_its_region() {
        let prices = Prices {
            elsewhere: zone_hour(0.01),
            regions: BTreeMap::from([(Region::from("eu-central-1"), zone_hour(0.012))]),
            as_of: None,
        };
        let cost = |prices: &Prices, region: &str, zones| {
            let cost = prices.interface_endpoint(&region.into(), zones);
            cost.map(|cost| cost.to_string())
        };
        assert_eq!(cost(&prices, "us-east-1", 3).as_deref(), Some("$21.90"));
        assert_eq!(cost(&prices, "eu-central-1", 2).as_deref(), Some("$17.52"));
        let single = Prices {
            elsewhere: RegionPrices::default(),
            ..prices
        };
        assert_eq!(cost(&single, "us-east-1", 3), None);
        assert_eq!(
            cost(&single, "us-east-1", 0).as_deref(),
            Some("$0.00"),
            "what has no zones is free"
        );
    }

    #[test]
    fn price_that_a_region_lacks_is_that_of_the_others() {
        let prices = Prices {
            elsewhere: RegionPrices {
                nat_gateway_gigabyte: Some(0.05),
                ..zone_hour(0.01)
            },
            regions: BTreeMap::from([(Region::from("eu-central-1"), zone_hour(0.012))]),
            as_of: None,
        };
        let expected = RegionPrices {
            nat_gateway_gigabyte: Some(0.05),
            ..zone_hour(0.012)
        };
        assert_eq!(prices.of(&"eu-central-1".into()), expected);
        assert_eq!(prices.of(&"eu-west-1".into()), prices.elsewhere);
    }

    #[test]
    fn sums_are_exact_and_invalid_amounts_are_zero() {
        let dime = MonthlyCost::from_dollars(0.1);
        assert_eq!(
            [dime; 3].into_iter().sum::<MonthlyCost>(),
            MonthlyCost::from_dollars(0.3)
        );
        assert_eq!(MonthlyCost::from_dollars(0.3).cents(), 30);
        assert_eq!(MonthlyCost::from_dollars(0.300_001).cents(), 31);
        assert_eq!(MonthlyCost::from_dollars(f64::NAN), MonthlyCost::ZERO);
        assert_eq!(MonthlyCost::from_dollars(-4.0), MonthlyCost::ZERO);
    }
}
