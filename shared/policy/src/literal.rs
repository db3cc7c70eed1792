//! Values that are not plain text: numbers, instants, and networks.

use std::net::IpAddr;

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

mod number;

pub(crate) use number::{Number, around};

/// A date of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    value: i64,
    /// Whether it was written as a number so large that milliseconds may be meant. AWS documents epoch time as the
    /// number of seconds since 1970, and not what larger numbers do.
    pub(crate) ambiguous: bool,
}

/// Numbers from here on, in the year 5138, are more probably milliseconds.
const MOST_SECONDS: i64 = 100_000_000_000;

impl Date {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let value = instant(text)?;
        let ambiguous = is_whole(text) && !(-MOST_SECONDS..MOST_SECONDS).contains(&value);
        Some(Self { value, ambiguous })
    }

    /// In milliseconds since 1970.
    pub(crate) fn milliseconds(self, ambiguous_is_milliseconds: bool) -> i128 {
        let unit = if self.ambiguous && ambiguous_is_milliseconds {
            1
        } else {
            1_000
        };
        i128::from(self.value) * unit
    }
}

/// Milliseconds since 1970 of an instant of a request.
pub(crate) fn milliseconds(text: &str) -> Option<i128> {
    Some(i128::from(instant(text)?) * 1_000)
}

/// The first and the last second of the years with four digits. Requests come between them.
pub(crate) const FIRST_SECOND: i64 = -62_167_219_200;
pub(crate) const LAST_SECOND: i64 = 253_402_300_799;

/// Seconds since 1970 of an ISO 8601 instant such as `2026-11-23T00:00:00Z`, in the forms of
/// <https://www.w3.org/TR/NOTE-datetime>, or of an epoch number. Numbers too large stand for the largest.
pub(crate) fn instant(text: &str) -> Option<i64> {
    if let Some(second) = whole_second(text) {
        return Some(second);
    }
    if text.len() != 4 && is_whole(text) {
        let most = if text.starts_with('-') { i64::MIN } else { i64::MAX };
        return Some(text.parse().unwrap_or(most));
    }
    let (date, time) = text.split_once('T').unwrap_or((text, MIDNIGHT));
    let rest = match date.len() {
        4 => "-01-01",
        7 => "-01",
        10 => "",
        _ => return None,
    };
    let plain = date.bytes().all(|b| b.is_ascii_digit() || b == b'-') && !date.starts_with('-');
    let clock =
        time.as_bytes().get(2) == Some(&b':') && time.bytes().all(|b| b.is_ascii_digit() || b"+-:.Z".contains(&b));
    let full = format!("{date}{rest}T{time}");
    if let Ok(read) = full.parse::<Timestamp>() {
        return (plain && clock).then(|| read.as_second());
    }
    // The last hours of the year 9999 are none of a timestamp, and policies name them for "always".
    let last = full.strip_suffix('Z').filter(|text| text.starts_with("9999-"))?;
    let since = last.parse::<DateTime>().ok().filter(|_| plain && clock)?;
    Some(since.duration_since(EPOCH).as_secs())
}

/// The same for the form that requests have, `2026-11-23T00:00:00Z`, which is read many times in an analysis.
fn whole_second(text: &str) -> Option<i64> {
    const FORM: &[u8; 20] = b"0000-00-00T00:00:00Z";
    let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
    let fits = |(byte, form): (&u8, &u8)| {
        if *form == b'0' {
            byte.is_ascii_digit()
        } else {
            byte == form
        }
    };
    if !bytes.iter().zip(FORM).all(fits) {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i8>().ok();
    let year = text.get(..4)?.parse().ok()?;
    let (month, day) = (number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let read = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    Some(read.duration_since(EPOCH).as_secs())
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

const MIDNIGHT: &str = "00:00:00Z";

/// Whether the text is a whole number in decimal digits.
fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// `YYYY-MM-DDThh:mm:ssZ` of seconds since 1970, or the seconds where a year of four digits is too short for them.
pub(crate) fn iso(seconds: i64) -> String {
    match EPOCH.checked_add(SignedDuration::from_secs(seconds)) {
        Ok(instant) if seconds >= FIRST_SECOND => format!("{instant}Z"),
        _ => seconds.to_string(),
    }
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
            ("2000-02-28T23:59:59Z", Some(951_782_399)),
            ("2000-03-01T00:00:00Z", Some(951_868_800)),
            ("1900-03-01T00:00:00Z", Some(-2_203_891_200)),
            ("0001-01-01T00:00:00Z", Some(-62_135_596_800)),
            ("2026-13-01T00:00:00Z", None),
            ("2026-02-30T00:00:00Z", None),
            ("9999-12-31T23:59:59Z", Some(LAST_SECOND)),
            ("9999-12-31", Some(253_402_214_400)),
            ("9999-12-32T00:00:00Z", None),
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
    fn instant_survives_being_written() {
        for seconds in [0, 951_825_600, 1_795_392_000, -1, FIRST_SECOND, LAST_SECOND] {
            let written = iso(seconds);
            assert_eq!(instant(&written), Some(seconds), "{written}");
            assert!(written.len() == 20 && written.ends_with('Z'), "{written}");
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
