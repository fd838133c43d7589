//! From text to values.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use super::{Bad, Fault, RESERVED};

/// Reads a text of at most so many levels.
pub(super) fn parse(text: &str, levels: usize) -> Result<Value, Bad> {
    let fault = Cell::new(None);
    let mut parser = serde_json::Deserializer::from_str(text);
    let read = Reader { most: levels, around: 0, fault: &fault }.deserialize(&mut parser);
    read.and_then(|value| parser.end().map(|()| value)).map_err(|error| explain(&error, fault.take()))
}

/// The parser's messages name what it expected, never what it found.
fn explain(error: &serde_json::Error, fault: Option<Fault>) -> Bad {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let what = || text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text).to_owned();
    let fault = fault.unwrap_or_else(|| match error.classify() {
        Category::Eof => Fault::Cut(what()),
        _ if text.starts_with("number out of range") => Fault::Number,
        _ => Fault::Syntax(what()),
    });
    Bad { line, column, fault }
}

/// A map that holds anything has room for so many members.
const ROOM: usize = 3;

/// The same members with room for no others: there may be millions of small objects.
fn fitted(members: Map<String, Value>) -> Map<String, Value> {
    let mut fitted = Map::with_capacity(members.len());
    fitted.extend(members);
    fitted
}

/// Reads a value.
#[derive(Clone, Copy)]
struct Reader<'f> {
    /// So many levels there may be: fewer than the parser itself allows.
    most: usize,
    /// So many are around the value.
    around: usize,
    /// What is wrong, where the parser has no word for it.
    fault: &'f Cell<Option<Fault>>,
}

impl Reader<'_> {
    /// For what stands in an array or object.
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.around >= self.most {
            return Err(self.fail(Fault::Deep(self.most)));
        }
        Ok(Reader { around: self.around + 1, ..self })
    }

    fn fail<E: serde::de::Error>(self, fault: Fault) -> E {
        self.fault.set(Some(fault));
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
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
        Number::from_f64(value).map(Value::Number).ok_or_else(|| self.fail(Fault::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let item = self.inside()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(item)? {
            array.push(item);
        }
        // What a growing list has left over would stay for as long as the document is held.
        array.shrink_to_fit();
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        let mut member = None;
        while let Some(name) = members.next_key::<String>()? {
            if name == RESERVED {
                self.fault.set(Some(Fault::Reserved));
                let digits = members.next_value_seed(Digits)?.ok_or_else(|| self.fail(Fault::Reserved))?;
                self.fault.set(None);
                return number(&digits).map(Value::Number).ok_or_else(|| self.fail(Fault::Number));
            }
            let reader = match member {
                Some(reader) => reader,
                None => *member.insert(self.inside()?),
            };
            match object.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(members.next_value_seed(reader)?);
                }
                Entry::Occupied(place) => return Err(self.fail(Fault::Twice(place.key().clone()))),
            }
        }
        if member.is_none() {
            self.inside::<A::Error>()?;
        }
        Ok(Value::Object(if object.len() < ROOM { fitted(object) } else { object }))
    }
}

/// From here on doubles are written with an exponent, as JavaScript does.
const EXPONENT: f64 = 1e21;

/// A number as it is kept: one that is written as digits alone with all of them, all others as what programs make of them,
/// doubles, and those as JavaScript writes them: `1E2` and `100.0` are `100`. `None` = no program holds one so large. The
/// text is a number as JSON has it.
pub fn number(text: &str) -> Option<Number> {
    let double = text.parse::<f64>().ok().filter(|double| double.is_finite())?;
    if is_whole(text) {
        return text.parse().ok();
    }
    // The sign of a zero is kept.
    let is_whole = double.fract() == 0.0 && double != 0.0 && double.abs() < EXPONENT;
    if is_whole { double.to_string().parse().ok() } else { Number::from_f64(double) }
}

/// Digits alone. Of `-0` the sign would be lost.
fn is_whole(text: &str) -> bool {
    text != "-0" && text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit())
}

/// The digits of a number that is neither `i64` nor `u64`. The parser hands it over as an object with one member, whose
/// value is a text that it owns; a member of that name which somebody wrote is a text that it borrows, or no text.
struct Digits;

impl<'de> DeserializeSeed<'de> for Digits {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<String>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Digits {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the digits of a number")
    }

    fn visit_string<E>(self, digits: String) -> Result<Option<String>, E> {
        Ok(Some(digits))
    }

    fn visit_str<E>(self, _: &str) -> Result<Option<String>, E> {
        Ok(None)
    }
}
