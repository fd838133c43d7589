//! A YAML document as a tree whose nodes know their lines, so that every rule can say where it was broken.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Error, Spanned};

/// A node and the line on which it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: u64,
    pub(crate) value: Yaml,
}

/// What a node is, by the rules of YAML 1.2: `yes` and `on` are text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Yaml {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a map, and its line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub(crate) line: u64,
    pub(crate) name: String,
}

/// Why a text is no YAML.
#[derive(Debug, PartialEq)]
pub(crate) struct Unreadable {
    pub(crate) line: Option<u64>,
    pub(crate) why: String,
}

/// Reads one document. Duplicate keys are refused, as the original refuses them.
pub(crate) fn parse(text: &str) -> Result<Node, Unreadable> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        duplicate_keys: DuplicateKeyPolicy::Error,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options::<Spanned<Yaml>>(text, options)
        .map(Node::from)
        .map_err(Unreadable::from)
}

impl From<Error> for Unreadable {
    fn from(error: Error) -> Self {
        let line = error.location().map(|l| l.line()).filter(|line| *line > 0);
        let why = match error.without_snippet() {
            Error::DuplicateMappingKey { key: Some(key), .. } => format!("`{key}` is given twice"),
            other => {
                let said = other.to_string();
                let first = said.lines().next().unwrap_or_default();
                // The place is told apart.
                first.split(" at line ").next().unwrap_or_default().to_owned()
            }
        };
        Unreadable { line, why }
    }
}

impl Node {
    /// The value under a key, when this is a map that has it.
    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        self.entries().iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// The entries of a map; none for anything else.
    pub(crate) fn entries(&self) -> &[(Key, Node)] {
        match &self.value {
            Yaml::Map(entries) => entries,
            _ => &[],
        }
    }
}

impl From<Spanned<Yaml>> for Node {
    fn from(spanned: Spanned<Yaml>) -> Self {
        Node { line: spanned.referenced.line(), value: spanned.value }
    }
}

impl fmt::Display for Yaml {
    /// What it is, for a sentence about a node that should have been something else.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Yaml::Null => f.write_str("empty"),
            Yaml::Bool(value) => write!(f, "{value}"),
            Yaml::Int(value) => write!(f, "the number {value}"),
            Yaml::Float(value) => write!(f, "the number {value}"),
            Yaml::Text(text) if text.is_empty() => f.write_str("an empty text"),
            Yaml::Text(text) => write!(f, "the text {text:?}"),
            Yaml::List(_) => f.write_str("a list"),
            Yaml::Map(_) => f.write_str("a map"),
        }
    }
}

impl<'de> Deserialize<'de> for Yaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(YamlVisitor)
    }
}

struct YamlVisitor;

impl<'de> Visitor<'de> for YamlVisitor {
    type Value = Yaml;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Yaml, E> {
        Ok(Yaml::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Yaml, E> {
        Ok(Yaml::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Yaml, E> {
        Ok(i64::try_from(value).map_or_else(|_| Yaml::Text(value.to_string()), Yaml::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Yaml, E> {
        Ok(Yaml::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Yaml, E> {
        Ok(Yaml::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Yaml, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Spanned<Yaml>>()? {
            list.push(item.into());
        }
        Ok(Yaml::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Yaml, A::Error> {
        let mut map = Vec::new();
        while let Some((key, value)) = entries.next_entry::<Spanned<String>, Spanned<Yaml>>()? {
            map.push((Key { line: key.referenced.line(), name: key.value }, value.into()));
        }
        Ok(Yaml::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value under `a`, and its line.
    fn a(text: &str) -> (u64, Yaml) {
        let node = parse(text).unwrap();
        let found = node.get("a").unwrap();
        (found.line, found.value.clone())
    }

    fn unreadable(text: &str) -> (Option<u64>, String) {
        let Unreadable { line, why } = parse(text).unwrap_err();
        (line, why)
    }

    #[test]
    fn values_are_those_of_yaml_1_2_and_have_lines() {
        let text = |text: &str| Yaml::Text(text.to_owned());
        assert_eq!(a("b: 0\na: yes\n"), (2, text("yes")));
        assert_eq!(a("a: on"), (1, text("on")));
        assert_eq!(a("a: true"), (1, Yaml::Bool(true)));
        assert_eq!(a("a: 1.10"), (1, Yaml::Float(1.1)));
        assert_eq!(a("a: -7"), (1, Yaml::Int(-7)));
        assert_eq!(a("a: 18446744073709551615"), (1, text("18446744073709551615")));
        assert_eq!(a("a:\n"), (1, Yaml::Null));
        assert_eq!(a("a: '1'\r\nb: 2\r\n"), (1, text("1")));
        assert_eq!(a("\u{feff}a: x"), (1, text("x")));
        assert!(matches!(a("a: .nan").1, Yaml::Float(f) if f.is_nan()));
        assert!(matches!(a("a: [1, {b: 2}]").1, Yaml::List(items) if items.len() == 2));
        assert_eq!(a("base: &b {a: 3}\n<<: *b\n").1, Yaml::Int(3));
    }

    #[test]
    fn what_is_no_yaml_is_refused_with_its_line() {
        assert_eq!(unreadable("a: 1\na: 2\n"), (Some(2), "`a` is given twice".to_owned()));
        assert_eq!(unreadable("a: [1\nb: 2").0, Some(2));
        assert_eq!(unreadable("x: 1\na: \"\\q\"").0, Some(2));
        assert_eq!(unreadable("a: 1\n---\nb: 2\n").0, Some(3));
        assert_eq!(unreadable("? [a]\n: x\n").0, Some(1));
        let (_, why) = unreadable("a: [1\nb: 2");
        assert!(!why.contains(" at line "), "{why}");
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let bomb = (1..40).fold("a0: &a0 [x, x]\n".to_owned(), |text, level| {
            let below = level - 1;
            format!("{text}a{level}: &a{level} [*a{below}, *a{below}, *a{below}]\n")
        });
        assert!(parse(&bomb).is_err());
    }
}
