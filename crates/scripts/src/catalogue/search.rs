//! Finds the backends of a folder, and the configuration files that are not where the hub looks for them.

use std::ffi::OsStr;
use std::fs::{self, FileType};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::problem::{Problem, Severity};

/// How deep lost configuration files are looked for.
const DEPTH: usize = 4;

/// The folder that is used, and the other one where both spellings exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Where backends are read from.
    pub used: PathBuf,
    /// Exists too, and is not read.
    pub passed_over: Option<PathBuf>,
}

/// Chooses between the original's two spellings, `backends` and `backend`, below a directory such as
/// `/var/lib/sesame-daemon`: the first, unless only the second exists.
pub fn choose_folder(home: &Path) -> Folder {
    let (plural, singular) = (home.join("backends"), home.join("backend"));
    match (plural.is_dir(), singular.is_dir()) {
        (true, true) => Folder { used: plural, passed_over: Some(singular) },
        (false, true) => Folder { used: singular, passed_over: None },
        (_, false) => Folder { used: plural, passed_over: None },
    }
}

/// What a folder holds.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The configuration files of backends, in the order in which those run.
    pub(crate) backends: Vec<PathBuf>,
    pub(crate) problems: Vec<Problem>,
}

/// Looks through a folder of backends: each direct child folder with a `config.yml` is one, in byte order of names.
pub(crate) fn search(root: &Path) -> Found {
    let mut found = Found::in_folder(root);
    for entry in entries(root) {
        found.take(&entry);
    }
    found
}

impl Found {
    /// Nothing yet, and whether the folder is there at all.
    pub(super) fn in_folder(root: &Path) -> Found {
        let mut found = Found::default();
        match fs::read_dir(root) {
            Err(error) if error.kind() == ErrorKind::NotFound => found.error(
                root,
                "the folder of backends does not exist",
                "create it, or correct its path in the configuration",
            ),
            Err(error) => {
                let what = format!("the folder of backends cannot be read: {error}");
                found.error(root, what, "let the hub's user read it");
            }
            Ok(_) => {}
        }
        found
    }

    fn take(&mut self, entry: &Entry) {
        let Entry { path, kind } = entry;
        if kind.is_file() {
            if looks_like_config(path) {
                let remedy = "move it into a folder of its own, such as 10mybackend/config.yml";
                self.warning(path, "it lies beside the backends, and is not read", remedy);
            }
            return;
        }
        let has_config = path.join("config.yml").symlink_metadata().is_ok();
        if is_hidden(path) {
            if kind.is_dir() && has_config {
                self.warning(path, "a hidden folder is no backend", "rename it without the dot to use it");
            }
        } else if kind.is_symlink() {
            if has_config {
                let remedy = "make it a real folder; the files in its bin and lib may be links";
                self.warning(path, "a link to a folder is no backend", remedy);
            }
        } else if kind.is_dir() {
            self.take_folder(path, has_config);
        }
    }

    fn take_folder(&mut self, path: &Path, has_config: bool) {
        let before = self.problems.len();
        self.look_for_lost(path, 0);
        if has_config {
            self.backends.push(path.join("config.yml"));
        } else if self.problems.len() == before {
            self.warning(
                path,
                "it has no config.yml, so it is no backend",
                "write one, or remove the folder",
            );
        }
    }

    /// Files that an administrator may take for a backend's configuration, in the wrong place or misnamed.
    fn look_for_lost(&mut self, folder: &Path, depth: usize) {
        for Entry { path, kind } in entries(folder) {
            if kind.is_dir() && depth < DEPTH {
                self.look_for_lost(&path, depth + 1);
            } else if !kind.is_dir() && depth > 0 && path.file_name() == Some(OsStr::new("config.yml")) {
                self.warning(
                    &path,
                    "it lies too deep to be a backend's, and is not read",
                    "put each backend directly into the folder of backends",
                );
            } else if !kind.is_dir()
                && depth == 0
                && looks_like_config(&path)
                && path.file_name() != Some(OsStr::new("config.yml"))
            {
                self.warning(
                    &path,
                    "only a file called config.yml is read",
                    "rename it to config.yml, or remove it",
                );
            }
        }
    }

    fn error(&mut self, file: &Path, what: impl Into<String>, remedy: &str) {
        self.problems.push(problem(file, Severity::Error, what.into(), remedy));
    }

    pub(super) fn warning(&mut self, file: &Path, what: &str, remedy: &str) {
        self.problems.push(problem(file, Severity::Warning, what.to_owned(), remedy));
    }
}

fn problem(file: &Path, severity: Severity, what: String, remedy: &str) -> Problem {
    Problem { file: file.to_owned(), line: None, severity, what, remedy: remedy.to_owned() }
}

/// `config.yml`, and what is likely to be meant as one: the original also reads `myconfig.yml`.
fn looks_like_config(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    name.ends_with("config.yml") || name.ends_with("config.yaml")
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_bytes().starts_with(b"."))
}

pub(super) struct Entry {
    pub(super) path: PathBuf,
    pub(super) kind: FileType,
}

/// The entries of a folder in byte order of their names; none of one that cannot be read.
pub(super) fn entries(folder: &Path) -> Vec<Entry> {
    let mut entries: Vec<Entry> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some(Entry { path: entry.path(), kind: entry.file_type().ok()? })
        })
        .collect();
    entries.sort_by(|a, b| a.path.as_os_str().as_bytes().cmp(b.path.as_os_str().as_bytes()));
    entries
}
