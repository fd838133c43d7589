//! What only one crate may use, and what none may.

use super::Source;
use super::floors::Package;

/// A dependency, and the crate that keeps it to itself.
const OWNED: &[(&str, &str)] = &[("rusqlite", "journal")];

/// Written in halves, so that this file does not find itself: a wait, and the only file of the crates that has it.
const WAIT: (&str, &str) = (concat!("tokio::time::", "timeout"), "crates/engine/src/clock.rs");

/// What the root of every crate says.
const NO_UNSAFE: &str = "#![forbid(unsafe_code)]";
/// Roots that cannot say so: one gives libFuzzer the symbol that it looks for, and no more; the other is a C library, whose
/// modules that need no unsafe code forbid it one by one.
const OPEN: &[&str] = &["fuzz/src/main.rs", "crates/libmapistore/src/lib.rs"];

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
    let (wait, clock) = WAIT;
    let code =
        sources.iter().filter(|source| source.is_rust() && is_code(&source.path) && source.path != clock);
    let waits = code.filter(|source| source.text.contains(wait));
    findings.extend(waits.map(|source| {
        format!("{} uses {wait}: what others may take is bounded by engine::clock::within", source.path)
    }));
    let roots = sources.iter().filter(|source| is_root(&source.path));
    let open =
        roots.filter(|source| !OPEN.contains(&source.path.as_str()) && !source.text.contains(NO_UNSAFE));
    findings.extend(open.map(|source| format!("{} does not say {NO_UNSAFE}", source.path)));
    findings
}

/// Whether a file is code of the product, and no test.
fn is_code(path: &str) -> bool {
    let in_sources = path.strip_prefix("crates/").and_then(|path| path.split_once("/src/"));
    in_sources.is_some_and(|(name, rest)| {
        !["testkit", "testhub", "testgoogle"].contains(&name)
            && !rest.ends_with("tests.rs")
            && !rest.contains("/tests/")
    })
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
    fn waits_stand_in_one_place() {
        let text = format!("use {};", WAIT.0);
        let found = check(&[], &[source(WAIT.1, &text), source("crates/a/tests/b.rs", &text)]);
        assert!(found.is_empty(), "{found:?}");
        assert_eq!(check(&[], &[source("crates/a/src/b.rs", &text)]).len(), 1);
    }

    #[test]
    fn every_crate_forbids_unsafe_code() {
        let roots =
            [source("a/src/lib.rs", NO_UNSAFE), source("b/src/main.rs", ""), source("b/src/other.rs", "")];
        assert_eq!(check(&[], &roots), [format!("b/src/main.rs does not say {NO_UNSAFE}")]);
    }
}
