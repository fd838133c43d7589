//! Access tokens: one for all, fetched once by whoever finds none, renewed when most of its life is over.

mod assertion;
mod installed;
mod login;
mod service;
mod store;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use engine::Clock;
use engine::port::BoxFuture;
use model::Secret;
use reqwest::Client;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::client::{Unanswered, body};
use crate::trouble::{Credentials, Trouble, Wrong};

pub use installed::{ClientSecret, Installed};
pub use login::{Flow, Pasted};
pub use service::{BadKey, ServiceAccount};
pub use store::{Store, Stored, TokenFile, TokenRedis};

/// All that is needed of Google: it covers accounts and aliases.
pub const SCOPE: &str = "https://www.googleapis.com/auth/admin.directory.user";
/// Whoever asks so shortly after somebody was refused is refused without asking again.
const REFUSED_FOR: Duration = Duration::from_secs(5);
/// The same after nobody has answered.
const AWAY_FOR: Duration = Duration::from_secs(1);

/// A token as it was granted.
pub struct Granted {
    /// Itself.
    pub token: Secret<String>,
    /// How long it lasts.
    pub lasts: Duration,
}

/// Where tokens come from.
pub trait Source: Send + Sync {
    /// Asks for a new one.
    fn grant(&self) -> BoxFuture<'_, Result<Granted, Trouble>>;
}

/// The token of now, and how the next one is come by.
pub struct Tokens {
    source: Box<dyn Source>,
    clock: Clock,
    held: RwLock<Option<Arc<Held>>>,
    /// Held by whoever fetches one, with what became of the last try when it failed.
    fetching: Mutex<Option<(Instant, Trouble)>>,
}

struct Held {
    token: Secret<String>,
    renew_at: Instant,
    until: Instant,
}

impl Tokens {
    /// From this source.
    pub fn new(source: Box<dyn Source>, clock: Clock) -> Self {
        Tokens { source, clock, held: RwLock::default(), fetching: Mutex::default() }
    }

    /// A token that is good for a while.
    pub async fn get(&self) -> Result<Secret<String>, Trouble> {
        match self.held().filter(|held| self.clock.instant() < held.renew_at) {
            Some(held) => Ok(held.token.clone()),
            None => self.renewed(None).await,
        }
    }

    /// Another one than this, which is not taken.
    pub async fn instead_of(&self, refused: &str) -> Result<Secret<String>, Trouble> {
        self.renewed(Some(refused)).await
    }

    fn held(&self) -> Option<Arc<Held>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn renewed(&self, refused: Option<&str>) -> Result<Secret<String>, Trouble> {
        let mut last = self.fetching.lock().await;
        let now = self.clock.instant();
        let held = self.held().filter(|held| refused != Some(held.token.expose().as_str()));
        // Somebody else may have fetched it meanwhile.
        if let Some(held) = held.as_ref().filter(|held| now < held.renew_at) {
            return Ok(held.token.clone());
        }
        let known = last.as_ref().filter(|(at, trouble)| {
            let lasts = if matches!(trouble, Trouble::Credentials(_)) { REFUSED_FOR } else { AWAY_FOR };
            now.saturating_duration_since(*at) < lasts
        });
        let answer = match known {
            Some((_, trouble)) => Err(trouble.clone()),
            None => self.source.grant().await,
        };
        match answer {
            Ok(Granted { token, lasts }) => {
                let now = self.clock.instant();
                let held =
                    Held { token: token.clone(), renew_at: now + lasts.mul_f64(0.8), until: now + lasts };
                *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(held));
                *last = None;
                Ok(token)
            }
            Err(trouble) => {
                if known.is_none() {
                    *last = Some((now, trouble.clone()));
                }
                // The one that is there is good for a while yet.
                let held = held.filter(|held| now < held.until);
                held.map(|held| held.token.clone()).ok_or(trouble)
            }
        }
    }
}

/// Asks a token endpoint, and reads its answer.
async fn ask(client: &Client, endpoint: &str, pairs: &[(&str, &str)]) -> Result<Value, Trouble> {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let request =
        client.post(endpoint).header("content-type", "application/x-www-form-urlencoded").body(form);
    // A grant that was lost on its way changes nothing: all of it is as if nothing had been sent.
    let unsent = |unanswered: Unanswered| match unanswered {
        Unanswered::Unsent(why) | Unanswered::Lost(why) => Trouble::Unsent(format!("token endpoint: {why}")),
    };
    let response = request.send().await.map_err(|error| unsent(Unanswered::of(error)))?;
    let status = response.status();
    let said: Value = serde_json::from_slice(&body(response).await.map_err(unsent)?).unwrap_or_default();
    if status.is_success() {
        return Ok(said);
    }
    let text = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("error") {
        "" => Err(Trouble::Unsent(format!("the token endpoint answers {status}"))),
        error => Err(Trouble::Credentials(refused(error, text("error_description")))),
    }
}

/// What a refusal of the token endpoint means. Its codes are few; which of two things is meant stands in the description.
fn refused(error: &str, description: &str) -> Credentials {
    let lower = description.to_lowercase();
    let (wrong, what) = match error {
        "invalid_grant" if lower.contains("email") || lower.contains("user id") => {
            (Wrong::Subject, "there is no such administrator: look at google.subject")
        }
        "invalid_grant" => (
            Wrong::Key,
            "the key is not taken: it was rotated or deleted, or the clock of this machine is wrong",
        ),
        "unauthorized_client" => (
            Wrong::Delegation,
            "the client has no delegation of authority with this scope: enter its id with the one scope in the admin console",
        ),
        "access_denied" | "invalid_scope" => (Wrong::Scope, "the scope is not granted to this client"),
        "invalid_client" => (Wrong::Key, "the client is not known, or its secret is wrong"),
        _ => (Wrong::Other, "no token is given"),
    };
    let said = if description.is_empty() { error.to_owned() } else { format!("{error}, {description}") };
    Credentials { wrong, why: format!("{what} ({said})") }
}

/// The token in an answer of the endpoint.
fn granted(said: &Value) -> Result<Granted, Trouble> {
    let token = said.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| Trouble::Unsent("the token endpoint gives no token".to_owned()))?;
    let lasts = said.get("expires_in").and_then(Value::as_u64).unwrap_or(3600);
    Ok(Granted { token: Secret::new(token.to_owned()), lasts: Duration::from_secs(lasts) })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Counts, and gives what it was told to.
    struct Counting {
        asked: Arc<AtomicUsize>,
        lasts: Duration,
        fails_from: usize,
    }

    impl Source for Counting {
        fn grant(&self) -> BoxFuture<'_, Result<Granted, Trouble>> {
            let number = self.asked.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move {
                tokio::task::yield_now().await;
                if number >= self.fails_from {
                    return Err(Trouble::Credentials(refused("invalid_grant", "Invalid JWT Signature.")));
                }
                Ok(Granted { token: Secret::new(format!("t{number}")), lasts: self.lasts })
            })
        }
    }

    fn tokens(lasts: Duration, fails_from: usize) -> (Arc<Tokens>, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let source = Counting { asked: Arc::clone(&asked), lasts, fails_from };
        (Arc::new(Tokens::new(Box::new(source), Clock::system())), asked)
    }

    #[tokio::test]
    async fn all_who_wait_share_one_fetch() {
        let (tokens, asked) = tokens(Duration::from_hours(1), usize::MAX);
        let waiting: Vec<_> = (0..50)
            .map(|_| {
                let tokens = Arc::clone(&tokens);
                tokio::spawn(async move { tokens.get().await.unwrap().expose().clone() })
            })
            .collect();
        for waiting in waiting {
            assert_eq!(waiting.await.unwrap(), "t0");
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        // One that is not taken is replaced once, whoever says so.
        assert_eq!(tokens.instead_of("t0").await.unwrap().expose(), "t1");
        assert_eq!(tokens.instead_of("t0").await.unwrap().expose(), "t1");
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn whoever_comes_after_a_refusal_is_refused_without_asking() {
        let (tokens, asked) = tokens(Duration::from_hours(1), 0);
        for _ in 0..20 {
            let Err(Trouble::Credentials(Credentials { wrong: Wrong::Key, .. })) = tokens.get().await else {
                panic!("it is refused")
            };
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_token_is_renewed_before_it_ends_and_used_to_its_end_when_that_fails() {
        // At once old enough to be renewed, and good for long.
        let (tokens, asked) = tokens(Duration::from_hours(1), 1);
        tokens.get().await.unwrap();
        let old = Held {
            token: Secret::new("t0".to_owned()),
            renew_at: tokens.clock.instant(),
            until: tokens.clock.instant() + Duration::from_mins(10),
        };
        *tokens.held.write().unwrap() = Some(Arc::new(old));
        assert_eq!(tokens.get().await.unwrap().expose(), "t0");
        assert_eq!(asked.load(Ordering::SeqCst), 2, "it was tried");
        assert!(tokens.instead_of("t0").await.is_err(), "it is not taken any more");
    }

    #[test]
    fn a_refusal_says_what_is_wrong() {
        for (error, description, wrong) in [
            ("invalid_grant", "Invalid JWT Signature.", Wrong::Key),
            ("invalid_grant", "Invalid email or User ID", Wrong::Subject),
            ("unauthorized_client", "Client is unauthorized to retrieve access tokens", Wrong::Delegation),
            ("access_denied", "Requested client not authorized.", Wrong::Scope),
            ("invalid_scope", "", Wrong::Scope),
            ("invalid_client", "The OAuth client was not found.", Wrong::Key),
            ("temporarily_odd", "", Wrong::Other),
        ] {
            assert_eq!(refused(error, description).wrong, wrong, "{error}");
        }
    }
}
