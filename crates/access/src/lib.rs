//! Who may come in over TCP: tokens of programs, sessions of people, limits.
//!
//! [`Access::layer`] stands around all routes. It finds out who asks and puts a [`http::Caller`] into the request, which is
//! refused by the routes themselves when it is missing or may not do what it asks.

#![forbid(unsafe_code)]

mod account;
mod attempts;
mod browser;
pub mod dto;
mod layer;
mod limit;
mod link;
mod name;
pub mod oidc;
mod origin;
mod password;
mod rights;
mod secret;
mod session;
mod store;
mod token;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use engine::{AuditEntry, Hub};
use ipnet::IpNet;
use model::{Effects, EntityWrite};
use serde::{Deserialize, Serialize};

use account::Account;
use attempts::Attempts;
use browser::Browser;
use http::{KnownScopes, Problem};
use limit::{Limit, Quota};
use link::Link;
use oidc::Oidc;
use password::Passwords;
use session::Session;
use store::{Changed, Kept, Store};
use token::Token;

pub use link::SignInLink;
pub use origin::Origin;
pub use session::SignedIn;
pub use token::TOKEN_PREFIX;

/// What an administrator decides about access.
#[derive(Clone, Debug)]
pub struct Rules {
    /// A session ends after so long without use.
    pub session: Duration,
    /// Proxies whose word about their clients is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Requests a second of one token.
    pub token_rate: NonZeroU32,
    /// Requests a second of one address that has not proved who it is.
    pub address_rate: NonZeroU32,
    /// The scopes that there are.
    pub scopes: KnownScopes,
    /// Where people may sign in instead, with OpenID Connect.
    pub oidc: Option<oidc::Settings>,
}

/// Knows who may come in. Cheap to clone.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

/// Nothing but a revision: each change of accounts writes it.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Turn {}

impl Turn {
    const KEY: &str = "accounts";
}

impl Kept for Turn {
    const KIND: &'static str = "access_turn";

    fn state(&self) -> &'static str {
        "taken"
    }

    fn label(&self) -> &'static str {
        ""
    }
}

struct Inner {
    hub: Hub,
    rules: Rules,
    tokens: Store<Token>,
    accounts: Store<Account>,
    sessions: Store<Session>,
    browsers: Store<Browser>,
    turns: Store<Turn>,
    /// Changes of all of these are told here.
    changed: Changed,
    links: Store<Link>,
    /// How sign-ins elsewhere are told from others, and those that ended of late.
    flow_keys: Store<oidc::FlowKey>,
    flows_used: Store<oidc::UsedFlow>,
    passwords: Passwords,
    oidc: Option<Oidc>,
    by_token: Limit,
    by_address: Limit,
    attempts: Attempts,
    /// Changes of tokens and accounts come one after the other: what is looked at still holds when it is written.
    turn: tokio::sync::Mutex<()>,
}

impl Access {
    /// Reads tokens, accounts and sessions out of the hub's journal.
    pub async fn open(hub: Hub, rules: Rules) -> Result<Self, Problem> {
        let changed = Changed::default();
        Ok(Access(Arc::new(Inner {
            tokens: Store::load(hub.clone(), changed.clone()).await?,
            accounts: Store::load(hub.clone(), changed.clone()).await?,
            sessions: Store::load(hub.clone(), changed.clone()).await?,
            browsers: Store::load(hub.clone(), changed.clone()).await?,
            turns: Store::load(hub.clone(), changed.clone()).await?,
            links: Store::load(hub.clone(), changed.clone()).await?,
            flow_keys: Store::load(hub.clone(), changed.clone()).await?,
            flows_used: Store::load(hub.clone(), changed.clone()).await?,
            changed,
            passwords: Passwords::new(),
            oidc: rules.oidc.clone().map(Oidc::new).transpose()?,
            by_token: Limit::new(Quota::per_second(rules.token_rate)),
            by_address: Limit::new(Quota::per_second(rules.address_rate)),
            attempts: Attempts::new(),
            turn: tokio::sync::Mutex::new(()),
            hub,
            rules,
        })))
    }

    /// Writes records as `make` says they are to be, made anew when somebody else has written one of them at the same
    /// moment.
    async fn write_as_it_stands(
        &self,
        make: impl Fn() -> Result<(Vec<EntityWrite>, Option<AuditEntry>), Problem>,
    ) -> Result<(), Problem> {
        let make = || {
            let made = make();
            async {
                let (entities, entry) = made?;
                Ok(((), Some((Effects { entities, ..Effects::default() }, entry))))
            }
        };
        self.0.hub.write_as_read(make).await
    }

    /// That it is our turn to change accounts: of two hubs that do at the same moment one has to look again.
    fn take_turn(&self) -> Result<Option<EntityWrite>, Problem> {
        if !self.0.hub.is_shared() {
            return Ok(None);
        }
        let rev = self.0.turns.get(Turn::KEY).map_or(0, |row| row.rev);
        Store::writing(Turn::KEY, rev, &Turn {}).map(Some)
    }

    /// Refuses to decide by what this hub knows when another one may have changed it long since.
    fn is_recent(&self) -> Result<(), Problem> {
        if self.0.hub.is_shared() && !self.0.hub.is_sure() {
            let detail = "PostgreSQL does not answer, and what others may do can have changed: nothing was done, try again later";
            return Err(Problem::later("unsure", 5, detail));
        }
        Ok(())
    }

    /// The scopes that there are.
    pub fn scopes(&self) -> &KnownScopes {
        &self.0.rules.scopes
    }

    /// A record that may be so new that this hub has not heard of it. The journal is not asked for whoever has shown too often
    /// what nobody has made.
    async fn known<T: Kept>(
        &self,
        store: &Store<T>,
        key: &str,
        origin: &Origin,
    ) -> Result<Option<store::Row<T>>, Problem> {
        if let Some(row) = store.get(key) {
            return Ok(Some(row));
        }
        if self.0.hub.is_shared() {
            self.0.by_address.look(limit::Asker::at(origin.address), self.0.hub.now())?;
        }
        store.heard(key).await
    }

    /// Counts an attempt to sign in.
    fn attempt(&self, origin: &Origin) -> Result<(), Problem> {
        self.0.attempts.from(origin.address, self.0.hub.now())
    }
}
