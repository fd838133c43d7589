//! `depends_on`: what scripts ask over HTTP: it must be declared.

use model::Dependency;

use super::value::{self, Misfit};
use super::yaml::{Node, Yaml};

const KEY: &str = "depends_on";
const PARTS: [&str; 3] = ["name", "url", "why"];
const REMEDY: &str =
    "write a list such as [{name: 'GrAM', url: 'https://gram.example.org', why: 'reads members'}]";

/// Reads the list.
pub(super) fn read(node: &Node) -> Result<Vec<Dependency>, Misfit> {
    match &node.value {
        Yaml::List(items) => items.iter().map(one).collect(),
        other => Err(Misfit::new(KEY, other, REMEDY)),
    }
}

fn one(node: &Node) -> Result<Dependency, Misfit> {
    if !matches!(node.value, Yaml::Map(_)) {
        return Err(misfit(format!("an entry of `{KEY}` is {}", node.value)));
    }
    if let Some((key, _)) = node.entries().iter().find(|(key, _)| !PARTS.contains(&key.name.as_str())) {
        return Err(misfit(format!("an entry of `{KEY}` has a key `{}`", key.name)));
    }
    let part = |name: &str| {
        let found = node.get(name).ok_or_else(|| misfit(format!("an entry of `{KEY}` has no `{name}`")))?;
        value::text(&format!("{KEY}.{name}"), found).map(str::to_owned)
    };
    let [name, url, why] = PARTS;
    let declared = Dependency { name: part(name)?, url: part(url)?, why: part(why)? };
    if declared.url.starts_with("http://") || declared.url.starts_with("https://") {
        return Ok(declared);
    }
    let what = format!("`{KEY}.url` is {:?}", declared.url);
    Err(Misfit { what, remedy: "begin it with https:// or http://".to_owned() })
}

fn misfit(what: String) -> Misfit {
    Misfit { what, remedy: REMEDY.to_owned() }
}
