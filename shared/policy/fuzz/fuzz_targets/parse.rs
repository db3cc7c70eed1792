//! Any text is a document, or is refused with at least one place that is wrong.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern_policy::Document;

fuzz_target!(|text: &str| {
    if let Err(error) = Document::parse(text) {
        assert!(!error.problems.is_empty());
    }
});
