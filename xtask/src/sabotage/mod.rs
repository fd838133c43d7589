//! `cargo xtask sabotage`: breaks the main promises one by one, in a copy of the tree, and requires that the test
//! named with each turns red.

mod copy;
mod patch;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

use self::copy::{TreeCopy, Verdict};
use self::patch::Patch;
use crate::workspace::{has_subcommand, root};

/// Applies the named patches, or all of them.
pub(crate) fn run(names: &[String]) -> Result<()> {
    ensure!(
        has_subcommand("nextest"),
        "cargo-nextest is not installed: `cargo install --locked cargo-nextest`"
    );
    let patches = read(&root().join("xtask/sabotage"), names)?;
    let copy = TreeCopy::make(&root())?;
    // All of them before the first patch: what is built for one is built for the others.
    let whole: Vec<Result<Verdict>> = patches.iter().map(|patch| copy.run(&patch.test)).collect();
    let mut unproven = 0;
    for (patch, whole) in patches.iter().zip(whole) {
        println!("{}: {}", patch.name, patch.about);
        match whole.and_then(|whole| prove(&copy, patch, whole)) {
            Ok(()) => println!("  noticed by {}", patch.test.name),
            Err(error) => {
                println!("  NOT PROVEN: {error:#}");
                unproven += 1;
            }
        }
    }
    println!("{} patches, {unproven} not proven", patches.len());
    ensure!(unproven == 0, "{unproven} promises can be broken without a test that notices");
    Ok(())
}

/// The patches of a folder in the order of their names.
fn read(folder: &Path, names: &[String]) -> Result<Vec<Patch>> {
    let mut patches = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_meant = names.is_empty() || names.contains(&name);
        if is_meant && path.extension().is_some_and(|e| e == "patch") {
            let text =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            patches.push(Patch::parse(&name, &text).with_context(|| path.display().to_string())?);
        }
    }
    patches.sort_by(|a, b| a.name.cmp(&b.name));
    for name in names {
        ensure!(patches.iter().any(|patch| patch.name == *name), "there is no patch {name}");
    }
    Ok(patches)
}

/// The test is green without the patch, as `whole` says, and red with it.
fn prove(copy: &TreeCopy, patch: &Patch, whole: Verdict) -> Result<()> {
    ensure!(whole == Verdict::Green, "{} is red without the patch", patch.test.name);
    let changes = patch.apply(|file| copy.read(file))?;
    for (file, text) in &changes {
        copy.write(file, text)?;
    }
    let verdict = copy.run(&patch.test);
    for (file, _) in &changes {
        copy.restore(file)?;
    }
    match verdict? {
        Verdict::Red => Ok(()),
        Verdict::Green => bail!("{} stays green", patch.test.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_patch_fits_the_tree_as_it_is() {
        let root = root();
        for patch in read(&root.join("xtask/sabotage"), &[]).unwrap() {
            let original = |file: &str| Ok(fs::read_to_string(root.join(file))?);
            patch.apply(original).unwrap_or_else(|error| panic!("{}: {error}", patch.name));
        }
    }

    #[test]
    fn a_name_without_a_patch_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path(), &["gone".to_owned()]).is_err());
    }
}
