//! A document as the fields of a form, and back. Pure.
//!
//! What a form does not ask for stays as it is, and so does whatever it asks for and nobody changed: a number stays a
//! number, a list a list.

use serde_json::{Map, Value};

use crate::document::at;
use crate::schema::{Field, Kind, Many, Schema};

/// A member longer than this is no line of a form, in bytes.
const LONGEST: usize = 10_000;
/// Where further classes are named.
const CLASSES: &str = "objectClasses";
/// Where they and their members stand.
const ADDITIONAL: &str = "additionalFields";

/// What is wrong with what somebody typed into a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It has to be filled in.
    Empty,
    /// It is no address of mail.
    Mail,
    /// It is no telephone number.
    Phone,
    /// It is no whole number.
    Number,
    /// It is none of the choices.
    Choice,
    /// It is too long.
    Long,
    /// It holds characters that cannot be seen.
    Control,
    /// It is somebody else's.
    Taken,
}

impl Fault {
    /// The message that says it.
    pub const fn key(self) -> &'static str {
        match self {
            Fault::Empty => "fault-empty",
            Fault::Mail => "fault-mail",
            Fault::Phone => "fault-phone",
            Fault::Number => "fault-number",
            Fault::Choice => "fault-choice",
            Fault::Long => "fault-long",
            Fault::Control => "fault-control",
            Fault::Taken => "fault-taken",
        }
    }
}

/// What stands in a field; `None` = something that a form cannot show.
pub fn text(document: &Map<String, Value>, field: &Field) -> Option<String> {
    let plain = |value: &Value| match value {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Array(_) | Value::Object(_) => None,
    };
    match at(document, &field.place) {
        None => Some(String::new()),
        Some(Value::Array(items)) => {
            items.iter().map(plain).collect::<Option<Vec<_>>>().map(|lines| lines.join("\n"))
        }
        Some(value) => plain(value),
    }
}

/// Whether a field has room for several lines.
pub fn has_lines(document: &Map<String, Value>, field: &Field) -> bool {
    let several = at(document, &field.place).and_then(Value::as_array).is_some_and(|items| items.len() > 1);
    several || field.many != Many::One && !matches!(field.kind, Kind::Flag | Kind::Choice(_))
}

/// Puts into a document what somebody typed.
pub fn put(document: &mut Map<String, Value>, field: &Field, typed: &str) -> Result<(), Fault> {
    let typed = typed.replace("\r\n", "\n");
    let Some(before) = text(document, field) else { return Ok(()) };
    let lines: Vec<&str> = typed.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() && field.required {
        return Err(Fault::Empty);
    }
    if before == typed && !(lines.is_empty() && field.required) {
        return Ok(());
    }
    lines.iter().try_for_each(|line| check(line, &field.kind))?;
    let known = at(document, &field.place);
    let value = match (lines.as_slice(), known) {
        // What was there is told as emptied; what was not is not begun.
        ([], None) => return Ok(()),
        ([], Some(Value::Array(_))) => Value::Array(Vec::new()),
        ([], Some(_)) => Value::from(""),
        (lines, Some(Value::Array(_))) => list(lines, &field.kind),
        (lines, _) if field.many == Many::List || lines.len() > 1 => list(lines, &field.kind),
        ([line, ..], _) => value(line, &field.kind),
    };
    set(document, &field.place, value);
    Ok(())
}

fn list(lines: &[&str], kind: &Kind) -> Value {
    lines.iter().map(|line| value(line, kind)).collect()
}

fn value(line: &str, kind: &Kind) -> Value {
    match kind {
        Kind::Number => line.parse::<i64>().map_or_else(|_| Value::from(line), Value::from),
        Kind::Flag => Value::from(line == "true"),
        _ => Value::from(line),
    }
}

fn check(line: &str, kind: &Kind) -> Result<(), Fault> {
    let fits = |fits: bool, fault: Fault| if fits { Ok(()) } else { Err(fault) };
    fits(line.len() <= LONGEST, Fault::Long)?;
    fits(!line.contains(char::is_control), Fault::Control)?;
    match kind {
        Kind::Text => Ok(()),
        Kind::Mail => fits(is_mail(line), Fault::Mail),
        Kind::Phone => fits(line.chars().filter(char::is_ascii_digit).count() >= 2, Fault::Phone),
        Kind::Number => fits(line.parse::<i64>().is_ok(), Fault::Number),
        Kind::Flag => fits(matches!(line, "true" | "false"), Fault::Choice),
        Kind::Choice(choices) => fits(choices.iter().any(|choice| choice == line), Fault::Choice),
    }
}

/// Whether a text has the shape of an address; whether it is one, only its server knows.
fn is_mail(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let labels = || domain.split('.');
    !local.is_empty()
        && !text.contains(char::is_whitespace)
        && !local.contains('@')
        && labels().count() > 1
        && labels().all(|label| !label.is_empty())
}

/// Whether a document has a further class.
pub fn has_class(document: &Map<String, Value>, schema: &Schema) -> bool {
    let classes =
        document.get(ADDITIONAL).and_then(|additional| additional.get(CLASSES)).and_then(Value::as_array);
    classes.is_some_and(|classes| classes.iter().any(|class| class.as_str() == Some(&schema.name)))
}

/// Gives a document a further class, or takes it away with all its members.
pub fn set_class(document: &mut Map<String, Value>, schema: &Schema, has: bool) {
    if has_class(document, schema) == has {
        return;
    }
    let additional = document.entry(ADDITIONAL).or_insert_with(|| Value::Object(Map::new()));
    if !additional.is_object() {
        *additional = Value::Object(Map::new());
    }
    let Value::Object(additional) = additional else { return };
    if has {
        match additional.entry(CLASSES).or_insert_with(|| Value::Array(Vec::new())) {
            Value::Array(classes) => classes.push(Value::from(schema.name.as_str())),
            other => *other = Value::from(vec![schema.name.as_str()]),
        }
        return;
    }
    if let Some(Value::Array(classes)) = additional.get_mut(CLASSES) {
        classes.retain(|class| class.as_str() != Some(&schema.name));
    }
    if let Some(Value::Object(attributes)) = additional.get_mut("attributes") {
        attributes.shift_remove(&schema.name);
    }
}

/// Sets what a pointer leads to; objects on the way are made.
fn set(document: &mut Map<String, Value>, pointer: &str, value: Value) {
    let mut names =
        pointer.split('/').skip(1).map(|name| name.replace("~1", "/").replace("~0", "~")).peekable();
    let mut members = document;
    while let Some(name) = names.next() {
        if names.peek().is_none() {
            members.insert(name, value);
            return;
        }
        let place = members.entry(name).or_insert(Value::Null);
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(inner) = place else { return };
        members = inner;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::Label;

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn field(name: &'static str, kind: Kind, many: Many) -> Field {
        Field {
            place: format!("/inetOrgPerson/{name}"),
            name: name.to_owned(),
            label: Label::Known(name),
            kind,
            many,
            required: name == "uid",
        }
    }

    #[test]
    fn what_nobody_changes_stays_as_it_is() {
        let before = map(
            &json!({"inetOrgPerson": {"n": 7, "l": ["a"], "s": " x ", "o": {"a": 1}, "f": true, "z": null}}),
        );
        let mut after = before.clone();
        for name in ["n", "l", "s", "o", "f", "z", "none"] {
            let field = field(name, Kind::Text, Many::One);
            let shown = text(&before, &field).unwrap_or_default();
            put(&mut after, &field, &shown).unwrap();
        }
        assert_eq!(after, before);
    }

    #[test]
    fn what_is_typed_becomes_what_the_member_holds() {
        for (known, kind, many, typed, expected) in [
            (Value::Null, Kind::Text, Many::One, " a ", json!("a")),
            (Value::Null, Kind::Text, Many::List, "a", json!(["a"])),
            (Value::Null, Kind::Mail, Many::Several, "a@b.c", json!("a@b.c")),
            (json!("x"), Kind::Mail, Many::Several, "a@b.c\r\n\r\nd@e.f", json!(["a@b.c", "d@e.f"])),
            (json!(["x", "y"]), Kind::Text, Many::One, "z", json!(["z"])),
            (json!(["x"]), Kind::Text, Many::Several, "", json!([])),
            (json!(7), Kind::Text, Many::One, "", json!("")),
            (Value::Null, Kind::Number, Many::One, "42", json!(42)),
            (Value::Null, Kind::Flag, Many::One, "true", json!(true)),
        ] {
            let mut document = map(&json!({"inetOrgPerson": {"m": known}}));
            put(&mut document, &field("m", kind, many), typed).unwrap();
            assert_eq!(document["inetOrgPerson"]["m"], expected, "{typed:?} over {known}");
        }
        let mut document = Map::new();
        put(&mut document, &field("m", Kind::Text, Many::One), "").unwrap();
        assert!(document.is_empty(), "what was not there is not begun");
        put(&mut document, &field("m", Kind::Text, Many::One), "x").unwrap();
        assert_eq!(Value::Object(document), json!({"inetOrgPerson": {"m": "x"}}));
    }

    #[test]
    fn faults_are_those_of_the_field() {
        let choice = Kind::Choice(vec!["M.".to_owned()]);
        for (name, kind, typed, fault) in [
            ("uid", Kind::Text, " ", Fault::Empty),
            ("m", Kind::Mail, "a@b", Fault::Mail),
            ("m", Kind::Mail, "a@b.c\nd", Fault::Mail),
            ("m", Kind::Mail, "a b@c.d", Fault::Mail),
            ("m", Kind::Phone, "none", Fault::Phone),
            ("m", Kind::Number, "1.5", Fault::Number),
            ("m", choice, "Mx", Fault::Choice),
            ("m", Kind::Flag, "maybe", Fault::Choice),
            ("m", Kind::Text, "a\u{0}b", Fault::Control),
        ] {
            let mut document = map(&json!({"inetOrgPerson": {"uid": ""}}));
            assert_eq!(put(&mut document, &field(name, kind, Many::One), typed), Err(fault), "{typed:?}");
            assert_eq!(Value::Object(document), json!({"inetOrgPerson": {"uid": ""}}));
        }
        assert_eq!(
            put(&mut Map::new(), &field("m", Kind::Text, Many::One), &"x".repeat(10_001)),
            Err(Fault::Long)
        );
    }

    #[test]
    fn a_class_comes_and_goes_with_its_members() {
        let schema = Schema::parse("c", "properties: {a: {}}").unwrap();
        let mut document = map(&json!({"additionalFields": null}));
        set_class(&mut document, &schema, true);
        put(&mut document, &schema.fields[0], "x").unwrap();
        let with = json!({"additionalFields": {"objectClasses": ["c"], "attributes": {"c": {"a": "x"}}}});
        assert_eq!(Value::Object(document.clone()), with);
        assert!(has_class(&document, &schema));
        set_class(&mut document, &schema, true);
        assert_eq!(Value::Object(document.clone()), with);
        set_class(&mut document, &schema, false);
        assert_eq!(
            Value::Object(document),
            json!({"additionalFields": {"objectClasses": [], "attributes": {}}})
        );
    }
}
