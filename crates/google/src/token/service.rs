//! A service account that works in an administrator's name.

use std::fmt;

use engine::Clock;
use engine::port::BoxFuture;
use model::Secret;
use reqwest::Client;
use ring::signature::RsaKeyPair;
use serde::Deserialize;

use super::assertion::{assertion, key};
use super::{Granted, SCOPE, Source, ask, granted};
use crate::trouble::{Credentials, Trouble, Wrong};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// What is wrong with a key file. Nothing of the key is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// It is no key file.
    #[error("this is no key of a service account: make one in the Google Cloud console, in the format JSON")]
    NoKeyFile,
    /// The private key in it cannot be read.
    #[error("the private key in it is no RSA key in PKCS #8: make a new one")]
    NoPrivateKey,
}

/// A service account.
pub struct ServiceAccount {
    client: Client,
    clock: Clock,
    key: RsaKeyPair,
    key_id: Option<String>,
    email: String,
    subject: String,
    token_uri: String,
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount").field("email", &self.email).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key: String,
    #[serde(default)]
    private_key_id: Option<String>,
    #[serde(default)]
    token_uri: Option<String>,
}

impl ServiceAccount {
    /// That of a key file, in the name of this administrator.
    pub fn new(file: &Secret<String>, subject: &str, client: Client, clock: Clock) -> Result<Self, BadKey> {
        let file: KeyFile = serde_json::from_str(file.expose()).map_err(|_| BadKey::NoKeyFile)?;
        let private = Secret::new(file.private_key);
        Ok(ServiceAccount {
            client,
            clock,
            key: key(private.expose()).ok_or(BadKey::NoPrivateKey)?,
            key_id: file.private_key_id,
            email: file.client_email,
            subject: subject.to_owned(),
            token_uri: file.token_uri.unwrap_or_else(|| TOKEN_URI.to_owned()),
        })
    }
}

impl Source for ServiceAccount {
    fn grant(&self) -> BoxFuture<'_, Result<Granted, Trouble>> {
        Box::pin(async {
            let now = self.clock.now().as_second();
            let id = self.key_id.as_deref();
            let signed = assertion(&self.key, id, &self.email, &self.subject, &self.token_uri, SCOPE, now);
            let signed = signed.ok_or_else(|| {
                let why = "the private key cannot sign".to_owned();
                Trouble::Credentials(Credentials { wrong: Wrong::Key, why })
            })?;
            let pairs = [("grant_type", GRANT), ("assertion", signed.as_str())];
            granted(&ask(&self.client, &self.token_uri, &pairs).await?)
        })
    }
}
