//! What a power cut leaves of a folder, and killing a program at a chosen point.
//!
//! A small C library (`shim/shadow.c`) is preloaded into the program under test. It keeps an image of the folder in
//! which only fsynced content is; after a kill, [`Shadow::cut_power`] puts the image in the folder's place. The
//! model of what is durable stands at the top of the C file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Error, shim};

const SOURCE: &str = include_str!("../shim/shadow.c");

/// Follows one folder of one program.
#[derive(Debug)]
pub struct Shadow {
    library: PathBuf,
    folder: PathBuf,
    image: PathBuf,
    trigger: PathBuf,
}

/// Where a program can be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// An fsync or fdatasync of changed data.
    Sync,
    /// The start of another process.
    Spawn,
}

/// A point at which a program is killed: before or after the n-th event of a kind, counted from 1 once it is armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Just before it.
    Before(Event, u64),
    /// As soon as it is done, before the program learns of it.
    After(Event, u64),
}

impl Shadow {
    /// Prepares to follow `folder`, which is made if it does not exist. `scratch` is a folder of the caller's, not
    /// within it, for the library and the image.
    pub fn new(folder: &Path, scratch: &Path) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(Error::io(format!("creating {}", folder.display())))?;
        fs::create_dir_all(scratch).map_err(Error::io(format!("creating {}", scratch.display())))?;
        let folder = real(folder)?;
        let scratch = real(scratch)?;
        let shadow = Shadow {
            library: shim::compile("shadow", SOURCE, &scratch)?,
            image: scratch.join("image"),
            trigger: scratch.join("trigger"),
            folder,
        };
        Ok(shadow)
    }

    /// Makes the program that `command` starts keep the image. What is in the folder now counts as durable.
    pub fn follow(&self, command: &mut Command) -> Result<(), Error> {
        self.disarm()?;
        remove(&self.image)?;
        copy(&self.folder, &self.image)?;
        command
            .env("LD_PRELOAD", &self.library)
            .env("INTENDANT_SHADOW_OF", &self.folder)
            .env("INTENDANT_SHADOW_TO", &self.image)
            .env("INTENDANT_SHADOW_TRIGGER", &self.trigger);
        Ok(())
    }

    /// Kills the program at this point from now on. Once for each start of the program.
    pub fn arm(&self, point: Point) -> Result<(), Error> {
        let (side, event, nth) = match point {
            Point::Before(event, nth) => ("before", event, nth),
            Point::After(event, nth) => ("after", event, nth),
        };
        let event = match event {
            Event::Sync => "sync",
            Event::Spawn => "spawn",
        };
        // Renamed into place: the program must not read half of it.
        let draft = self.trigger.with_extension("draft");
        let write = || {
            fs::write(&draft, format!("{side} {event} {nth}\n"))?;
            fs::rename(&draft, &self.trigger)
        };
        write().map_err(Error::io(format!("writing {}", self.trigger.display())))
    }

    /// Takes back what was armed.
    pub fn disarm(&self) -> Result<(), Error> {
        remove(&self.trigger)
    }

    /// What would be left of a file of the folder; `None` = nothing.
    pub fn durable(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.image.join(name)).ok()
    }

    /// Puts the image in the place of the folder. The program must be dead.
    pub fn cut_power(&self) -> Result<(), Error> {
        remove(&self.folder)?;
        fs::rename(&self.image, &self.folder)
            .map_err(Error::io(format!("putting the image in the place of {}", self.folder.display())))
    }
}

fn real(path: &Path) -> Result<PathBuf, Error> {
    path.canonicalize().map_err(Error::io(format!("resolving {}", path.display())))
}

fn remove(path: &Path) -> Result<(), Error> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io(format!("removing {}", path.display()))(error))
        }
        _ => Ok(()),
    }
}

/// Copies a folder with the modes of what is in it. SQLite's shared memory is no part of an image; nor are sockets.
fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let what = || format!("copying {}", from.display());
    fs::create_dir(to).map_err(Error::io(what()))?;
    fs::set_permissions(to, fs::metadata(from).map_err(Error::io(what()))?.permissions())
        .map_err(Error::io(what()))?;
    for entry in fs::read_dir(from).map_err(Error::io(what()))? {
        let entry = entry.map_err(Error::io(what()))?;
        let kind = entry.file_type().map_err(Error::io(what()))?;
        let name = entry.file_name();
        if kind.is_dir() {
            copy(&entry.path(), &to.join(name))?;
        } else if kind.is_file() && !name.to_string_lossy().ends_with("-shm") {
            fs::copy(entry.path(), to.join(name)).map_err(Error::io(what()))?;
        }
    }
    Ok(())
}
