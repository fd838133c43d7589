//! The folder of uploads. It is the only truth about what is there: what stands in memory was read from it, or written to
//! it before.
//!
//! ```text
//! tickets/SECONDS-ID     a ticket that was used, until nobody can show it any more
//! sets/SET/set.json      whose set it is, and who may use it
//! sets/SET/FILE.json     what was said of a file
//! sets/SET/FILE.part     what there is of it
//! sets/SET/FILE.at       so many of these bytes are surely on the disk
//! sets/SET/FILE          the file, once it is complete
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::set::{FileDocument, SetDocument, State};

/// The folder of all uploads.
#[derive(Clone, Debug)]
pub(super) struct Store {
    sets: PathBuf,
    tickets: PathBuf,
}

/// A set as it lies there.
pub(super) struct Found {
    pub(super) id: String,
    pub(super) document: SetDocument,
    /// Files in their order, each with the bytes that are surely there.
    pub(super) files: Vec<(String, FileDocument, u64)>,
}

/// Where a file of a set lies, in whatever state.
#[derive(Clone, Debug)]
pub(super) struct Place {
    folder: PathBuf,
    id: String,
}

impl Store {
    /// Makes the folder where it is not there.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let store = Store { sets: folder.join("sets"), tickets: folder.join("tickets") };
        for folder in [&store.sets, &store.tickets] {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        Ok(store)
    }

    /// All sets. What cannot be read is told and left alone.
    pub(super) fn load(&self) -> io::Result<Vec<Found>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.sets)? {
            let name = entry?.file_name();
            let Some(id) = name.to_str() else { continue };
            match self.load_set(id) {
                Ok(set) => found.push(set),
                // Made, and never begun: the power was cut in between.
                Err(error) if error.kind() == ErrorKind::NotFound => drop(self.remove(id)),
                Err(error) => tracing::warn!(set = id, "an upload cannot be read and is left out: {error}"),
            }
        }
        Ok(found)
    }

    fn load_set(&self, id: &str) -> io::Result<Found> {
        let folder = self.folder(id);
        let mut document: SetDocument = read(&folder.join("set.json"))?;
        let mut files = Vec::new();
        for id in &document.order {
            let place = Place { folder: folder.clone(), id: id.clone() };
            match read::<FileDocument>(&place.document()) {
                Ok(file) => {
                    let offset = place.recover(&file)?;
                    files.push((id.clone(), file, offset));
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        document.order.retain(|id| files.iter().any(|(found, ..)| found == id));
        Ok(Found { id: id.to_owned(), document, files })
    }

    /// Where a set lies.
    pub(super) fn folder(&self, set: &str) -> PathBuf {
        self.sets.join(set)
    }

    /// Where a file of a set lies.
    pub(super) fn place(&self, set: &str, file: &str) -> Place {
        Place { folder: self.folder(set), id: file.to_owned() }
    }

    /// Begins a set, or writes down how it is now.
    pub(super) fn keep(&self, set: &str, document: &SetDocument) -> io::Result<()> {
        let folder = self.folder(set);
        match fs::DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => {
                flush_folder(&self.sets)?;
                // A folder without a document is no set.
                write(&folder.join("set.json"), document).inspect_err(|_| drop(fs::remove_dir(&folder)))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                write(&folder.join("set.json"), document)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes a set with all that is in it. Its document goes first: what is left after a crash is no set.
    pub(super) fn remove(&self, set: &str) -> io::Result<()> {
        let folder = self.folder(set);
        absent(fs::remove_file(folder.join("set.json")))?;
        absent(fs::remove_dir_all(&folder))?;
        flush_folder(&self.sets)
    }

    /// The mark of a ticket that was used.
    pub(super) fn mark(id: &str, expires_at: Timestamp) -> String {
        format!("{}-{id}", expires_at.as_second())
    }

    /// Uses a ticket; `false` = it was used before.
    pub(super) fn use_ticket(&self, mark: &str) -> io::Result<bool> {
        match OpenOptions::new().write(true).create_new(true).open(self.tickets.join(mark)) {
            Ok(mark) => {
                mark.sync_all()?;
                flush_folder(&self.tickets)?;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The marks of tickets that nobody can show any more, if it is as late as that.
    pub(super) fn old_tickets(&self, now: Timestamp) -> io::Result<Vec<String>> {
        let mut old = Vec::new();
        for entry in fs::read_dir(&self.tickets)? {
            let Ok(mark) = entry?.file_name().into_string() else { continue };
            let second = mark.split_once('-').and_then(|(second, _)| second.parse::<i64>().ok());
            if second.is_none_or(|second| second < now.as_second()) {
                old.push(mark);
            }
        }
        Ok(old)
    }

    /// Forgets that a ticket was used.
    pub(super) fn forget_ticket(&self, mark: &str) -> io::Result<()> {
        absent(fs::remove_file(self.tickets.join(mark)))
    }

    /// Bytes that are free on the disk.
    pub(super) fn free(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(&self.sets)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

impl Place {
    /// The document.
    pub(super) fn document(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.id))
    }

    /// What there is of the file.
    pub(super) fn part(&self) -> PathBuf {
        self.folder.join(format!("{}.part", self.id))
    }

    /// The file, complete.
    pub(super) fn whole(&self) -> PathBuf {
        self.folder.join(&self.id)
    }

    fn at(&self) -> PathBuf {
        self.folder.join(format!("{}.at", self.id))
    }

    /// Begins a file, of which nothing is there; or leaves nothing of it.
    pub(super) fn begin(&self, document: &FileDocument) -> io::Result<()> {
        let part = private().create_new(true).open(self.part())?;
        let begun = part.sync_all().and_then(|()| write(&self.document(), document));
        begun.inspect_err(|_| drop(self.remove()))
    }

    /// Writes down how the file is now.
    pub(super) fn keep(&self, document: &FileDocument) -> io::Result<()> {
        write(&self.document(), document)
    }

    /// Opens what there is, with exactly so many bytes, to write on.
    pub(super) fn open(&self, offset: u64) -> io::Result<Opened> {
        let part = private().read(true).open(self.part())?;
        if part.metadata()?.len() != offset {
            part.set_len(offset)?;
        }
        let at = private().create(true).truncate(false).open(self.at())?;
        Ok(Opened { part, at })
    }

    /// Makes the complete file of what there is.
    pub(super) fn complete(&self, document: &FileDocument) -> io::Result<()> {
        fs::rename(self.part(), self.whole())?;
        flush_folder(&self.folder)?;
        write(&self.document(), document)?;
        absent(fs::remove_file(self.at()))
    }

    /// Removes all but the document.
    pub(super) fn empty(&self) -> io::Result<()> {
        for path in [self.part(), self.at(), self.whole()] {
            absent(fs::remove_file(path))?;
        }
        Ok(())
    }

    /// Removes all of it.
    pub(super) fn remove(&self) -> io::Result<()> {
        absent(fs::remove_file(self.document()))?;
        self.empty()?;
        flush_folder(&self.folder)
    }

    /// How many bytes are surely there, after whatever happened.
    fn recover(&self, file: &FileDocument) -> io::Result<u64> {
        match file.state {
            State::There { .. } => return Ok(file.size),
            State::Refused { .. } => {
                self.empty()?;
                return Ok(0);
            }
            State::Coming => {}
        }
        // It was complete, and that was not written down.
        if self.whole().exists() {
            fs::rename(self.whole(), self.part())?;
            return Ok(fs::metadata(self.part())?.len());
        }
        let length = fs::metadata(self.part())?.len();
        let mut number = [0; 8];
        let sure = match File::open(self.at()).and_then(|at| at.read_exact_at(&mut number, 0)) {
            Ok(()) => u64::from_le_bytes(number),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) => 0,
            Err(error) => return Err(error),
        };
        Ok(sure.min(length))
    }
}

/// A file that is being written.
pub(super) struct Opened {
    pub(super) part: File,
    at: File,
}

impl Opened {
    /// Makes what was written durable, and then the number of these bytes.
    pub(super) fn flush(&self, offset: u64) -> io::Result<()> {
        self.part.sync_data()?;
        self.at.write_all_at(&offset.to_le_bytes(), 0)?;
        self.at.sync_data()
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    serde_json::from_slice(&fs::read(path)?).map_err(io::Error::other)
}

/// Writes a document whole or not at all.
fn write(path: &Path, document: &impl Serialize) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    let new = path.with_extension("new");
    let written = serde_json::to_vec(document).map_err(io::Error::from).and_then(|document| {
        let mut file = private().create(true).truncate(true).open(&new)?;
        file.write_all(&document)?;
        file.sync_all()?;
        fs::rename(&new, path)
    });
    // What a full disk has of it is of no use to anybody.
    written.inspect_err(|_| drop(fs::remove_file(&new)))?;
    flush_folder(folder)
}

fn flush_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// That something is not there is what was wanted.
fn absent(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
