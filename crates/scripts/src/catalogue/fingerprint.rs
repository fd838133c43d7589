//! Whether anything of a backend is other than it was: its configuration, its scripts, and what these read beside them.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// So many files are looked at; a backend with more of them is told by these.
const MOST: usize = 4096;
/// Folders of a backend in which its files lie.
const FOLDERS: [&str; 3] = ["bin", "lib", "etc"];

/// Of the files as they are now.
pub(crate) fn fingerprint(folder: &Path, home: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    fs::read(folder.join("config.yml")).unwrap_or_default().hash(&mut hasher);
    let mut left = MOST;
    for name in FOLDERS {
        walk(&home.join(name), &mut left, &mut hasher);
    }
    hasher.finish()
}

/// A link counts as what it leads to; folders behind links are not looked into, so that there is an end.
fn walk(folder: &Path, left: &mut usize, hasher: &mut DefaultHasher) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut entries: Vec<_> =
        entries.filter(|entry| !is_by_product(entry.file_name().as_encoded_bytes())).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if *left == 0 {
            return;
        }
        *left -= 1;
        let path = entry.path();
        path.hash(hasher);
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&path, left, hasher);
        } else if let Ok(file) = fs::metadata(&path) {
            (file.ino(), file.size(), file.mtime(), file.mtime_nsec(), file.mode()).hash(hasher);
        }
    }
}

/// What interpreters leave beside scripts, and editors while they write.
fn is_by_product(name: &[u8]) -> bool {
    name.starts_with(b".") || name == b"__pycache__"
}
