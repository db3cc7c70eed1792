//! The start of a period.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A time, or an age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    Time(Timestamp),
    Ago(SignedDuration),
}

impl Since {
    pub fn time(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Time(time) => time,
            Self::Ago(duration) => now.checked_sub(duration).unwrap_or(Timestamp::MIN),
        }
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => time.fmt(f),
            Self::Ago(age) => write!(f, "{}m", age.as_mins()),
        }
    }
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(Self::Time(time));
        }
        if let Some(time) = text.parse::<Date>().ok().and_then(start) {
            return Ok(Self::Time(time));
        }
        ago(text).map(Self::Ago).ok_or_else(|| {
            "expected a time such as 2026-11-23T06:00:00Z, a day such as 2026-11-23, or an age such as 90m, 24h or 7d"
                .to_owned()
        })
    }
}

fn start(day: Date) -> Option<Timestamp> {
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn ago(text: &str) -> Option<SignedDuration> {
    let at = text.find(|c: char| !c.is_ascii_digit())?;
    let (count, unit) = text.split_at_checked(at)?;
    let minutes = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        _ => return None,
    };
    let seconds = count.parse::<i64>().ok()?.checked_mul(minutes * 60)?;
    Some(SignedDuration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_day_and_age_are_accepted() {
        let now: Timestamp = "2026-11-23T06:00:00Z".parse().unwrap();
        let cases = [
            ("2026-11-22T06:00:00Z", "2026-11-22T06:00:00Z"),
            ("2026-11-22T08:00:00+02:00", "2026-11-22T06:00:00Z"),
            ("2026-11-22", "2026-11-22T00:00:00Z"),
            ("90m", "2026-11-23T04:30:00Z"),
            ("24h", "2026-11-22T06:00:00Z"),
            ("7d", "2026-11-16T06:00:00Z"),
        ];
        for (text, time) in cases {
            let since: Since = text.parse().unwrap();
            assert_eq!(since.time(now).to_string(), time, "{text}");
        }
        let long: Since = "9999999d".parse().unwrap();
        assert_eq!(long.time(now), Timestamp::MIN);
    }

    #[test]
    fn any_other_text_is_refused() {
        for text in [
            "",
            "h",
            "7",
            "7w",
            "-7d",
            "7 d",
            "yesterday",
            "2026-13-01",
            "99999999999999999999d",
            "9223372036854775807d",
        ] {
            assert!(text.parse::<Since>().unwrap_err().contains("24h or 7d"), "{text}");
        }
    }
}
