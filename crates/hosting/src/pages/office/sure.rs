//! What cannot be taken back: first a page that says what happens, then the deed.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use http::page::{Form, Visit};
use http::{May, Named, Problem};

use super::super::{Pages, full_name};
use super::HOME;
use super::form::said;
use crate::right::Client;
use crate::rne::Rne;

/// Something that somebody has to be sure of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    Delete,
    Rotate,
    Forget,
}

impl Deed {
    fn word(self) -> &'static str {
        match self {
            Deed::Delete => "delete",
            Deed::Rotate => "rotate",
            Deed::Forget => "forget",
        }
    }
}

#[derive(Template)]
#[template(path = "office/sure.html")]
struct Sure<'p> {
    v: &'p Visit,
    rne: &'p str,
    word: &'static str,
    title: String,
    what: String,
    /// The number has to be typed.
    typed: bool,
    fault: Option<String>,
    send: String,
}

/// `GET …/delete`: says what would happen.
pub(in crate::pages) async fn ask_delete(
    State(pages): State<Pages>,
    visit: Visit,
    _: May<Client>,
    Named(rne): Named<Rne>,
) -> Result<Response, Problem> {
    ask(&pages, &visit, &rne, Deed::Delete, None).await
}

/// `POST …/delete`, with the number typed.
pub(in crate::pages) async fn delete(
    State(pages): State<Pages>,
    visit: Visit,
    May { caller, .. }: May<Client>,
    Named(rne): Named<Rne>,
    form: Form,
) -> Result<Response, Problem> {
    let typed = form.get("typed").unwrap_or_default();
    if !typed.eq_ignore_ascii_case(rne.as_str()) {
        let fault = visit.t("hosting-delete-wrong");
        return ask(&pages, &visit, &rne, Deed::Delete, Some(fault)).await;
    }
    match pages.tracker.delete(&rne, &caller.actor).await {
        Ok(_) => Ok(done(&format!("{HOME}/schools/{rne}"), "hosting-deleted")),
        Err(error) => ask(&pages, &visit, &rne, Deed::Delete, Some(said(error)?)).await,
    }
}

/// `GET …/rotate`: says what would happen.
pub(in crate::pages) async fn ask_rotate(
    State(pages): State<Pages>,
    visit: Visit,
    _: May<Client>,
    Named(rne): Named<Rne>,
) -> Result<Response, Problem> {
    ask(&pages, &visit, &rne, Deed::Rotate, None).await
}

/// `POST …/rotate`: another link to the school's page.
pub(in crate::pages) async fn rotate(
    State(pages): State<Pages>,
    May { caller, .. }: May<Client>,
    Named(rne): Named<Rne>,
) -> Result<Response, Problem> {
    pages.tracker.rotate_links(&rne, &caller.actor).await?;
    Ok(done(&format!("{HOME}/schools/{rne}"), "hosting-rotated"))
}

/// `GET …/forget`: says what would happen.
pub(in crate::pages) async fn ask_forget(
    State(pages): State<Pages>,
    visit: Visit,
    _: May<Client>,
    Named(rne): Named<Rne>,
) -> Result<Response, Problem> {
    ask(&pages, &visit, &rne, Deed::Forget, None).await
}

/// `POST …/forget`: it is not followed any more.
pub(in crate::pages) async fn forget(
    State(pages): State<Pages>,
    May { caller, .. }: May<Client>,
    Named(rne): Named<Rne>,
) -> Result<Response, Problem> {
    pages.tracker.unfollow(&rne, &caller.actor).await?;
    Ok(done(HOME, "hosting-forgotten"))
}

async fn ask(
    pages: &Pages,
    v: &Visit,
    rne: &Rne,
    deed: Deed,
    fault: Option<String>,
) -> Result<Response, Problem> {
    let school = pages.tracker.get(rne).await?;
    let word = deed.word();
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let sure = Sure {
        v,
        rne: rne.as_str(),
        word,
        title: v.t(&format!("hosting-{word}-title")),
        what: v.with(&format!("hosting-{word}-what"), "school", &full_name(&school)),
        typed: deed == Deed::Delete,
        fault,
        send: v.t(&format!("hosting-{word}-do")),
    };
    Ok(v.page(sure.title.as_str()).status(status).show(&sure))
}

fn done(path: &str, key: &str) -> Response {
    Visit::said(path, key, 1).into_response()
}
