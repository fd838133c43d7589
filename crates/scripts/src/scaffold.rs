//! Makes the skeleton of a new backend, ready to be run.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::catalogue::{Defaults, load};
use crate::error::Error;

const CONFIG: &str = include_str!("scaffold/config.yml");
const SCRIPT: &str = include_str!("scaffold/main.sh");

/// Makes `NNname` in a folder of backends, with the next free two-digit prefix, so that it runs after those that are
/// there. Returns its folder. Until it is complete, it is hidden, and no hub reads it.
pub fn scaffold(folder: &Path, name: &str) -> Result<PathBuf, Error> {
    let sound = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    if !sound {
        return Err(Error::BadName(name.to_owned()));
    }
    if let Some(other) = load(folder, &Defaults::default()).backends.iter().find(|b| b.name() == name) {
        return Err(Error::NameTaken { name: name.to_owned(), folder: other.folder().to_owned() });
    }
    let prefix = next_prefix(folder).ok_or_else(|| Error::NoPrefixLeft(folder.to_owned()))?;
    let home = folder.join(format!("{prefix:02}{name}"));
    let draft = folder.join(format!(".{prefix:02}{name}.new"));
    build(&draft, name)
        .and_then(|()| fs::rename(&draft, &home))
        .map_err(|source| Error::Write { path: home.clone(), source })?;
    Ok(home)
}

/// The one after the highest that is used; when that is 99, the lowest that is free.
fn next_prefix(folder: &Path) -> Option<u32> {
    let used: Vec<u32> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| prefix_of(&entry.ok()?.file_name()))
        .collect();
    match used.iter().max() {
        None => Some(10),
        Some(highest) if *highest < 99 => Some(highest + 1),
        Some(_) => (0..100).find(|prefix| !used.contains(prefix)),
    }
}

fn prefix_of(name: &OsStr) -> Option<u32> {
    let digits = name.to_str()?.trim_start_matches('.').get(..2)?;
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

fn build(draft: &Path, name: &str) -> io::Result<()> {
    fs::create_dir_all(draft.join("bin"))?;
    write(&draft.join("config.yml"), 0o644, &CONFIG.replace("@NAME@", name))?;
    write(&draft.join("bin/main.sh"), 0o755, SCRIPT)
}

fn write(path: &Path, mode: u32, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())
}
