//! Values that are not plain text: numbers, instants, and networks.

use std::net::IpAddr;

pub(crate) fn number(text: &str) -> Option<f64> {
    let sound = !text.is_empty()
        && text
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    text.parse().ok().filter(|value: &f64| sound && value.is_finite())
}

/// Seconds since 1970 of an ISO 8601 instant such as `2026-11-23T00:00:00Z` or of an epoch number.
pub(crate) fn instant(text: &str) -> Option<i64> {
    if !text.is_empty()
        && text
            .strip_prefix('-')
            .unwrap_or(text)
            .bytes()
            .all(|b| b.is_ascii_digit())
        && text.len() != 4
    {
        return text.parse().ok();
    }
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.splitn(3, '-');
    let year = digits(parts.next()?, 4)?;
    let month = parts.next().map_or(Some(1), |m| digits(m, 2))?;
    let day = parts.next().map_or(Some(1), |d| digits(d, 2))?;
    let longest = match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if day < 1 || day > longest {
        return None;
    }
    let seconds = time.map_or(Some(0), time_of_day)?;
    Some(days_since_1970(year, month, day) * 86_400 + seconds)
}

fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Seconds since midnight UTC of `hh:mm[:ss[.fff]](Z|±hh:mm)`.
fn time_of_day(text: &str) -> Option<i64> {
    let (clock, zone) = match text.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None => {
            let at = text.rfind(['+', '-'])?;
            let (clock, zone) = (text.get(..at)?, text.get(at + 1..)?);
            let (hours, minutes) = zone
                .split_once(':')
                .or_else(|| Some((zone.get(..2)?, zone.get(2..)?)))?;
            let offset = digits(hours, 2)? * 3_600 + digits(minutes, 2)? * 60;
            (
                clock,
                if text.get(at..)?.starts_with('-') {
                    -offset
                } else {
                    offset
                },
            )
        }
    };
    let mut parts = clock.splitn(3, ':');
    let hours = digits(parts.next()?, 2).filter(|h| *h < 24)?;
    let minutes = digits(parts.next()?, 2).filter(|m| *m < 60)?;
    let seconds = match parts.next() {
        None => 0,
        Some(text) => {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
            if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            digits(whole, 2).filter(|s| *s < 61)?
        }
    };
    Some(hours * 3_600 + minutes * 60 + seconds - zone)
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// `YYYY-MM-DDThh:mm:ssZ` of seconds since 1970.
pub(crate) fn iso(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400) + 719_468, seconds.rem_euclid(86_400));
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hours, minutes, seconds) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}Z")
}

/// A range of addresses of one family, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) v6: bool,
    pub(crate) first: u128,
    pub(crate) last: u128,
}

impl Network {
    /// `10.0.0.0/8`, `2001:db8::/32` or one address.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let (v6, bits) = address_bits(address)?;
        let width: u32 = if v6 { 128 } else { 32 };
        let prefix = match prefix {
            Some(p) if !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()) => {
                p.parse::<u32>().ok().filter(|p| *p <= width)?
            }
            Some(_) => return None,
            None => width,
        };
        let host = 1u128.checked_shl(width - prefix).map_or(u128::MAX, |size| size - 1);
        Some(Self {
            v6,
            first: bits & !host,
            last: bits | host,
        })
    }

    pub(crate) fn contains(&self, address: &str) -> bool {
        Self::parse(address)
            .is_some_and(|other| other.v6 == self.v6 && self.first <= other.first && other.last <= self.last)
    }

    /// The text of one address.
    pub(crate) fn address(v6: bool, bits: u128) -> String {
        if v6 {
            IpAddr::V6(bits.into()).to_string()
        } else {
            IpAddr::V4(u32::try_from(bits).unwrap_or(u32::MAX).into()).to_string()
        }
    }
}

fn address_bits(text: &str) -> Option<(bool, u128)> {
    Some(match text.parse().ok()? {
        IpAddr::V4(address) => (false, u128::from(u32::from(address))),
        IpAddr::V6(address) => (true, address.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_in_the_forms_that_iam_takes() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-11-23T00:00:00Z", Some(1_795_392_000)),
            ("2026-11-23T01:30:00.5+01:30", Some(1_795_392_000)),
            ("2026-11-23", Some(1_795_392_000)),
            ("1795392000", Some(1_795_392_000)),
            ("2000-02-29T12:00:00Z", Some(951_825_600)),
            ("2026-02-29", None),
            ("2026-13-01", None),
            ("2026-11-23T24:00:00Z", None),
            ("2026-11-23T10:00:00", None),
            ("tomorrow", None),
            ("", None),
        ] {
            assert_eq!(instant(text), expected, "{text}");
        }
    }

    #[test]
    fn an_instant_survives_being_written() {
        for seconds in [0, 951_825_600, 1_795_392_000, -1, 253_402_300_799] {
            assert_eq!(instant(&iso(seconds)), Some(seconds));
        }
    }

    #[test]
    fn networks_hold_the_addresses_of_their_prefix_and_family() {
        let ten = Network::parse("10.1.2.3/8").unwrap();
        assert!(ten.contains("10.255.0.1") && !ten.contains("11.0.0.0") && !ten.contains("::1"));
        assert!(Network::parse("::/0").unwrap().contains("2001:db8::1"));
        assert!(Network::parse("10.0.0.1").unwrap().contains("10.0.0.1"));
        for text in ["10.0.0.0/33", "10.0.0", "10.0.0.0/", "10.0.0.0/+8", "x"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
