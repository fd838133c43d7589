//! The copy of the tree in which promises are broken, and its tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use testkit::packages::tail;

use super::patch::Test;
use crate::workspace::{cargo, files, shown, target};

/// A copy of the tree with a target folder of its own, both kept from one run to the next, so that little is built.
pub(crate) struct TreeCopy {
    from: PathBuf,
    tree: PathBuf,
    target: PathBuf,
}

/// How a test went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Green,
    Red,
}

/// The exit code of the test runner when tests ran and some failed.
const TESTS_FAILED: i32 = 100;

impl TreeCopy {
    /// Brings the copy up to date. Files that did not change keep their times.
    pub(crate) fn make(from: &Path) -> Result<TreeCopy> {
        let folder = target()?.join("sabotage");
        let copy =
            TreeCopy { from: from.to_path_buf(), tree: folder.join("tree"), target: folder.join("target") };
        let wanted = files()?;
        for file in &wanted {
            copy.restore(file)?;
        }
        remove_others(&copy.tree, &copy.tree, &wanted)?;
        Ok(copy)
    }

    /// A file's content.
    pub(crate) fn read(&self, file: &str) -> Result<String> {
        fs::read_to_string(self.tree.join(file)).with_context(|| format!("cannot read {file}"))
    }

    /// Gives a file new content.
    pub(crate) fn write(&self, file: &str, text: &str) -> Result<()> {
        fs::write(self.tree.join(file), text).with_context(|| format!("cannot write the copy of {file}"))
    }

    /// Gives a file the content it has in the tree.
    pub(crate) fn restore(&self, file: &str) -> Result<()> {
        let (original, copy) = (self.from.join(file), self.tree.join(file));
        let text = fs::read(&original).with_context(|| format!("cannot read {file}"))?;
        if fs::read(&copy).is_ok_and(|there| there == text) {
            return Ok(());
        }
        let folder = copy.parent().context("a file has a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        // With its mode: scripts are executable.
        fs::copy(&original, &copy).with_context(|| format!("cannot write the copy of {file}"))?;
        Ok(())
    }

    /// Builds a test, which must succeed, and runs it.
    pub(crate) fn run(&self, test: &Test) -> Result<Verdict> {
        let command = |more: &[&str]| {
            let mut command = cargo(&["nextest", "run", "--locked", "--package", &test.package]);
            if let Some(features) = &test.features {
                command.args(["--features", features]);
            }
            command.args(more).current_dir(&self.tree).env("CARGO_TARGET_DIR", &self.target);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
            command
        };
        let mut build = command(&["--no-run"]);
        let built = build.output().context("cannot run cargo nextest")?;
        if !built.status.success() {
            bail!("{} failed:\n{}", shown(&build), tail(&built.stderr));
        }
        let filter = format!("test(/(^|::){}$/)", test.name);
        let mut run = command(&["--no-tests", "fail", "-E", &filter]);
        let ran = run.output().context("cannot run cargo nextest")?;
        match ran.status.code() {
            Some(0) => Ok(Verdict::Green),
            Some(TESTS_FAILED) => Ok(Verdict::Red),
            _ => {
                bail!("{} did not come to a verdict:\n{}", shown(&run), tail(&ran.stderr))
            }
        }
    }
}

/// Removes what an earlier tree had and this one has not.
fn remove_others(folder: &Path, tree: &Path, wanted: &[String]) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            remove_others(&path, tree, wanted)?;
        } else if !wanted.iter().any(|file| tree.join(file) == path) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}
