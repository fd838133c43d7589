//! What administrators write, and what they are told.

mod actions;
mod documented;
mod overridden;
mod places;
mod refused;
mod role;
mod values;

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Environment, Error, Loaded, Places, SectionKind, load};
use crate::assembly::Modules;

/// The sections of this program's modules.
fn kinds() -> Vec<SectionKind> {
    Modules::new(crate::modules::all()).sections()
}

/// A folder with an `intendant.yml` in it.
struct Site {
    folder: TempDir,
}

impl Site {
    fn new(text: &str) -> Self {
        let site = Site { folder: tempfile::tempdir().unwrap() };
        site.write("intendant.yml", text);
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn load(&self, variables: &[(&str, &str)]) -> Result<Loaded, Error> {
        load(Some(&self.path("intendant.yml")), &places(variables), &kinds(), None)
    }

    /// The message for a file that is refused, without the folder's name.
    fn refusal(&self, variables: &[(&str, &str)]) -> String {
        let folder = format!("{}/", self.folder.path().display());
        self.load(variables).unwrap_err().to_string().replace(&folder, "")
    }
}

/// The places of a user with a home and these variables.
fn places(variables: &[(&str, &str)]) -> Places {
    Places::new(environment(&[&[("HOME", "/home/alice")], variables].concat()), false)
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn loaded(text: &str) -> Loaded {
    Site::new(text).load(&[]).unwrap()
}

/// A file of this repository.
fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}
