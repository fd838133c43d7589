//! JSON as RFC 8259 has it, with nothing in it that could be read in two ways.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use crate::suggest::quote;

/// Reads a JSON document, or says in a few words, with line and column, why it is none. A byte order mark before it
/// is tolerated.
pub(crate) fn parse(document: &[u8]) -> Result<Value, String> {
    if document.starts_with(b"\xff\xfe") || document.starts_with(b"\xfe\xff") {
        return Err("it is written in UTF-16: save it as UTF-8".to_owned());
    }
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let text = std::str::from_utf8(document).map_err(|e| {
        let (line, column) = place(document.get(..e.valid_up_to()).unwrap_or_default());
        format!("line {line}, column {column}: not UTF-8")
    })?;
    if text.trim_ascii().is_empty() {
        return Err("it is empty".to_owned());
    }
    serde_json::from_str::<Unambiguous>(text).map(|strict| strict.0).map_err(|e| explain(&e))
}

/// Line and column, from 1, of what follows these bytes.
fn place(before: &[u8]) -> (usize, usize) {
    let mut lines = before.split(|byte| *byte == b'\n');
    let last = lines.next_back().unwrap_or_default();
    (lines.count() + 1, String::from_utf8_lossy(last).chars().count() + 1)
}

/// The parser's messages name what it expected, never what it found.
fn explain(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let what = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    match error.classify() {
        Category::Eof => format!("it breaks off at line {line}, column {column} ({what}): is it whole?"),
        Category::Syntax if what.starts_with("recursion") => {
            format!("line {line}, column {column}: nested deeper than 127 levels")
        }
        Category::Data => format!("line {line}, column {column}: {what}"),
        Category::Syntax | Category::Io => format!("line {line}, column {column}: not JSON: {what}"),
    }
}

/// A value in which no object has two members of one name.
struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Unambiguous)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element::<Unambiguous>()? {
            array.push(item.0);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            match object.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(members.next_value::<Unambiguous>()?.0);
                }
                Entry::Occupied(place) => {
                    return Err(A::Error::custom(format_args!("{} is given twice", quote(place.key()))));
                }
            }
        }
        Ok(Value::Object(object))
    }
}
