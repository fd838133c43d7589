//! Finds backends as the original does: at any depth, hidden folders included, in the order of whole paths.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::search::{Entry, Found, entries};

/// Deeper than any folder that people make; it bounds the time that a reload takes.
const DEPTH: usize = 32;

/// Looks through a folder of backends. Links to folders are not followed, which is said of none: installers make them.
pub(crate) fn crawl(root: &Path) -> Found {
    let mut found = Found::in_folder(root);
    look(root, 0, &mut found);
    // By code units, as JavaScript sorts.
    found.backends.sort_by_cached_key(|path| path.to_string_lossy().encode_utf16().collect::<Vec<u16>>());
    found
}

fn look(folder: &Path, depth: usize, found: &mut Found) {
    for Entry { path, kind } in entries(folder) {
        if kind.is_dir() && depth < DEPTH {
            look(&path, depth + 1, found);
        } else if kind.is_dir() {
            found.warning(&path, "it lies too deep to be looked into", "move backends further up");
        } else if is_config(&path) {
            found.backends.push(path);
        }
    }
}

/// `config.yml`, and whatever ends so: the original reads `myconfig.yml` too.
fn is_config(path: &Path) -> bool {
    path.as_os_str().as_bytes().ends_with(b"config.yml")
}
