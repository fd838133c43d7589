//! A YAML document as a tree whose nodes know their lines, so that every rule can say where it was broken.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Options, Spanned};

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
        with_snippet: false,
    };
    parse_with(text, options)
}

fn parse_with(text: &str, options: Options) -> Result<Node, Unreadable> {
    serde_saphyr::from_str_with_options::<Spanned<Yaml>>(text, options).map(Node::from).map_err(|error| {
        let line = error.location().map(|l| l.line()).filter(|line| *line > 0);
        let why = error.without_snippet().to_string();
        Unreadable { line, why: why.lines().next().unwrap_or_default().to_owned() }
    })
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

    #[test]
    fn probe() {
        for t in [
            "a: 1\nb:\n  c: yes\n  d: [1, 'x', true]\n",
            "",
            "# only\n",
            "a: 1\na: 2\n",
            "a: [1\nb: 2",
            "1: x\n",
            "a: .nan\n",
            "a: 1.10\nb: 0755\nc: 1_000\nd: 99999999999999999999999\n",
            "\tb: 1\n",
            "? [a, b]\n: x\n",
            "a: !!binary aGVsbG8=\nb: !foo x\n",
            "x: &a [1]\ny: *a\n<<: {q: 1}\n",
            "a: 1\n---\nb: 2\n",
            "\u{feff}a: 1\r\nb: 2\r\n",
            "a: \"x\\qz\"\n",
            "text",
        ] {
            println!("{t:?}\n   -> {:?}", parse(t));
        }
    }
}
