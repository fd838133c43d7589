//! `cargo xtask licences`: whose work is in the program, for the page that says so.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::workspace::{cargo, output_of, root};

/// What the page is made from.
const FILE: &str = "crates/console/src/licences.txt";

/// What pages load, beside crates.
const OTHERS: &[(&str, &str, &str)] = &[("htmx.org", "4.0.1", "0BSD"), ("tus-js-client", "4.3.1", "MIT")];

/// Writes the list.
pub(crate) fn run() -> Result<()> {
    fs::write(root().join(FILE), text()?).with_context(|| format!("cannot write {FILE}"))
}

/// Says when the list is not up to date.
pub(crate) fn check() -> Result<Vec<String>> {
    let found = fs::read_to_string(root().join(FILE)).with_context(|| format!("cannot read {FILE}"))?;
    let stale = found != text()?;
    Ok(stale.then(|| format!("{FILE} is not up to date: run `cargo xtask licences`")).into_iter().collect())
}

fn text() -> Result<String> {
    let tree = "tree -p intendant --all-features --edges normal --target all --locked --prefix none";
    let tree: Vec<&str> = tree.split(' ').chain(["--format", "{p}\t{l}"]).collect();
    let tree = output_of(&mut cargo(&tree))?;
    let metadata = output_of(&mut cargo(&["metadata", "--no-deps", "--format-version", "1", "--locked"]))?;
    let own = members(&metadata)?;
    let mut works: BTreeSet<(String, String, String)> = tree.lines().filter_map(work).collect();
    works.retain(|(name, ..)| !own.contains(name));
    works.extend(
        OTHERS.iter().map(|(name, version, licence)| {
            ((*name).to_owned(), (*version).to_owned(), (*licence).to_owned())
        }),
    );
    let lines = works.iter().map(|(name, version, licence)| format!("{name}\t{version}\t{licence}\n"));
    Ok(std::iter::once("# name\tversion\tlicence\n".to_owned()).chain(lines).collect())
}

/// The names of our own packages.
fn members(metadata: &str) -> Result<BTreeSet<String>> {
    let metadata: Value = serde_json::from_str(metadata).context("cargo metadata printed no JSON")?;
    let packages =
        metadata.get("packages").and_then(Value::as_array).context("cargo metadata lists no packages")?;
    Ok(packages.iter().filter_map(|package| package.get("name")?.as_str().map(str::to_owned)).collect())
}

/// A line of `cargo tree`: `name v1.2.3 (more)<tab>licence (*)`.
fn work(line: &str) -> Option<(String, String, String)> {
    let (package, licence) = line.split_once('\t')?;
    let mut words = package.split(' ');
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    let licence = licence.trim_end_matches("(*)").trim();
    Some((name.to_owned(), version.to_owned(), choices(licence)))
}

/// A licence expression (SPDX) with its choices in one order, so that the same choice reads the same.
fn choices(licence: &str) -> String {
    let old = licence.replace('/', " OR ");
    if old.contains(['(', ')']) || old.contains(" AND ") {
        return old;
    }
    let choices: BTreeSet<&str> = old.split(" OR ").map(str::trim).collect();
    choices.into_iter().collect::<Vec<_>>().join(" OR ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_tree_are_read() {
        let work = |line| work(line).map(|(name, version, licence)| format!("{name} {version} {licence}"));
        assert_eq!(
            work("serde v1.0.2\tMIT OR Apache-2.0 (*)").as_deref(),
            Some("serde 1.0.2 Apache-2.0 OR MIT")
        );
        assert_eq!(
            work("a v1.0.0 (proc-macro)\tMIT/Apache-2.0").as_deref(),
            Some("a 1.0.0 Apache-2.0 OR MIT")
        );
        assert_eq!(work(""), None);
    }
}
