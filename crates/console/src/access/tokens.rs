//! Tokens of programs.

use std::time::Duration;

use api::dto::{NewToken, TokenView};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use http::page::{Form, Visit};
use http::{Admin, May, Problem, Scope};
use jiff::Timestamp;

use super::fault;
use crate::Console;
use crate::show::When;

const DAY: Duration = Duration::from_hours(24);

struct Row {
    token: TokenView,
    scopes: String,
    made: When,
    expires: Option<When>,
    expired: bool,
    used: Option<When>,
}

impl Row {
    fn new(token: TokenView, now: Timestamp) -> Self {
        Row {
            scopes: token.scopes.join(", "),
            made: token.created_at.0.into(),
            expires: token.expires_at.map(|at| at.0.into()),
            expired: token.expires_at.is_some_and(|at| at.0 <= now),
            used: token.used_at.map(|at| at.0.into()),
            token,
        }
    }
}

/// A scope, to choose from.
struct Choice {
    scope: Scope,
    meaning: String,
    ticked: bool,
}

#[derive(Template)]
#[template(path = "tokens.html")]
struct List<'p> {
    v: &'p Visit,
    rows: Vec<Row>,
    scopes: Vec<Choice>,
    name: &'p str,
    /// Lengths of time after which a token stops working, in days; 0 = never.
    lives: [(u32, bool); 4],
    fault: Option<String>,
}

/// `GET /tokens`.
pub(crate) async fn list(State(console): State<Console>, visit: Visit, _: May<Admin>) -> Response {
    all(&console, &visit, &Form::default(), None)
}

fn all(console: &Console, visit: &Visit, form: &Form, fault: Option<String>) -> Response {
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let now = console.hub.now();
    let choice = |scope: Scope| Choice {
        scope,
        meaning: visit.t(&format!("scope-{}", scope.as_str().replace(':', "-"))),
        ticked: form.all("scope").any(|word| word == scope.as_str()),
    };
    let content = List {
        v: visit,
        rows: console.access.tokens().into_iter().map(|token| Row::new(token, now)).collect(),
        scopes: console.access.scopes().all().map(choice).collect(),
        name: form.get("name").unwrap_or_default(),
        lives: [30, 90, 365, 0].map(|days| (days, days == life(form))),
        fault,
    };
    visit.page(visit.t("tokens")).status(status).show(&content)
}

#[derive(Template)]
#[template(path = "token.html")]
struct Made<'p> {
    v: &'p Visit,
    name: &'p str,
    secret: &'p str,
}

/// `POST /tokens`: makes one, and shows its text this once.
pub(crate) async fn make(
    State(console): State<Console>,
    visit: Visit,
    May { caller, .. }: May<Admin>,
    form: Form,
) -> Result<Response, Problem> {
    let days = life(&form);
    let until = || console.hub.now().checked_add(DAY.saturating_mul(days)).ok();
    let new = NewToken {
        name: form.get("name").unwrap_or_default().to_owned(),
        scopes: form.all("scope").map(str::to_owned).collect(),
        expires_at: if days == 0 { None } else { until().map(Into::into) },
    };
    match console.access.make_token(new, &caller).await {
        Ok(made) => {
            let content = Made { v: &visit, name: &made.token.name, secret: &made.secret };
            Ok(visit.page(visit.t("token-made")).show(&content))
        }
        Err(problem) => Ok(all(&console, &visit, &form, Some(fault(&visit, problem)?))),
    }
}

/// The days for which a token is to work; 0 = for ever.
fn life(form: &Form) -> u32 {
    form.get("days").and_then(|days| days.parse().ok()).unwrap_or(365).min(3650)
}

#[derive(Template)]
#[template(path = "revoke.html")]
struct Revoke<'p> {
    v: &'p Visit,
    row: Row,
}

/// `GET /tokens/{id}/revoke`: says what would happen.
pub(crate) async fn ask(
    State(console): State<Console>,
    visit: Visit,
    _: May<Admin>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let found = console.access.tokens().into_iter().find(|token| token.id == id);
    let token = found.ok_or_else(|| Problem::missing(format!("token {id}")))?;
    let content = Revoke { v: &visit, row: Row::new(token, console.hub.now()) };
    Ok(visit.page(visit.t("revoke")).show(&content))
}

/// `POST /tokens/{id}/revoke`.
pub(crate) async fn revoke(
    State(console): State<Console>,
    May { caller, .. }: May<Admin>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    console.access.revoke_token(&id, &caller).await?;
    Ok(Visit::said("/tokens", "revoked", 1).into_response())
}
