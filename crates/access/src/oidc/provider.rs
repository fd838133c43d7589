//! Talking to the provider: what it publishes about itself, and the exchange of a code for tokens.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use form_urlencoded::byte_serialize;
use jiff::{SignedDuration, Timestamp};
use model::Secret;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, redirect};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::Settings;
use super::fault::Fault;
use super::key::{self, Key};
use super::token::Claims;

/// How long the provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// No document of a provider is longer.
const LONGEST: usize = 1 << 20;
/// What it publishes is asked for again after so long.
const FRESH: SignedDuration = SignedDuration::from_hours(1);
/// For a key that is not known it is asked this often at most.
const AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// The provider, with what it published.
pub(super) struct Provider {
    client: Client,
    known: Mutex<Option<Arc<Known>>>,
}

/// What the provider publishes (OpenID Connect Discovery 1.0 §3).
pub(super) struct Known {
    at: Timestamp,
    document: Document,
    pub(super) keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: Option<String>,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// What a code is exchanged for.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) id_token: String,
    pub(super) access_token: Option<String>,
}

impl Known {
    pub(super) fn authorization(&self) -> &str {
        &self.document.authorization_endpoint
    }
}

impl Provider {
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        // Whoever came first has installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(PATIENCE)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("intendant/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Provider { client, known: Mutex::default() })
    }

    /// What the provider publishes; asked for anew when it is old, or when a key was `missed`.
    pub(super) async fn known(
        &self,
        settings: &Settings,
        now: Timestamp,
        missed: bool,
    ) -> Result<Arc<Known>, Fault> {
        let mut known = self.known.lock().await;
        let lasts = if missed { AGAIN } else { FRESH };
        if let Some(known) = known.as_ref().filter(|known| now.duration_since(known.at) < lasts) {
            return Ok(Arc::clone(known));
        }
        let fresh = Arc::new(self.discover(settings, now).await?);
        *known = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    async fn discover(&self, settings: &Settings, now: Timestamp) -> Result<Known, Fault> {
        let issuer = &settings.issuer;
        let place = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let document: Document = read(&self.fetch(self.client.get(&place)).await?, &place)?;
        if document.issuer != *issuer {
            let why = format!("{place} speaks for {:?}, configured is {issuer:?}", document.issuer);
            return Err(Fault::Unreachable(why));
        }
        let set: Value = read(&self.fetch(self.client.get(&document.jwks_uri)).await?, &document.jwks_uri)?;
        Ok(Known { at: now, keys: key::parse(&set), document })
    }

    /// Exchanges a code for tokens (RFC 6749 §4.1.3, with the verifier of RFC 7636).
    pub(super) async fn exchange(
        &self,
        settings: &Settings,
        known: &Known,
        code: &str,
        verifier: &str,
    ) -> Result<Tokens, Fault> {
        let place = &known.document.token_endpoint;
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", settings.redirect_uri.as_str()),
            ("code_verifier", verifier),
        ];
        let secret = settings.client_secret.as_ref();
        let basic = secret.filter(|_| known.takes_basic()).map(|secret| basic(&settings.client_id, secret));
        let own = [("client_id", Some(&settings.client_id)), ("client_secret", secret.map(Secret::expose))];
        let own = own.into_iter().filter(|_| basic.is_none());
        let own = own.filter_map(|(name, value)| Some((name, value?.as_str())));
        let body =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).extend_pairs(own).finish();
        let request = self.client.post(place).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = basic.into_iter().fold(request, |request, proof| request.header(AUTHORIZATION, proof));
        let request = request.body(body);
        read(&self.fetch(request).await?, place)
    }

    /// What else the provider says of whom a token is for; `None` = it has no such place.
    pub(super) async fn user(&self, known: &Known, access_token: &str) -> Result<Option<Claims>, Fault> {
        let Some(place) = &known.document.userinfo_endpoint else { return Ok(None) };
        read(&self.fetch(self.client.get(place).bearer_auth(access_token)).await?, place).map(Some)
    }

    async fn fetch(&self, request: RequestBuilder) -> Result<Vec<u8>, Fault> {
        let unreachable = |error: reqwest::Error| Fault::Unreachable(chain(&error));
        let mut response = request.header(ACCEPT, "application/json").send().await.map_err(unreachable)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST {
                return Err(Fault::Unreachable(format!("{} sends too much", response.url().path())));
            }
        }
        if status.is_success() {
            return Ok(body);
        }
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        let place = response.url().path().to_owned();
        match said.get("error").and_then(Value::as_str) {
            Some(error) if status.is_client_error() => Err(Fault::Denied(error.to_owned())),
            _ => Err(Fault::Unreachable(format!("{place} answers {status}"))),
        }
    }
}

impl Known {
    /// The specification's default is that clients prove themselves in a header.
    fn takes_basic(&self) -> bool {
        let ways = &self.document.token_endpoint_auth_methods_supported;
        ways.is_empty() || ways.iter().any(|way| way == "client_secret_basic")
    }
}

fn basic(id: &str, secret: &Secret<String>) -> String {
    let form = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", form(id), form(secret.expose()))))
}

fn read<T: for<'de> Deserialize<'de>>(body: &[u8], place: &str) -> Result<T, Fault> {
    serde_json::from_slice(body)
        .map_err(|error| Fault::Unreachable(format!("what {place} answers is not understood: {error}")))
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
