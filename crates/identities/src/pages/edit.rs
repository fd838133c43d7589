//! A document as a text to be edited.

use askama::Template;
use axum::extract::State as Extract;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use http::page::{Form, Visit};
use http::{May, Named, Operate, Problem};
use model::json::{self, Bad};
use serde_json::{Value, json};

use super::Pages;
use super::show::pretty;
use crate::error::Error;
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
    text: String,
    fault: Option<String>,
}

/// `GET /identities/new`.
pub(super) async fn new(visit: Visit, _: May<Operate>) -> Response {
    let empty = json!({"inetOrgPerson": {"uid": "", "cn": "", "sn": "", "givenName": "", "mail": ""}});
    form(&visit, None, 0, pretty(&empty), None)
}

/// `POST /identities/new`.
pub(super) async fn create(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    given: Form,
) -> Result<Response, Problem> {
    let text = given.raw("document").unwrap_or_default().to_owned();
    let created = match json::read(text.as_bytes()) {
        Ok(document) => pages.register.create(document, &caller.actor).await,
        Err(bad) => Err(no_json(&bad)),
    };
    match created {
        Ok(identity) => Ok(done(&identity.id)),
        Err(error) => told(&visit, None, 0, text, error),
    }
}

/// `GET /identities/{id}/edit`.
pub(super) async fn edit(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    _: May<Operate>,
    Named(id): Named<String>,
) -> Result<Response, Problem> {
    let Identity { id, rev, kept, .. } = pages.register.get(&id).await?;
    Ok(form(&visit, Some(&id), rev, pretty(&Value::Object(kept.document)), None))
}

/// `POST /identities/{id}/edit`.
pub(super) async fn replace(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    Named(id): Named<String>,
    given: Form,
) -> Result<Response, Problem> {
    let text = given.raw("document").unwrap_or_default().to_owned();
    let rev = given.get("rev").and_then(|rev| rev.parse().ok()).unwrap_or_default();
    let replaced = match json::read(text.as_bytes()) {
        Ok(document) => pages.register.put(&id, document, Some(rev), &caller.actor).await,
        Err(bad) => Err(no_json(&bad)),
    };
    match replaced {
        Ok(identity) => Ok(done(&identity.id)),
        Err(error) => told(&visit, Some(&id), rev, text, error),
    }
}

fn done(id: &str) -> Response {
    Visit::said(&format!("/identities/{id}"), "identities-saved", 1).into_response()
}

fn no_json(bad: &Bad) -> Error {
    Error::BadDocument(format!("it cannot be read as JSON: {bad}"))
}

/// The form again, with what is wrong; whatever the form cannot help is a problem.
fn told(visit: &Visit, id: Option<&str>, rev: u64, text: String, error: Error) -> Result<Response, Problem> {
    match error {
        Error::BadDocument(_) | Error::Exists(_) | Error::Changed(_) => {
            Ok(form(visit, id, rev, text, Some(error.to_string())))
        }
        other => Err(other.into()),
    }
}

fn form(visit: &Visit, id: Option<&str>, rev: u64, text: String, fault: Option<String>) -> Response {
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let title = visit.t(if id.is_some() { "identities-edit" } else { "identities-new" });
    let content = Edit {
        v: visit,
        action: id.map_or("/identities/new".to_owned(), |id| format!("/identities/{id}/edit")),
        back: id.map_or("/identities".to_owned(), |id| format!("/identities/{id}")),
        title: title.clone(),
        rev,
        text,
        fault,
    };
    visit.page(title).status(status).show(&content)
}
