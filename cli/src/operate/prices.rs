//! `prices`: looks up what interface endpoints cost, and writes it into the settings.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use postern_aws::Aws;
use postern_core::controls::known;
use postern_core::model::id::Region;
use postern_core::settings::Settings;

use super::{CommandError, Prices, say};
use crate::access::AccessError;
use crate::output::Status;
use crate::{input, replace};

/// The settings that are changed where no file is named.
const SETTINGS_FILE: &str = "postern.toml";

/// Prints the prices of Regions as a section of a `postern.toml`, or writes them into one.
///
/// # Errors
/// If a price cannot be looked up, or the file cannot be read or written.
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
    let mut found = BTreeMap::new();
    for region in regions {
        let price = aws.interface_endpoint_price(&region).await;
        let price = price.map_err(|source| CommandError::Price(region.clone(), source))?;
        found.insert(region, price);
    }
    let (Some(file), Some(before)) = (file, before) else {
        for line in section("", day, &found).lines() {
            say(out, line)?;
        }
        return Ok(Status::Fine);
    };
    let after = section(&before, day, &found);
    let named = || file.display().to_string();
    // Whatever the layout of the file is, nothing else may be changed by an edit of its text.
    if !same_but_for_prices(&before, &after, day, &found) {
        return Err(CommandError::SettingsLayout(named()));
    }
    replace::replace(file, &after)?;
    for (region, price) in &found {
        say(out, &format!("{}: {region} = {price}, as of {day}", named()))?;
    }
    Ok(Status::Fine)
}

/// The text with these prices in its sections `[prices]` and `[prices.regions]`, which are added where it lacks them.
fn section(text: &str, day: Date, prices: &BTreeMap<Region, f64>) -> String {
    let priced: BTreeMap<String, String> = prices.iter().map(|(r, p)| (r.to_string(), p.to_string())).collect();
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
fn same_but_for_prices(before: &str, after: &str, day: Date, prices: &BTreeMap<Region, f64>) -> bool {
    let controls = known();
    let (Ok(mut before), Ok(mut after)) = (Settings::parse(before, &controls), Settings::parse(after, &controls))
    else {
        return false;
    };
    before.prices.as_of = Some(day);
    before
        .prices
        .regions
        .extend(prices.iter().map(|(region, price)| (region.clone(), *price)));
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

    fn found(price: f64) -> BTreeMap<Region, f64> {
        BTreeMap::from([("eu-central-1".into(), price)])
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
            "[modes]\ndefault = \"audit\"\n\n[prices]\nas_of = 2026-11-29\n\n[prices.regions]\neu-central-1 = 0.012\n"
        );
    }

    #[test]
    fn layout_that_cannot_be_edited_is_noticed() {
        let inline = "prices.regions = { eu-central-1 = 0.01 }\n";
        let edited = section(inline, day(), &found(0.012));
        assert!(!same_but_for_prices(inline, &edited, day(), &found(0.012)), "{edited}");
    }
}
