//! Clients of Google's Directory API that others wrote, Python's and Node's, each driven by a small program, and the
//! description of that API that comes with the former.

use std::path::PathBuf;
use std::process::Command;

use crate::npm::{self, NODE};
use crate::packages::{Need, require, run};
use crate::{Error, pip};

/// The programs they are made of.
pub fn needs() -> impl Iterator<Item = &'static Need> {
    pip::NEEDS.iter().chain(npm::NEEDS)
}

const REQUIREMENTS: &str = include_str!("../python/directory.txt");
const FILES: [(&str, &str); 3] = [
    ("package.json", include_str!("../directory/package.json")),
    ("package-lock.json", include_str!("../directory/package-lock.json")),
    ("driver.js", include_str!("../directory/driver.js")),
];
const PYTHON_DRIVER: &str = include_str!("../directory/driver.py");
/// Where the description lies among the packages.
const DESCRIPTION: &str = "googleapiclient/discovery_cache/documents/admin.directory_v1.json";

/// A client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Python's `google-api-python-client`.
    Python,
    /// Node's `@googleapis/admin`.
    Node,
}

/// Puts the packages of both into folders of the user's cache, once for each state of their lists.
///
/// # Errors
/// [`Error::Missing`] without Python or Node; otherwise what pip or npm said as they failed.
pub fn install() -> Result<(), Error> {
    python()?;
    node().map(drop)
}

/// The file in which Google describes its API.
///
/// # Errors
/// As [`install`].
pub fn description() -> Result<PathBuf, Error> {
    Ok(python()?.join(DESCRIPTION))
}

impl Client {
    /// Leads an account through its life at `url`, with a token: it is made, read, changed, given aliases, listed with
    /// others a page at a time, deleted and brought back; then somebody is asked for who is not there. What came of each
    /// is what is printed, as JSON.
    ///
    /// # Errors
    /// As [`install`]; otherwise what the client said as it failed.
    pub fn lead(self, url: &str, token: &str) -> Result<String, Error> {
        let mut command = match self {
            Client::Python => {
                let folder = python()?;
                let mut python = Command::new(require(pip::PYTHON)?);
                python.env("PYTHONPATH", &folder).args(["-c", PYTHON_DRIVER]).arg(folder.join(DESCRIPTION));
                python
            }
            Client::Node => {
                let mut command = Command::new(require(NODE)?);
                command.arg(node()?.join("driver.js"));
                command
            }
        };
        run("a client of the directory", command.arg(url).arg(token))
    }
}

fn python() -> Result<PathBuf, Error> {
    pip::install("directory-python", REQUIREMENTS)
}

fn node() -> Result<PathBuf, Error> {
    npm::install("directory-node", &FILES)
}
