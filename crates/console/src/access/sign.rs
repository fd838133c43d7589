//! Signing in and out.

use access::{Origin, SignedIn};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::page::{Form, Visit, local_path};
use http::{Caller, Problem};

use super::fault;
use crate::Console;

#[derive(Template)]
#[template(path = "sign-in.html")]
struct SignIn<'p> {
    v: &'p Visit,
    to: &'p str,
    name: &'p str,
    fault: Option<String>,
    /// Nobody has an account yet.
    first: bool,
    /// Where people may sign in instead.
    provider: Option<&'p str>,
}

/// `GET /sign-in`.
pub(crate) async fn ask(State(console): State<Console>, visit: Visit, RawQuery(query): RawQuery) -> Response {
    let query = Form::of_query(query.as_deref().unwrap_or_default());
    page(&console, &visit, StatusCode::OK, local_path(query.get("to").unwrap_or("/")), "", None)
}

/// `POST /sign-in`.
pub(crate) async fn sign_in(
    State(console): State<Console>,
    visit: Visit,
    origin: Origin,
    form: Form,
) -> Result<Response, Problem> {
    let to = local_path(form.get("to").unwrap_or("/"));
    let name = form.get("name").unwrap_or_default();
    match console.access.sign_in(name, form.raw("password").unwrap_or_default(), &origin).await {
        Ok(signed) => Ok(entered(signed, to)),
        Err(problem) => {
            let why = Some(fault(&visit, problem)?);
            Ok(page(&console, &visit, StatusCode::UNPROCESSABLE_ENTITY, to, name, why))
        }
    }
}

/// The page on which people sign in.
pub(super) fn page(
    console: &Console,
    visit: &Visit,
    status: StatusCode,
    to: &str,
    name: &str,
    fault: Option<String>,
) -> Response {
    let provider = console.access.provider();
    let content = SignIn { v: visit, to, name, fault, first: console.access.is_new(), provider };
    visit.page(visit.t("sign-in")).bare().status(status).show(&content)
}

/// `POST /sign-out`.
pub(crate) async fn sign_out(
    State(console): State<Console>,
    caller: Caller,
    origin: Origin,
) -> Result<Response, Problem> {
    Ok(with_cookie(console.access.sign_out(&caller, &origin).await?, "/sign-in"))
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome<'p> {
    v: &'p Visit,
    secret: &'p str,
    /// The account for which the link is; none = the name is chosen.
    account: Option<&'p str>,
    name: &'p str,
    fault: Option<String>,
}

/// `GET /sign-in/{secret}`: a sign-in link.
pub(crate) async fn welcome(
    State(console): State<Console>,
    visit: Visit,
    Path(secret): Path<String>,
) -> Result<Response, Problem> {
    let link = console.access.link(&secret).await?;
    let content =
        Welcome { v: &visit, secret: &secret, account: link.account.as_deref(), name: "", fault: None };
    Ok(visit.page(visit.t("welcome")).bare().show(&content))
}

/// `POST /sign-in/{secret}`: sets name and password, and signs in.
pub(crate) async fn redeem(
    State(console): State<Console>,
    visit: Visit,
    origin: Origin,
    Path(secret): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let link = console.access.link(&secret).await?;
    let name = form.get("name").unwrap_or_default();
    let password = form.raw("password").unwrap_or_default();
    let redeemed = if form.raw("again") == Some(password) {
        console.access.redeem(&secret, name, password.to_owned(), &origin).await
    } else {
        Err(Problem::bad_request(visit.t("password-differs")))
    };
    let problem = match redeemed {
        Ok(signed) => return Ok(entered(signed, "/")),
        Err(problem) => problem,
    };
    let fault = Some(fault(&visit, problem)?);
    let content = Welcome { v: &visit, secret: &secret, account: link.account.as_deref(), name, fault };
    let page = visit.page(visit.t("welcome")).bare().status(StatusCode::UNPROCESSABLE_ENTITY);
    Ok(page.show(&content))
}

fn entered(signed: SignedIn, to: &str) -> Response {
    let mut response = with_cookie(signed.cookie, to);
    if let Some(browser) = signed.browser {
        response.headers_mut().append(header::SET_COOKIE, browser);
    }
    response
}

fn with_cookie(cookie: HeaderValue, to: &str) -> Response {
    ([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response()
}
