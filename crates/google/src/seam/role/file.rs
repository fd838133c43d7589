//! The file of the original: a section for each environment, most of which take up another by an anchor and a merge key.
//! Pure: text in, values with their lines out.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::{MergeKeyPolicy, Spanned};

/// Takes up another mapping.
const MERGE: &str = "<<";
/// A value that is no text, in files of older versions; it has no meaning here.
const MAPPING: &str = "message_handler_map";

/// What a section says: for each key its value, `None` = nil, and the line where it is.
pub(super) type Values = BTreeMap<String, (Option<String>, u64)>;

/// The section of an environment. An error is a sentence, with the line where there is one.
pub(super) fn read(text: &str, environment: &str) -> Result<Values, String> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        merge_keys: MergeKeyPolicy::AsOrdinary,
    };
    let sections: Option<BTreeMap<String, Part>> =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| explain(text, &error))?;
    let mut sections = sections.unwrap_or_default();
    match sections.remove(environment) {
        Some(Part::Values(values)) => Ok(values),
        Some(Part::Nothing) => Ok(Values::new()),
        None => {
            let names: Vec<&str> = sections.keys().map(String::as_str).collect();
            Err(format!("there is no section {environment:?}, only {}", names.join(", ")))
        }
    }
}

/// Says where, and what to write instead where that is known.
fn explain(text: &str, error: &serde_saphyr::Error) -> String {
    if let Some((line, key, value)) = lacks_a_space(text) {
        return format!("line {line}: a space is missing after the colon: write `{key}: {value}`");
    }
    let line = error.location().map_or(0, |location| location.line());
    let said = error.to_string();
    let first = said.lines().next().unwrap_or_default();
    format!("line {line}: {}", first.split(" at line ").next().unwrap_or(first))
}

/// The first line that is no YAML because its value follows the colon at once: the file that came with the original has one.
fn lacks_a_space(text: &str) -> Option<(usize, &str, &str)> {
    text.lines().enumerate().find_map(|(number, line)| {
        let (key, value) = line.trim().split_once(':')?;
        let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let quoted = value.starts_with(['"', '\'']);
        (is_key && quoted).then_some((number + 1, key, value))
    })
}

/// A section.
enum Part {
    Values(Values),
    /// It is there and empty.
    Nothing,
}

/// One mapping that is taken up, or several of which the first counts most.
enum Merged {
    One(Part),
    Several(Vec<Part>),
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartVisitor)
    }
}

struct PartVisitor;

impl<'de> Visitor<'de> for PartVisitor {
    type Value = Part;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys with their values")
    }

    fn visit_unit<E>(self) -> Result<Part, E> {
        Ok(Part::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Part, A::Error> {
        let (mut own, mut taken_up) = (Values::new(), Values::new());
        while let Some(key) = members.next_key::<Spanned<String>>()? {
            let line = key.defined.line();
            match key.value.as_str() {
                MERGE => match members.next_value::<Merged>()? {
                    Merged::One(part) => take_up(&mut taken_up, part),
                    Merged::Several(parts) => parts.into_iter().for_each(|part| take_up(&mut taken_up, part)),
                },
                MAPPING => drop(members.next_value::<IgnoredAny>()?),
                _ => {
                    let value = members.next_value::<Option<String>>()?;
                    if own.insert(key.value.clone(), (value, line)).is_some() {
                        return Err(A::Error::custom(format!(
                            "{} is given twice: remove one of them",
                            key.value
                        )));
                    }
                }
            }
        }
        take_up(&mut own, Part::Values(taken_up));
        Ok(Part::Values(own))
    }
}

/// What is taken up counts less than what is there, wherever it stands.
fn take_up(values: &mut Values, part: Part) {
    if let Part::Values(others) = part {
        for (key, value) in others {
            values.entry(key).or_insert(value);
        }
    }
}

impl<'de> Deserialize<'de> for Merged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MergedVisitor;
        impl<'de> Visitor<'de> for MergedVisitor {
            type Value = Merged;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping to take up")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Merged, A::Error> {
                PartVisitor.visit_map(members).map(Merged::One)
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Merged, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = items.next_element()? {
                    parts.push(part);
                }
                Ok(Merged::Several(parts))
            }
        }
        deserializer.deserialize_any(MergedVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "default: &default\n  application_id: gdd\n  rabbitmq_host: a\n  rabbitmq_port: 5672\n  \
        rabbitmq_password: 007\n  rabbitmq_user:\n\ndevelopment:\n  <<: *default\n  rabbitmq_host: b\nproduction:\n  \
        rabbitmq_host: c\n  <<: *default\n";

    fn value<'v>(values: &'v Values, key: &str) -> (Option<&'v str>, u64) {
        let (value, line) = &values[key];
        (value.as_deref(), *line)
    }

    #[test]
    fn the_line_beside_a_merge_key_wins() {
        let development = read(FILE, "development").unwrap();
        assert_eq!(value(&development, "rabbitmq_host"), (Some("b"), 10));
        assert_eq!(value(&development, "application_id"), (Some("gdd"), 2));
        let production = read(FILE, "production").unwrap();
        assert_eq!(value(&production, "rabbitmq_host"), (Some("c"), 12));
        assert_eq!(value(&production, "rabbitmq_password"), (Some("007"), 5));
        assert_eq!(value(&production, "rabbitmq_user"), (None, 6));
    }

    #[test]
    fn of_several_that_are_taken_up_the_first_counts_most() {
        let text = "a: &a {x: '1'}\nb: &b {x: '2', y: '3'}\ntest:\n  <<: [*a, *b]\n";
        let test = read(text, "test").unwrap();
        assert_eq!((value(&test, "x").0, value(&test, "y").0), (Some("1"), Some("3")));
    }

    #[test]
    fn the_line_of_the_original_that_is_no_yaml_is_told_with_its_remedy() {
        let text = "default: &default\n  application_id: \"gdd\"\n  log_routing_key:\"logging.key\"\n  rabbitmq_host: x\n";
        let error = read(text, "development").unwrap_err();
        assert_eq!(
            error,
            "line 3: a space is missing after the colon: write `log_routing_key: \"logging.key\"`"
        );
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        assert_eq!(
            read(FILE, "staging").unwrap_err(),
            "there is no section \"staging\", only default, development, production"
        );
        assert!(read("test:\n  a: [1, 2]\n", "test").unwrap_err().starts_with("line 2: "));
        assert!(read("test:\n  a: '1'\n  a: '2'\n", "test").unwrap_err().contains("line"));
        assert!(read("test:\n", "test").unwrap().is_empty());
        assert_eq!(
            value(&read("test:\n  message_handler_map: {a: b}\n  c: d\n", "test").unwrap(), "c").0,
            Some("d")
        );
    }
}
