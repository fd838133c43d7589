//! The pages: a button that uses a ticket, the files of a session, and why there is neither.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use http::Problem;
use http::page::{Lang, Visit};
use serde_json::json;

use super::answer::{problem, proved, sentence, shown, size};
use super::tus::Row;
use super::{ASSETS, Looks, Web};
use crate::upload::desk::Visitor;
use crate::upload::error::Error;

/// What all of them have in common.
pub(crate) struct Around {
    pub(crate) lang: Lang,
    pub(crate) langs: [Lang; 2],
    pub(crate) title: String,
    pub(crate) look: String,
    pub(crate) icon: String,
    pub(crate) css: String,
}

impl Around {
    pub(crate) fn new(visit: &Visit, title: &str) -> Self {
        let (look, icon) = (visit.asset("page.css"), visit.asset("icon.svg"));
        Around {
            lang: visit.lang,
            langs: Lang::ALL,
            title: visit.t(title),
            look,
            icon,
            css: ASSETS.path("upload.css"),
        }
    }
}

#[derive(Template)]
#[template(path = "upload/ticket.html")]
struct TicketPage<'p> {
    a: Around,
    v: &'p Visit,
    school: &'p str,
    action: String,
}

/// `GET /hosting/v1/upload/tickets/{ticket}`: a button. Whoever only looks at a link uses nothing up.
pub(super) async fn ticket(
    State(web): State<Web>,
    Looks(visit): Looks,
    Path(ticket): Path<String>,
) -> Response {
    match web.uploads.look_at(&ticket).await {
        Ok(said) => {
            let action = format!("/hosting/v1/upload/tickets/{ticket}?lang={}", visit.lang.tag());
            let a = Around::new(&visit, "upload-title");
            proved(show(&web, StatusCode::OK, &TicketPage { a, v: &visit, school: &said.school.rne, action }))
        }
        Err(error) => failed(&web, &visit, error),
    }
}

#[derive(Template)]
#[template(path = "upload/session.html")]
struct SessionPage<'p> {
    a: Around,
    v: &'p Visit,
    school: String,
    /// The path of the session.
    base: String,
    scripts: [String; 2],
    files: Vec<Shown>,
    /// What may be chosen.
    accept: String,
    limits: String,
    may_change: bool,
    handed_over: bool,
    /// Everything is there.
    may_finish: bool,
    /// What was wrong with what was just sent.
    notice: Option<String>,
    /// The words that the script uses.
    words: String,
    largest: u64,
    most: usize,
    whole: u64,
}

/// A file of the page.
struct Shown {
    row: Row,
    size: String,
    there: String,
    main: bool,
}

/// `GET /hosting/v1/upload/sessions/{session}`: the files.
pub(super) async fn session(
    State(web): State<Web>,
    Looks(visit): Looks,
    Path(session): Path<String>,
) -> Response {
    match web.uploads.visitor_anew(&session).await {
        Ok(visitor) => of(&web, &visit, &visitor, None),
        Err(error) => failed(&web, &visit, error),
    }
}

/// The page of somebody who may come in.
pub(super) fn of(web: &Web, visit: &Visit, visitor: &Visitor, error: Option<Error>) -> Response {
    let limits = web.uploads.limits();
    let mut main = true;
    let shown = |slot: &std::sync::Arc<crate::upload::slot::Slot>| {
        let row = Row::of(slot, |why| sentence(visit, why, limits));
        let is_main = row.state != "refused" && std::mem::take(&mut main);
        Shown { size: size(visit, row.size), there: size(visit, row.offset), main: is_main, row }
    };
    let files: Vec<Shown> = visitor.set.files().iter().map(shown).collect();
    let taken = || files.iter().filter(|file| file.row.state != "refused");
    let may_finish = taken().next().is_some() && taken().all(|file| file.row.state == "there");
    let accept: Vec<String> = limits.extensions.iter().map(|one| format!(".{one}")).collect();
    let (status, notice) = match error {
        Some(error) => {
            let problem = problem(visit, error, limits);
            (status(&problem), Some(problem.detail.to_string()))
        }
        None => (StatusCode::OK, None),
    };
    let said = visit.say(
        "upload-limits",
        &[
            ("files", limits.files.to_string().into()),
            ("size", size(visit, limits.file).into()),
            ("total", size(visit, limits.total).into()),
            ("extensions", accept.join(" ").into()),
        ],
    );
    let page = SessionPage {
        a: Around::new(visit, "upload-title"),
        v: visit,
        school: visitor.set.document().school.rne,
        base: format!("/hosting/v1/upload/sessions/{}", visitor.session),
        scripts: ["tus.min.js", "upload.js"].map(|name| ASSETS.path(name)),
        accept: accept.join(","),
        limits: said,
        may_change: visitor.may_change().is_ok(),
        handed_over: visitor.is_handed_over(),
        may_finish,
        files,
        notice,
        words: words(visit),
        largest: limits.file,
        most: limits.files,
        whole: limits.total,
    };
    proved(show(web, status, &page))
}

/// The words of the script.
fn words(visit: &Visit) -> String {
    const WORDS: [&str; 28] = [
        "main",
        "up",
        "down",
        "pause",
        "resume",
        "remove",
        "waiting",
        "coming",
        "paused",
        "there",
        "lost",
        "checking",
        "choose-again",
        "other-file",
        "twice",
        "too-large",
        "too-many",
        "too-much",
        "extension",
        "empty",
        "speed",
        "left",
        "all",
        "all-done",
        "finish-failed",
        "moved",
        "removed",
        "progress",
    ];
    // What the script puts into a sentence stands in it as {name}.
    let words = WORDS.map(|word| {
        let args = ["name", "done", "size", "speed", "time", "percent", "extensions", "place"];
        let holes: Vec<_> = args.iter().map(|arg| (*arg, format!("{{{arg}}}").into())).collect();
        (word.to_owned(), json!(visit.say(&format!("upload-js-{word}"), &holes)))
    });
    serde_json::Value::Object(words.into_iter().collect()).to_string()
}

#[derive(Template)]
#[template(path = "upload/failed.html")]
struct FailedPage<'p> {
    a: Around,
    v: &'p Visit,
    detail: &'p str,
}

/// A page that says why there is none.
pub(super) fn failed(web: &Web, visit: &Visit, error: Error) -> Response {
    explained(web, visit, &problem(visit, error, web.uploads.limits()))
}

/// The same for a problem.
pub(super) fn explained(web: &Web, visit: &Visit, problem: &Problem) -> Response {
    let a = Around::new(visit, "upload-failed");
    show(web, status(problem), &FailedPage { a, v: visit, detail: &problem.detail })
}

fn status(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn show(web: &Web, status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => shown(web, (status, Html(html)).into_response()),
        Err(error) => Problem::bug(&error).into_response(),
    }
}
