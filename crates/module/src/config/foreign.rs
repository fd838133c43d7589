//! Files that say what the hub does, and belong to somebody else.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::Result;
use rustix::process::geteuid;

use crate::exit::misuse;

/// The configuration decides which programs run. One that somebody else can write is not read: it may lie in whatever
/// folder the command was called from.
pub fn refuse_foreign(file: &Path) -> Result<()> {
    let Ok(found) = fs::metadata(file) else { return Ok(()) };
    if found.mode() & 0o002 != 0 {
        let path = file.display();
        return Err(misuse(format!(
            "{path}: anyone on this machine may change it, so it is not read; run `chmod o-w {path}`"
        )));
    }
    if found.uid() != 0 && found.uid() != geteuid().as_raw() {
        return Err(misuse(format!(
            "{}: it belongs to user {}, so it is not read; chown it, or name another file with --config",
            file.display(),
            found.uid()
        )));
    }
    Ok(())
}
