//! A person in a form, or as a document to be edited.

use askama::Template;
use axum::extract::RawQuery;
use axum::extract::State as Extract;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use http::page::{Form, Visit};
use http::{May, Named, Operate, Problem};
use model::json::{self, Bad};
use serde_json::{Map, Value, json};

use super::Pages;
use super::fields::{Group, Typed, groups, typed};
use super::show::pretty;
use crate::error::Error;
use crate::form::Fault;
use crate::identity::Identity;

#[derive(Template)]
#[template(path = "edit.html")]
struct Edit<'p> {
    v: &'p Visit,
    title: String,
    /// Where the form goes to, and where one goes back to.
    action: String,
    back: String,
    rev: u64,
    /// The fields; none = it is edited as a document.
    groups: Vec<Group>,
    text: String,
    as_json: bool,
    fault: Option<String>,
}

impl Edit<'_> {
    /// Fields that have something wrong in them: their names in the form, and what they are called.
    fn wrong(&self) -> Vec<(&str, &str)> {
        let rows = self.groups.iter().flat_map(|group| &group.rows);
        rows.filter(|row| row.wrong.is_some()).map(|row| (row.name.as_str(), row.label.as_str())).collect()
    }
}

/// What is edited: whose document, over which revision.
#[derive(Clone, Copy)]
struct Subject<'s> {
    /// None: somebody new.
    id: Option<&'s str>,
    rev: u64,
}

/// What a page shows.
enum Shown<'s> {
    Fields { document: &'s Map<String, Value>, given: Option<&'s Form>, faults: &'s [(String, Fault)] },
    Text(String),
}

/// `GET /identities/new`.
pub(super) async fn new(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    _: May<Operate>,
    RawQuery(query): RawQuery,
) -> Response {
    let empty = json!({"inetOrgPerson": {"uid": "", "cn": "", "sn": "", "givenName": "", "mail": ""}});
    let subject = Subject { id: None, rev: 0 };
    if is_json(query.as_deref()) {
        return page(&pages, &visit, subject, Shown::Text(pretty(&empty)), None);
    }
    let fields = Shown::Fields { document: &Map::new(), given: None, faults: &[] };
    page(&pages, &visit, subject, fields, None)
}

/// `GET /identities/{id}/edit`.
pub(super) async fn edit(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    _: May<Operate>,
    Named(id): Named<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let Identity { id, rev, kept, .. } = pages.register.get(&id).await?;
    let shown = if is_json(query.as_deref()) {
        Shown::Text(pretty(&Value::Object(kept.document)))
    } else {
        Shown::Fields { document: &kept.document, given: None, faults: &[] }
    };
    Ok(page(&pages, &visit, Subject { id: Some(&id), rev }, shown, None))
}

/// Whether the second tab is asked for.
fn is_json(query: Option<&str>) -> bool {
    Form::of_query(query.unwrap_or_default()).get("as") == Some("json")
}

/// `POST /identities/new`.
pub(super) async fn create(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    given: Form,
) -> Result<Response, Problem> {
    let subject = Subject { id: None, rev: 0 };
    match read(&pages, Map::new(), &given) {
        Ok(document) if given.get("to").is_none() => {
            match pages.register.create(document, &caller.actor).await {
                Ok(identity) => Ok(done(&identity.id)),
                Err(error) => told(&pages, &visit, subject, &Map::new(), &given, error),
            }
        }
        read => Ok(looked_at(&pages, &visit, subject, &Map::new(), &given, read)),
    }
}

/// `POST /identities/{id}/edit`.
pub(super) async fn replace(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    Named(id): Named<String>,
    given: Form,
) -> Result<Response, Problem> {
    let rev = given.get("rev").and_then(|rev| rev.parse().ok()).unwrap_or_default();
    let subject = Subject { id: Some(&id), rev };
    let identity = pages.register.get(&id).await?;
    let kept = identity.kept.document;
    if identity.rev != rev {
        // What was typed is laid over what is there now, for whoever looks again.
        let subject = Subject { rev: identity.rev, ..subject };
        return told(&pages, &visit, subject, &kept, &given, Error::Changed(id.clone()));
    }
    match read(&pages, kept.clone(), &given) {
        Ok(document) if given.get("to").is_none() => {
            match pages.register.put(&id, document, Some(rev), &caller.actor).await {
                Ok(identity) => Ok(done(&identity.id)),
                Err(error) => told(&pages, &visit, subject, &kept, &given, error),
            }
        }
        read => Ok(looked_at(&pages, &visit, subject, &kept, &given, read)),
    }
}

/// What was wrong with what somebody sent.
enum Wrong {
    Text(Bad),
    Fields(Vec<(String, Fault)>),
}

/// The document that somebody sent, in either tab.
fn read(pages: &Pages, kept: Map<String, Value>, given: &Form) -> Result<Value, Wrong> {
    if let Some(text) = given.raw("document") {
        return json::read(text.as_bytes()).map_err(Wrong::Text);
    }
    let Typed { document, faults } = typed(kept, &pages.schemas, given);
    if faults.is_empty() { Ok(Value::Object(document)) } else { Err(Wrong::Fields(faults)) }
}

/// The other tab with the same content, or the same one with what is wrong in it.
fn looked_at(
    pages: &Pages,
    visit: &Visit,
    subject: Subject<'_>,
    kept: &Map<String, Value>,
    given: &Form,
    read: Result<Value, Wrong>,
) -> Response {
    let to_json = given.get("to") == Some("json");
    match read {
        Ok(Value::Object(document)) if !to_json => {
            page(pages, visit, subject, Shown::Fields { document: &document, given: None, faults: &[] }, None)
        }
        Ok(document) => page(pages, visit, subject, Shown::Text(pretty(&document)), None),
        // What is wrong in a field is no reason not to show the document.
        Err(Wrong::Fields(_)) if to_json => {
            let Typed { document, .. } = typed(kept.clone(), &pages.schemas, given);
            page(pages, visit, subject, Shown::Text(pretty(&Value::Object(document))), None)
        }
        Err(Wrong::Fields(faults)) => {
            let shown = Shown::Fields { document: kept, given: Some(given), faults: &faults };
            page(pages, visit, subject, shown, Some(visit.count("edit-wrong", faults.len())))
        }
        Err(Wrong::Text(bad)) => {
            let text = given.raw("document").unwrap_or_default().to_owned();
            let why = Error::BadDocument(format!("it cannot be read as JSON: {bad}")).to_string();
            page(pages, visit, subject, Shown::Text(text), Some(why))
        }
    }
}

fn done(id: &str) -> Response {
    Visit::said(&format!("/identities/{id}"), "identities-saved", 1).into_response()
}

/// The form again, with what the register says is wrong; whatever the form cannot help is a problem.
fn told(
    pages: &Pages,
    visit: &Visit,
    subject: Subject<'_>,
    kept: &Map<String, Value>,
    given: &Form,
    error: Error,
) -> Result<Response, Problem> {
    let faults = match &error {
        Error::Taken { .. } | Error::Exists(_) => vec![("/inetOrgPerson/uid".to_owned(), Fault::Taken)],
        Error::BadDocument(_) | Error::Changed(_) => Vec::new(),
        _ => return Err(error.into()),
    };
    let shown = match given.raw("document") {
        Some(text) => Shown::Text(text.to_owned()),
        None => Shown::Fields { document: kept, given: Some(given), faults: &faults },
    };
    Ok(page(pages, visit, subject, shown, Some(error.to_string())))
}

fn page(
    pages: &Pages,
    visit: &Visit,
    subject: Subject<'_>,
    shown: Shown<'_>,
    fault: Option<String>,
) -> Response {
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let Subject { id, rev } = subject;
    let title = visit.t(if id.is_some() { "identities-edit" } else { "identities-new" });
    let (groups, text, as_json) = match shown {
        Shown::Fields { document, given, faults } => {
            (groups(visit, document, &pages.schemas, given, faults), String::new(), false)
        }
        Shown::Text(text) => (Vec::new(), text, true),
    };
    let content = Edit {
        v: visit,
        action: id.map_or("/identities/new".to_owned(), |id| format!("/identities/{id}/edit")),
        back: id.map_or("/identities".to_owned(), |id| format!("/identities/{id}")),
        title: title.clone(),
        rev,
        groups,
        text,
        as_json,
        fault,
    };
    visit.page(title).status(status).show(&content)
}
