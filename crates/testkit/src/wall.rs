//! A wall clock that a test can set, for one program. libfaketime cannot be used: it takes memory before an allocator that
//! asks for the time is ready, and both wait for each other.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Error, shim};

const SOURCE: &str = include_str!("../shim/wall.c");

/// The wall clock of programs that are started with it. Clocks that only grow go on as they are.
#[derive(Debug)]
pub struct Wall {
    library: PathBuf,
    path: PathBuf,
    file: File,
}

impl Wall {
    /// A clock that is right. `scratch` is a folder of the caller's that outlives the programs.
    pub fn new(scratch: &Path) -> Result<Self, Error> {
        let path = scratch.join("wall");
        let file = File::create(&path).map_err(Error::io(format!("creating {}", path.display())))?;
        let wall = Wall { library: shim::compile("wall", SOURCE, scratch)?, path, file };
        wall.set_ahead(0)?;
        Ok(wall)
    }

    /// Lets the program that `command` starts go by it.
    pub fn follow(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env("INTENDANT_WALL", &self.path);
    }

    /// Puts it ahead by so many seconds, or behind.
    pub fn set_ahead(&self, seconds: i64) -> Result<(), Error> {
        let what = || format!("writing {}", self.path.display());
        self.file.write_all_at(&seconds.to_ne_bytes(), 0).map_err(Error::io(what()))
    }
}
