//! Every path that ARCHITECTURE.md names exists.

use std::collections::BTreeSet;

use super::Source;

const MAP: &str = "ARCHITECTURE.md";

/// Lists the paths named in the map that lead nowhere.
pub(crate) fn check(sources: &[Source]) -> Vec<String> {
    let Some(map) = sources.iter().find(|s| s.path == MAP) else {
        return vec![format!("there is no {MAP}")];
    };
    let known = files_and_folders(sources);
    let roots: BTreeSet<&str> = known.iter().filter(|path| !path.contains('/')).map(String::as_str).collect();
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(map.text.lines()) {
        for path in named(line, &roots) {
            if !known.contains(path) {
                findings.push(format!("{MAP}:{number} names {path}, which does not exist"));
            }
        }
    }
    findings
}

fn files_and_folders(sources: &[Source]) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for source in sources {
        let mut path = source.path.as_str();
        while known.insert(path.to_owned()) {
            let Some((folder, _)) = path.rsplit_once('/') else { break };
            path = folder;
        }
    }
    known
}

/// What a line names: in backquotes or as the target of a link, without spaces, and either begun by a folder of the
/// root or ended like a source file.
fn named<'a>(line: &'a str, roots: &'a BTreeSet<&str>) -> impl Iterator<Item = &'a str> {
    let quoted = line.split('`').skip(1).step_by(2);
    let linked = line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    quoted.chain(linked).map(without_ornament).filter(move |text| is_path(text, roots))
}

fn without_ornament(text: &str) -> &str {
    let text = text.split('#').next().unwrap_or_default();
    text.strip_prefix("./").unwrap_or(text).trim_end_matches("/**").trim_end_matches('/')
}

fn is_path(text: &str, roots: &BTreeSet<&str>) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    let first = text.split('/').next().unwrap_or_default();
    let is_source = [".rs", ".md", ".toml", ".c", ".sh"].iter().any(|ending| text.ends_with(ending));
    !first.is_empty()
        && text.chars().all(plain)
        && (is_source || (text.contains('/') && roots.contains(first)))
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    fn check_map(text: &str) -> Vec<String> {
        check(&[source(MAP, text), source("crates/model/src/lib.rs", ""), source("Cargo.toml", "")])
    }

    #[test]
    fn the_map_must_be_there() {
        assert_eq!(check(&[]), ["there is no ARCHITECTURE.md"]);
    }

    #[test]
    fn paths_that_exist_are_fine() {
        assert!(
            check_map("see `crates/model/` and [it](crates/model/src/lib.rs#L1), `Cargo.toml`").is_empty()
        );
    }

    #[test]
    fn paths_that_do_not_are_named_with_their_line() {
        assert_eq!(
            check_map("one\n`crates/gone/src` and `gone.rs`"),
            [
                "ARCHITECTURE.md:2 names crates/gone/src, which does not exist",
                "ARCHITECTURE.md:2 names gone.rs, which does not exist",
            ]
        );
    }

    #[test]
    fn other_words_are_no_paths() {
        assert!(
            check_map("`/api/v1`, `cargo xtask tidy`, `kind:value`, `and/or`, [x](https://example.org/a)")
                .is_empty()
        );
    }
}
