//! An installed application: an administrator has allowed it to work in their name, and the grant is kept.

use std::fmt;
use std::sync::Arc;

use engine::Clock;
use engine::port::BoxFuture;
use jiff::SignedDuration;
use model::Secret;
use reqwest::Client;
use serde::Deserialize;
use serde_json::Value;

use super::store::{Store, Stored};
use super::{Granted, SCOPE, Source, ask, granted, refused};
use crate::trouble::{Credentials, Trouble, Wrong};

const AUTHORISATION: &str = "https://accounts.google.com/o/oauth2/v2/auth";
const TOKEN: &str = "https://oauth2.googleapis.com/token";

/// The client as Google's console hands it out, below `installed` or `web`.
#[derive(Clone, Deserialize)]
pub struct ClientSecret {
    /// Its id.
    pub client_id: String,
    /// Its secret, which is none for an installed application, and is asked for all the same.
    #[serde(default, rename = "client_secret")]
    secret: String,
    /// Where people are asked.
    #[serde(default)]
    auth_uri: Option<String>,
    /// Where tokens are given.
    #[serde(default)]
    token_uri: Option<String>,
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSecret").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// What is wrong with a client's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no client of an installed application: download its JSON from the Google Cloud console")]
pub struct NoClient;

impl ClientSecret {
    /// That of a file.
    pub fn new(file: &Secret<String>) -> Result<Self, NoClient> {
        #[derive(Deserialize)]
        struct File {
            installed: Option<ClientSecret>,
            web: Option<ClientSecret>,
        }
        let file: File = serde_json::from_str(file.expose()).map_err(|_| NoClient)?;
        file.installed.or(file.web).ok_or(NoClient)
    }

    pub(super) fn auth_uri(&self) -> &str {
        self.auth_uri.as_deref().unwrap_or(AUTHORISATION)
    }

    /// Asks for tokens.
    pub(super) async fn ask(&self, client: &Client, pairs: &[(&str, &str)]) -> Result<Value, Trouble> {
        let own = [("client_id", self.client_id.as_str()), ("client_secret", self.secret.as_str())];
        let pairs: Vec<_> = own.iter().chain(pairs).copied().collect();
        ask(client, self.token_uri.as_deref().unwrap_or(TOKEN), &pairs).await
    }
}

/// What an administrator has granted to an installed application.
pub struct Installed {
    /// The application.
    pub secret: ClientSecret,
    /// The administrator.
    pub subject: String,
    /// Where the grant is kept.
    pub store: Arc<dyn Store>,
    /// Asks.
    pub client: Client,
    /// The time.
    pub clock: Clock,
}

impl Installed {
    async fn stored(&self) -> Result<Stored, Trouble> {
        let trouble = |why: String| Trouble::Credentials(Credentials { wrong: Wrong::Grant, why });
        let stored = self.store.get(&self.subject).await.map_err(Trouble::Unsent)?;
        let stored = stored.filter(|stored| stored.covers(SCOPE)).ok_or_else(|| {
            trouble(format!(
                "nobody has granted anything yet: run `intendant google login` as {}",
                self.subject
            ))
        })?;
        if stored.client_id != self.secret.client_id {
            return Err(trouble(format!(
                "what is kept in {} was granted to another client: run `intendant google login` anew",
                self.store.place()
            )));
        }
        Ok(stored)
    }

    async fn renew(&self) -> Result<Granted, Trouble> {
        let stored = self.stored().await?;
        let left = stored.expires_at().map(|at| at.duration_since(self.clock.now()));
        let left = left.filter(|left| *left > SignedDuration::from_mins(12));
        if let Some(lasts) = left.and_then(|left| left.try_into().ok()) {
            return Ok(Granted { token: stored.access_token, lasts });
        }
        let pairs =
            [("grant_type", "refresh_token"), ("refresh_token", stored.refresh_token.expose().as_str())];
        let said = self.secret.ask(&self.client, &pairs).await.map_err(|trouble| match trouble {
            Trouble::Credentials(Credentials { wrong: Wrong::Key, why }) if why.contains("invalid_grant") => {
                let why = format!("the grant has ended: run `intendant google login` anew ({why})");
                Trouble::Credentials(Credentials { wrong: Wrong::Grant, why })
            }
            other => other,
        })?;
        let fresh = granted(&said)?;
        let until = self.clock.now().checked_add(fresh.lasts).unwrap_or(self.clock.now());
        let renewed = Stored {
            access_token: fresh.token.clone(),
            refresh_token: said
                .get("refresh_token")
                .and_then(Value::as_str)
                .map_or(stored.refresh_token, |token| Secret::new(token.to_owned())),
            expiration_time_millis: until.as_millisecond(),
            ..stored
        };
        // A token that cannot be kept is good all the same.
        if let Err(why) = self.store.put(&self.subject, &renewed).await {
            tracing::warn!("the Google token cannot be kept: {why}");
        }
        Ok(fresh)
    }
}

impl Source for Installed {
    fn grant(&self) -> BoxFuture<'_, Result<Granted, Trouble>> {
        Box::pin(self.renew())
    }
}

/// Whether an answer to a browser says no.
pub(super) fn denied(error: &str) -> Trouble {
    Trouble::Credentials(refused(error, "said in the browser"))
}
