//! What the program says, in French: messages of the hub and of the commands are written in English where they come about,
//! and are put into the language of whoever reads them where they are shown. A catalogue says what becomes of each; the
//! English text is its key, as with gettext, whose files these are.
//!
//! A text is looked up as it stands, then among those with places (`there is no job {job}`), then by its parts: what stands
//! before and after a colon, and what is listed. What nobody has translated stays as it is.

mod pattern;
mod po;

use std::borrow::Cow;
use std::collections::HashMap;

use pattern::Pattern;
pub use po::Entry;

/// So many parts of a text are looked up before it counts as unknown: who wrote it may be anybody.
const MOST: usize = 200;
/// A text that is longer was not written by us.
const LONGEST: usize = 4096;

/// A catalogue.
#[derive(Default)]
pub struct Phrases {
    fixed: HashMap<String, String>,
    /// Those with the most text of their own first.
    patterns: Vec<Pattern>,
}

impl Phrases {
    /// Of these files. What cannot be read in one is found by the tests (see [`Phrases::entries`]), and left out here.
    pub fn new(files: &[&str]) -> Self {
        let mut all = Phrases::default();
        for Entry { id, text, .. } in files.iter().flat_map(|file| po::read(file).0) {
            if id.contains('{') {
                all.patterns.extend(Pattern::new(&id, &text));
            } else {
                all.fixed.insert(id, text);
            }
        }
        all.patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.weight()));
        all
    }

    /// The entries of a file, and the numbers of lines that cannot be read.
    pub fn entries(file: &str) -> (Vec<Entry>, Vec<usize>) {
        po::read(file)
    }

    /// The text in the language of the catalogue, or as it is.
    pub fn say<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.find(text).map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// A text without places, where it is known as it stands.
    pub fn word(&self, text: &str) -> Option<&str> {
        self.fixed.get(text).map(String::as_str)
    }

    /// The text in the language of the catalogue, where it is known.
    pub fn find(&self, text: &str) -> Option<String> {
        if text.len() > LONGEST { None } else { Search { phrases: self, left: MOST }.find(text) }
    }
}

/// The search for one text.
struct Search<'a> {
    phrases: &'a Phrases,
    left: usize,
}

impl Search<'_> {
    fn find(&mut self, text: &str) -> Option<String> {
        let phrases = self.phrases;
        if let Some(said) = phrases.fixed.get(text) {
            return Some(said.clone());
        }
        self.left = self.left.checked_sub(1)?;
        let matched =
            phrases.patterns.iter().find_map(|pattern| pattern.say(text, &mut |part| self.find(part)));
        matched.or_else(|| self.after_colon(text)).or_else(|| self.listed(text))
    }

    /// `what it is about: sentence`; what stands before the colon may be a name.
    fn after_colon(&mut self, text: &str) -> Option<String> {
        text.match_indices(": ").find_map(|(at, colon)| {
            let (about, rest) = (text.get(..at)?, text.get(at + colon.len()..)?);
            let said = self.find(rest)?;
            // A place in a file is read by programs too.
            let place = about.contains('/') && !about.contains(' ');
            let colon = if place { ": " } else { "\u{a0}: " };
            Some(format!("{}{colon}{said}", self.find(about).as_deref().unwrap_or(about)))
        })
    }

    /// Parts that are all known, with semicolons or commas between them.
    fn listed(&mut self, text: &str) -> Option<String> {
        [("; ", "\u{a0}; "), (", ", ", ")].into_iter().find_map(|(between, ours)| {
            let parts: Vec<&str> = text.split(between).collect();
            if parts.len() < 2 {
                return None;
            }
            let said = parts.iter().map(|part| self.find(part)).collect::<Option<Vec<_>>>()?;
            Some(said.join(ours))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
# A remark.
msgid "accepted"
msgstr "acceptée"

msgid "there is no {what*}"
msgstr "{what} n’existe pas"

msgid "{what} is missing"
msgstr "{what} manque"

msgid "there is no job {job}"
msgstr "il n’y a pas de travail {job}"

msgid "{n} accepted"
msgstr "{n} acceptées"

msgid "{n} refused"
msgstr "{n} refusées"

msgid ""
"{name} is {state}: "
"{why}"
msgstr "{why!}, {name} est {state!}"

msgid "unknown key {key}"
msgstr "clé {key} inconnue"
"#;

    fn say(text: &str) -> String {
        Phrases::new(&[FILE]).say(text).into_owned()
    }

    #[test]
    fn the_closest_text_counts() {
        assert_eq!(say("accepted"), "acceptée");
        assert_eq!(say("there is no job 7"), "il n’y a pas de travail 7");
        assert_eq!(say("there is no backend x"), "backend x n’existe pas");
        assert_eq!(say("nobody wrote this"), "nobody wrote this");
    }

    #[test]
    fn what_others_say_is_no_sentence_of_ours() {
        assert_eq!(say("uid is missing"), "uid manque");
        assert_eq!(say("the last line is missing"), "the last line is missing");
    }

    #[test]
    fn numbers_are_numbers() {
        assert_eq!(say("12 accepted, 3 refused"), "12 acceptées, 3 refusées");
        assert_eq!(say("they accepted"), "they accepted");
    }

    #[test]
    fn sentences_within_sentences_are_said_too() {
        assert_eq!(say("x is accepted: there is no job 7"), "il n’y a pas de travail 7, x est acceptée");
        assert_eq!(say("/etc/a.yml:3: unknown key \"b\""), "/etc/a.yml:3: clé «\u{a0}b\u{a0}» inconnue");
        assert_eq!(say("api: 3 refused"), "api\u{a0}: 3 refusées");
    }

    #[test]
    fn braces_may_stand_for_themselves() {
        let say = |text| {
            Phrases::new(&["msgid \"write {a: 1, b: 2}\"\nmsgstr \"écrivez {a: 1, b: 2}\""])
                .say(text)
                .into_owned()
        };
        assert_eq!(say("write {a: 1, b: 2}"), "écrivez {a: 1, b: 2}");
    }

    #[test]
    fn what_is_long_or_deep_ends() {
        let long = "a: ".repeat(100_000);
        assert_eq!(say(&long), long);
        let deep = "a: ".repeat(1000);
        assert_eq!(say(&deep), deep);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        let (entries, bad) = Phrases::entries("msgid \"a\"\nmsgstr \"b\"\nnonsense\nmsgid \"c\"\n");
        assert_eq!(entries.len(), 1);
        assert_eq!(bad, [3, 4]);
    }
}
