//! Directories that are gone when nobody needs them any more.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use crate::error::{Result, While};

/// A directory for temporary files, removed with everything in it on drop.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("postern-{}-{count}", process::id()));
        fs::create_dir_all(&path).while_doing(format_args!("creating `{}`", path.display()))?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn write(&self, name: &str, content: &str) -> Result<()> {
        let path = self.0.join(name);
        fs::write(&path, content).while_doing(format_args!("writing `{}`", path.display()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing depends on it, and there is nobody to tell.
        let _ = fs::remove_dir_all(&self.0);
    }
}
