//! Schemathesis: asks an API everything that its description allows, and much that it does not, and compares the
//! answers with what was promised.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::Error;
use crate::packages::{Need, need, require, run};

/// The programs it is made of.
pub const NEEDS: &[Need] = &[PYTHON, PIP];
const PYTHON: Need = need("python3", "python3");
const PIP: Need = need("pip3", "python3-pip");
const REQUIREMENTS: &str = include_str!("../python/requirements.txt");

/// Puts it into a folder of the user's cache, once for each state of the requirements, and says where.
///
/// # Errors
/// [`Error::Missing`] without Python; otherwise what pip said as it failed.
pub fn install() -> Result<PathBuf, Error> {
    let cache = crate::cache::folder()?;
    let folder = cache.join(format!("schemathesis-{:016x}", crate::cache::fingerprint([REQUIREMENTS])));
    let path = cache.join("schemathesis.lock");
    let lock = File::create(&path).map_err(Error::io(format!("creating {}", path.display())))?;
    lock.lock().map_err(Error::io("locking the cache of packages"))?;
    if folder.join("done").exists() {
        return Ok(folder);
    }
    fs::create_dir_all(&folder).map_err(Error::io("making a folder"))?;
    let list = folder.join("requirements.txt");
    fs::write(&list, REQUIREMENTS).map_err(Error::io("writing the requirements"))?;
    let mut pip = Command::new(require(PIP)?);
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--upgrade", "--target"]).arg(&folder);
    run("pip install", pip.arg("-r").arg(&list))?;
    fs::write(folder.join("done"), "").map_err(Error::io("noting that the packages are there"))?;
    Ok(folder)
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
    let mut command = Command::new(require(PYTHON)?);
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
