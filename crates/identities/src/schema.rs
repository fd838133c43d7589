//! Which members a person has: those of `inetOrgPerson`, and the classes that are configured. Pure.
//!
//! A class is a YAML file in the words of JSON Schema, as far as a form needs them:
//!
//! ```yaml
//! title: {en: SUPANN directory, fr: Annuaire SUPANN}
//! properties:
//!   supannCivilite: {title: Civilité, enum: [M., Mme]}
//!   supannAutreMail: {title: Autre adresse, type: array, format: email}
//! required: [supannCivilite]
//! ```

use std::collections::BTreeMap;

use model::json::quoted;
use serde::Deserialize;
use serde_json::{Map, Value};

/// No class has more members.
const MOST: usize = 500;

/// Words in some languages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Words {
    /// The same in all.
    One(String),
    /// By the word for the language, `fr`.
    Each(BTreeMap<String, String>),
}

impl Words {
    /// As they are in this language, or in another one when it has none.
    pub fn in_language(&self, word: &str) -> &str {
        match self {
            Words::One(text) => text,
            Words::Each(texts) => texts.get(word).or(texts.values().next()).map_or("", String::as_str),
        }
    }
}

/// What a member holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// An address of mail.
    Mail,
    /// A telephone number.
    Phone,
    /// A whole number.
    Number,
    /// Yes or no.
    Flag,
    /// One of these texts.
    Choice(Vec<String>),
}

/// How many values a member has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Many {
    /// One.
    One,
    /// One or several; one alone is no list.
    Several,
    /// Always a list.
    List,
}

/// What a member is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    /// The message `member-NAME`, with the help `member-NAME-help` where there is one.
    Known(&'static str),
    /// As the configuration says, with its help.
    Said(Words, Option<Words>),
}

/// A member that a form asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its place in the document, a JSON pointer.
    pub place: String,
    /// Its own name.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// What it holds.
    pub kind: Kind,
    /// How many values.
    pub many: Many,
    /// It has to be there.
    pub required: bool,
}

/// A further class of members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The class, as in `objectClasses`.
    pub name: String,
    /// What it is called.
    pub title: Words,
    /// Its members, in order.
    pub fields: Vec<Field>,
}

/// Why a class cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSchema(pub String);

/// A member of `inetOrgPerson`: its name, and what it holds.
pub type Member = (&'static str, Kind, Many);

/// Groups of the members of `inetOrgPerson`: the message that names each, and its members.
pub const PERSON: [(&str, &[Member]); 3] = [
    (
        "members-name",
        &[
            ("uid", Kind::Text, Many::One),
            ("cn", Kind::Text, Many::One),
            ("sn", Kind::Text, Many::One),
            ("givenName", Kind::Text, Many::One),
            ("displayName", Kind::Text, Many::One),
            ("initials", Kind::Text, Many::One),
        ],
    ),
    (
        "members-reach",
        &[
            ("mail", Kind::Mail, Many::Several),
            ("telephoneNumber", Kind::Phone, Many::Several),
            ("mobile", Kind::Phone, Many::Several),
            ("facsimileTelephoneNumber", Kind::Phone, Many::One),
            ("postalAddress", Kind::Text, Many::One),
            ("labeledURI", Kind::Text, Many::One),
            ("preferredLanguage", Kind::Text, Many::One),
        ],
    ),
    (
        "members-work",
        &[
            ("title", Kind::Text, Many::One),
            ("employeeNumber", Kind::Text, Many::Several),
            ("employeeType", Kind::Text, Many::One),
            ("departmentNumber", Kind::Text, Many::Several),
        ],
    ),
];

/// The members of a group of `inetOrgPerson`.
pub fn person(members: &[Member]) -> Vec<Field> {
    let field = |(name, kind, many): &Member| Field {
        place: format!("/inetOrgPerson/{name}"),
        name: (*name).to_owned(),
        label: Label::Known(name),
        kind: kind.clone(),
        many: *many,
        required: crate::document::is_needed(name),
    };
    members.iter().map(field).collect()
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    title: Option<Words>,
    properties: Map<String, Value>,
    #[serde(default)]
    required: Vec<String>,
    #[serde(rename = "$schema", default)]
    _schema: Option<String>,
    #[serde(rename = "type", default)]
    _type: Option<String>,
    #[serde(rename = "description", default)]
    _description: Option<Words>,
    #[serde(rename = "additionalProperties", default)]
    _more: Option<bool>,
}

/// A member as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Property {
    title: Option<Words>,
    description: Option<Words>,
    #[serde(rename = "type", default)]
    kind: Type,
    format: Option<String>,
    #[serde(rename = "enum", default)]
    choices: Vec<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    #[default]
    String,
    Integer,
    Boolean,
    Array,
}

impl Schema {
    /// Reads the file of a class.
    pub fn parse(name: &str, text: &str) -> Result<Self, BadSchema> {
        let written: Written =
            serde_saphyr::from_str(text).map_err(|error| BadSchema(format!("class {name}: {error}")))?;
        let Written { title, properties, required, .. } = written;
        if properties.is_empty() || properties.len() > MOST {
            return Err(BadSchema(format!("class {name}: give it 1 to {MOST} properties")));
        }
        if let Some(unknown) = required.iter().find(|member| !properties.contains_key(*member)) {
            return Err(BadSchema(format!("class {name}: {unknown} is required, and no property of it")));
        }
        let plain = |name: &str| {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        };
        if let Some(odd) =
            std::iter::once(name).chain(properties.keys().map(String::as_str)).find(|name| !plain(name))
        {
            return Err(BadSchema(format!(
                "class {name}: {} may have letters, digits, -, _ and . only",
                quoted(odd)
            )));
        }
        let field = |(member, written): (String, Value)| {
            field(name, &member, written, required.contains(&member))
                .map_err(|why| BadSchema(format!("class {name}, {member}: {why}")))
        };
        let fields = properties.into_iter().map(field).collect::<Result<_, _>>()?;
        let title = title.unwrap_or_else(|| Words::One(name.to_owned()));
        Ok(Schema { name: name.to_owned(), title, fields })
    }
}

fn field(class: &str, name: &str, written: Value, required: bool) -> Result<Field, String> {
    let property: Property = serde_json::from_value(written).map_err(|error| error.to_string())?;
    let Property { title, description, kind, format, choices } = property;
    let text = match (format.as_deref(), choices.is_empty()) {
        (_, false) => Kind::Choice(choices),
        (None, true) => Kind::Text,
        (Some("email"), true) => Kind::Mail,
        (Some("phone"), true) => Kind::Phone,
        (Some(other), true) => return Err(format!("format {other} is none that is known: email, phone")),
    };
    let (kind, many) = match kind {
        Type::String => (text, Many::One),
        Type::Array => (text, Many::List),
        Type::Integer => (Kind::Number, Many::One),
        Type::Boolean => (Kind::Flag, Many::One),
    };
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    Ok(Field {
        place: format!("/additionalFields/attributes/{}/{}", escaped(class), escaped(name)),
        name: name.to_owned(),
        label: Label::Said(title.unwrap_or_else(|| Words::One(name.to_owned())), description),
        kind,
        many,
        required,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUPANN: &str = "
title: {en: SUPANN directory, fr: Annuaire SUPANN}
properties:
  supannCivilite: {title: Civilité, enum: [M., Mme]}
  supannAutreMail: {type: array, format: email, description: {fr: Une par ligne}}
  supannEmpId: {type: integer}
  supannListeRouge: {type: boolean}
required: [supannCivilite]
";

    #[test]
    fn a_class_is_read_in_its_order() {
        let schema = Schema::parse("supannPerson", SUPANN).unwrap();
        assert_eq!(
            (schema.title.in_language("fr"), schema.title.in_language("de")),
            ("Annuaire SUPANN", "SUPANN directory")
        );
        let kinds: Vec<_> = schema
            .fields
            .iter()
            .map(|field| (field.name.as_str(), &field.kind, field.many, field.required))
            .collect();
        assert_eq!(
            kinds,
            [
                ("supannCivilite", &Kind::Choice(vec!["M.".to_owned(), "Mme".to_owned()]), Many::One, true),
                ("supannAutreMail", &Kind::Mail, Many::List, false),
                ("supannEmpId", &Kind::Number, Many::One, false),
                ("supannListeRouge", &Kind::Flag, Many::One, false),
            ]
        );
        assert_eq!(schema.fields[0].place, "/additionalFields/attributes/supannPerson/supannCivilite");
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        for (text, why) in [
            ("properties: {}", "1 to 500"),
            ("properties: {a: {}}\nrequired: [b]", "b is required"),
            ("properties: {a: {formt: email}}", "formt"),
            ("properties: {a: {format: date}}", "format date"),
            ("properties: {a: {type: object}}", "object"),
            ("properties: {\"a b\": {}}", "\"a b\" may have"),
            ("[", "class x"),
        ] {
            let said = Schema::parse("x", text).unwrap_err().to_string();
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
