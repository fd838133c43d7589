//! Where a school says that it wants no more mails: a button, since whoever only follows a link must change nothing.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};
use engine::Actor;
use http::Problem;
use http::page::Visit;

use super::super::{Pages, full_name};
use super::{found, render, spoken, told};
use crate::tracker::{Followed, Purpose, STOP_PATH};
use crate::upload::{Around, Looks, dressed, proved};

#[derive(Template)]
#[template(path = "school/stop.html")]
struct Ask<'p> {
    a: Around,
    v: &'p Visit,
    text: String,
    action: String,
}

/// `GET /hosting/v1/stop/{token}`: a button.
pub(in crate::pages) async fn ask_stop(
    State(pages): State<Pages>,
    Looks(visit): Looks,
    Path(token): Path<String>,
) -> Response {
    let school = match found(&pages, &visit, Purpose::Stop, &token).await {
        Ok(school) => school,
        Err(gone) => return gone,
    };
    let visit = spoken(visit, &school);
    let ask = Ask {
        a: Around::new(&visit, "school-stop"),
        v: &visit,
        text: visit.with("school-stop-text", "school", &full_name(&school)),
        action: format!("{STOP_PATH}{token}?lang={}", visit.lang.tag()),
    };
    match render(&ask) {
        Ok(html) => proved(dressed(&pages.policy, (StatusCode::OK, Html(html)).into_response())),
        Err(problem) => problem.into_response(),
    }
}

/// `POST /hosting/v1/stop/{token}`: no more mails. Also by a mail program (RFC 8058), whatever it sends.
pub(in crate::pages) async fn stop(
    State(pages): State<Pages>,
    Looks(visit): Looks,
    Path(token): Path<String>,
) -> Response {
    let school = match found(&pages, &visit, Purpose::Stop, &token).await {
        Ok(school) => school,
        Err(gone) => return gone,
    };
    match stopped(&pages, &school).await {
        Ok(()) => proved(done(&pages, &spoken(visit, &school), &school)),
        Err(problem) => problem.into_response(),
    }
}

async fn stopped(pages: &Pages, school: &Followed) -> Result<(), Problem> {
    pages.tracker.stop(&school.rne, &Actor(format!("school:{}", school.rne))).await?;
    Ok(())
}

fn done(pages: &Pages, visit: &Visit, school: &Followed) -> Response {
    let text = visit.with("school-stopped", "school", &full_name(school));
    told(pages, visit, StatusCode::OK, "school-stop", text)
}
