//! What people see instead of a problem document.

use askama::Template;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};

use super::kit::Kit;
use super::visit::{Visit, is_htmx, local_path};
use crate::problem::{PROBLEM_JSON, Problem};
use crate::serve::guarded;

/// Where people sign in.
const SIGN_IN: &str = "/sign-in";
/// No problem is longer.
const LONGEST: usize = 1 << 20;

/// Turns the problems of all routes into pages when a person asks, and sends those to sign in who have not.
/// To be called after [`crate::frame()`], and inside of what finds out who asks.
pub fn around(routes: Router, kit: &Kit) -> Router {
    guarded(routes.layer(from_fn_with_state(kit.clone(), explain)))
}

async fn explain(State(kit): State<Kit>, request: Request, next: Next) -> Response {
    if !is_for_people(&kit, request.uri(), request.headers()) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let visit = Visit { fragment: false, ..Visit::new(kit, &parts) };
    let (method, headers) = (parts.method.clone(), parts.headers.clone());
    let response = next.run(Request::from_parts(parts, body)).await;
    if !is_problem(response.headers()) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let problem = to_bytes(body, LONGEST).await.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let Some(problem): Option<Problem> = problem else { return head.status.into_response() };
    let mut page = if problem.status == StatusCode::UNAUTHORIZED.as_u16() {
        head.headers.remove(header::WWW_AUTHENTICATE);
        sign_in(&visit, &method, &headers)
    } else {
        show(&visit, &problem)
    };
    // What was said of the answer beside the problem holds for the page too.
    for (name, value) in &head.headers {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH) {
            page.headers_mut().entry(name).or_insert_with(|| value.clone());
        }
    }
    page
}

/// Whether the answer is for a person's eyes.
fn is_for_people(kit: &Kit, uri: &Uri, headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let for_program = kit.inner().programs.iter().any(|path| uri.path().starts_with(path));
    !for_program && (accepts.contains("text/html") || is_htmx(headers))
}

fn is_problem(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM_JSON)
}

/// To the sign-in page, and from there back.
fn sign_in(visit: &Visit, method: &Method, headers: &HeaderMap) -> Response {
    if is_htmx(headers) {
        let page = headers.get("hx-current-url").and_then(|v| v.to_str().ok()?.parse::<Uri>().ok());
        let page = page.and_then(|uri| Some(uri.path_and_query()?.to_string()));
        let target = HeaderValue::try_from(way_back(page.as_deref().unwrap_or("/")));
        let target = target.unwrap_or(HeaderValue::from_static(SIGN_IN));
        return (StatusCode::NO_CONTENT, [(HeaderName::from_static("hx-redirect"), target)]).into_response();
    }
    let back = if *method == Method::GET { visit.here.as_str() } else { "/" };
    Redirect::to(&way_back(back)).into_response()
}

fn way_back(to: &str) -> String {
    let to: String = form_urlencoded::byte_serialize(local_path(to).as_bytes()).collect();
    format!("{SIGN_IN}?to={to}")
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Explained<'p> {
    v: &'p Visit,
    title: &'p str,
    hint: String,
    problem: &'p Problem,
}

fn show(visit: &Visit, problem: &Problem) -> Response {
    let kind = kind(problem);
    let title = visit.t(&format!("problem-{kind}"));
    let hint = visit.t(&format!("problem-{kind}-hint"));
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    visit.page(title.as_str()).status(status).show(&Explained { v: visit, title: &title, hint, problem })
}

/// The messages that fit a problem.
fn kind(problem: &Problem) -> &'static str {
    match problem.status {
        403 => "forbidden",
        404 | 405 => "missing",
        409 => "conflict",
        413 => "large",
        429 => "often",
        503 => "later",
        500.. => "bug",
        _ => "refused",
    }
}
