//! `prices`: looks up what interface endpoints and NAT gateways cost, and writes it into the settings.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use postern_aws::{Aws, chain};
use postern_core::controls::known;
use postern_core::model::cost::{self, RegionPrices};
use postern_core::model::id::Region;
use postern_core::settings::Settings;

use super::{CommandError, Prices, say};
use crate::access::AccessError;
use crate::output::Status;
use crate::{input, replace};

/// The settings that are changed where no file is named.
const SETTINGS_FILE: &str = "postern.toml";

/// Prints the prices of Regions as a section of a `postern.toml`, or writes them into one. The price of NAT gateways takes
/// a permission that others do not; where it cannot be looked up, that of the file stays.
///
/// # Errors
/// If the price of interface endpoints cannot be looked up, or the file cannot be read or written.
pub async fn prices(aws: &Aws, arguments: &Prices, out: &mut dyn Write) -> Result<Status, CommandError> {
    let file = arguments
        .write
        .as_ref()
        .map(|file| file.as_deref().unwrap_or(Path::new(SETTINGS_FILE)));
    let before = file.map(input::text).transpose().map_err(CommandError::Input)?;
    let mut regions: BTreeSet<Region> = arguments.region.iter().map(|region| region.as_str().into()).collect();
    if regions.is_empty() {
        regions.insert(aws.region().ok_or(AccessError::NoRegion)?);
    }
    let day = aws.now().to_zoned(TimeZone::UTC).date();
    let (mut found, mut unknown) = (BTreeMap::new(), Vec::new());
    for region in regions {
        let prices = aws.interface_endpoint_prices(&region).await;
        let mut prices = prices.map_err(|source| CommandError::Price(region.clone(), source))?;
        match aws.nat_gateway_gigabyte(&region).await {
            Ok(gigabyte) => prices.nat_gateway_gigabyte = Some(gigabyte),
            Err(error) => unknown.push(format!(
                "{region}: the price of NAT gateways could not be looked up: {}",
                chain(&error)
            )),
        }
        found.insert(region, prices);
    }
    let (Some(file), Some(before)) = (file, before) else {
        for line in section("", day, &found).lines() {
            say(out, line)?;
        }
        for line in unknown {
            say(out, &format!("# {line}"))?;
        }
        return Ok(Status::Fine);
    };
    keep_nat_gateways(&before, &mut found);
    let after = section(&before, day, &found);
    let named = || file.display().to_string();
    // Whatever the layout of the file is, nothing else may be changed by an edit of its text.
    if !same_but_for_prices(&before, &after, day, &found) {
        return Err(CommandError::SettingsLayout(named()));
    }
    replace::replace(file, &after)?;
    for (region, prices) in &found {
        say(out, &format!("{}: {region} = {}, as of {day}", named(), table(prices)))?;
    }
    for line in unknown {
        say(out, &line)?;
    }
    Ok(Status::Fine)
}

/// Completes prices with those of NAT gateways that the settings have.
fn keep_nat_gateways(settings: &str, found: &mut BTreeMap<Region, RegionPrices>) {
    let Ok(settings) = Settings::parse(settings, &known()) else {
        return;
    };
    for (region, prices) in found {
        let before = settings.prices.regions.get(region);
        let before = before.and_then(|before| before.nat_gateway_gigabyte);
        prices.nat_gateway_gigabyte = prices.nat_gateway_gigabyte.or(before);
    }
}

/// As the settings write the prices of a Region.
fn table(prices: &RegionPrices) -> String {
    let known = prices.known().map(|(key, price)| format!("{key} = {price}"));
    format!("{{ {} }}", known.collect::<Vec<_>>().join(", "))
}

/// The text with these prices in its sections `[prices]` and `[prices.regions]`, which are added where it lacks them.
fn section(text: &str, day: Date, prices: &BTreeMap<Region, RegionPrices>) -> String {
    let priced: BTreeMap<String, String> = prices.iter().map(|(r, p)| (r.to_string(), table(p))).collect();
    let dated = BTreeMap::from([("as_of".to_owned(), day.to_string())]);
    let text = with_keys(text, "[prices]", &dated);
    with_keys(&text, "[prices.regions]", &priced)
}

/// The text with these keys in a section, each in its own line after the section's header.
fn with_keys(text: &str, header: &str, keys: &BTreeMap<String, String>) -> String {
    let of_key = |line: &str| {
        let (key, _) = line.split_once('=')?;
        let key = key.trim().trim_matches('"');
        keys.contains_key(key).then_some(())
    };
    let added = || keys.iter().map(|(key, value)| format!("{key} = {value}\n"));
    let mut written = String::new();
    let mut inside = false;
    let mut seen = false;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with('[') {
            inside = line.trim() == header;
            written.push_str(line);
            if inside {
                seen = true;
                written.extend(added());
            }
        } else if !(inside && of_key(line).is_some()) {
            written.push_str(line);
        }
    }
    if !seen {
        if !written.is_empty() {
            written.push('\n');
        }
        written.push_str(&format!("{header}\n"));
        written.extend(added());
    }
    written
}

/// Whether both texts are settings that differ in these prices and their day at most.
fn same_but_for_prices(before: &str, after: &str, day: Date, prices: &BTreeMap<Region, RegionPrices>) -> bool {
    let controls = known();
    let (Ok(mut before), Ok(mut after)) = (Settings::parse(before, &controls), Settings::parse(after, &controls))
    else {
        return false;
    };
    before.prices.as_of = Some(day);
    let default = cost::Prices::default();
    for (region, prices) in prices {
        let known = default.regions.get(region).copied().unwrap_or_default();
        before.prices.regions.insert(region.clone(), prices.or(known));
    }
    before.version.clear();
    after.version.clear();
    before == after
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../postern.toml");

    fn day() -> Date {
        jiff::civil::date(2026, 11, 29)
    }

    fn found(price: f64) -> BTreeMap<Region, RegionPrices> {
        let prices = RegionPrices {
            interface_endpoint_zone_hour: Some(price),
            interface_endpoint_gigabyte: Some(0.01),
            nat_gateway_gigabyte: None,
        };
        BTreeMap::from([("eu-central-1".into(), prices)])
    }

    #[test]
    fn price_of_nat_gateways_that_could_not_be_looked_up_stays() {
        let mut prices = found(0.012);
        keep_nat_gateways(
            "prices.regions.eu-central-1 = { nat_gateway_gigabyte = 0.052 }",
            &mut prices,
        );
        assert_eq!(
            section("", day(), &prices).lines().last(),
            Some(
                "eu-central-1 = { interface_endpoint_zone_hour = 0.012, interface_endpoint_gigabyte = 0.01, \
                 nat_gateway_gigabyte = 0.052 }"
            )
        );
    }

    #[test]
    fn prices_are_written_into_the_shipped_settings_and_nothing_else_is_changed() {
        let once = section(SHIPPED, day(), &found(0.011));
        assert!(same_but_for_prices(SHIPPED, &once, day(), &found(0.011)), "{once}");
        let again = section(&once, day(), &found(0.012));
        assert!(same_but_for_prices(SHIPPED, &again, day(), &found(0.012)), "{again}");
        // Comments stay, and a price is replaced.
        assert_eq!(again.lines().count(), SHIPPED.lines().count() + 2);
        assert_eq!(again.matches("\neu-central-1 = ").count(), 1);
    }

    #[test]
    fn settings_without_prices_get_the_sections() {
        assert_eq!(
            section("[modes]\ndefault = \"audit\"\n", day(), &found(0.012)),
            "[modes]\ndefault = \"audit\"\n\n[prices]\nas_of = 2026-11-29\n\n[prices.regions]\neu-central-1 = { \
             interface_endpoint_zone_hour = 0.012, interface_endpoint_gigabyte = 0.01 }\n"
        );
    }

    #[test]
    fn layout_that_cannot_be_edited_is_noticed() {
        let inline = "prices.regions = { eu-central-1 = 0.01 }\n";
        let edited = section(inline, day(), &found(0.012));
        assert!(!same_but_for_prices(inline, &edited, day(), &found(0.012)), "{edited}");
    }
}
