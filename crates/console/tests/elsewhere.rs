//! Signing in at a real OpenID Connect provider, and what must not get anybody in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::collections::BTreeMap;

use access::oidc::{CALLBACK, Mapping, Settings};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http::Role;
use model::Secret;
use reqwest::{Client, redirect};
use serde_json::json;
use support::{Answer, Bed};
use testkit::oidc::{CLIENT, Provider};

const REDIRECT_URI: &str = "http://127.0.0.1:8470/sign-in/oidc/callback";

fn provider() -> Provider {
    let groups = json!({"alice": ["staff", "hub-admins"], "bob": ["staff"], "root": ["staff"]});
    Provider::start(REDIRECT_URI, &groups).unwrap()
}

fn settings(provider: &Provider) -> Settings {
    let roles = [("hub-admins", Role::Admin), ("staff", Role::Viewer)];
    Settings {
        issuer: provider.issuer(),
        client_id: CLIENT.0.to_owned(),
        client_secret: Some(Secret::new(CLIENT.1.to_owned())),
        scopes: vec!["profile".to_owned()],
        mapping: Mapping {
            name_claim: "preferred_username".to_owned(),
            role_claim: "groups".to_owned(),
            roles: roles.into_iter().map(|(group, role)| (group.to_owned(), role)).collect(),
            default_role: None,
        },
        label: "School & Co".to_owned(),
        redirect_uri: REDIRECT_URI.to_owned(),
    }
}

/// A browser as far as a sign-in needs one.
struct Browser {
    client: Client,
    /// Of the provider.
    cookies: BTreeMap<String, String>,
    /// Of the hub.
    own: String,
}

impl Browser {
    fn new() -> Self {
        // Whoever came first has installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Browser { client, cookies: BTreeMap::new(), own: String::new() }
    }

    /// Presses the button, and says where the provider is.
    async fn begin(&mut self, bed: &Bed) -> String {
        let begun = bed.get_as(None, "/sign-in/oidc?to=%2Fjobs", "en").await;
        assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.html);
        let cookie = begun.headers[header::SET_COOKIE].to_str().unwrap();
        assert!(cookie.contains("HttpOnly; SameSite=Lax; Max-Age=600"), "{cookie}");
        cookie.split(';').next().unwrap().clone_into(&mut self.own);
        begun.location().to_owned()
    }

    /// Signs in at the provider and agrees, and says where that leads: path and query of the hub.
    async fn sign_in(&mut self, start: &str, name: &str) -> String {
        let base = start.split("/auth").next().unwrap().to_owned();
        let mut place = start.to_owned();
        let mut forms = vec![vec![("prompt", "consent")], vec![("prompt", "login"), ("login", name)]];
        for _ in 0..20 {
            let at_form = place.contains("/interaction/");
            let request = match at_form.then(|| forms.pop()).flatten() {
                Some(fields) => {
                    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                    let form = (header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                    self.client.post(&place).header(form.0, form.1).body(body)
                }
                None => self.client.get(&place),
            };
            let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            let cookies = cookies.collect::<Vec<_>>().join("; ");
            let response = request.header(header::COOKIE, cookies).send().await.unwrap();
            for cookie in response.headers().get_all(header::SET_COOKIE) {
                let (name, value) =
                    cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            let to = response.headers().get(header::LOCATION);
            let to = to.unwrap_or_else(|| panic!("{place}: {}", response.status())).to_str().unwrap();
            place = if to.starts_with('/') { format!("{base}{to}") } else { to.to_owned() };
            if let Some(query) = place.strip_prefix(REDIRECT_URI) {
                return format!("{CALLBACK}{query}");
            }
        }
        panic!("the provider never sends the browser back");
    }

    /// Comes back to the hub.
    async fn back(&self, bed: &Bed, place: &str) -> Answer {
        let request =
            Request::get(place).header(header::ACCEPT, "text/html").header(header::COOKIE, &self.own);
        bed.send(None, request.body(Body::empty()).unwrap()).await
    }

    async fn whole(bed: &Bed, name: &str) -> Answer {
        let mut browser = Browser::new();
        let start = browser.begin(bed).await;
        let place = browser.sign_in(&start, name).await;
        browser.back(bed, &place).await
    }
}

fn refused(answer: &Answer, words: &str) {
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.html);
    assert!(answer.html.contains(words), "{words:?} is missing: {}", answer.html);
    assert!(!answer.headers.contains_key(header::SET_COOKIE), "nobody is signed in");
    assert!(answer.html.contains("name=\"password\""), "local accounts still get in");
}

#[tokio::test]
async fn people_sign_in_and_get_the_role_of_their_groups() {
    let provider = provider();
    let bed = Bed::with_provider(settings(&provider)).await;
    let page = bed.get_as(None, "/sign-in?to=%2Fjobs", "fr").await.html;
    assert!(
        page.contains("Se connecter avec School &#38; Co") && page.contains("/sign-in/oidc?to=%2Fjobs"),
        "{page}"
    );
    let answer = Browser::whole(&bed, "alice").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.html);
    assert_eq!(answer.headers["refresh"], "0; url=/jobs");
    assert!(answer.html.contains("You are signed in as alice"));
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("intendant=") && cookie.contains("SameSite=Strict"), "{cookie}");
    let account = bed.access.account("alice").unwrap();
    assert_eq!((account.role, account.password), (Role::Admin, false));
    assert_eq!(account.provider, Some(provider.issuer()));
    assert!(account.used_at.is_some(), "a session is open");
    Browser::whole(&bed, "bob").await;
    assert_eq!(bed.access.account("bob").unwrap().role, Role::Viewer);
    let list = bed.get("/accounts").await.html;
    assert!(list.contains("signs in elsewhere"));
    let one = bed.get("/accounts/bob").await.html;
    assert!(one.contains(&provider.issuer()) && !one.contains("/accounts/bob/link"), "{one}");
    assert_eq!(bed.post("/accounts/bob/link", &[("link", "1")]).await.status, StatusCode::CONFLICT);
    assert!(bed.get("/audit?what=account").await.html.contains("oidc:School &#38; Co"));
    let local = bed.post_as(None, "/sign-in", &[("name", "alice"), ("password", "")]).await;
    refused(&local, "Name or password is wrong.");
}

#[tokio::test]
async fn roles_follow_the_provider_and_none_ends_the_sessions() {
    let provider = provider();
    let bed = Bed::with_provider(settings(&provider)).await;
    assert_eq!(Browser::whole(&bed, "alice").await.status, StatusCode::OK);
    let rev = bed.access.account("alice").unwrap().rev.to_string();
    let operator = [("rev", rev.as_str()), ("role", "operator")];
    bed.post("/accounts/alice", &operator).await;
    Browser::whole(&bed, "alice").await;
    assert_eq!(bed.access.account("alice").unwrap().role, Role::Admin, "as the provider says");
    let stranger = Browser::whole(&bed, "mallory").await;
    refused(&stranger, "knows you as mallory, but nothing it says of you gives you a role here");
    assert!(bed.access.account("mallory").is_err(), "no account is made");
    assert!(bed.get("/audit?what=account").await.html.contains("map to no role"));
    let rev = bed.access.account("alice").unwrap().rev.to_string();
    bed.post("/accounts", &[("name", "local"), ("role", "admin")]).await;
    bed.post("/accounts/alice", &[("rev", &rev), ("role", "admin"), ("disabled", "1")]).await;
    refused(&Browser::whole(&bed, "alice").await, "The account alice is kept out");
}

#[tokio::test]
async fn nobody_takes_the_account_of_somebody_else() {
    let provider = provider();
    let bed = Bed::with_provider(settings(&provider)).await;
    bed.post("/accounts", &[("name", "root"), ("role", "admin")]).await;
    refused(&Browser::whole(&bed, "root").await, "belongs to another account here");
    assert_eq!(bed.access.account("root").unwrap().provider, None);
}

#[tokio::test]
async fn only_the_answer_to_a_sign_in_of_this_browser_counts_once() {
    let provider = provider();
    let bed = Bed::with_provider(settings(&provider)).await;
    let mut browser = Browser::new();
    let start = browser.begin(&bed).await;
    let place = browser.sign_in(&start, "alice").await;
    let lost = "This sign-in is not known here";
    refused(&Browser::new().back(&bed, &place).await, lost);
    refused(
        &Browser { own: "intendant-sign-in=guessed".to_owned(), ..Browser::new() }.back(&bed, &place).await,
        lost,
    );
    refused(&browser.back(&bed, &format!("{CALLBACK}?code=x&state=guessed")).await, lost);
    refused(&browser.back(&bed, CALLBACK).await, lost);
    assert_eq!(browser.back(&bed, &place).await.status, StatusCode::OK, "the others did not use it up");
    refused(&browser.back(&bed, &place).await, lost);
    // The code of one sign-in in the answer to another: the provider refuses it.
    let code = place.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let start = browser.begin(&bed).await;
    let state = start.split("state=").nth(1).unwrap().split('&').next().unwrap();
    refused(
        &browser.back(&bed, &format!("{CALLBACK}?code={code}&state={state}")).await,
        "did not let you sign in",
    );
    let start = browser.begin(&bed).await;
    let state = start.split("state=").nth(1).unwrap().split('&').next().unwrap();
    let denied = format!("{CALLBACK}?error=access_denied&state={state}");
    refused(&browser.back(&bed, &denied).await, "did not let you sign in");
    let start = browser.begin(&bed).await;
    let state = start.split("state=").nth(1).unwrap().split('&').next().unwrap();
    let mixed_up = format!("{CALLBACK}?code=x&state={state}&iss=https%3A%2F%2Fevil.example");
    refused(&browser.back(&bed, &mixed_up).await, "cannot be trusted");
}

#[tokio::test]
async fn a_provider_that_is_down_keeps_nobody_else_out() {
    let mut provider = provider();
    provider.stop();
    let bed = Bed::with_provider(settings(&provider)).await;
    let answer = bed.get_as(None, "/sign-in/oidc", "en").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        answer.html.contains("School &#38; Co cannot be reached")
            && answer.html.contains("name=\"password\"")
    );
    let none = Bed::done().await;
    assert_eq!(none.get_as(None, "/sign-in/oidc", "en").await.status, StatusCode::NOT_FOUND);
    assert!(!none.get_as(None, "/sign-in", "en").await.html.contains("/sign-in/oidc"));
}

#[tokio::test]
async fn another_issuer_than_the_configured_one_is_not_believed() {
    let provider = provider();
    let issuer = provider.issuer().replace("127.0.0.1", "localhost");
    let bed = Bed::with_provider(Settings { issuer, ..settings(&provider) }).await;
    let answer = bed.get_as(None, "/sign-in/oidc", "en").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.html);
}
