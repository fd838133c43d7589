//! Routes that know who asks by keys of their own: no session counts there, other sites may ask, and strangers stay strangers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use access::{Access, Rules};
use axum::Router;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json};
use http::{Caller, ConnectionLimits, Credential, Problem, Proved, Role, Scope};
use serde_json::json;
use support::{Bed, ask, rules, session, token};

const FOREIGN: &str = "Origin: https://other.example\r\nSec-Fetch-Site: cross-site";

/// Who asks, as a module finds out: a token of the hub, a key of its own, a name with a password.
async fn who(caller: Option<Extension<Caller>>, headers: HeaderMap) -> Result<Response, Problem> {
    let known = |name: String| (Extension(Proved), Json(json!({ "name": name }))).into_response();
    if let Some(Extension(caller)) = caller {
        return Ok(known(caller.actor.0));
    }
    match Credential::of(&headers)? {
        Some(Credential::Bearer(key)) if key.expose() == "room-7" => {
            Ok(known(Caller::of_key("room:7".to_owned()).actor.0))
        }
        Some(Credential::Basic { name, password }) if password.expose() == "open" => Ok(known(name)),
        _ => Err(Problem::unauthenticated()),
    }
}

/// A signed link carries its credential in the path.
async fn link(Path(signed): Path<String>) -> Result<Response, Problem> {
    if signed == "sound" {
        Ok((Extension(Proved), "in").into_response())
    } else {
        Err(Problem::missing("room"))
    }
}

fn rooms() -> Router {
    Router::new()
        .route("/rooms/v1/who", post(who).get(who))
        .route("/rooms/v1/link/{signed}", get(link))
        .route("/rooms/v2/who", post(who))
}

async fn status(site: &str, method: &str, path: &str, headers: &str) -> (u16, String) {
    let answer = ask(site, method, path, headers, "").await;
    (answer[9..12].parse().unwrap(), answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_count_there_and_sessions_do_not() {
    let bed = Bed::done().await;
    let site = bed.serve(rooms(), ConnectionLimits::default()).await;
    let person = session(&bed, "ida", Role::Admin).await;
    let program = token(&bed, "crm", &[Scope::READ], None).await;
    for (headers, wanted, name) in [
        (format!("{FOREIGN}\r\nAuthorization: Bearer room-7"), 200, "room:7"),
        (format!("{FOREIGN}\r\nAuthorization: Basic c2Nob29sOm9wZW4="), 200, "school"),
        (format!("{FOREIGN}\r\n{program}"), 200, "token:crm"),
        // A browser sends it along whatever page it shows: it proves nothing here, and harms nobody who has a key.
        (person.clone(), 401, ""),
        (format!("{FOREIGN}\r\n{person}\r\nAuthorization: Bearer room-7"), 200, "room:7"),
        ("Authorization: Bearer room-8".to_owned(), 401, ""),
        ("Authorization: Bearer itd_nobody_knows".to_owned(), 401, ""),
        ("Authorization: Digest x".to_owned(), 401, ""),
    ] {
        let (got, answer) = status(&site, "POST", "/rooms/v1/who", &headers).await;
        assert_eq!(got, wanted, "{headers}: {answer}");
        assert!(answer.contains(name), "{headers}: {answer}");
    }
    // Elsewhere nothing has changed: a session counts, what other sites send does not, and keys are no tokens.
    let foreign = format!("{FOREIGN}\r\n{person}");
    assert_eq!(status(&site, "POST", "/rooms/v2/who", &foreign).await.0, 403);
    assert_eq!(status(&site, "POST", "/rooms/v2/who", "Authorization: Bearer room-7").await.0, 401);
    let own = format!("Sec-Fetch-Site: same-origin\r\n{person}");
    assert!(status(&site, "POST", "/rooms/v2/who", &own).await.1.contains("account:ida"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_a_key_is_not_counted_and_who_guesses_is() {
    let mut bed = Bed::done().await;
    let rules = Rules { address_rate: 2.try_into().unwrap(), ..rules() };
    bed.access = Access::open(bed.hub.clone(), rules).await.unwrap();
    let site = bed.serve(rooms(), ConnectionLimits::default()).await;
    // As many as strangers may, and many more.
    for _ in 0..50 {
        assert_eq!(status(&site, "GET", "/rooms/v1/who", "Authorization: Bearer room-7").await.0, 200);
        assert_eq!(status(&site, "GET", "/rooms/v1/link/sound", "Accept: */*").await.0, 200);
    }
    let mut refused = 0;
    for n in 0..50 {
        let guess = format!("Authorization: Bearer room-{}", n + 100);
        refused += usize::from(status(&site, "GET", "/rooms/v1/who", &guess).await.0 == 429);
    }
    assert!(refused > 0, "guesses are as many as one likes");
    // So it is for all that comes from there, until a while has passed.
    let mut links = Vec::new();
    for _ in 0..50 {
        links.push(status(&site, "GET", "/rooms/v1/link/guessed", "Accept: */*").await.0);
    }
    assert!(links.contains(&429), "{links:?}");
}
