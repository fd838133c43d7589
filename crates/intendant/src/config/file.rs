//! The file: found, read, and every mistake in it shown where it is.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use model::MASK;
use model::redact::names_secret;
use module::config::{Error, Section as _, SectionKind, Sections, nearest, section};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, IgnoredAny, IntoDeserializer as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::{Location, Spanned};

use super::sections::Config;

/// What a file says, and the line of each key in it.
pub(super) struct Read {
    pub(super) config: Config,
    pub(super) sections: Sections,
    pub(super) lines: BTreeMap<String, u64>,
}

/// Reads a file with the sections of modules. One that is empty says nothing.
pub(super) fn read(path: &Path, kinds: &[SectionKind]) -> Result<Read, Error> {
    let text = module::document::text(path)
        .map_err(|source| Error::Unreadable { path: path.to_path_buf(), source })?;
    with_lines(path, &text, kinds)
}

/// What a text says, as the file of this name; whether its parts fit together is not asked.
pub fn parse(path: &Path, text: &str, kinds: &[SectionKind]) -> Result<(Config, Sections), Error> {
    with_lines(path, text, kinds).map(|read| (read.config, read.sections))
}

fn with_lines(path: &Path, text: &str, kinds: &[SectionKind]) -> Result<Read, Error> {
    let failed = |error: serde_saphyr::Error| located(path, text, &error);
    // A file whose only document is empty (all is commented out) says nothing.
    let own: Option<Own> = serde_saphyr::from_str_with_options(text, section::options()).map_err(failed)?;
    let tree: Tree = serde_saphyr::from_str_with_options(text, section::options()).map_err(failed)?;
    refuse_unknown(path, text, &tree, kinds)?;
    let sections = Sections::read(kinds, text).map_err(failed)?;
    let mut lines = BTreeMap::new();
    tree.note(&mut String::new(), &mut lines);
    Ok(Read { config: own.map(|own| own.0).unwrap_or_default(), sections, lines })
}

/// Names at the root that belong to nobody.
fn refuse_unknown(path: &Path, text: &str, tree: &Tree, kinds: &[SectionKind]) -> Result<(), Error> {
    let own = own_names();
    let known: Vec<&str> = own.iter().map(String::as_str).chain(kinds.iter().map(|kind| kind.name)).collect();
    let unknown = tree.0.iter().find(|(name, ..)| !known.contains(&name.as_str()));
    let Some((name, line, _)) = unknown else { return Ok(()) };
    Err(Error::File {
        path: path.to_path_buf(),
        line: *line,
        what: unknown_key(name, &known),
        excerpt: excerpt(text, *line, 1),
    })
}

fn unknown_key(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("unknown key {name}, did you mean {near}?"),
        None => format!("unknown key {name}, known here are {}", known.join(", ")),
    }
}

/// What stands at the root and is of the hub itself.
fn own_names() -> Vec<String> {
    let first = |key: module::config::Key| key.name.split('.').next().unwrap_or_default().to_owned();
    let mut names: Vec<String> = Config::keys().into_iter().map(first).collect();
    names.dedup();
    names
}

/// What is of the hub itself; the sections of modules are passed over.
struct Own(Config);

impl<'de> Deserialize<'de> for Own {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OwnVisitor)
    }
}

struct OwnVisitor;

impl<'de> Visitor<'de> for OwnVisitor {
    type Value = Own;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a configuration")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Own, A::Error> {
        let own = OwnMembers { members, names: own_names() };
        Config::deserialize(MapAccessDeserializer::new(own)).map(Own)
    }
}

/// Members with the hub's own names.
struct OwnMembers<A> {
    members: A,
    names: Vec<String>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for OwnMembers<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(name) = self.members.next_key::<String>()? {
            if self.names.contains(&name) {
                return seed.deserialize(name.into_deserializer()).map(Some);
            }
            self.members.next_value::<IgnoredAny>()?;
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.members.next_value_seed(seed)
    }
}

/// Says where and what, and what was probably meant.
fn located(path: &Path, text: &str, error: &serde_saphyr::Error) -> Error {
    let location = error.location().unwrap_or(Location::UNKNOWN);
    Error::File {
        path: path.to_path_buf(),
        line: location.line(),
        what: sentence(error),
        excerpt: excerpt(text, location.line(), location.column()),
    }
}

/// What is wrong, without the place.
pub(super) fn sentence(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error::{DuplicateMappingKey, SerdeUnknownField, Unexpected};
    match error {
        SerdeUnknownField { field, expected, .. } => unknown_key(field, expected),
        DuplicateMappingKey { key: Some(key), .. } => format!("{key} is given twice: remove one of them"),
        Unexpected { expected: "mapping start", .. } => {
            "keys are expected here, as in `level: info`".to_owned()
        }
        Unexpected { expected: "string scalar", .. } => "a single value is expected here".to_owned(),
        other => {
            // The parser's own words, but for the place, which is told apart.
            let message = other.to_string();
            let first = message.lines().next().unwrap_or_default();
            first.split(" at line ").next().unwrap_or(first).to_owned()
        }
    }
}

/// The line in question, a mark below it. What may be a secret in it is masked.
fn excerpt(text: &str, line: u64, column: u64) -> String {
    let line = line.checked_sub(1).and_then(|n| text.lines().nth(usize::try_from(n).ok()?));
    let Some(line) = line else { return String::new() };
    let line = match line.split_once(':') {
        Some((key, value)) if !value.trim().is_empty() && (may_be_secret(key) || may_sign_in(value)) => {
            format!("{key}: {MASK}")
        }
        _ => line.to_owned(),
    };
    let before = usize::try_from(column).unwrap_or(0).saturating_sub(1).min(line.chars().count());
    format!("\n  | {line}\n  | {}^", " ".repeat(before))
}

fn may_be_secret(key: &str) -> bool {
    let key = key.trim().trim_start_matches("- ");
    key == "key" || names_secret(key)
}

/// Whether it is an address with a user or a password in it.
fn may_sign_in(value: &str) -> bool {
    value.contains("://") && value.contains('@')
}

/// A document's keys and their lines.
#[derive(Default)]
struct Tree(Vec<(String, u64, Tree)>);

impl Tree {
    fn note(&self, path: &mut String, lines: &mut BTreeMap<String, u64>) {
        for (key, line, below) in &self.0 {
            let length = path.len();
            if length > 0 {
                path.push('.');
            }
            path.push_str(key);
            lines.insert(path.clone(), *line);
            below.note(path, lines);
            path.truncate(length);
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a configuration")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
        let mut tree = Tree::default();
        while let Some((key, below)) = members.next_entry::<Spanned<String>, Tree>()? {
            let line = key.referenced.line();
            tree.0.push((key.value, line, below));
        }
        Ok(tree)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Tree::default())
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Tree, E> {
        Ok(Tree::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Tree, E> {
        Ok(Tree::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Tree, E> {
        Ok(Tree::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Tree, E> {
        Ok(Tree::default())
    }
}
