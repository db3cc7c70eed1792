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
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
