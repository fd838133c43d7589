//! A named way to break a promise, written as text to find and text to put in its place, so that it survives when
//! code moves.
//!
//! ```text
//! The promise that is broken, and how: everything up to the first empty line.
//!
//! package: intendant-journal
//! test: what_was_acknowledged_survives_a_power_cut
//! features: crash-points
//! in: crates/journal/src/sqlite/open.rs
//! <<<<
//! the text to find, which must be there exactly once
//! ====
//! the text to put in its place
//! >>>>
//! ```
//!
//! `features` may be absent. `in` names the file of the replacements after it; there may be several of both.

use anyhow::{Context as _, Result, bail, ensure};

/// A way to break a promise, and the test that must notice.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Patch {
    /// The file's name, without its ending.
    pub(crate) name: String,
    /// What is broken, in words.
    pub(crate) about: String,
    /// The test that must turn red.
    pub(crate) test: Test,
    replacements: Vec<Replacement>,
}

/// A test, and where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Test {
    /// Its package.
    pub(crate) package: String,
    /// Its name, or the last part of it.
    pub(crate) name: String,
    /// What the package must be built with.
    pub(crate) features: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Replacement {
    file: String,
    find: String,
    put: String,
}

impl Patch {
    /// Reads one.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Patch> {
        let (about, rest) = text.split_once("\n\n").context("no empty line after the description")?;
        let mut test = Test::default();
        let mut file = String::new();
        let mut replacements = Vec::new();
        let mut lines = rest.lines();
        while let Some(line) = lines.next() {
            match line.split_once(": ") {
                Some(("package", value)) => value.clone_into(&mut test.package),
                Some(("test", value)) => value.clone_into(&mut test.name),
                Some(("features", value)) => test.features = Some(value.to_owned()),
                Some(("in", value)) => value.clone_into(&mut file),
                _ if line == "<<<<" => {
                    let find = block(&mut lines, "====")?;
                    let put = block(&mut lines, ">>>>")?;
                    ensure!(!file.is_empty(), "a replacement before the first `in: FILE`");
                    replacements.push(Replacement { file: file.clone(), find, put });
                }
                _ if line.trim().is_empty() => {}
                _ => bail!("not understood: {line}"),
            }
        }
        ensure!(!test.package.is_empty() && !test.name.is_empty(), "no `package: NAME` or no `test: NAME`");
        ensure!(!replacements.is_empty(), "nothing is replaced");
        Ok(Patch { name: name.to_owned(), about: about.replace('\n', " "), test, replacements })
    }

    /// The files it changes with their new content. `read` gives the content they have.
    pub(crate) fn apply(&self, read: impl Fn(&str) -> Result<String>) -> Result<Vec<(String, String)>> {
        let mut changed: Vec<(String, String)> = Vec::new();
        for replacement in &self.replacements {
            let file = &replacement.file;
            let place = changed.iter().position(|(name, _)| name == file);
            let text = match place {
                Some(place) => changed.swap_remove(place).1,
                None => read(file)?,
            };
            let found = text.matches(&replacement.find).count();
            ensure!(found == 1, "{file} has the text to find {found} times, not once:\n{}", replacement.find);
            changed.push((file.clone(), text.replacen(&replacement.find, &replacement.put, 1)));
        }
        Ok(changed)
    }
}

/// The lines up to the one that ends the block, joined as they were.
fn block<'a>(lines: &mut impl Iterator<Item = &'a str>, end: &str) -> Result<String> {
    let mut text = Vec::new();
    for line in lines {
        if line == end {
            return Ok(text.join("\n"));
        }
        text.push(line);
    }
    bail!("a block without its {end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Writes nothing down\nand says it did.\n\npackage: p\ntest: t\nfeatures: f\nin: a.rs\n\
        <<<<\none\ntwo\n====\nthree\n>>>>\n<<<<\nfour\n====\n>>>>\nin: b.rs\n<<<<\nx\n====\ny\n>>>>\n";

    fn read(file: &str) -> Result<String> {
        Ok(match file {
            "a.rs" => "zero\none\ntwo\nfour\n",
            "b.rs" => "x x",
            other => bail!("no {other}"),
        }
        .to_owned())
    }

    #[test]
    fn says_what_it_breaks_and_which_test_notices() {
        let patch = Patch::parse("name", TEXT).unwrap();
        assert_eq!(patch.about, "Writes nothing down and says it did.");
        let features = Some("f".to_owned());
        assert_eq!(patch.test, Test { package: "p".to_owned(), name: "t".to_owned(), features });
        assert_eq!(patch.replacements.len(), 3);
    }

    #[test]
    fn replacements_of_one_file_follow_each_other() {
        let patch = Patch::parse("name", TEXT).unwrap();
        let once = |file: &str| Ok(read(file)?.replace("x x", "x"));
        let changed = patch.apply(once).unwrap();
        let expected = [("a.rs", "zero\nthree\n\n"), ("b.rs", "y")];
        assert_eq!(changed, expected.map(|(file, text)| (file.to_owned(), text.to_owned())));
    }

    #[test]
    fn the_text_to_find_must_be_there_once() {
        let patch = Patch::parse("name", TEXT).unwrap();
        assert!(patch.apply(read).unwrap_err().to_string().contains("b.rs has the text to find 2 times"));
        assert!(patch.apply(|_| Ok(String::new())).unwrap_err().to_string().contains("0 times"));
    }

    #[test]
    fn a_patch_that_is_none_says_why() {
        for (text, why) in [
            ("no header", "no empty line"),
            ("a\n\npackage: p\ntest: t\n", "nothing is replaced"),
            ("a\n\npackage: p\nin: f\n<<<<\na\n====\nb\n>>>>\n", "no `test: NAME`"),
            ("a\n\n<<<<\na\n====\nb\n>>>>\n", "before the first `in: FILE`"),
            ("a\n\nin: f\n<<<<\na\n====\n", "without its >>>>"),
            ("a\n\nwhat is this\n", "not understood: what is this"),
        ] {
            let error = Patch::parse("name", text).unwrap_err().to_string();
            assert!(error.contains(why), "{text:?}: {error}");
        }
    }
}
