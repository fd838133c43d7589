//! One's own account.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use http::page::{Form, Visit};
use http::{Caller, Problem, Proof};

use super::fault;
use crate::Console;

#[derive(Template)]
#[template(path = "account.html")]
struct Own<'p> {
    v: &'p Visit,
    name: &'p str,
    role: String,
    meaning: String,
    /// Where the person signs in instead.
    provider: Option<&'p str>,
    fault: Option<String>,
}

/// `GET /account`.
pub(crate) async fn show(
    State(console): State<Console>,
    visit: Visit,
    caller: Caller,
) -> Result<Response, Problem> {
    page(&console, &visit, &caller, None)
}

/// `POST /account/password`.
pub(crate) async fn change(
    State(console): State<Console>,
    visit: Visit,
    caller: Caller,
    form: Form,
) -> Result<Response, Problem> {
    let field = |name| form.raw(name).unwrap_or_default();
    let new = field("password");
    let changed = if field("again") == new {
        console.access.change_password(&caller, field("old"), new.to_owned()).await
    } else {
        Err(Problem::bad_request(visit.t("password-differs")))
    };
    match changed {
        Ok(()) => Ok(Visit::said("/account", "password", 1).into_response()),
        Err(problem) => page(&console, &visit, &caller, Some(fault(&visit, problem)?)),
    }
}

fn page(
    console: &Console,
    visit: &Visit,
    caller: &Caller,
    fault: Option<String>,
) -> Result<Response, Problem> {
    let Proof::Session { role, .. } = &caller.by else {
        return Err(Problem::missing("account of a caller that is no person"));
    };
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let provider = console.access.account(caller.name()).ok().and_then(|account| account.provider);
    let content = Own {
        v: visit,
        name: caller.name(),
        role: visit.t(&format!("role-{role}")),
        meaning: visit.t(&format!("role-{role}-may")),
        provider: provider.as_deref(),
        fault,
    };
    Ok(visit.page(visit.t("account")).status(status).show(&content))
}
