//! Words that have no place in the tree.

use super::Source;

/// Written in halves, so that this file does not find itself.
const NOTES: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("dbg", "!(")];

/// Papers that are not in the tree: what they say stands where it is needed.
const PAPERS: &[&str] = &[concat!("design", " §"), concat!("contracts", "/"), concat!("seed ", "00")];

/// Hosts that a build is told of by its own configuration, not by the tree.
const HOSTS: &[&str] = &[
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("deb.debian", ".org"),
    concat!("proxy.golang", ".org"),
];

/// Written by a tool, wherever it lies.
const GENERATED: &str = "Cargo.lock";

/// Written by others, and not edited here.
const FOREIGN: &str = "crates/sesame/src/lua/bullmq/";

/// Lists where they are.
pub(crate) fn check(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    let written_here = |s: &&Source| !s.path.ends_with(GENERATED) && !s.path.starts_with(FOREIGN);
    for source in sources.iter().filter(written_here) {
        for (number, line) in (1..).zip(source.text.lines()) {
            let note = NOTES.iter().find(|note| stands_alone(line, note));
            let host = HOSTS.iter().find(|host| line.contains(**host));
            let paper = PAPERS.iter().find(|paper| line.contains(**paper));
            if let Some(word) = note.or(host).or(paper) {
                findings.push(format!("{}:{number} says {word}", source.path));
            }
        }
    }
    findings
}

/// Whether the word is there as such, not inside a longer one.
fn stands_alone(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|s| s.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|s| s.chars().next());
        let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !joins(before) && (word.ends_with('(') || !joins(after))
    })
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn notes_and_hosts_are_found_with_their_line() {
        let note = format!("fn a() {{}}\n// {} later\n{}x);", NOTES[0], NOTES[3]);
        assert_eq!(
            check(&[source("a.rs", &note)]),
            [format!("a.rs:2 says {}", NOTES[0]), format!("a.rs:3 says {}", NOTES[3])]
        );
        assert_eq!(check(&[source("a.toml", &format!("https://{}/", HOSTS[0]))]).len(), 1);
    }

    #[test]
    fn papers_that_are_not_here_are_not_cited() {
        let cited = format!("/// As {}5 says.", PAPERS[0]);
        assert_eq!(check(&[source("a.rs", &cited)]), [format!("a.rs:1 says {}", PAPERS[0])]);
    }

    #[test]
    fn longer_words_and_generated_files_are_left_alone() {
        assert!(check(&[source("a.rs", &format!("let {}S = 1;", NOTES[0]))]).is_empty());
        assert!(check(&[source("Cargo.lock", HOSTS[0])]).is_empty());
    }
}
