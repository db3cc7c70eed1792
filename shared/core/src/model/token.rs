//! Deterministic tokens.

use sha2::{Digest, Sha256};

/// The token of a request: 64 characters of ASCII, the longest that EC2 accepts.
pub fn client_token<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // The length keeps `ab` + `c` apart from `a` + `bc`.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize())
}

/// Two lower-case digits for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_two_lower_case_digits_each() {
        assert_eq!(hex(&[0, 9, 10, 0xab, 0xff]), "00090aabff");
    }

    #[test]
    fn parts_are_told_apart() {
        let [one, other] = [["ab", "c"], ["a", "bc"]].map(client_token);
        assert_eq!(one.len(), 64);
        assert_ne!(one, other);
    }
}
