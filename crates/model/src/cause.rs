//! What failures have in common: the backend on which they failed, the code, and the message with names and numbers left
//! out. A thousand people who meet the same fault are one cause.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::{Deserialize, Serialize};

use crate::word::Code;

/// Stands where something was left out.
pub const LEFT_OUT: &str = "…";
/// So many letters of a message are looked at.
const LETTERS: usize = 400;
/// A known text that is shorter is left where it is: it may be a part of the sentence.
const SHORTEST: usize = 3;

/// What failures have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cause {
    /// The backend of the step that failed; `None` = none had its turn.
    pub backend: Option<String>,
    /// The code.
    pub code: Option<Code>,
    /// The message, see [`shape`].
    pub shape: String,
}

impl Cause {
    /// The cause of a failure. `names` = texts that are known to be of this case alone: what its document says.
    pub fn new(backend: Option<&str>, code: Option<&Code>, message: Option<&str>, names: &[&str]) -> Self {
        Cause {
            backend: backend.map(str::to_owned),
            code: code.cloned(),
            shape: shape(message.unwrap_or_default(), names),
        }
    }
}

/// The name of a cause: it follows from what the cause says, so that it is the same over restarts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CauseId(pub u64);

impl fmt::Display for CauseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for CauseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// It is no name of a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of a cause has 16 hexadecimal digits")]
pub struct BadCauseId;

impl FromStr for CauseId {
    type Err = BadCauseId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_hex = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let id = is_hex.then(|| u64::from_str_radix(text, 16).ok()).flatten();
        id.map(CauseId).ok_or(BadCauseId)
    }
}

impl Serialize for CauseId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CauseId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A message without what tells one case from the next: the `names` that are known, what stands in quotes, and words with
/// digits, addresses, paths and assignments in them. What is left out is [`LEFT_OUT`].
pub fn shape(message: &str, names: &[&str]) -> String {
    let end = message.char_indices().nth(LETTERS).map_or(message.len(), |(at, _)| at);
    let looked_at = message.get(..end).unwrap_or(message);
    let without = without_quoted(&without_names(looked_at, names));
    let mut shape = String::with_capacity(without.len());
    for word in without.split_whitespace() {
        let word = without_case(word);
        // Names have several words, and lists several names.
        let repeats = word.starts_with(LEFT_OUT) && ends_left_out(&shape);
        if repeats {
            shape.truncate(shape.trim_end_matches([',', ';']).len());
            shape.push_str(word.strip_prefix(LEFT_OUT).unwrap_or_default());
            continue;
        }
        if !shape.is_empty() {
            shape.push(' ');
        }
        shape.push_str(&word);
    }
    if end < message.len() {
        shape.push_str(" …");
    }
    shape
}

fn ends_left_out(shape: &str) -> bool {
    shape.trim_end_matches([',', ';']).ends_with(LEFT_OUT)
}

/// Leaves out the texts that are known, where they stand as whole words, whatever the case of their letters (A to Z).
fn without_names(message: &str, names: &[&str]) -> String {
    let names: Vec<&str> =
        names.iter().map(|name| name.trim()).filter(|name| name.chars().count() >= SHORTEST).collect();
    if names.is_empty() {
        return message.to_owned();
    }
    let searched = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(&names);
    // Too many to be searched for: then digits and quotes have to do.
    let Ok(searched) = searched else { return message.to_owned() };
    let whole = |place: &Range<usize>| {
        let before = message.get(..place.start).and_then(|text| text.chars().next_back());
        let after = message.get(place.end..).and_then(|text| text.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    };
    let places = searched.find_iter(message).map(|found| found.range()).filter(whole);
    leave_out(message, places)
}

/// Leaves out what stands between quotes. An apostrophe in a word is none.
fn without_quoted(message: &str) -> String {
    let mut places = Vec::new();
    let mut from = 0;
    while let Some(place) = message.get(from..).and_then(|rest| quoted(rest, message, from)) {
        from = place.end;
        places.push(place);
    }
    leave_out(message, places.into_iter())
}

/// The first quotation in the rest of a message, which begins at `from`: what is between its marks.
fn quoted(rest: &str, message: &str, from: usize) -> Option<Range<usize>> {
    rest.char_indices().find_map(|(at, mark)| {
        let closing = match mark {
            '"' | '\'' | '`' => mark,
            '«' => '»',
            '“' => '”',
            '‘' => '’',
            _ => return None,
        };
        let inside = from + at + mark.len_utf8();
        let before = message.get(..from + at).and_then(|text| text.chars().next_back());
        if before.is_some_and(char::is_alphanumeric) {
            return None;
        }
        let ends = |end: &usize| {
            let behind =
                message.get(inside + end + closing.len_utf8()..).and_then(|text| text.chars().next());
            closing != '\'' || !behind.is_some_and(char::is_alphanumeric)
        };
        let text = message.get(inside..)?;
        let end = text.match_indices(closing).map(|(end, _)| end).find(ends)?;
        // The closing mark goes too, so that it opens nothing.
        Some(inside - mark.len_utf8()..inside + end + closing.len_utf8())
    })
}

fn leave_out(text: &str, places: impl Iterator<Item = Range<usize>>) -> String {
    let (mut left, mut done) = (String::with_capacity(text.len()), 0);
    for place in places {
        left.push_str(text.get(done..place.start).unwrap_or_default());
        left.push_str(LEFT_OUT);
        done = place.end;
    }
    left.push_str(text.get(done..).unwrap_or_default());
    left
}

/// A word, or what stands around it when it belongs to one case only.
fn without_case(word: &str) -> String {
    let is_around = |letter: char| {
        matches!(letter, '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | ',' | ';' | ':' | '.' | '!' | '?')
    };
    let inner = word.trim_matches(is_around);
    let of_a_case = inner
        .contains(|letter: char| letter.is_numeric() || matches!(letter, '@' | '=' | '/' | '\\'))
        || inner.contains(LEFT_OUT);
    if inner.is_empty() || !of_a_case {
        return word.to_owned();
    }
    let (before, after) = word.split_once(inner).unwrap_or_default();
    format!("{before}{LEFT_OUT}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fault_of_many_people_has_one_shape() {
        for (one, other, names) in [
            ("no such user jdupont", "no such user mlefevre", ["jdupont", "mlefevre"]),
            (
                "cannot create Marie Dupont: exists",
                "cannot create Jean Lefèvre: exists",
                ["Marie Dupont", "Jean Lefèvre"],
            ),
            ("entry uid=a,ou=people,dc=x exists", "entry uid=bob,ou=people,dc=x exists", ["", ""]),
            ("error 53: quota of 12 MB exceeded", "error 53: quota of 900 MB exceeded", ["", ""]),
            ("mail \"a@b.org\" is taken", "mail \"c@d.org\" is taken", ["", ""]),
            ("l'entrée « Élodie » existe", "l'entrée « Zoé » existe", ["", ""]),
            ("/home/anna is full", "/home/bert is full", ["", ""]),
            ("identity:66c22991 waits", "identity:77d33aa2 waits", ["", ""]),
        ] {
            let [first, second] = names;
            assert_eq!(shape(one, &[first]), shape(other, &[second]), "{one} | {other}");
        }
    }

    #[test]
    fn different_faults_have_different_shapes() {
        for (one, other) in [
            ("LDAP: invalid credentials", "LDAP: invalid DN syntax"),
            ("connection refused", "connection reset"),
            ("can't connect", "can't write"),
        ] {
            assert_ne!(shape(one, &[]), shape(other, &[]));
        }
    }

    #[test]
    fn a_shape_can_be_read() {
        for (message, names, expected) in [
            ("Server is unwilling (53)", vec![], "Server is unwilling (…)"),
            ("no group 'x y' for Marie Dupont.", vec!["Dupont", "Marie"], "no group … for …."),
            ("members 1, 2, 3 are gone", vec![], "members … are gone"),
            ("  two\n lines  ", vec![], "two lines"),
            ("", vec!["abc"], ""),
            ("a name of two letters stays: Li", vec!["Li"], "a name of two letters stays: Li"),
            ("annabelle is no Anna", vec!["anna"], "annabelle is no …"),
            ("it isn't 'here", vec![], "it isn't 'here"),
        ] {
            assert_eq!(shape(message, &names), expected, "{message}");
        }
        let long = "word ".repeat(200);
        assert!(shape(&long, &[]).chars().count() <= LETTERS + 2);
    }

    #[test]
    fn its_own_shape_stays() {
        for message in ["error 53: quota of 12 MB", "no group 'x' for a@b", "« é » 1 2 … x=y"] {
            let once = shape(message, &[]);
            assert_eq!(shape(&once, &[]), once);
        }
    }

    #[test]
    fn the_name_of_a_cause_is_read_back() {
        let id = CauseId(0x00ab_0000_0000_0001);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("ab".parse::<CauseId>(), Err(BadCauseId));
        assert_eq!("+0ab000000000001".parse::<CauseId>(), Err(BadCauseId));
    }
}
