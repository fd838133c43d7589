//! `cargo xtask release`: the version, the changelog, and an archive with all that an installation needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::workspace::{cargo, output_of, root, show_and_run, target};

/// The heading of what no release has yet.
const UNRELEASED: &str = "## [Unreleased]\n";
/// What is laid beside the program, from the root.
const BESIDE: [&str; 8] = [
    "README.md",
    "README.fr.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "docs/intendant.example.yml",
    "docs/systemd",
];
/// A shell, and the name under which it looks for completions.
const SHELLS: [(&str, &str); 3] =
    [("bash", "intendant.bash"), ("zsh", "_intendant"), ("fish", "intendant.fish")];

/// Says what a release of this version comes to; does it where `write` says so.
pub(crate) fn run(version: &str, write: bool) -> Result<()> {
    let manifest = root().join("Cargo.toml");
    let before = read(&manifest)?;
    let current = current(&before)?;
    ensure!(
        number(version)? > number(&current)?,
        "{version} is no later version than {current}, which the tree has"
    );
    let today = output_of(Command::new("date").args(["-u", "+%F"]))?;
    let changelog = root().join("CHANGELOG.md");
    let changes = released(&read(&changelog)?, version, today.trim())?;
    let dirty = output_of(Command::new("git").args(["status", "--porcelain"]).current_dir(root()))?;
    if !write {
        println!("{current} -> {version}: Cargo.toml, Cargo.lock, docs/openapi.json, CHANGELOG.md");
        println!("\n{}", notes(&changes, version));
        println!("then {} with the program and\n  {}", archive(version), contents().join("\n  "));
        if !dirty.is_empty() {
            println!("\nthe tree has changes that are not committed: a release refuses that");
        }
        println!("\nnothing was done; `cargo xtask release {version} --write` does it");
        return Ok(());
    }
    ensure!(dirty.is_empty(), "the tree has changes that are not committed:\n{dirty}");
    put(&manifest, &with_version(&before, &current, version)?)?;
    put(&changelog, &changes)?;
    show_and_run(&mut cargo(&["update", "--workspace", "--offline"]))?;
    show_and_run(&mut cargo(&[
        "build",
        "--locked",
        "--profile",
        "dist",
        "--package",
        "intendant",
        "--features",
        "jemalloc",
    ]))?;
    let program = target()?.join("dist/intendant");
    let said = output_of(Command::new(&program).arg("openapi"))?;
    put(&root().join("docs/openapi.json"), &said)?;
    let archive = pack(&program, version)?;
    println!("{} and its SHA256SUMS are there. What is left to you:", archive.display());
    println!("  git commit --all --message 'Release {version}' && git tag --sign v{version}");
    Ok(())
}

// === the version ===

/// The version of the workspace.
fn current(manifest: &str) -> Result<String> {
    let mut section = manifest.lines().skip_while(|line| *line != "[workspace.package]");
    let version = section.find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    Ok(version.context("Cargo.toml has no version in [workspace.package]")?.to_owned())
}

fn with_version(manifest: &str, current: &str, version: &str) -> Result<String> {
    let line = |version: &str| format!("[workspace.package]\nversion = \"{version}\"\n");
    ensure!(
        manifest.contains(&line(current)),
        "the version is not the first line of [workspace.package] in Cargo.toml"
    );
    Ok(manifest.replacen(&line(current), &line(version), 1))
}

/// A version as three numbers, which compare as versions do.
fn number(version: &str) -> Result<[u64; 3]> {
    let parts: Result<Vec<u64>, _> = version.split('.').map(str::parse).collect();
    let parts = parts.ok().and_then(|parts| <[u64; 3]>::try_from(parts).ok());
    parts.with_context(|| format!("{version:?} is no version such as 1.2.0"))
}

// === the changelog ===

/// The changelog in which this version has what none had yet.
fn released(changelog: &str, version: &str, day: &str) -> Result<String> {
    ensure!(!changelog.contains(&format!("## [{version}]")), "CHANGELOG.md has {version} already");
    let Some((before, after)) = changelog.split_once(UNRELEASED) else {
        bail!("CHANGELOG.md has no line {:?}", UNRELEASED.trim());
    };
    let new = after.split("\n## [").next().unwrap_or_default();
    ensure!(new.lines().any(|line| line.starts_with("- ")), "CHANGELOG.md says of nothing that it is new");
    Ok(format!("{before}{UNRELEASED}\n## [{version}] - {day}\n{after}"))
}

/// What the changelog says of a version.
fn notes(changelog: &str, version: &str) -> String {
    let from = changelog.find(&format!("## [{version}]")).unwrap_or(changelog.len());
    let of_it = changelog.get(from..).unwrap_or_default();
    of_it.split("\n## [").next().unwrap_or_default().trim_end().to_owned()
}

// === the archive ===

fn name(version: &str) -> String {
    format!("intendant-{version}-{}-{}", std::env::consts::ARCH, std::env::consts::OS)
}

fn archive(version: &str) -> String {
    format!("{}.tar.gz", name(version))
}

/// What lies in the archive beside the program.
fn contents() -> Vec<String> {
    let beside = BESIDE.iter().map(|file| (*file).to_owned());
    let shells = SHELLS.iter().map(|(_, file)| format!("completions/{file}"));
    beside.chain(shells).chain(["man/man1/intendant*.1".to_owned()]).collect()
}

/// Lays everything out and packs it: the same tree packed twice is the same file.
fn pack(program: &Path, version: &str) -> Result<PathBuf> {
    let folder = target()?.join("release-archive");
    let place = folder.join(name(version));
    if place.exists() {
        fs::remove_dir_all(&place).with_context(|| format!("cannot replace {}", place.display()))?;
    }
    lay_out(program, &place)?;
    let packed = archive(version);
    show_and_run(
        Command::new("tar")
            .args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"])
            .args(["--create", "--file", &packed, "--use-compress-program", "gzip --no-name --best"])
            .arg(name(version))
            .current_dir(&folder),
    )?;
    let sums = output_of(Command::new("sha256sum").arg(&packed).current_dir(&folder))?;
    put(&folder.join("SHA256SUMS"), &sums)?;
    Ok(folder.join(packed))
}

fn lay_out(program: &Path, place: &Path) -> Result<()> {
    for folder in ["completions", "man/man1", "docs"] {
        fs::create_dir_all(place.join(folder)).with_context(|| format!("cannot make {}", place.display()))?;
    }
    show_and_run(Command::new("install").args(["-m", "0755"]).arg(program).arg(place.join("intendant")))?;
    for file in BESIDE {
        let mut copy = Command::new("cp");
        show_and_run(copy.args(["--recursive", file]).arg(place.join(file)).current_dir(root()))?;
    }
    for (shell, file) in SHELLS {
        let said = output_of(Command::new(program).args(["completions", shell]))?;
        put(&place.join("completions").join(file), &said)?;
    }
    show_and_run(Command::new(program).args(["manual", "--all"]).arg(place.join("man/man1")))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn put(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGELOG: &str =
        "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- Mail.\n\n## [0.1.0] - 2026-01-01\n\n- All.\n";

    #[test]
    fn what_is_new_gets_the_version_and_the_day() {
        let changed = released(CHANGELOG, "0.2.0", "2026-12-01").unwrap();
        assert!(
            changed.contains("## [Unreleased]\n\n## [0.2.0] - 2026-12-01\n\n### Added\n\n- Mail.\n"),
            "{changed}"
        );
        assert_eq!(notes(&changed, "0.2.0"), "## [0.2.0] - 2026-12-01\n\n### Added\n\n- Mail.");
        let again = released(&changed, "0.3.0", "2026-12-02").unwrap_err();
        assert!(again.to_string().contains("nothing"), "{again}");
        assert!(released(&changed, "0.2.0", "2026-12-02").is_err());
        assert!(released("# Changelog\n", "0.2.0", "2026-12-02").is_err());
    }

    #[test]
    fn versions_compare_as_numbers() {
        assert!(number("0.10.0").unwrap() > number("0.9.9").unwrap());
        for odd in ["", "1", "1.2", "1.2.3.4", "v1.2.3", "1.2.-3", "1.2.x"] {
            assert!(number(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn the_tree_s_own_files_fit() {
        let manifest = read(&root().join("Cargo.toml")).unwrap();
        let now = current(&manifest).unwrap();
        assert_eq!(now, env!("CARGO_PKG_VERSION"));
        let next = with_version(&manifest, &now, "99.0.0").unwrap();
        assert_eq!(current(&next).unwrap(), "99.0.0");
        for file in BESIDE {
            assert!(root().join(file).exists(), "{file}");
        }
    }
}
