//! Whoever asked goes away in the middle of the commit, or others write at the same moment: rights are taken all the
//! same, from all who had them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use access::Origin;
use http::{Caller, Role, Scope};
use intendant_api::dto::{AccountChange, NewAccount, NewToken};
use model::effect::EntityContent;
use model::{Effects, EntityKey, EntityWrite};
use support::{Bed, Plan, ask, entry, in_time};
use testkit::gate::Gate;

fn admin() -> Caller {
    Caller::of_socket(0)
}

async fn behind(gate: &Arc<Gate>) -> Bed {
    Bed::new(Plan { gate: Arc::clone(gate), ..Plan::new(vec![entry("00done", support::done())]) }).await
}

fn origin() -> Origin {
    Origin::at("127.0.0.1".parse().unwrap(), false)
}

async fn token(bed: &Bed) -> String {
    let new = NewToken { name: "crm".to_owned(), scopes: vec![Scope::READ.to_string()], expires_at: None };
    bed.access.make_token(new, &admin()).await.unwrap().secret
}

/// Signs somebody in; the text of the cookie.
async fn session(bed: &Bed) -> String {
    let cookie = bed.access.sign_in("alice", PASSWORD, &origin()).await.unwrap().cookie;
    cookie.to_str().unwrap().split(';').next().unwrap().to_owned()
}

const PASSWORD: &str = "a long password";

async fn alice(bed: &Bed) {
    let new =
        NewAccount { name: "alice".to_owned(), role: Role::Viewer, password: Some(PASSWORD.to_owned()) };
    bed.access.make_account(new, &admin()).await.unwrap();
}

/// The status that a caller with this header gets.
async fn status(bed: &Bed, header: &str) -> u16 {
    let answer = ask(&bed.url, "GET", "/api/v1/jobs", header, "").await;
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Until the caller is somebody unknown.
async fn until_unknown(bed: &Bed, header: &str) {
    let wait = async {
        while status(bed, header).await != 401 {
            tokio::task::yield_now().await;
        }
    };
    in_time(wait).await;
}

/// Asks, and goes away when that is on disk and nobody has been told of it.
async fn ask_and_go<T: Send + 'static>(gate: &Gate, asked: impl Future<Output = T> + Send + 'static) {
    gate.close();
    let asked = tokio::spawn(asked);
    gate.met();
    asked.abort();
    assert!(asked.await.is_err(), "it was answered before it was told");
    gate.open();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_worth_nothing() {
    let gate = Arc::<Gate>::default();
    let bed = behind(&gate).await;
    let header = format!("Authorization: Bearer {}", token(&bed).await);
    assert_eq!(status(&bed, &header).await, 200);
    let access = bed.access.clone();
    ask_and_go(&gate, async move { access.revoke_token("crm", &admin()).await }).await;
    until_unknown(&bed, &header).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_kept_out_is_out() {
    let gate = Arc::<Gate>::default();
    let bed = behind(&gate).await;
    alice(&bed).await;
    let header = format!("Cookie: {}", session(&bed).await);
    assert_eq!(status(&bed, &header).await, 200);
    let access = bed.access.clone();
    let out = AccountChange { disabled: Some(true), ..AccountChange::default() };
    ask_and_go(&gate, async move { access.change_account("alice", None, out, &admin()).await }).await;
    until_unknown(&bed, &header).await;
    let again = AccountChange { disabled: Some(false), ..AccountChange::default() };
    bed.access.change_account("alice", None, again, &admin()).await.unwrap();
    assert_eq!(status(&bed, &header).await, 401, "the session ended in the same commit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_all_sessions_also_those_that_are_used_just_then() {
    let gate = Arc::<Gate>::default();
    let bed = behind(&gate).await;
    alice(&bed).await;
    let mut headers = Vec::new();
    for _ in 0..3 {
        headers.push(format!("Cookie: {}", session(&bed).await));
    }
    // A use of each is on disk, and not told yet when the password is changed.
    let page = bed.hub.journal().entities("session".to_owned(), None, 9).await.unwrap().rows;
    let entities = page.into_iter().map(|session| EntityWrite {
        key: EntityKey { kind: "session".to_owned(), key: session.key.key },
        expected_rev: session.rev,
        content: Some(EntityContent { state: session.state, label: session.label, body: session.body }),
    });
    let used = Effects { entities: entities.collect(), ..Effects::default() };
    gate.close();
    let hub = bed.hub.clone();
    let using = tokio::spawn(async move { hub.write(used, None).await });
    gate.met();
    let access = bed.access.clone();
    let change =
        AccountChange { password: Some("another long password".to_owned()), ..AccountChange::default() };
    let mut changing =
        tokio::spawn(async move { access.change_account("alice", None, change, &admin()).await });
    // It hashes the password, and then waits for its commit, for which it has looked at the sessions as they were.
    let looked = tokio::time::timeout(Duration::from_secs(2), &mut changing).await;
    assert!(looked.is_err(), "it has to wait for the commit before");
    gate.open();
    in_time(using).await.unwrap().unwrap();
    in_time(changing).await.unwrap().unwrap();
    for header in &headers {
        assert_eq!(status(&bed, header).await, 401);
    }
}
