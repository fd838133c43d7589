//! What only one crate may use, and what none may.

use super::Source;
use super::floors::Package;

/// A dependency, and the crate that keeps it to itself.
const OWNED: &[(&str, &str)] = &[("rusqlite", "journal")];

/// What the root of every crate says.
const NO_UNSAFE: &str = "#![forbid(unsafe_code)]";
/// Gives libFuzzer the symbol that it looks for, and no more.
const DRIVER: &str = "fuzz/src/main.rs";

/// Lists dependencies in the wrong hands, and crates in which unsafe code would be allowed.
pub(crate) fn check(packages: &[Package], sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for (dependency, owner) in OWNED {
        for package in packages.iter().filter(|package| package.name != *owner) {
            if package.from_outside.iter().any(|used| used == dependency) {
                findings.push(format!("{} uses {dependency}, which only {owner} may", package.name));
            }
        }
    }
    let roots = sources.iter().filter(|source| is_root(&source.path));
    let open = roots.filter(|source| source.path != DRIVER && !source.text.contains(NO_UNSAFE));
    findings.extend(open.map(|source| format!("{} does not say {NO_UNSAFE}", source.path)));
    findings
}

/// Whether a file is the root of a library or a program.
fn is_root(path: &str) -> bool {
    path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs") || path.contains("/src/bin/")
}

#[cfg(test)]
mod tests {
    use super::super::{floors, source};
    use super::*;

    #[test]
    fn a_dependency_stays_with_its_owner() {
        let metadata = |name: &str| {
            format!(
                r#"{{"packages":[{{"name":"intendant-{name}","dependencies":[{{"name":"rusqlite"}}]}}]}}"#
            )
        };
        assert!(check(&floors::packages(&metadata("journal")).unwrap(), &[]).is_empty());
        let found = check(&floors::packages(&metadata("engine")).unwrap(), &[]);
        assert_eq!(found, ["engine uses rusqlite, which only journal may"]);
    }

    #[test]
    fn every_crate_forbids_unsafe_code() {
        let roots =
            [source("a/src/lib.rs", NO_UNSAFE), source("b/src/main.rs", ""), source("b/src/other.rs", "")];
        assert_eq!(check(&[], &roots), [format!("b/src/main.rs does not say {NO_UNSAFE}")]);
    }
}
