//! Sign-in links: each lets one person in, once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use access::Origin;
use axum::Router;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse as _};
use axum::routing::post;
use engine::Actor;
use futures_util::future::join_all;
use http::{Caller, ConnectionLimits, Problem, Proof, Role, Scope, Scopes};
use intendant_api::dto::{AccountChange, NewAccount, NewToken};
use support::{Bed, ask};

fn origin() -> Origin {
    Origin::at("127.0.0.1".parse().unwrap(), false)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_use_a_link_at_once_one_gets_in() {
    let bed = Bed::done().await;
    let path = bed.access.make_link(None, &Caller::of_socket(0)).await.unwrap();
    let secret = path.strip_prefix("/sign-in/").unwrap();
    let (here, names) = (origin(), ["alice", "bob", "carol", "dave"]);
    let tries = names.map(|name| bed.access.redeem(secret, name, "a long password".to_owned(), &here));
    let got_in = join_all(tries).await.into_iter().flatten().count();
    assert_eq!((got_in, bed.access.accounts().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_refused_costs_no_new_link() {
    let bed = Bed::done().await;
    let path = bed.access.make_link(None, &Caller::of_socket(0)).await.unwrap();
    let secret = path.strip_prefix("/sign-in/").unwrap();
    assert!(bed.access.redeem(secret, "alice", "short".to_owned(), &origin()).await.is_err());
    assert!(bed.access.redeem(secret, "alice", "a long password".to_owned(), &origin()).await.is_ok());
    assert!(bed.access.redeem(secret, "alice", "a long password".to_owned(), &origin()).await.is_err());
}

fn admin() -> Caller {
    Caller::of_socket(0)
}

async fn account(bed: &Bed, name: &str, role: Role) {
    let password = Some("a long password".to_owned());
    bed.access.make_account(NewAccount { name: name.to_owned(), role, password }, &admin()).await.unwrap();
}

async fn link(bed: &Bed, account: Option<&str>, by: &Caller) -> String {
    let path = bed.access.make_link(account.map(str::to_owned), by).await.unwrap();
    path.strip_prefix("/sign-in/").unwrap().to_owned()
}

/// The status of the refusal; `None` = somebody got in.
async fn redeem(bed: &Bed, secret: &str, name: &str) -> Option<u16> {
    let password = "another long password".to_owned();
    bed.access.redeem(secret, name, password, &origin()).await.err().map(|problem| problem.status)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_with_what_it_was_made_for() {
    let bed = Bed::done().await;
    account(&bed, "root", Role::Admin).await;
    let change = async |change| bed.access.change_account("bob", None, change, &admin()).await.unwrap();

    account(&bed, "bob", Role::Viewer).await;
    let of_viewer = link(&bed, Some("bob"), &admin()).await;
    change(AccountChange { role: Some(Role::Admin), ..AccountChange::default() }).await;
    assert_eq!(redeem(&bed, &of_viewer, "").await, Some(404), "it was a viewer's");

    let of_active = link(&bed, Some("bob"), &admin()).await;
    change(AccountChange { disabled: Some(true), ..AccountChange::default() }).await;
    assert_eq!(redeem(&bed, &of_active, "").await, Some(404));
    assert!(bed.access.account("bob").unwrap().disabled, "who is kept out stays so");
    let refused = bed.access.make_link(Some("bob".to_owned()), &admin()).await.unwrap_err();
    assert_eq!(refused.status, 409);
    change(AccountChange { disabled: Some(false), ..AccountChange::default() }).await;
    assert_eq!(redeem(&bed, &of_active, "").await, Some(404), "not even when he is let in again");

    let of_removed = link(&bed, Some("bob"), &admin()).await;
    bed.access.remove_account("bob", None, &admin()).await.unwrap();
    assert_eq!(redeem(&bed, &of_removed, "bob").await, Some(404));
    assert!(bed.access.account("bob").is_err(), "nobody is made anew by it");
    account(&bed, "bob", Role::Viewer).await;
    assert_eq!(redeem(&bed, &of_removed, "bob").await, Some(404), "this is another bob");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_link_used_ends_the_others_of_its_account() {
    let bed = Bed::done().await;
    account(&bed, "root", Role::Admin).await;
    account(&bed, "bob", Role::Viewer).await;
    let (first, second) = (link(&bed, Some("bob"), &admin()).await, link(&bed, Some("bob"), &admin()).await);
    let of_root = link(&bed, Some("root"), &admin()).await;
    assert_eq!(redeem(&bed, &first, "").await, None);
    assert_eq!(redeem(&bed, &second, "").await, Some(404));
    assert_eq!(redeem(&bed, &of_root, "").await, None);
    assert_eq!(bed.access.account("bob").unwrap().role, Role::Viewer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_without_account_makes_a_new_administrator_and_no_other() {
    let bed = Bed::done().await;
    let (first, second) = (link(&bed, None, &admin()).await, link(&bed, None, &admin()).await);
    assert_eq!(redeem(&bed, &first, "alice").await, None);
    assert_eq!(bed.access.account("alice").unwrap().role, Role::Admin);
    assert_eq!(redeem(&bed, &second, "mallory").await, Some(404), "made at the same time for the same");
    account(&bed, "bob", Role::Viewer).await;
    let third = link(&bed, None, &admin()).await;
    assert_eq!(redeem(&bed, &third, "bob").await, Some(409), "nobody becomes somebody who is there");
    assert_eq!(bed.access.account("bob").unwrap().role, Role::Viewer);
    assert!(bed.access.sign_in("bob", "a long password", &origin()).await.is_ok());
    assert_eq!(redeem(&bed, &third, "carol").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_worth_what_its_maker_is() {
    let bed = Bed::done().await;
    account(&bed, "root", Role::Admin).await;
    let new =
        NewToken { name: "helper".to_owned(), scopes: vec![Scope::ADMIN.to_string()], expires_at: None };
    let made = bed.access.make_token(new, &admin()).await.unwrap();
    let by = Caller {
        actor: Actor("token:helper".to_owned()),
        scopes: Scopes::from_iter([Scope::ADMIN]),
        by: Proof::Token { id: made.token.id, apart: true },
    };
    let (kept, lost) = (link(&bed, Some("root"), &admin()).await, link(&bed, None, &by).await);
    bed.access.revoke_token("helper", &admin()).await.unwrap();
    assert_eq!(redeem(&bed, &lost, "mallory").await, Some(404));
    assert_eq!(redeem(&bed, &kept, "").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_wrong_passwords_keep_nobody_else_out() {
    let bed = Bed::done().await;
    account(&bed, "alice", Role::Admin).await;
    let (stranger, elsewhere) = (origin(), Origin::at("192.0.2.7".parse().unwrap(), false));
    let access = &bed.access;
    let sign_in = async |password: &'static str, origin| {
        access.sign_in("alice", password, &origin).await.map_err(|problem| problem.status)
    };
    while sign_in("not the password", stranger).await.unwrap_err() != 429 {}
    assert!(sign_in("a long password", elsewhere).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_is_known_is_told_from_strangers_behind_the_same_address() {
    let bed = Bed::done().await;
    account(&bed, "alice", Role::Admin).await;
    let url = site(&bed).await;
    let form = |password: &str| format!("name=alice&password={}", password.replace(' ', "+"));
    let sign_in = |password: &'static str, cookie: String| {
        let (url, form) = (url.clone(), form(password));
        async move {
            let headers = format!("Content-Type: application/x-www-form-urlencoded\r\nCookie: x=y{cookie}");
            ask(&url, "POST", "/test/sign-in", &headers, &form).await
        }
    };
    let answer = sign_in("a long password", String::new()).await;
    let browser = answer.split("intendant-browser=").nth(1).unwrap().split(';').next().unwrap();
    let known = format!("; intendant-browser={browser}");
    while !sign_in("not the password", String::new()).await.starts_with("HTTP/1.1 429") {}
    let answer = sign_in("a long password", known.clone()).await;
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("intendant-browser="), "{answer}");
    // It is no key: with it passwords are guessed as slowly as without.
    while !sign_in("not the password", known.clone()).await.starts_with("HTTP/1.1 429") {}
}

/// Where people sign in, without the pages around it.
async fn site(bed: &Bed) -> String {
    let access = bed.access.clone();
    let sign_in = post(async move |origin: Origin, form: String| {
        let form: Vec<_> = form.split('&').filter_map(|field| field.split_once('=')).collect();
        let field = |name: &str| form.iter().find(|(given, _)| *given == name).unwrap().1.replace('+', " ");
        let signed = access.sign_in(&field("name"), &field("password"), &origin).await?;
        let cookies = [Some(signed.cookie), signed.browser].into_iter().flatten();
        Ok::<_, Problem>(
            AppendHeaders(cookies.map(|cookie| (SET_COOKIE, cookie)).collect::<Vec<_>>()).into_response(),
        )
    });
    bed.serve(Router::new().route("/test/sign-in", sign_in), ConnectionLimits::default()).await
}
