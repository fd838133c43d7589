//! The Directory API: accounts and their aliases.

mod pace;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use engine::Clock;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Method};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::account::{FIELDS, User};
use crate::client::{Unanswered, body, segment};
use crate::token::Tokens;
use crate::trouble::{Answer, Trouble};

pub use pace::Pace;

/// Where Google is.
pub const GOOGLE: &str = "https://admin.googleapis.com/";
/// Accounts on a page of a listing: as many as Google gives.
const PAGE: usize = 500;
/// Longest pause that is taken from an answer.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// A page of a listing.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Listed {
    /// The accounts.
    pub users: Vec<User>,
    /// What leads to the next page.
    #[serde(rename = "nextPageToken")]
    pub next: Option<String>,
}

/// A client of it. Cheap to clone.
#[derive(Clone)]
pub struct Directory {
    client: Client,
    users: Arc<str>,
    tokens: Arc<Tokens>,
    pace: Arc<Pace>,
    /// How often in a row it was said: slower.
    slower: Arc<AtomicU32>,
    clock: Clock,
}

impl Directory {
    /// That at this address, with tokens and a pace.
    pub fn new(client: Client, root: &str, tokens: Arc<Tokens>, pace: Arc<Pace>, clock: Clock) -> Self {
        let users = format!("{}/admin/directory/v1/users", root.trim_end_matches('/'));
        Directory { client, users: users.into(), tokens, pace, slower: Arc::default(), clock }
    }

    /// Whether there is room in the quota for something that takes several calls; an error says in how long there will be.
    pub fn has_room(&self) -> Result<(), Duration> {
        self.pace.has_room(self.clock.instant())
    }

    /// How long all wait after Google has said: slower. Longer each time, and never the same for two.
    pub fn slower(&self, asked: Option<Duration>) -> Duration {
        let times = self.slower.fetch_add(1, Ordering::Relaxed).min(6);
        let pause = asked.unwrap_or(Duration::from_secs(1 << times)).min(LONGEST_PAUSE);
        pause.mul_f64(1.0 + 0.5 * self.clock.chance())
    }

    /// Where tokens come from.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The account with this id, primary address or alias.
    pub async fn user(&self, key: &str) -> Result<User, Trouble> {
        self.call(Method::GET, &format!("/{}?fields={}", segment(key), segment(FIELDS)), None).await
    }

    /// The id of an account and nothing else: whether one may read accounts at all.
    pub async fn id_of(&self, key: &str) -> Result<User, Trouble> {
        self.call(Method::GET, &format!("/{}?fields=id", segment(key)), None).await
    }

    /// A page of all accounts; the first one without a token.
    pub async fn list(&self, token: Option<&str>) -> Result<Listed, Trouble> {
        let fields = segment(&format!("nextPageToken,users({FIELDS})"));
        let next = token.map(|token| format!("&pageToken={}", segment(token))).unwrap_or_default();
        let path = format!("?customer=my_customer&maxResults={PAGE}&fields={fields}{next}");
        let answer = self.send(Method::GET, &path, None).await?;
        serde_json::from_slice(&answer).map_err(|_| Trouble::Lost("the answer is no listing".to_owned()))
    }

    /// Makes an account.
    pub async fn insert(&self, account: &Map<String, Value>) -> Result<User, Trouble> {
        self.call(Method::POST, "", Some(json!(account))).await
    }

    /// Brings an account up to date: what is not in the body stays.
    pub async fn update(&self, id: &str, account: &Map<String, Value>) -> Result<User, Trouble> {
        self.call(Method::PUT, &format!("/{}", segment(id)), Some(json!(account))).await
    }

    /// Deletes an account.
    pub async fn delete(&self, id: &str) -> Result<(), Trouble> {
        self.send(Method::DELETE, &format!("/{}", segment(id)), None).await.map(drop)
    }

    /// Gives an account an alias.
    pub async fn insert_alias(&self, id: &str, alias: &str) -> Result<(), Trouble> {
        let body = json!({ "alias": alias });
        self.send(Method::POST, &format!("/{}/aliases", segment(id)), Some(body)).await.map(drop)
    }

    /// Takes an alias from an account.
    pub async fn delete_alias(&self, id: &str, alias: &str) -> Result<(), Trouble> {
        let path = format!("/{}/aliases/{}", segment(id), segment(alias));
        self.send(Method::DELETE, &path, None).await.map(drop)
    }

    /// An answer that is an account. One that cannot be read says nothing of whether it was done.
    async fn call(&self, method: Method, path: &str, said: Option<Value>) -> Result<User, Trouble> {
        let answer = self.send(method, path, said).await?;
        serde_json::from_slice::<User>(&answer)
            .ok()
            .filter(|user| !user.id.is_empty())
            .ok_or_else(|| Trouble::Lost("the answer is no account".to_owned()))
    }

    /// Once more with a fresh token when the first one is not taken.
    async fn send(&self, method: Method, path: &str, said: Option<Value>) -> Result<Vec<u8>, Trouble> {
        let token = self.tokens.get().await?;
        match self.once(&method, path, said.as_ref(), token.expose()).await {
            Err(Trouble::Answer(answer)) if answer.status == 401 => {
                let token = self.tokens.instead_of(token.expose()).await?;
                self.once(&method, path, said.as_ref(), token.expose()).await
            }
            answered => answered,
        }
    }

    async fn once(
        &self,
        method: &Method,
        path: &str,
        said: Option<&Value>,
        token: &str,
    ) -> Result<Vec<u8>, Trouble> {
        self.pace.take(self.clock.instant()).map_err(Trouble::Quota)?;
        let mut request =
            self.client.request(method.clone(), format!("{}{path}", self.users)).bearer_auth(token);
        if let Some(said) = said {
            request = request.header(CONTENT_TYPE, "application/json").body(said.to_string());
        }
        let response = request.send().await.map_err(|error| Trouble::from(Unanswered::of(error)))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = body(response).await?;
        if status.is_success() && status.as_u16() != 202 {
            self.slower.store(0, Ordering::Relaxed);
            return Ok(body);
        }
        Err(Trouble::Answer(answer(status.as_u16(), &headers, &body)))
    }
}

impl From<Unanswered> for Trouble {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Unsent(why) => Trouble::Unsent(why),
            Unanswered::Lost(why) => Trouble::Lost(why),
        }
    }
}

/// What Google says beside the status; a gateway says it in HTML, or not at all.
fn answer(status: u16, headers: &HeaderMap, body: &[u8]) -> Answer {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |pointer| said.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let pause = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Answer {
        status,
        reason: text("/error/errors/0/reason").or_else(|| text("/error/status")),
        message: text("/error/message").unwrap_or_else(|| format!("Google answers {status}")),
        retry_after: pause.map(Duration::from_secs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_google_says_is_read_and_what_a_gateway_says_is_passed_over() {
        let body =
            br#"{"error":{"code":403,"message":"Quota","errors":[{"reason":"userRateLimitExceeded"}]}}"#;
        let headers = HeaderMap::from_iter([(RETRY_AFTER, "7".parse().unwrap())]);
        let read = answer(403, &headers, body);
        assert_eq!((read.reason.as_deref(), read.message.as_str()), (Some("userRateLimitExceeded"), "Quota"));
        assert_eq!(read.retry_after, Some(Duration::from_secs(7)));
        for odd in [&b"<html>"[..], b"", b"null", b"{\"error\":\"x\"}"] {
            let read = answer(502, &HeaderMap::new(), odd);
            assert_eq!((read.reason, read.message.as_str()), (None, "Google answers 502"));
        }
    }
}
