//! Packages of Node, each kept to the versions of a lock file.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::packages::{Need, need, require, run};
use crate::{Error, cache};

/// The programs.
pub(crate) const NEEDS: &[Need] = &[NODE, NPM];
pub(crate) const NODE: Need = need("node", "nodejs");
pub(crate) const NPM: Need = need("npm", "npm");

/// Puts files, and the packages that they name, into a folder of the user's cache, once for each state of the files,
/// and says where.
pub(crate) fn install(name: &str, files: &[(&str, &str)]) -> Result<PathBuf, Error> {
    cache::filled(name, files.iter().map(|(_, text)| *text), |folder| {
        for (name, text) in files {
            fs::write(folder.join(name), text).map_err(Error::io(format!("writing {name}")))?;
        }
        let mut npm = Command::new(require(NPM)?);
        // Not `npm ci`: it wants the optional packages of every platform, which a mirror may not have.
        npm.args(["install", "--no-save", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"]);
        run("npm install", npm.current_dir(folder)).map(drop)
    })
}
