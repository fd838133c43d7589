//! What a role says in sections with names of their own: its own defaults, over them what the file says, and over that
//! what the older program was told.

use std::path::Path;

use module::Said;
use module::config::{Error, SectionKind, Sections, section};
use serde_json::{Map, Value};

use super::file::sentence;
use super::load::wrong;
use crate::role::Taken;

/// The sections, read as if all of it stood in a file.
pub(super) fn laid_over(
    file: Option<&Path>,
    kinds: &[SectionKind],
    taken: &Taken,
) -> Result<Sections, Error> {
    let Taken { role, settings } = taken;
    let mut named = settings.named.clone();
    let given = file.and_then(|file| std::fs::read_to_string(file).ok());
    let given: Option<Map<String, Value>> =
        given.and_then(|text| serde_saphyr::from_str_with_options(&text, section::options()).ok());
    for (name, given) in given.unwrap_or_default() {
        if let Some(own) = named.get_mut(&name) {
            lay(own, given);
        }
    }
    let kinds: Vec<SectionKind> =
        kinds.iter().filter(|kind| named.contains_key(kind.name)).copied().collect();
    let read = |named: &Map<String, Value>| {
        let text = Value::Object(named.clone()).to_string();
        Sections::read(&kinds, &text).map_err(|error| sentence(&error))
    };
    let unfit = |what| Error::Unfit { key: keys(&named), origin: role.name.to_owned(), what };
    let mut sections = read(&named).map_err(unfit)?;
    for Said { key, place, text } in &settings.said {
        if let Some(text) = text.as_ref().filter(|_| is_in(&settings.named, key)) {
            put(&mut named, key, text.expose());
            sections = read(&named).map_err(|what| wrong(key, place, what))?;
        }
    }
    if let Some(folder) = file.and_then(Path::parent) {
        sections.anchor(folder);
    }
    Ok(sections)
}

/// Whether a key is in one of these sections.
pub(super) fn is_in(named: &Map<String, Value>, key: &str) -> bool {
    key.split_once('.').is_some_and(|(section, _)| named.contains_key(section))
}

/// Puts what is given over what is there; objects member by member.
fn lay(own: &mut Value, given: Value) {
    match (own, given) {
        (Value::Object(own), Value::Object(given)) => {
            for (name, value) in given {
                lay(own.entry(name).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (own, given) => *own = given,
    }
}

fn put(named: &mut Map<String, Value>, key: &str, text: &str) {
    let (head, rest) = key.split_once('.').unwrap_or((key, ""));
    let place = named.entry(head).or_insert(Value::Null);
    if rest.is_empty() {
        *place = text.into();
        return;
    }
    if !place.is_object() {
        *place = Value::Object(Map::new());
    }
    if let Some(below) = place.as_object_mut() {
        put(below, rest, text);
    }
}

fn keys(named: &Map<String, Value>) -> String {
    named.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}
