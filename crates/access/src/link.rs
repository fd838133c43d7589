//! Sign-in links: whoever runs the hub gets in without a password, once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use engine::{Actor, AuditEntry, carry};
use jiff::{SignedDuration, Timestamp};

use super::Access;
use super::account::{Account, no_password};
use super::origin::Origin;
use super::secret::{self, Fresh};
use super::session::SignedIn;
use super::store::Row;
use crate::dto::{AccountChange, NewAccount};
use http::Problem;
use http::Role;
use http::{Caller, Proof, Scopes};
use model::Code;
use model::believe::is_ahead;

/// How long a link works.
const WORKS: SignedDuration = SignedDuration::from_mins(15);
/// So many at once; above that the oldest ends.
const MOST: usize = 1000;

/// A link that was not used yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInLink {
    /// The account for which it is; `None` = whoever uses it makes a new one.
    pub account: Option<String>,
    /// The account as it was then: what was changed or removed since is not what the link was made for.
    rev: u64,
    /// Who made it.
    by: Caller,
    expires_at: Timestamp,
}

/// The links that were not used yet, by hash. A restart makes them void.
#[derive(Debug, Default)]
pub(super) struct Links(Mutex<HashMap<String, SignInLink>>);

impl Access {
    /// Makes a link with which somebody sets a new password for an account: the path of a page. Without an account
    /// it makes a new one, an administrator's.
    pub async fn make_link(&self, account: Option<String>, by: &Caller) -> Result<String, Problem> {
        let (what, rev) = match &account {
            Some(name) => (format!("account {name}"), self.local(name)?.rev),
            None => ("an administrator's account".to_owned(), 0),
        };
        let code = Code::from_static("sign_in_link");
        self.0.hub.audit(AuditEntry::new(&by.actor, what, code, "a sign-in link was made")).await?;
        let secret = Fresh::new()?;
        let now = self.0.hub.now();
        let link = SignInLink { account, rev, by: by.clone(), expires_at: now + WORKS };
        self.links().add(secret.hash(), link, now);
        Ok(format!("/sign-in/{}", secret.expose()))
    }

    /// The link with this secret, if it still works.
    pub fn link(&self, secret: &str) -> Result<SignInLink, Problem> {
        let link = self.links().get(&secret::hash(secret)).cloned();
        link.filter(|link| self.works(link)).ok_or_else(|| {
            Problem::missing(
                "sign-in link like this (each works once, for 15 minutes, and until the account is changed): \
                 run `intendant token sign-in`",
            )
        })
    }

    fn works(&self, link: &SignInLink) -> bool {
        let now = self.0.hub.now();
        let as_it_was = |name: &str| self.active(name).is_some_and(|row| row.rev == link.rev);
        // One that would work for longer was made while the clock ran ahead.
        let in_time = link.expires_at > now && !is_ahead(link.expires_at, now + WORKS);
        in_time && self.vouches(&link.by, now) && link.account.as_deref().is_none_or(as_it_was)
    }

    /// Uses a link: makes an account, or sets the account's password anew, and signs in. The other links of the account
    /// end with it.
    pub async fn redeem(
        &self,
        secret: &str,
        name: &str,
        password: String,
        origin: &Origin,
    ) -> Result<SignedIn, Problem> {
        let link = match self.link(secret) {
            Ok(link) => link,
            Err(problem) => {
                self.attempt(origin)?;
                return Err(problem);
            }
        };
        let (access, secret, name, origin) = (self.clone(), secret.to_owned(), name.to_owned(), *origin);
        carry(async move { access.use_link(link, &secret, &name, password, &origin).await }).await
    }

    async fn use_link(
        &self,
        link: SignInLink,
        secret: &str,
        name: &str,
        password: String,
        origin: &Origin,
    ) -> Result<SignedIn, Problem> {
        // Taken before anything is awaited: of two who use it at once, one is told that it is gone.
        if self.links().remove(&secret::hash(secret)).is_none() {
            return Err(used());
        }
        let name = link.account.clone().unwrap_or_else(|| name.to_owned());
        if let Err(problem) = self.set_up(&link, &name, password).await {
            if problem.status == StatusCode::PRECONDITION_FAILED.as_u16() {
                return Err(used());
            }
            // A password that is too short costs no new link.
            self.links().add(secret::hash(secret), link, self.0.hub.now());
            return Err(problem);
        }
        self.end_links(link.account.as_deref());
        let row = self.0.accounts.get(&name).ok_or_else(Problem::unauthenticated)?;
        let browser = self.remember_browser(&name, origin).await?;
        Ok(SignedIn { browser, ..self.begin(row, origin).await? })
    }

    /// Makes the account of a link, or sets its password anew. It changes nothing else of an account that is there: who
    /// is kept out stays so, and nobody's role changes.
    async fn set_up(&self, link: &SignInLink, name: &str, password: String) -> Result<(), Problem> {
        let by =
            Caller { actor: Actor("sign-in link".to_owned()), scopes: Scopes::admin(), by: Proof::Socket };
        if link.account.is_some() {
            let change = AccountChange { password: Some(password), ..AccountChange::default() };
            self.change_account(name, Some(link.rev), change, &by).await.map(drop)
        } else {
            let new = NewAccount { name: name.to_owned(), role: Role::Admin, password: Some(password) };
            self.make_account(new, &by).await.map(drop)
        }
    }

    /// An account that gets in with a password kept here.
    fn local(&self, name: &str) -> Result<Row<Account>, Problem> {
        let row = self.0.accounts.get(name).ok_or_else(|| Problem::missing(format!("account {name}")))?;
        if row.value.disabled {
            let detail =
                format!("{name} is kept out: let this account in again before you make a link for it");
            return Err(Problem::taken(detail));
        }
        match &row.value.elsewhere {
            Some(elsewhere) => Err(no_password(name, elsewhere)),
            None => Ok(row),
        }
    }

    /// Ends the links of an account; `None` = those that make one.
    pub(super) fn end_links(&self, account: Option<&str>) {
        self.links().retain(|_, link| link.account.as_deref() != account);
    }

    fn links(&self) -> MutexGuard<'_, HashMap<String, SignInLink>> {
        self.0.links.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a bounded number of links.
trait Add {
    fn add(&mut self, hash: String, link: SignInLink, now: Timestamp);
}

impl Add for HashMap<String, SignInLink> {
    fn add(&mut self, hash: String, link: SignInLink, now: Timestamp) {
        self.retain(|_, link| link.expires_at > now);
        if self.len() >= MOST {
            let oldest = self.iter().min_by_key(|(_, link)| link.expires_at).map(|(hash, _)| hash.clone());
            oldest.and_then(|hash| self.remove(&hash));
        }
        self.insert(hash, link);
    }
}

fn used() -> Problem {
    Problem::missing("sign-in link like this any more: it was used just now, or its account was changed")
}
