//! Packages of Python, each kept to the versions of a list.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::packages::{Need, need, require, run};
use crate::{Error, cache};

/// The programs.
pub(crate) const NEEDS: &[Need] = &[PYTHON, PIP];
pub(crate) const PYTHON: Need = need("python3", "python3");
pub(crate) const PIP: Need = need("pip3", "python3-pip");

/// Puts the packages of a list into a folder of the user's cache, once for each state of the list, and says where.
pub(crate) fn install(name: &str, requirements: &str) -> Result<PathBuf, Error> {
    cache::filled(name, [requirements], |folder| {
        let list = folder.join("requirements.txt");
        fs::write(&list, requirements).map_err(Error::io("writing the requirements"))?;
        let mut pip = Command::new(require(PIP)?);
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--upgrade", "--target"]).arg(folder);
        run("pip install", pip.arg("-r").arg(&list)).map(drop)
    })
}
