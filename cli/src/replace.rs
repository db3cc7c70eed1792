//! A file replaced as a whole: readers see the old text or the new one, whatever happens.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Gives a file a new text and leaves its permissions, its owner where that is possible, and links to it as they are.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    // A file that must not be written must not be replaced either.
    let old = File::options().write(true).open(&path)?.metadata()?;
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut new = tempfile::Builder::new().prefix(".postern-").tempfile_in(directory)?;
    new.write_all(text.as_bytes())?;
    keep_owner(new.as_file(), &old);
    new.as_file().set_permissions(old.permissions())?;
    new.as_file().sync_all()?;
    new.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

/// Only the superuser can, and only the superuser needs to.
#[cfg(unix)]
fn keep_owner(new: &File, old: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    drop(fchown(new, Some(old.uid()), Some(old.gid())));
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &fs::Metadata) {}
