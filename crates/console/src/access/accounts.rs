//! Accounts of people.

use api::dto::{AccountChange, AccountView, NewAccount};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use http::page::{Form, Visit};
use http::{Admin, May, Problem};

use super::{Choice, fault, roles};
use crate::Console;
use crate::show::{When, segment};

struct Row {
    account: AccountView,
    role: String,
    made: When,
    used: Option<When>,
}

impl Row {
    fn new(v: &Visit, account: AccountView) -> Self {
        Row {
            role: v.t(&format!("role-{}", account.role)),
            made: account.created_at.0.into(),
            used: account.used_at.map(|at| at.0.into()),
            account,
        }
    }
}

#[derive(Template)]
#[template(path = "accounts.html")]
struct List<'p> {
    v: &'p Visit,
    rows: Vec<Row>,
    roles: Vec<Choice>,
    name: String,
    fault: Option<String>,
}

/// `GET /accounts`.
pub(crate) async fn list(State(console): State<Console>, visit: Visit, _: May<Admin>) -> Response {
    all(&console, &visit, String::new(), None)
}

fn all(console: &Console, visit: &Visit, name: String, fault: Option<String>) -> Response {
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let rows = console.access.accounts().into_iter().map(|account| Row::new(visit, account)).collect();
    let content = List { v: visit, rows, roles: roles(visit), name, fault };
    visit.page(visit.t("accounts")).status(status).show(&content)
}

/// `POST /accounts`: makes an account, and a link with which its person sets a password.
pub(crate) async fn make(
    State(console): State<Console>,
    visit: Visit,
    May { caller, .. }: May<Admin>,
    form: Form,
) -> Result<Response, Problem> {
    let name = form.get("name").unwrap_or_default().to_owned();
    let role = form.get("role").unwrap_or_default().parse().map_err(Problem::bad_request)?;
    let new = NewAccount { name: name.clone(), role, password: None };
    match console.access.make_account(new, &caller).await {
        Ok(account) => invite(&console, &visit, &caller, &account.name).await,
        Err(problem) => Ok(all(&console, &visit, name, Some(fault(&visit, problem)?))),
    }
}

#[derive(Template)]
#[template(path = "person.html")]
struct One<'p> {
    v: &'p Visit,
    row: Row,
    roles: Vec<Choice>,
    own: bool,
    fault: Option<String>,
}

/// `GET /accounts/{name}`.
pub(crate) async fn show(
    State(console): State<Console>,
    visit: Visit,
    May { caller, .. }: May<Admin>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    one(&console, &visit, &caller, &name, None)
}

fn one(
    console: &Console,
    visit: &Visit,
    caller: &http::Caller,
    name: &str,
    fault: Option<String>,
) -> Result<Response, Problem> {
    let account = console.access.account(name)?;
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let content = One {
        v: visit,
        own: caller.name() == account.name,
        row: Row::new(visit, account),
        roles: roles(visit),
        fault,
    };
    Ok(visit.page(name).status(status).show(&content))
}

/// `POST /accounts/{name}`: another role, or kept out.
pub(crate) async fn change(
    State(console): State<Console>,
    visit: Visit,
    May { caller, .. }: May<Admin>,
    Path(name): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let role = form.get("role").map(str::parse).transpose().map_err(Problem::bad_request)?;
    let change = AccountChange { role, disabled: Some(form.is_ticked("disabled")), password: None };
    match console.access.change_account(&name, rev(&form), change, &caller).await {
        Ok(_) => Ok(Visit::said(&path(&name), "changed", 1).into_response()),
        Err(problem) => one(&console, &visit, &caller, &name, Some(fault(&visit, problem)?)),
    }
}

/// `POST /accounts/{name}/remove`.
pub(crate) async fn remove(
    State(console): State<Console>,
    visit: Visit,
    May { caller, .. }: May<Admin>,
    Path(name): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    match console.access.remove_account(&name, rev(&form), &caller).await {
        Ok(()) => Ok(Visit::said("/accounts", "account-removed", 1).into_response()),
        Err(problem) => one(&console, &visit, &caller, &name, Some(fault(&visit, problem)?)),
    }
}

#[derive(Template)]
#[template(path = "invite.html")]
struct Invite<'p> {
    v: &'p Visit,
    name: &'p str,
    link: String,
}

/// `POST /accounts/{name}/link`: a link with which the person sets a new password.
pub(crate) async fn link(
    State(console): State<Console>,
    visit: Visit,
    May { caller, .. }: May<Admin>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    invite(&console, &visit, &caller, &name).await
}

async fn invite(
    console: &Console,
    visit: &Visit,
    caller: &http::Caller,
    name: &str,
) -> Result<Response, Problem> {
    let path = console.access.make_link(Some(name.to_owned()), caller).await?;
    let link = format!("{}{path}", console.url.as_deref().unwrap_or_default());
    Ok(visit.page(visit.t("invite")).show(&Invite { v: visit, name, link }))
}

/// The revision that the person who fills in the form has seen.
fn rev(form: &Form) -> Option<u64> {
    form.get("rev").and_then(|rev| rev.parse().ok())
}

fn path(name: &str) -> String {
    format!("/accounts/{}", segment(name))
}
