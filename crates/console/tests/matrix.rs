//! Each page and each of its buttons × each role. A route that is missing here fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http::Role;
use support::{Bed, person};
use tower::ServiceExt as _;

/// Who may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    /// Also somebody who is not signed in.
    Anybody,
    /// Whoever is signed in.
    Person,
    Viewer,
    Operator,
    Admin,
}

use Who::{Admin, Anybody, Operator, Person, Viewer};

const ROUTES: &[(&str, &str, Who)] = &[
    ("get", "/", Viewer),
    ("get", "/live", Viewer),
    ("get", "/jobs", Viewer),
    ("get", "/jobs/retry", Operator),
    ("post", "/jobs/retry", Operator),
    ("get", "/jobs/{id}", Viewer),
    ("get", "/jobs/{id}/retry", Operator),
    ("post", "/jobs/{id}/retry", Operator),
    ("post", "/jobs/{id}/cancel", Operator),
    ("get", "/dead-letters", Viewer),
    ("get", "/dead-letters/refusals/{record}", Viewer),
    ("post", "/dead-letters/refusals/{record}/resubmit", Operator),
    ("post", "/dead-letters/deliveries", Operator),
    ("post", "/dead-letters/deliveries/{id}", Operator),
    ("get", "/backends", Viewer),
    ("get", "/backends/check", Operator),
    ("post", "/backends/reload", Admin),
    ("get", "/backends/{name}", Viewer),
    ("post", "/backends/{name}/ping", Operator),
    ("post", "/backends/{name}/pause", Operator),
    ("post", "/backends/{name}/resume", Operator),
    ("get", "/failsafe", Viewer),
    ("get", "/failsafe/{set}", Viewer),
    ("post", "/failsafe/{set}/approve", Operator),
    ("post", "/failsafe/{set}/reject", Operator),
    ("get", "/sources", Viewer),
    ("get", "/audit", Admin),
    ("get", "/audit/{record}", Admin),
    ("get", "/settings", Admin),
    ("get", "/about", Viewer),
    ("get", "/submit", Operator),
    ("post", "/submit", Operator),
    ("get", "/sign-in", Anybody),
    ("post", "/sign-in", Anybody),
    ("get", "/sign-in/oidc", Anybody),
    ("get", "/sign-in/oidc/callback", Anybody),
    ("get", "/sign-in/{secret}", Anybody),
    ("post", "/sign-in/{secret}", Anybody),
    ("post", "/sign-out", Person),
    ("get", "/account", Person),
    ("post", "/account/password", Person),
    ("get", "/accounts", Admin),
    ("post", "/accounts", Admin),
    ("get", "/accounts/{name}", Admin),
    ("post", "/accounts/{name}", Admin),
    ("post", "/accounts/{name}/link", Admin),
    ("post", "/accounts/{name}/remove", Admin),
    ("get", "/tokens", Admin),
    ("post", "/tokens", Admin),
    ("get", "/tokens/{id}/revoke", Admin),
    ("post", "/tokens/{id}/revoke", Admin),
];

/// The routes as the source has them.
fn declared() -> BTreeSet<(String, String)> {
    let source = include_str!("../src/lib.rs");
    let mut routes = BTreeSet::new();
    for route in source.split(".route(").skip(1) {
        let path = route.split('"').nth(1).unwrap().to_owned();
        let handlers = route.split(".with_state").next().unwrap();
        for method in ["get", "post", "put", "patch", "delete"] {
            if handlers.contains(&format!("{method}(")) {
                routes.insert((method.to_owned(), path.clone()));
            }
        }
    }
    routes
}

#[test]
fn every_route_is_in_the_table() {
    let listed = ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()));
    assert_eq!(listed.collect::<BTreeSet<_>>(), declared());
}

/// Status and place of an answer; its body may never end.
async fn ask(bed: &Bed, role: Option<Role>, method: &str, path: &str) -> (StatusCode, String) {
    let request = Request::builder().method(method.to_uppercase().as_str()).uri(path);
    let request = request
        .header(header::ACCEPT, "text/html")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let mut request = request.body(Body::empty()).unwrap();
    if let Some(role) = role {
        request.extensions_mut().insert(person(role));
    }
    let answer = tokio::time::timeout(support::LONG, bed.router().oneshot(request)).await.unwrap().unwrap();
    let place = answer.headers().get(header::LOCATION).map(|place| place.to_str().unwrap().to_owned());
    (answer.status(), place.unwrap_or_default())
}

#[tokio::test]
async fn every_route_is_for_those_whom_the_table_names() {
    let bed = Bed::new().await;
    let people = [(None, Anybody), (Some(Role::Viewer), Viewer), (Some(Role::Operator), Operator)];
    for (role, is) in people.into_iter().chain([(Some(Role::Admin), Admin)]) {
        for (method, path, who) in ROUTES {
            // Nothing of that name is there: what is allowed comes to nothing.
            let path = path.replace("{id}", "019a0000-0000-7000-8000-000000000000");
            let path = path.replace("{record}", "77").replace("{name}", "nobody");
            let path = path.replace("{set}", "none").replace("{secret}", "none");
            let (status, place) = ask(&bed, role, method, &path).await;
            let what = format!("{method} {path} as {role:?}: {status} {place}");
            if is >= *who {
                assert_ne!(status, StatusCode::FORBIDDEN, "{what}");
                assert!(!place.starts_with("/sign-in?") && status != StatusCode::UNAUTHORIZED, "{what}");
                assert!(!status.is_server_error() && status != StatusCode::METHOD_NOT_ALLOWED, "{what}");
            } else if role.is_none() {
                assert!(status == StatusCode::SEE_OTHER && place.starts_with("/sign-in?"), "{what}");
            } else {
                assert_eq!(status, StatusCode::FORBIDDEN, "{what}");
            }
        }
    }
}
