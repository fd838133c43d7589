//! The fields of a person as a form shows them, and what came of them.

use http::page::{Form, Visit};
use serde_json::{Map, Value};

use crate::form::{Fault, has_class, has_lines, put, set_class, text};
use crate::schema::{Field, Kind, Label, PERSON, Schema, person};

/// Members of `inetOrgPerson` that need more than their name.
const HELPED: [&str; 8] = [
    "uid",
    "cn",
    "displayName",
    "postalAddress",
    "labeledURI",
    "preferredLanguage",
    "employeeType",
    "employeeNumber",
];

/// A group of fields.
pub(super) struct Group {
    pub(super) title: String,
    /// A further class: its name, and whether the person has it.
    pub(super) class: Option<(String, bool)>,
    pub(super) rows: Vec<Row>,
}

/// A field.
pub(super) struct Row {
    /// Its name in the form: its place in the document.
    pub(super) name: String,
    pub(super) label: String,
    pub(super) help: Option<String>,
    pub(super) value: String,
    pub(super) lines: bool,
    pub(super) required: bool,
    /// What a browser takes it for.
    pub(super) input: &'static str,
    /// What can be chosen, by value and name; none = it is typed.
    pub(super) choices: Vec<(String, String)>,
    pub(super) wrong: Option<String>,
}

/// What somebody typed, as a document, with what is wrong with it by place.
pub(super) struct Typed {
    pub(super) document: Map<String, Value>,
    pub(super) faults: Vec<(String, Fault)>,
}

/// Lays what a form says over a document.
pub(super) fn typed(mut document: Map<String, Value>, schemas: &[Schema], given: &Form) -> Typed {
    let mut faults = Vec::new();
    let mut lay = |document: &mut Map<String, Value>, field: &Field| {
        let said = match given.raw(&field.place) {
            Some(typed) => put(document, field, typed),
            // A form that does not ask for it leaves it as it is; but what has to be there has to be there.
            None if field.required && text(document, field).is_some_and(|text| text.is_empty()) => {
                Err(Fault::Empty)
            }
            None => Ok(()),
        };
        if let Err(fault) = said {
            faults.push((field.place.clone(), fault));
        }
    };
    document.entry("inetOrgPerson").or_insert_with(|| Value::Object(Map::new()));
    for (_, members) in PERSON {
        for field in person(members) {
            lay(&mut document, &field);
        }
    }
    for schema in schemas {
        let had = has_class(&document, schema);
        let filled = schema.fields.iter().any(|field| given.get(&field.place).is_some());
        // Whoever fills in a field of a class means the class; whoever takes the class away means all of it.
        let has = given.is_ticked(&class_field(schema)) || (!had && filled);
        set_class(&mut document, schema, has);
        if has {
            for field in &schema.fields {
                lay(&mut document, field);
            }
        }
    }
    Typed { document, faults }
}

/// The fields of a document; with what was typed, and what is wrong with it.
pub(super) fn groups(
    v: &Visit,
    document: &Map<String, Value>,
    schemas: &[Schema],
    given: Option<&Form>,
    faults: &[(String, Fault)],
) -> Vec<Group> {
    let row = |field: &Field| row(v, document, field, given, faults);
    let own = PERSON.iter().map(|(title, members)| Group {
        title: v.t(title),
        class: None,
        rows: person(members).iter().filter_map(row).collect(),
    });
    let further = schemas.iter().map(|schema| Group {
        title: schema.title.in_language(v.lang.tag()).to_owned(),
        class: Some((class_field(schema), has_class(document, schema))),
        rows: schema.fields.iter().filter_map(row).collect(),
    });
    own.chain(further).collect()
}

fn class_field(schema: &Schema) -> String {
    format!("class:{}", schema.name)
}

/// `None` = it holds what no field can show.
fn row(
    v: &Visit,
    document: &Map<String, Value>,
    field: &Field,
    given: Option<&Form>,
    faults: &[(String, Fault)],
) -> Option<Row> {
    let kept = text(document, field)?;
    let value = given.and_then(|given| given.raw(&field.place)).map_or(kept, str::to_owned);
    let word = v.lang.tag();
    let (label, help) = match &field.label {
        Label::Known(name) => {
            let help = HELPED.contains(name).then(|| v.t(&format!("member-{name}-help")));
            (v.t(&format!("member-{name}")), help)
        }
        Label::Said(title, help) => {
            (title.in_language(word).to_owned(), help.as_ref().map(|help| help.in_language(word).to_owned()))
        }
    };
    let choices = match &field.kind {
        Kind::Choice(choices) => choices.iter().map(|choice| (choice.clone(), choice.clone())).collect(),
        Kind::Flag => vec![("true".to_owned(), v.t("member-yes")), ("false".to_owned(), v.t("member-no"))],
        _ => Vec::new(),
    };
    let wrong = faults.iter().find(|(place, _)| *place == field.place).map(|(_, fault)| v.t(fault.key()));
    Some(Row {
        name: field.place.clone(),
        label,
        help,
        lines: has_lines(document, field) || value.contains('\n'),
        value,
        required: field.required,
        input: match field.kind {
            Kind::Mail => "email",
            Kind::Phone => "tel",
            _ => "text",
        },
        choices,
        wrong,
    })
}

impl Row {
    /// What the help and the fault of it are called.
    pub(super) fn described(&self) -> String {
        let parts = [(self.help.is_some() || self.lines, "help"), (self.wrong.is_some(), "wrong")];
        let ids = parts.iter().filter(|(there, _)| *there).map(|(_, what)| format!("{what}:{}", self.name));
        ids.collect::<Vec<_>>().join(" ")
    }
}
