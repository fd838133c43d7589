//! How long the files are. A report: it never fails.

use super::Source;

/// Longer than this is worth a look.
const LONG: usize = 450;

/// Says how long the Rust files are, and names the long ones.
pub(crate) fn report(sources: &[Source]) -> String {
    let mut sizes: Vec<(usize, &str)> =
        sources.iter().filter(|s| s.is_rust()).map(|s| (s.text.lines().count(), s.path.as_str())).collect();
    sizes.sort_unstable();
    let at = |share: usize| sizes.get((sizes.len() * share / 100).min(sizes.len().saturating_sub(1)));
    let lines = |share| at(share).map_or(0, |(lines, _)| *lines);
    let total: usize = sizes.iter().map(|(lines, _)| lines).sum();
    let head = format!(
        "{} Rust files, {total} lines; median {}, nine in ten under {}",
        sizes.len(),
        lines(50),
        lines(90) + 1
    );
    let long = sizes.iter().rev().take_while(|(lines, _)| *lines > LONG);
    let report: Vec<String> =
        std::iter::once(head).chain(long.map(|(lines, path)| format!("  {lines} {path}"))).collect();
    report.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn names_the_long_files_longest_first() {
        let file = |name: &str, lines| source(name, &"x\n".repeat(lines));
        let report = report(&[file("a.rs", 10), file("b.rs", 500), file("c.rs", 600), file("d.md", 900)]);
        assert_eq!(
            report,
            "3 Rust files, 1110 lines; median 500, nine in ten under 601\n  600 c.rs\n  500 b.rs"
        );
    }

    #[test]
    fn an_empty_tree_has_a_report_too() {
        assert!(report(&[]).starts_with("0 Rust files"));
    }
}
