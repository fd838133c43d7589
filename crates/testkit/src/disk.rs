//! A disk that can be full: a small file system in memory. Whoever mounts one has to be root.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::packages::run;

/// What takes the room.
const FILLER: &str = "filler";
/// Bytes of the smallest part that is taken.
const PART: usize = 4096;

/// A disk on a folder. It is gone when dropped, also when the test fails.
#[derive(Debug)]
pub struct Disk(PathBuf);

impl Disk {
    /// One of so many MiB in the place of a folder.
    ///
    /// # Errors
    /// What `mount` said, as it does to whoever is not root.
    pub fn mount(folder: &Path, mebibytes: u32) -> Result<Disk, Error> {
        mount(&format!("size={mebibytes}m"), folder)?;
        Ok(Disk(folder.to_owned()))
    }

    /// Makes it larger or smaller, `size=40m`, or `ro` for one that cannot be written.
    ///
    /// # Errors
    /// What `mount` said.
    pub fn remount(&self, option: &str) -> Result<(), Error> {
        mount(&format!("remount,{option}"), &self.0)
    }

    /// Fills it to its last byte, but for so many.
    ///
    /// # Errors
    /// That the file that takes the room cannot be made.
    pub fn fill(&self, but: u64) -> Result<(), Error> {
        let filler = self.0.join(FILLER);
        let fill = || {
            let mut file = OpenOptions::new().create(true).append(true).open(&filler)?;
            let mut part = vec![0; 1 << 20];
            while part.len() >= PART {
                if file.write_all(&part).is_err() {
                    part.truncate(part.len() / 2);
                }
            }
            file.set_len(file.metadata()?.len().saturating_sub(but))
        };
        fill().map_err(Error::io(format!("filling {}", filler.display())))
    }

    /// Makes room again.
    ///
    /// # Errors
    /// That it was not filled.
    pub fn empty(&self) -> Result<(), Error> {
        let filler = self.0.join(FILLER);
        fs::remove_file(&filler).map_err(Error::io(format!("removing {}", filler.display())))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn mount(options: &str, folder: &Path) -> Result<(), Error> {
    let what = "mounting a small file system in memory, for which one has to be root,";
    run(what, Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder)).map(drop)
}
