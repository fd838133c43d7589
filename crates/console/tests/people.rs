//! Signing in, accounts and tokens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use api::dto::NewAccount;
use axum::http::{StatusCode, header};
use http::{Caller, Role};
use support::{Answer, Bed, person};

const PASSWORD: &str = "a long password";

async fn alice(bed: &Bed, role: Role) {
    let new = NewAccount { name: "alice".to_owned(), role, password: Some(PASSWORD.to_owned()) };
    bed.access.make_account(new, &person(Role::Admin)).await.unwrap();
}

fn cookie(answer: &Answer) -> &str {
    answer.headers[header::SET_COOKIE].to_str().unwrap()
}

#[tokio::test]
async fn the_first_person_comes_in_by_a_link() {
    let bed = Bed::done().await;
    let ask = bed.get_as(None, "/sign-in?to=/jobs", "en").await;
    assert!(ask.html.contains("intendant token sign-in") && ask.html.contains("name=\"to\" value=\"/jobs\""));
    let link = bed.access.make_link(None, &Caller::of_socket(0)).await.unwrap();
    assert!(bed.get_as(None, &link, "fr").await.html.contains("<h1>Bienvenue</h1>"));
    let fields = [("name", "alice"), ("password", PASSWORD), ("again", "another password")];
    let differs = bed.post_as(None, &link, &fields).await;
    assert_eq!(differs.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(differs.html.contains("not the same") && differs.html.contains("value=\"alice\""));
    let done =
        bed.post_as(None, &link, &[("name", "alice"), ("password", PASSWORD), ("again", PASSWORD)]).await;
    assert_eq!(done.location(), "/");
    assert!(
        cookie(&done).contains("HttpOnly") && cookie(&done).contains("SameSite=Strict"),
        "{}",
        cookie(&done)
    );
    assert_eq!(bed.get_as(None, &link, "en").await.status, StatusCode::NOT_FOUND, "a link works once");
    assert_eq!(bed.access.account("alice").unwrap().role, Role::Admin);
}

#[tokio::test]
async fn a_person_signs_in_and_goes_on_where_it_was_going() {
    let bed = Bed::done().await;
    alice(&bed, Role::Viewer).await;
    let wrong =
        bed.post_as(None, "/sign-in", &[("name", "alice"), ("password", "wrong"), ("to", "/jobs")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.html.contains("Name or password is wrong.") && !wrong.headers.contains_key(header::SET_COOKIE)
    );
    let fields = [("name", "alice"), ("password", PASSWORD), ("to", "//evil.example")];
    assert_eq!(bed.post_as(None, "/sign-in", &fields).await.location(), "/");
    let right =
        bed.post_as(None, "/sign-in", &[("name", "alice"), ("password", PASSWORD), ("to", "/jobs")]).await;
    assert_eq!(right.location(), "/jobs");
    let out = bed.post_as(Some(person(Role::Viewer)), "/sign-out", &[("out", "1")]).await;
    assert_eq!(out.location(), "/sign-in");
    assert!(cookie(&out).contains("Max-Age=0"));
}

#[tokio::test]
async fn a_token_is_shown_once() {
    let bed = Bed::done().await;
    let nothing = bed.post("/tokens", &[("name", "crm"), ("days", "30")]).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    let made =
        bed.post("/tokens", &[("name", "crm"), ("days", "30"), ("scope", "submit"), ("scope", "read")]).await;
    let secret = made.html.split("<code>").nth(1).unwrap().split('<').next().unwrap();
    assert!(secret.starts_with("itd_"), "{secret}");
    let list = bed.get("/tokens").await.html;
    assert!(list.contains("crm") && list.contains("submit, read") && !list.contains(secret));
    let id = bed.access.tokens()[0].id.clone();
    assert!(bed.get(&format!("/tokens/{id}/revoke")).await.html.contains("crm will stop working at once"));
    bed.post(&format!("/tokens/{id}/revoke"), &[("revoke", "1")]).await;
    assert!(bed.access.tokens().is_empty());
}

#[tokio::test]
async fn an_account_is_made_with_a_link_and_the_last_administrator_stays() {
    let bed = Bed::done().await;
    alice(&bed, Role::Admin).await;
    let made = bed.post("/accounts", &[("name", "bob"), ("role", "operator")]).await;
    assert!(made.html.contains("https://hub.example/sign-in/"), "{}", made.html);
    assert!(bed.get("/accounts").await.html.contains("no password yet"));
    let rev = bed.access.account("alice").unwrap().rev.to_string();
    let kept = bed.post("/accounts/alice", &[("rev", &rev), ("role", "viewer")]).await;
    assert_eq!(kept.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(kept.html.contains("last administrator"));
    let stale = bed.post("/accounts/bob", &[("rev", "99"), ("role", "viewer")]).await;
    assert!(stale.status.is_client_error() && bed.access.account("bob").unwrap().role == Role::Operator);
    let rev = bed.access.account("bob").unwrap().rev.to_string();
    bed.post("/accounts/bob", &[("rev", &rev), ("role", "viewer"), ("disabled", "1")]).await;
    assert!(bed.access.account("bob").unwrap().disabled);
    let rev = bed.access.account("bob").unwrap().rev.to_string();
    assert_eq!(
        bed.post("/accounts/bob/remove", &[("rev", &rev)]).await.location(),
        "/accounts?said=account-removed.1"
    );
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it() {
    let bed = Bed::done().await;
    alice(&bed, Role::Operator).await;
    let caller = || Some(person(Role::Operator));
    let new = "another long one";
    let wrong =
        bed.post_as(caller(), "/account/password", &[("old", "x"), ("password", new), ("again", new)]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let right = bed
        .post_as(caller(), "/account/password", &[("old", PASSWORD), ("password", new), ("again", new)])
        .await;
    assert_eq!(right.location(), "/account?said=password.1");
}

#[tokio::test]
async fn a_password_is_the_same_however_its_letters_are_composed() {
    let bed = Bed::done().await;
    let password = Some("\u{c9}l\u{e9}phant-ros\u{e9}-2026".to_owned());
    let new = NewAccount { name: "alice".to_owned(), role: Role::Viewer, password };
    bed.access.make_account(new, &person(Role::Admin)).await.unwrap();
    let typed = "E\u{301}le\u{301}phant-rose\u{301}-2026";
    let done =
        bed.post_as(None, "/sign-in", &[("name", "alice"), ("password", typed), ("to", "/jobs")]).await;
    assert_eq!(done.location(), "/jobs");
    let cookies: Vec<_> =
        done.headers.get_all(header::SET_COOKIE).iter().map(|v| v.to_str().unwrap()).collect();
    assert!(cookies.len() == 2 && cookies[1].starts_with("intendant-browser="), "{cookies:?}");
}

#[tokio::test]
async fn what_is_typed_to_sign_in_is_short() {
    let bed = Bed::done().await;
    let long = "x".repeat(20_000);
    let answer = bed.post_as(None, "/sign-in", &[("name", &long), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let answer = bed.post_as(None, "/sign-in", &[("name", &long[..10_000]), ("password", PASSWORD)]).await;
    assert!(answer.html.contains("Name or password is wrong."), "{}", answer.html);
    // Who is signed in pastes documents.
    let document = [
        ("action", "DO"),
        ("document", &format!("{{\"concernedTo\": \"a\", \"payload\": {{\"x\": \"{long}\"}}}}")),
    ];
    assert_eq!(bed.post("/submit", &document).await.status, StatusCode::SEE_OTHER);
}
