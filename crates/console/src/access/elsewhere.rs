//! Signing in at an OpenID Connect provider.

use access::Origin;
use access::oidc::{Answer, Fault};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::Problem;
use http::page::{Form, Visit, local_path};

use super::{fault, sign};
use crate::Console;

/// `GET /sign-in/oidc`: sends the browser to the provider.
pub(crate) async fn begin(
    State(console): State<Console>,
    visit: Visit,
    origin: Origin,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = Form::of_query(query.as_deref().unwrap_or_default());
    let to = local_path(query.get("to").unwrap_or("/"));
    match console.access.begin_elsewhere(to, &origin).await {
        Ok(begun) => {
            Ok(([(header::SET_COOKIE, begun.cookie)], Redirect::to(&begun.location)).into_response())
        }
        Err(why) => refused(&console, &visit, to, why),
    }
}

#[derive(Template)]
#[template(path = "signed-in.html")]
struct SignedIn<'p> {
    v: &'p Visit,
    name: &'p str,
    to: &'p str,
}

/// `GET /sign-in/oidc/callback`: the provider sends the browser back.
pub(crate) async fn end(
    State(console): State<Console>,
    visit: Visit,
    origin: Origin,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = Form::of_query(query.as_deref().unwrap_or_default());
    let text = |name| query.get(name).map(str::to_owned);
    let answer = Answer {
        state: text("state").unwrap_or_default(),
        code: text("code"),
        error: text("error"),
        issuer: text("iss"),
    };
    let (signed, to) = match console.access.end_elsewhere(&answer, &headers, &origin).await {
        Ok(ended) => ended,
        Err(why) => return refused(&console, &visit, "/", why),
    };
    // A redirect would still count as the provider's, and the session's cookie would stay at home: a page of our own
    // goes on by itself.
    let content = SignedIn { v: &visit, name: &signed.name, to: &to };
    let mut response = visit.page(visit.t("sign-in")).bare().show(&content);
    let onward =
        HeaderValue::try_from(format!("0; url={to}")).unwrap_or(HeaderValue::from_static("0; url=/"));
    response.headers_mut().insert(HeaderName::from_static("refresh"), onward);
    response.headers_mut().insert(header::SET_COOKIE, signed.cookie);
    Ok(response)
}

/// The sign-in page, which says why.
fn refused(console: &Console, visit: &Visit, to: &str, why: Fault) -> Result<Response, Problem> {
    let status = match &why {
        Fault::Unreachable(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let (word, name) = (why.word(), why.name().unwrap_or_default().to_owned());
    let text = if let Fault::Other(problem) = why {
        fault(visit, problem)?
    } else {
        let label = console.access.provider().unwrap_or_default();
        visit.say(&format!("oidc-{word}"), &[("label", label.into()), ("name", name.into())])
    };
    Ok(sign::page(console, visit, status, to, "", Some(text)))
}
