//! Each page and each of its buttons × each role: who may use it is what the route says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http::Role;
use http::page::{PageRoute, Who};
use support::{Bed, person};
use tower::ServiceExt as _;

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
async fn every_route_is_for_those_whom_it_names() {
    let bed = Bed::new().await;
    let scopes = http::KnownScopes::default();
    for role in [None, Some(Role::Viewer), Some(Role::Operator), Some(Role::Admin)] {
        for PageRoute { method, path, who } in intendant_console::pages().table() {
            let may = match who {
                Who::Anybody => true,
                Who::Person => role.is_some(),
                Who::May(scope) => role.is_some_and(|role| scopes.of(role).allow(scope)),
            };
            // Nothing of that name is there: what is allowed comes to nothing.
            let path = path.replace("{id}", "019a0000-0000-7000-8000-000000000000");
            let path = path.replace("{record}", "77").replace("{name}", "nobody");
            let path = path.replace("{set}", "none").replace("{secret}", "none");
            let (status, place) = ask(&bed, role, method, &path).await;
            let what = format!("{method} {path} as {role:?}: {status} {place}");
            if may {
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
