//! `cargo xtask tidy`: the habits of the house that no compiler knows.

mod circles;
mod floors;
mod keys;
mod names;
mod owners;
mod paths;
mod purity;
mod seam;
mod sizes;
mod words;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::licences;
use crate::workspace::{cargo, files, output_of, root};

/// A file of the tree, as the checks see it.
pub(crate) struct Source {
    /// Its path from the root, with slashes.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
}

impl Source {
    /// Whether it is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        PathBuf::from(&self.path).extension().is_some_and(|e| e == "rs")
    }
}

/// Runs every check and fails when one of them found something.
pub(crate) fn run() -> Result<()> {
    let sources = sources()?;
    let metadata = output_of(&mut cargo(&["metadata", "--no-deps", "--format-version", "1", "--locked"]))?;
    let packages = floors::packages(&metadata)?;
    let checks: [(&str, Vec<String>); 9] = [
        ("floors of the house", floors::check(&packages)),
        ("rooms within crates", circles::check(&sources)),
        ("names of modules", seam::check(&sources)),
        ("what only one may use", owners::check(&packages, &sources)),
        ("purity of the pure modules", purity::check(&sources)),
        ("paths named in ARCHITECTURE.md", paths::check(&sources)),
        ("keys of the configuration", keys::check(&sources)),
        ("words", words::check(&sources)),
        ("works of others", licences::check()?),
    ];
    println!("{}\n{}", sizes::report(&sources), circles::report(&sources));
    let mut found = 0;
    for (name, findings) in &checks {
        println!("{name}: {}", if findings.is_empty() { "fine" } else { "not fine" });
        for finding in findings {
            println!("  {finding}");
        }
        found += findings.len();
    }
    match found {
        0 => Ok(()),
        n => bail!("{n} findings: see above"),
    }
}

/// The text files of the tree.
fn sources() -> Result<Vec<Source>> {
    let root = root();
    let mut sources = Vec::new();
    for path in files()? {
        let bytes = fs::read(root.join(&path)).with_context(|| format!("cannot read {path}"))?;
        if let Ok(text) = String::from_utf8(bytes) {
            sources.push(Source { path, text });
        }
    }
    Ok(sources)
}

#[cfg(test)]
pub(crate) fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}
