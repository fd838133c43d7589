//! The marker beside the key: it says which journal is in which data folder, so that one that went missing (a folder that
//! was removed, a file system that is not mounted) is not begun anew in silence. It never lies in the data folder itself.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use uuid::Uuid;

use crate::compose::journal_error;
use crate::exit::misuse;

/// Its name.
const FILE: &str = "intendant.journals";
const HEAD: &str = "\
# Which journal is in which data folder. The hub does not start without it and begins none anew in its place,
# unless it is told to: `intendant serve --new-journal`, once, or without the line of that folder.
";

/// The marker.
#[derive(Clone, Debug)]
pub struct Marker {
    path: PathBuf,
}

impl Marker {
    /// The one in the first of these folders that is not the data folder.
    pub fn new(folders: impl IntoIterator<Item = PathBuf>, data: &Path) -> Option<Self> {
        let data = whole(data);
        let outside = |folder: &PathBuf| !whole(folder).starts_with(&data);
        folders.into_iter().find(outside).map(|folder| Marker { path: folder.join(FILE) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The journal that was in this folder.
    pub fn known(&self, folder: &Path) -> Result<Option<Uuid>> {
        let folder = whole(folder);
        Ok(self.read()?.into_iter().find(|(_, there)| *there == folder).map(|(id, _)| id))
    }

    /// Says which journal has to be in this folder; fails when it is not there. `None` = a new one may be begun.
    pub fn expected(&self, folder: &Path) -> Result<Option<Uuid>> {
        if let Some(id) = self.known(folder)? {
            self.require(id, folder)?;
            return Ok(Some(id));
        }
        let here = journal::identify(folder).map_err(journal_error)?;
        for (id, other) in self.read()? {
            if here == Some(id) {
                // It was moved here.
                return Ok(here);
            }
            if here.is_none() {
                self.require(id, &other)?;
                tracing::warn!(
                    "a new journal is begun in {}; the one that was in use is in {} and stays there",
                    folder.display(),
                    other.display()
                );
            }
        }
        Ok(None)
    }

    /// Refuses to begin a journal anew where it is still in its place.
    pub fn begin_anew(&self, folder: &Path) -> Result<()> {
        let known = self.known(folder)?;
        if known.is_some() && journal::identify(folder).map_err(journal_error)? == known {
            let folder = folder.display();
            return Err(misuse(format!(
                "the journal is in {folder}, where it was: leave out --new-journal, or move it away before"
            )));
        }
        Ok(())
    }

    fn require(&self, id: Uuid, folder: &Path) -> Result<()> {
        let (shown, marker) = (folder.display(), self.path.display());
        let anew = format!("start once with `--new-journal`, or remove its line from {marker}");
        match journal::identify(folder).map_err(journal_error)? {
            Some(found) if found == id => Ok(()),
            Some(found) => Err(misuse(format!(
                "in {shown} there is another journal, {found}, than the one that was there, {id}: put that one back; \
                 to go on with the other one on purpose, {anew}"
            ))),
            None => Err(misuse(format!(
                "the journal {id} was in {shown} and is not there any more, so that nothing is begun in its place: \
                 mount or put back the folder, or restore a backup; to begin anew on purpose, without what was in it, {anew}"
            ))),
        }
    }

    /// Notes that this journal is in this folder. Durable when it returns.
    pub fn note(&self, folder: &Path, id: Uuid) -> Result<()> {
        let folder = whole(folder);
        let mut journals = self.read()?;
        if journals.contains(&(id, folder.clone())) {
            return Ok(());
        }
        journals.retain(|(other, there)| *other != id && *there != folder);
        journals.push((id, folder));
        let mut text = HEAD.to_owned();
        for (id, folder) in journals {
            writeln!(text, "{id} {}", folder.display())?;
        }
        self.write(&text).with_context(|| format!("writing {}", self.path.display()))
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let draft = self.path.with_extension("journals.new");
        match put(&draft, text, true).and_then(|()| fs::rename(&draft, &self.path)) {
            Ok(()) => File::open(folder)?.sync_all(),
            // Only the file itself may be ours to write.
            Err(error) => put(&self.path, text, false).map_err(|_| error),
        }
    }

    fn read(&self) -> Result<Vec<(Uuid, PathBuf)>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(|| format!("reading {}", self.path.display())),
        };
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines
            .map(|line| {
                let read =
                    line.split_once(' ').and_then(|(id, folder)| Some((id.parse().ok()?, folder.into())));
                let path = self.path.display();
                read.ok_or_else(|| {
                    misuse(format!("{path}: `{line}` is not an id and a folder: remove the line"))
                })
            })
            .collect()
    }
}

fn put(path: &Path, text: &str, make: bool) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(make).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn whole(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;

    #[test]
    fn it_is_never_in_the_data_folder() {
        let marker = |folders: &[&str]| {
            Marker::new(folders.iter().map(PathBuf::from), Path::new("/var/lib/intendant"))
                .map(|marker| marker.path().to_owned())
        };
        assert_eq!(marker(&["/etc/intendant"]), Some("/etc/intendant/intendant.journals".into()));
        assert_eq!(marker(&["/var/lib/intendant/keys", "/etc"]), Some("/etc/intendant.journals".into()));
        assert_eq!(marker(&["/var/lib/intendant"]), None);
    }

    #[test]
    fn each_folder_has_one_journal_and_each_journal_one_folder() {
        let home = tempfile::tempdir().unwrap();
        let marker = Marker::new([home.path().join("etc")], Path::new("/data")).unwrap();
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(marker.known(Path::new("/data")).unwrap(), None);
        marker.note(Path::new("/data"), a).unwrap();
        marker.note(Path::new("/with space"), b).unwrap();
        assert_eq!(marker.known(Path::new("/data")).unwrap(), Some(a));
        assert_eq!(marker.known(Path::new("/with space")).unwrap(), Some(b));
        marker.note(Path::new("/moved"), a).unwrap();
        assert_eq!(marker.known(Path::new("/data")).unwrap(), None);
        marker.note(Path::new("/moved"), b).unwrap();
        assert_eq!(marker.known(Path::new("/moved")).unwrap(), Some(b));
        fs::write(marker.path(), "nonsense").unwrap();
        assert!(marker.known(Path::new("/data")).unwrap_err().to_string().contains("nonsense"));
    }
}
