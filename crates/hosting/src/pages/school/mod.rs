//! The page of a school: opened by a signed link, without an account, also in a frame of a client's own site. It shows where
//! the library server stands, and what the school can do now. It is read again by itself.

mod act;
mod state;
mod stop;

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};
use http::Problem;
use http::page::{Form, Lang, Visit};

use super::Pages;
use crate::tracker::{Followed, PAGE_PATH, Purpose};
use crate::upload::{Around, Looks, dressed, proved};
use act::Act;
use state::{Now, Past};

pub(super) use stop::{ask_stop, stop};

#[derive(Template)]
#[template(path = "school/page.html")]
struct Whole<'p> {
    a: Around,
    v: &'p Visit,
    school: &'p Followed,
    scripts: [String; 2],
    /// Work is under way: a browser without scripts loads the page again.
    works: bool,
    mark: &'p str,
    now: String,
    act: String,
    is_missing: bool,
    past: String,
}

/// How much of the page somebody wants.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Only what changes by itself.
    Part,
    Whole,
    /// With what is hidden of how to connect.
    Revealed,
}

/// `GET /hosting/v1/school/{token}`: the page; with `?part=now` only what changes by itself.
pub(super) async fn show(
    State(pages): State<Pages>,
    Looks(visit): Looks,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Form::of_query(query.as_deref().unwrap_or_default());
    let wanted = if query.get("part") == Some("now") { Wanted::Part } else { Wanted::Whole };
    answered(&pages, visit, &token, wanted).await
}

/// `POST …/reveal`: the page, with what is hidden of how to connect.
pub(super) async fn reveal(
    State(pages): State<Pages>,
    Looks(visit): Looks,
    Path(token): Path<String>,
) -> Response {
    answered(&pages, visit, &token, Wanted::Revealed).await
}

async fn answered(pages: &Pages, visit: Visit, token: &str, wanted: Wanted) -> Response {
    match found(pages, &visit, Purpose::Page, token).await {
        Ok(school) => match page(pages, &spoken(visit, &school), &school, token, wanted).await {
            Ok(html) => proved(dressed(&pages.policy, (StatusCode::OK, Html(html)).into_response())),
            Err(problem) => problem.into_response(),
        },
        Err(gone) => gone,
    }
}

/// The school of a link, or a page that says why there is none.
async fn found(pages: &Pages, visit: &Visit, purpose: Purpose, token: &str) -> Result<Followed, Response> {
    match pages.tracker.verify(purpose, token).await {
        Ok(Some(school)) => Ok(school),
        Ok(None) => {
            Err(told(pages, visit, StatusCode::NOT_FOUND, "school-gone", visit.t("school-gone-text")))
        }
        Err(error) => {
            tracing::error!("the page of a school cannot be shown: {error}");
            let later = visit.t("school-later");
            Err(told(pages, visit, StatusCode::SERVICE_UNAVAILABLE, "school-title", later))
        }
    }
}

/// In the language that the address says, else in that of the school's mails.
fn spoken(mut visit: Visit, school: &Followed) -> Visit {
    let query = visit.here.split_once('?').map_or("", |(_, query)| query);
    let is_said = Form::of_query(query).get("lang").is_some();
    let own = school.kept.contact.as_ref().and_then(|contact| Lang::of_tag(&contact.language));
    visit.lang = own.filter(|_| !is_said).unwrap_or(visit.lang);
    visit
}

async fn page(
    pages: &Pages,
    visit: &Visit,
    school: &Followed,
    token: &str,
    wanted: Wanted,
) -> Result<String, Problem> {
    let looked = pages.look(&school.rne).await?;
    let now = Now::new(visit, &looked);
    let (mark, works) = (now.mark.clone(), now.works);
    let (now, past) = (render(&now)?, render(&Past::new(visit, &looked.school))?);
    if wanted == Wanted::Part {
        return Ok(now + &past);
    }
    let act = Act::of(pages, visit, &looked, wanted == Wanted::Revealed).await;
    let base = format!("{PAGE_PATH}{token}");
    render(&Whole {
        a: Around::new(visit, "school-title"),
        v: visit,
        school: &looked.school,
        scripts: [visit.asset("page.js"), super::ASSETS.path("school.js")],
        works,
        mark: &mark,
        now,
        is_missing: matches!(act, Act::Missing),
        act: render(&act::Shown { v: visit, base: &base, act: &act })?,
        past,
    })
}

fn render(template: &impl Template) -> Result<String, Problem> {
    template.render().map_err(|error| Problem::bug(&error))
}

#[derive(Template)]
#[template(path = "school/told.html")]
struct Told<'p> {
    a: Around,
    v: &'p Visit,
    text: String,
}

/// A page of one sentence.
fn told(pages: &Pages, visit: &Visit, status: StatusCode, title: &str, text: String) -> Response {
    match render(&Told { a: Around::new(visit, title), v: visit, text }) {
        Ok(html) => dressed(&pages.policy, (status, Html(html)).into_response()),
        Err(problem) => problem.into_response(),
    }
}
