//! The marker beside the key: it says which journal is in which data folder or database, so that one that went missing (a folder that
//! was removed, a file system that is not mounted) is not begun anew in silence. It never lies in the data folder itself.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use journal::Address;
use uuid::Uuid;

use crate::compose::journal_error;
use crate::exit::misuse;

/// Its name.
const FILE: &str = "intendant.journals";
const HEAD: &str = "\
# Which journal is in which data folder or database. The hub does not start without it and begins none anew in its place,
# unless it is told to: `intendant serve --new-journal`, once, or without the line of that place.
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

    /// The journal that was there.
    pub fn known(&self, at: &Address) -> Result<Option<Uuid>> {
        let place = place(at);
        Ok(self.read()?.into_iter().find(|(_, there)| *there == place).map(|(id, _)| id))
    }

    /// Says which journal has to be there; fails when it is not. `None` = a new one may be begun.
    pub fn expected(&self, at: &Address) -> Result<Option<Uuid>> {
        if let Some(id) = self.known(at)? {
            self.require(id, at)?;
            return Ok(Some(id));
        }
        let here = journal::identify(at.clone()).map_err(journal_error)?;
        for (id, other) in self.read()? {
            if here == Some(id) {
                // It was moved here.
                return Ok(here);
            }
            if here.is_none() {
                self.leave(id, &other, at)?;
            }
        }
        Ok(None)
    }

    /// Refuses to begin a journal anew where it is still in its place.
    pub fn begin_anew(&self, at: &Address) -> Result<()> {
        let known = self.known(at)?;
        if known.is_some() && journal::identify(at.clone()).map_err(journal_error)? == known {
            return Err(misuse(format!(
                "the journal is in {at}, where it was: leave out --new-journal, or move it away before"
            )));
        }
        Ok(())
    }

    /// Whether a new one may be begun here beside that of another place: between folders, when that one is where it was.
    fn leave(&self, id: Uuid, other: &str, at: &Address) -> Result<()> {
        if is_server(other) || is_server(&place(at)) {
            return Err(misuse(format!(
                "the journal that was in use, {id}, is in {other}, and there is none in {at}: \
                 `intendant journal move --from {other} --to {at}` carries it over; to begin a new one there on purpose, {}",
                self.anew()
            )));
        }
        self.require(id, &Address::from(Path::new(other)))?;
        tracing::warn!(
            "a new journal is begun in {at}; the one that was in use is in {other} and stays there"
        );
        Ok(())
    }

    fn anew(&self) -> String {
        format!("start once with `--new-journal`, or remove its line from {}", self.path.display())
    }

    fn require(&self, id: Uuid, at: &Address) -> Result<()> {
        let anew = self.anew();
        match journal::identify(at.clone()).map_err(journal_error)? {
            Some(found) if found == id => Ok(()),
            Some(found) => Err(misuse(format!(
                "in {at} there is another journal, {found}, than the one that was there, {id}: put that one back; \
                 to go on with the other one on purpose, {anew}"
            ))),
            None => {
                let back = if is_server(&place(at)) {
                    "put back the database from its backup, or correct journal.url"
                } else {
                    "mount or put back the folder, or restore a backup"
                };
                Err(misuse(format!(
                    "the journal {id} was in {at} and is not there any more, so that nothing is begun in its place: \
                     {back}; to begin anew on purpose, without what was in it, {anew}"
                )))
            }
        }
    }

    /// Notes that this journal is there. Durable when it returns.
    pub fn note(&self, at: &Address, id: Uuid) -> Result<()> {
        let place = place(at);
        let mut journals = self.read()?;
        if journals.iter().any(|noted| *noted == (id, place.clone())) {
            return Ok(());
        }
        journals.retain(|(other, there)| *other != id && *there != place);
        journals.push((id, place));
        let mut text = HEAD.to_owned();
        for (id, place) in journals {
            writeln!(text, "{id} {place}")?;
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

    fn read(&self) -> Result<Vec<(Uuid, String)>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(|| format!("reading {}", self.path.display())),
        };
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines
            .map(|line| {
                let read = line
                    .split_once(' ')
                    .and_then(|(id, place)| Some((id.parse().ok()?, place.trim().to_owned())));
                let path = self.path.display();
                read.ok_or_else(|| {
                    misuse(format!("{path}: `{line}` is not an id and a folder: remove the line"))
                })
            })
            .collect()
    }
}

/// An address as it is noted: without what signs in.
fn place(at: &Address) -> String {
    match at.folder() {
        Some(folder) => whole(folder).display().to_string(),
        None => at.to_string(),
    }
}

/// Whether this is the place of a server.
fn is_server(place: &str) -> bool {
    place.starts_with("postgres://")
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
    fn each_place_has_one_journal_and_each_journal_one_place() {
        let home = tempfile::tempdir().unwrap();
        let marker = Marker::new([home.path().join("etc")], Path::new("/data")).unwrap();
        let at = |folder: &str| Address::from(Path::new(folder));
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(marker.known(&at("/data")).unwrap(), None);
        marker.note(&at("/data"), a).unwrap();
        marker.note(&at("/with space"), b).unwrap();
        assert_eq!(marker.known(&at("/data")).unwrap(), Some(a));
        assert_eq!(marker.known(&at("/with space")).unwrap(), Some(b));
        marker.note(&at("/moved"), a).unwrap();
        assert_eq!(marker.known(&at("/data")).unwrap(), None);
        marker.note(&at("/moved"), b).unwrap();
        assert_eq!(marker.known(&at("/moved")).unwrap(), Some(b));
        fs::write(marker.path(), "nonsense").unwrap();
        assert!(marker.known(&at("/data")).unwrap_err().to_string().contains("nonsense"));
    }

    #[test]
    fn none_is_begun_in_a_folder_while_it_is_in_a_database() {
        let home = tempfile::tempdir().unwrap();
        let marker = Marker::new([home.path().join("etc")], &home.path().join("data")).unwrap();
        let line = format!("{} postgres://db.example.org/intendant\n", Uuid::from_u128(1));
        fs::create_dir(home.path().join("etc")).unwrap();
        fs::write(marker.path(), line).unwrap();
        let refused = marker.expected(&Address::from(home.path().join("data"))).unwrap_err().to_string();
        assert!(refused.contains("--from postgres://db.example.org/intendant --to"), "{refused}");
        assert!(refused.contains("--new-journal"), "{refused}");
    }
}
