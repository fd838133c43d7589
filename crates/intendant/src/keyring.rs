//! The key's file and those beside it: the next key while it is made, and older ones, which rows not yet sealed anew and
//! older backups need.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use journal::Key;

use crate::compose::journal_error;

/// Files of older keys end like this.
const OLD: &str = ".old";

/// The files of older keys beside this one, `KEY.NAME.old`, by name.
pub(crate) fn older(path: &Path) -> Vec<PathBuf> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let is_older = |other: &str| {
        other.strip_prefix(name).is_some_and(|rest| rest.starts_with('.') && rest.ends_with(OLD))
    };
    let entries = fs::read_dir(folder(path)).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_older))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// Puts a new key in the place of this one, which is kept beside it under a name of its own; returns that. The new one is
/// durable before it has the name, and at no moment is either of them without one.
pub(crate) fn exchange(path: &Path) -> Result<PathBuf> {
    let key = Key::load(path).map_err(journal_error)?;
    // A draft of a change that did not come to its end is as good as a new one.
    let draft = beside(path, ".new");
    Key::load_or_create(&draft).map_err(journal_error)?;
    let owner = fs::metadata(path)?;
    let drafted = fs::metadata(&draft)?;
    if (owner.uid(), owner.gid()) != (drafted.uid(), drafted.gid()) {
        chown(&draft, Some(owner.uid()), Some(owner.gid()))
            .with_context(|| format!("giving {} to the owner of {}", draft.display(), path.display()))?;
    }
    let kept = beside(path, &format!(".{}{OLD}", key.name()));
    match fs::hard_link(path, &kept) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if Key::load(&kept).map_err(journal_error)? != key {
                return Err(anyhow!("{} is in the way: move it", kept.display()));
            }
        }
        Err(error) => return Err(error).with_context(|| format!("keeping the key as {}", kept.display())),
    }
    sync(path)?;
    fs::rename(&draft, path).with_context(|| format!("putting the new key in {}", path.display()))?;
    sync(path)?;
    Ok(kept)
}

fn sync(path: &Path) -> Result<()> {
    let folder = folder(path);
    fs::File::open(folder).and_then(|f| f.sync_all()).with_context(|| format!("syncing {}", folder.display()))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn beside(path: &Path, more: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(more);
    name.into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]
mod tests {
    use super::*;

    #[test]
    fn the_old_key_is_kept_and_the_new_one_is_in_its_place() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("intendant.key");
        let first = Key::load_or_create(&path).unwrap();
        let kept = exchange(&path).unwrap();
        let second = Key::load(&path).unwrap();
        assert!(first != second);
        assert!(Key::load(&kept).unwrap() == first);
        // One that came as far as the draft, or as far as keeping the old one, goes on with it.
        let drafted = Key::load_or_create(&beside(&path, ".new")).unwrap();
        fs::hard_link(&path, beside(&path, &format!(".{}{OLD}", second.name()))).unwrap();
        exchange(&path).unwrap();
        assert!(Key::load(&path).unwrap() == drafted);
        let older = older(&path);
        assert_eq!(older.len(), 2, "{older:?}");
        assert!(older.iter().all(|path| Key::load(path).is_ok_and(|key| key == first || key == second)));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 3, "no draft is left");
    }
}
