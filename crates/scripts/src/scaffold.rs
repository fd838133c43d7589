//! Makes the skeleton of a new backend, ready to be run.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::catalogue::{Defaults, load};
use crate::error::Error;

const CONFIG: &str = include_str!("scaffold/config.yml");

/// What a skeleton is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// A shell script.
    #[default]
    Sh,
    /// Python.
    Python,
    /// JavaScript, for Node.
    Node,
}

/// A skeleton.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skeleton {
    /// What it is written in.
    pub language: Language,
    /// Its process stays (`mode: worker`).
    pub worker: bool,
}

impl Skeleton {
    /// Names and texts of what lies in `bin`.
    fn files(self) -> Vec<(&'static str, &'static str)> {
        match self.language {
            Language::Sh if !self.worker => vec![("main.sh", include_str!("scaffold/main.sh"))],
            Language::Sh => vec![
                ("main.sh", include_str!("scaffold/worker.sh")),
                ("intendant.sh", include_str!("../../../examples/workers/intendant.sh")),
            ],
            Language::Python => vec![
                ("main.py", include_str!("scaffold/main.py")),
                ("intendant.py", include_str!("../../../examples/workers/intendant.py")),
            ],
            Language::Node => vec![
                ("main.js", include_str!("scaffold/main.js")),
                ("intendant.js", include_str!("../../../examples/workers/intendant.js")),
            ],
        }
    }

    /// The script that is to be filled in.
    pub(crate) fn script(self) -> &'static str {
        match self.language {
            Language::Sh => "main.sh",
            Language::Python => "main.py",
            Language::Node => "main.js",
        }
    }

    /// What `config.yml` says of a process that stays.
    fn mode(self) -> &'static str {
        match (self.worker, self.language) {
            (true, _) => {
                "# One process for each slot stays and is asked again and again.\nmode: worker\n\
                 #worker: {ready: 30s, jobs: 10000, memory: 512MiB, age: 1h, grace: 5s}\n\n"
            }
            (false, Language::Sh) => "",
            (false, _) => {
                "# The same script can stay and be asked again and again, which spares the start of its interpreter.\n\
                 #mode: worker\n\n"
            }
        }
    }
}

/// Makes `NNname` in a folder of backends, with the next free two-digit prefix, so that it runs after those that are
/// there. Returns its folder. Until it is complete, it is hidden, and no hub reads it.
pub fn scaffold(folder: &Path, name: &str, skeleton: Skeleton) -> Result<PathBuf, Error> {
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
    build(&draft, name, skeleton)
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

fn build(draft: &Path, name: &str, skeleton: Skeleton) -> io::Result<()> {
    fs::create_dir_all(draft.join("bin"))?;
    let config = CONFIG.replace("@NAME@", name).replace("@SCRIPT@", skeleton.script());
    write(&draft.join("config.yml"), 0o644, &config.replace("@MODE@\n", skeleton.mode()))?;
    skeleton.files().into_iter().try_for_each(|(file, text)| {
        let mode = if file == skeleton.script() { 0o755 } else { 0o644 };
        write(&draft.join("bin").join(file), mode, text)
    })
}

fn write(path: &Path, mode: u32, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())
}
