//! The maintenance window of interrupting changes.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

use super::Modes;

/// Hours of some weekdays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaintenanceWindow {
    /// Days from Monday, 1, to Sunday, 7, on which it begins.
    pub weekdays: BTreeSet<i8>,
    pub from: Time,
    /// On the next day where it is not after `from`.
    pub to: Time,
    pub time_zone: TimeZone,
}

impl MaintenanceWindow {
    pub fn contains(&self, now: Timestamp) -> bool {
        let local = now.to_zoned(self.time_zone.clone());
        let time = local.time();
        let begins = |weekday: Weekday| self.weekdays.contains(&weekday.to_monday_one_offset());
        let (today, yesterday) = (begins(local.weekday()), begins(local.weekday().previous()));
        match self.from < self.to {
            true => today && self.from <= time && time < self.to,
            false => today && self.from <= time || yesterday && time < self.to,
        }
    }
}

/// Such as `sat, sun 02:00 to 05:00 Europe/Berlin`.
impl fmt::Display for MaintenanceWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self
            .weekdays
            .iter()
            .filter_map(|day| Weekday::from_monday_one_offset(*day).ok());
        let days: Vec<_> = days.map(word).collect();
        let zone = self.time_zone.iana_name().unwrap_or("UTC");
        let [from, to] = [self.from, self.to].map(|time| time.strftime("%H:%M").to_string());
        write!(f, "{} {from} to {to} {zone}", days.join(", "))
    }
}

/// As in the settings.
pub(super) fn word(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "mon",
        Weekday::Tuesday => "tue",
        Weekday::Wednesday => "wed",
        Weekday::Thursday => "thu",
        Weekday::Friday => "fri",
        Weekday::Saturday => "sat",
        Weekday::Sunday => "sun",
    }
}

impl Modes {
    /// Why interrupting changes are not made at this time. None where they may be.
    pub fn outside_window(&self, now: Timestamp) -> Option<String> {
        let window = self.window.as_ref().filter(|window| !window.contains(now))?;
        Some(format!(
            "the change interrupts, and the maintenance window (modes.interrupting.window) is {window}; the first run \
             within it makes the change"
        ))
    }
}

#[cfg(test)]
mod tests {
    use crate::controls::known;
    use crate::settings::Settings;

    fn contains(window: &str, now: &str) -> bool {
        let settings = Settings::parse(&format!("[modes.interrupting]\nwindow = {{ {window} }}\n"), &known()).unwrap();
        settings.modes.outside_window(now.parse().unwrap()).is_none()
    }

    #[test]
    fn window_holds_on_its_weekdays_between_its_times() {
        let window = "weekdays = ['sat', 'sun'], from = '02:00', to = '05:00'";
        for (now, expected) in [
            ("2026-11-28T01:59:59Z", false),
            ("2026-11-28T02:00:00Z", true),
            ("2026-11-29T04:59:59Z", true),
            ("2026-11-29T05:00:00Z", false),
            ("2026-11-30T03:00:00Z", false),
        ] {
            assert_eq!(contains(window, now), expected, "{now}");
        }
    }

    #[test]
    fn window_over_midnight_ends_on_the_day_after_its_weekday() {
        let window = "weekdays = ['fri'], from = '22:00', to = '03:00'";
        for (now, expected) in [
            ("2026-11-27T02:00:00Z", false),
            ("2026-11-27T22:00:00Z", true),
            ("2026-11-28T02:59:00Z", true),
            ("2026-11-28T03:00:00Z", false),
            ("2026-11-28T22:30:00Z", false),
        ] {
            assert_eq!(contains(window, now), expected, "{now}");
        }
    }

    #[test]
    fn window_follows_the_summer_time_of_its_zone() {
        let window = "weekdays = ['sun'], from = '02:00', to = '04:00', time_zone = 'Europe/Berlin'";
        assert!(contains(window, "2026-11-29T01:30:00Z") && !contains(window, "2026-11-29T03:00:00Z"));
        assert!(contains(window, "2026-07-05T00:30:00Z") && !contains(window, "2026-07-05T02:00:00Z"));
    }
}
