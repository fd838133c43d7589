//! The form of what is known of a school: to follow one, and to change one.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use http::Problem;
use http::page::{Form, Visit};
use serde_json::{Map, Value, json};

use crate::api::wrong_in_words;
use crate::tracker::{Error, Trouble};
use crate::values::{Fault, Version};

/// What was typed into the fields; empty where nothing was. The licence code is not among it: it is typed again.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub(super) rne: String,
    pub(super) host: String,
    pub(super) griffe: String,
    pub(super) version: String,
    pub(super) mail: String,
    pub(super) language: String,
}

impl Typed {
    pub(super) fn of(form: &Form) -> Self {
        let field = |name: &str| form.get(name).unwrap_or_default().to_owned();
        Typed {
            rne: field("rne"),
            host: field("host"),
            griffe: field("griffe"),
            version: field("version"),
            mail: field("mail"),
            language: field("language"),
        }
    }

    /// What a client would say of it, with the code as it was typed.
    pub(super) fn document(&self, code: Option<&str>) -> Value {
        let all = [("rne", &self.rne), ("griffe", &self.griffe), ("version", &self.version)];
        let given = all.into_iter().filter(|(_, value)| !value.is_empty());
        let mut document: Map<String, Value> =
            given.map(|(name, value)| (name.to_owned(), value.as_str().into())).collect();
        if let Some(code) = code {
            document.insert("code".to_owned(), code.into());
        }
        if !self.mail.is_empty() {
            document.insert("contact".to_owned(), json!({ "mail": self.mail, "language": self.language }));
        }
        Value::Object(document)
    }
}

/// What a form is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// A school that is not followed yet.
    New,
    /// One that is; its host may change it now, or not.
    Known { alterable: bool },
}

/// What a host answers to somebody who can put it right; what the form cannot help is a problem.
pub(super) fn said(error: Error) -> Result<String, Problem> {
    match error {
        Error::Elsewhere { .. }
        | Error::NoHost { .. }
        | Error::Here(crate::Error::Refused { .. } | crate::Error::NotAccepted(_))
        | Error::Host { trouble: Trouble::Down { .. } | Trouble::Key | Trouble::Refused { .. }, .. } => {
            Ok(error.to_string())
        }
        other => Err(other.into()),
    }
}

/// A form with what was typed, and what is wrong with it.
pub(super) struct Filled {
    of: For,
    typed: Typed,
    faults: Vec<Fault>,
    /// What is wrong with no field of its own.
    fault: Option<String>,
}

/// A field.
struct Field {
    name: &'static str,
    kind: &'static str,
    label: String,
    value: String,
    /// What can be chosen: word and name.
    choices: Vec<(String, String)>,
    help: Option<String>,
    wrong: Option<String>,
    required: bool,
}

#[derive(Template)]
#[template(path = "office/form.html")]
struct Shown<'p> {
    v: &'p Visit,
    title: String,
    text: String,
    action: &'p str,
    back: &'p str,
    fields: Vec<Field>,
    fault: Option<String>,
    send: String,
}

impl Filled {
    pub(super) fn new(of: For, typed: Typed) -> Self {
        Filled { of, typed, faults: Vec::new(), fault: None }
    }

    /// These are wrong.
    pub(super) fn wrong(self, faults: Vec<Fault>) -> Self {
        Filled { faults, ..self }
    }

    /// It cannot be done, and why.
    pub(super) fn because(self, why: String) -> Self {
        Filled { fault: Some(why), ..self }
    }

    /// The page; `hosts` = the names among which is chosen, each with that for people.
    pub(super) fn show(self, v: &Visit, hosts: &[(String, String)], action: &str, back: &str) -> Response {
        let (word, text) = match self.of {
            For::New => ("create", "hosting-create-text"),
            For::Known { alterable: true } => ("alter", "hosting-alter-text"),
            For::Known { alterable: false } => ("alter", "hosting-alter-not-now"),
        };
        let is_wrong = self.fault.is_some() || !self.faults.is_empty();
        let whole = self.faults.iter().find(|fault| fault.pointer.is_empty());
        let shown = Shown {
            v,
            title: v.t(&format!("hosting-{word}-title")),
            text: v.t(text),
            action,
            back,
            fault: self.fault.clone().or_else(|| whole.map(|fault| wrong_in_words(&fault.what, v.lang))),
            fields: self.fields(v, hosts),
            send: v.t(&format!("hosting-{word}-do")),
        };
        let status = if is_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        v.page(shown.title.as_str()).status(status).show(&shown)
    }

    fn fields(self, v: &Visit, hosts: &[(String, String)]) -> Vec<Field> {
        let (of, typed) = (self.of, self.typed.clone());
        let is_new = of == For::New;
        let mut fields = Vec::new();
        if is_new {
            fields.push(Field { required: true, ..self.field(v, "rne", typed.rne, "/rne") });
        }
        if is_new && hosts.len() > 1 {
            fields.push(self.field(v, "host", typed.host, "/host").choice(hosts.to_vec()));
        }
        if of != (For::Known { alterable: false }) {
            let versions = Version::ALL.map(|one| (one.as_str().to_owned(), one.as_str().to_owned()));
            let code =
                Field { kind: "password", required: is_new, ..self.field(v, "code", String::new(), "/code") };
            let help = if is_new { code.help } else { Some(v.t("hosting-code-keep")) };
            fields.push(Field { required: true, ..self.field(v, "griffe", typed.griffe, "/griffe") });
            fields.push(Field { help, ..code });
            fields.push(self.field(v, "version", typed.version, "/version").choice(versions.into()));
        }
        let languages = ["fr", "en"].map(|tag| (tag.to_owned(), v.t(&format!("hosting-language-{tag}"))));
        fields.push(Field { kind: "email", ..self.field(v, "mail", typed.mail, "/contact/mail") });
        fields.push(self.field(v, "language", typed.language, "/contact/language").choice(languages.into()));
        fields
    }

    fn field(&self, v: &Visit, name: &'static str, value: String, pointer: &str) -> Field {
        const HINTED: [&str; 4] = ["rne", "griffe", "code", "mail"];
        let wrong = self.faults.iter().find(|fault| fault.pointer == pointer);
        Field {
            name,
            kind: "text",
            label: v.t(&format!("hosting-{name}")),
            value,
            choices: Vec::new(),
            help: HINTED.contains(&name).then(|| v.t(&format!("hosting-{name}-hint"))),
            wrong: wrong.map(|fault| wrong_in_words(&fault.what, v.lang)),
            required: false,
        }
    }
}

impl Field {
    /// One of these is chosen.
    fn choice(self, choices: Vec<(String, String)>) -> Self {
        Field { kind: "select", choices, ..self }
    }
}
