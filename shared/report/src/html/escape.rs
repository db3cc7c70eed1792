//! Text as HTML shows it, and hashes by which a page admits its own code.

use sha2::{Digest, Sha256};

/// Safe between tags and in quoted attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// The same, with what stands between backticks as code. A backtick without a second one stays.
pub(super) fn marked(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        let Some((code, after)) = after.split_once('`') else {
            break;
        };
        safe.push_str(&escaped(before));
        safe.push_str("<code>");
        safe.push_str(&escaped(code));
        safe.push_str("</code>");
        rest = after;
    }
    safe + &escaped(rest)
}

/// As a Content-Security-Policy has it (<https://www.w3.org/TR/CSP3/#grammardef-hash-source>).
pub(super) fn csp_hash(code: &str) -> String {
    format!("'sha256-{}'", base64(&Sha256::digest(code.as_bytes())))
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = (bits >> (18 - 6 * at)) & 63;
            let digit = DIGITS.get(digit as usize).copied().unwrap_or(b'A');
            text.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_padding() {
        let texts = ["", "a", "as", "ask", "asks"].map(|text| base64(text.as_bytes()));
        assert_eq!(texts, ["", "YQ==", "YXM=", "YXNr", "YXNrcw=="]);
    }

    #[test]
    fn markup_becomes_text() {
        assert_eq!(escaped("<a b='\"&"), "&lt;a b=&#39;&quot;&amp;");
    }

    #[test]
    fn pairs_of_backticks_become_code_and_markup_between_them_stays_text() {
        assert_eq!(
            marked("`<b>` can `c` & `d"),
            "<code>&lt;b&gt;</code> can <code>c</code> &amp; `d"
        );
        assert_eq!(marked("no code"), "no code");
    }
}
