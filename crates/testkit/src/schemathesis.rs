//! Schemathesis: asks an API everything that its description allows, and much that it does not, and compares the
//! answers with what was promised.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::packages::{Need, require};
use crate::{Error, pip};

/// The programs it is made of.
pub const NEEDS: &[Need] = pip::NEEDS;
const REQUIREMENTS: &str = include_str!("../python/requirements.txt");

/// Puts it into a folder of the user's cache, once for each state of its list, and says where.
///
/// # Errors
/// [`Error::Missing`] without Python; otherwise what pip said as it failed.
pub fn install() -> Result<PathBuf, Error> {
    pip::install("schemathesis", REQUIREMENTS)
}

/// Asks the API at `url` for what `description` says, in the name of `token`, with so many examples of each kind.
///
/// # Errors
/// As [`install`]; also when it cannot be started. What it found is in the output.
pub fn ask(
    url: &str,
    description: &str,
    token: &str,
    examples: u32,
    without: &[&str],
) -> Result<Output, Error> {
    let folder = tempfile::tempdir().map_err(Error::io("making a folder"))?;
    let file = folder.path().join("openapi.json");
    fs::write(&file, description).map_err(Error::io("writing the description"))?;
    let mut command = Command::new(require(pip::PYTHON)?);
    command
        .env("PYTHONPATH", install()?)
        .current_dir(folder.path())
        .args(["-m", "schemathesis.cli", "run"])
        .arg(&file)
        .args(["--url", url, "--header", &format!("Authorization: Bearer {token}")])
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", &examples.to_string()])
        .args([
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        ])
        .args([
            "--continue-on-failure",
            "--request-timeout",
            "60",
            "--suppress-health-check",
            "all",
            "--seed",
            "1",
        ]);
    for path in without {
        command.args(["--exclude-path", path]);
    }
    command.output().map_err(Error::io("starting Schemathesis"))
}
