//! Files and standard input, as text.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use postern_aws::chain;
use postern_policy::{Document, ParseError, Problem};

/// Larger files are not read to their end. A policy has at most 20,480 characters.
const MOST_BYTES: u64 = 8 << 20;

/// The first bytes of a gzip file (<https://www.rfc-editor.org/rfc/rfc1952#page-6>), such as CloudTrail writes to S3.
const GZIP: &[u8] = &[0x1f, 0x8b];

const STANDARD_INPUT: &str = "-";

#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error("`{name}` cannot be read")]
    Unreadable {
        name: String,
        #[source]
        source: io::Error,
    },
    #[error("`{name}` is a directory; name the files in it")]
    Directory { name: String },
    #[error("`{name}` is larger than 8 MiB, which no valid input is")]
    TooLarge { name: String },
    #[error("`{name}` is compressed; decompress it first, such as with `gunzip -c {name} | postern … -`")]
    Compressed { name: String },
    #[error("`{name}` is not UTF-8 text (line {line}, byte {byte} of it)")]
    NotText { name: String, line: usize, byte: usize },
}

pub(crate) fn is_standard_input(path: &Path) -> bool {
    path == Path::new(STANDARD_INPUT)
}

/// The whole text of a file, or of standard input for `-`.
pub(crate) fn text(path: &Path) -> Result<String, InputError> {
    let name = path.display().to_string();
    let bytes = match bytes(path) {
        Ok(bytes) => bytes,
        Err(_) if path.is_dir() => return Err(InputError::Directory { name }),
        Err(source) => return Err(InputError::Unreadable { name, source }),
    };
    if bytes.len() as u64 > MOST_BYTES {
        return Err(InputError::TooLarge { name });
    }
    if bytes.starts_with(GZIP) {
        return Err(InputError::Compressed { name });
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error
            .as_bytes()
            .get(..error.utf8_error().valid_up_to())
            .unwrap_or_default();
        InputError::NotText {
            name,
            line: good.iter().filter(|byte| **byte == b'\n').count() + 1,
            byte: good.iter().rev().take_while(|byte| **byte != b'\n').count() + 1,
        }
    })
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if is_standard_input(path) {
        io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Why there is nothing to judge.
#[derive(Debug)]
pub(crate) enum Unjudged {
    /// There is no JSON document.
    NoJson(String),
    /// There is one that is not understood as a policy.
    NoPolicy(Vec<Problem>),
}

/// Reads a policy document.
pub(crate) fn policy(path: &Path) -> Result<Document, Unjudged> {
    let text = text(path).map_err(|error| Unjudged::NoJson(chain(&error)))?;
    Document::parse(&text).map_err(|ParseError { problems }| match problems.as_slice() {
        [problem] if problem.path.is_empty() => Unjudged::NoJson(format!("`{}` {problem}", path.display())),
        _ => Unjudged::NoPolicy(problems),
    })
}
