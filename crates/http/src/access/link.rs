//! Sign-in links: whoever runs the hub gets in without a password, once (design §9).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::{Actor, AuditEntry};
use jiff::{SignedDuration, Timestamp};

use super::Access;
use super::account::no_password;
use super::origin::Origin;
use super::secret::{self, Fresh};
use super::session::SignedIn;
use crate::caller::{Caller, Proof};
use crate::dto::{AccountChange, NewAccount};
use crate::problem::Problem;
use crate::scope::Role;
use model::Code;
use model::believe::is_ahead;

/// How long a link works.
const WORKS: SignedDuration = SignedDuration::from_mins(15);

/// A link that was not used yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The account for which it is; `None` = whoever uses it chooses the name.
    pub account: Option<String>,
    expires_at: Timestamp,
}

/// The links that were not used yet, by hash. A restart makes them void.
#[derive(Debug, Default)]
pub(super) struct Links(Mutex<HashMap<String, Link>>);

impl Access {
    /// Makes a link with which somebody sets name and password of an account: the path of a page. Without an account
    /// it is an administrator's.
    pub async fn make_link(&self, account: Option<String>, by: &Caller) -> Result<String, Problem> {
        let what = match &account {
            Some(name) => format!("account {}", self.local(name)?),
            None => "an administrator's account".to_owned(),
        };
        let code = Code::from_static("sign_in_link");
        self.0.hub.audit(AuditEntry::new(&by.actor, what, code, "a sign-in link was made")).await?;
        let secret = Fresh::new()?;
        let expires_at = self.0.hub.now() + WORKS;
        let mut links = self.links();
        links.retain(|_, link| link.expires_at > self.0.hub.now());
        links.insert(secret.hash(), Link { account, expires_at });
        Ok(format!("/sign-in/{}", secret.expose()))
    }

    /// The link with this secret, if it still works.
    pub fn link(&self, secret: &str) -> Result<Link, Problem> {
        let links = self.links();
        let now = self.0.hub.now();
        // One that would work for longer was made while the clock ran ahead.
        let works = |link: &&Link| link.expires_at > now && !is_ahead(link.expires_at, now + WORKS);
        let link = links.get(&secret::hash(secret)).filter(works);
        link.cloned().ok_or_else(|| {
            Problem::missing(
                "sign-in link like this (each works once and for 15 minutes): run `intendant token sign-in`",
            )
        })
    }

    /// Uses a link: makes the account, or sets its password anew, and signs in.
    pub async fn redeem(
        &self,
        secret: &str,
        name: &str,
        password: String,
        origin: &Origin,
    ) -> Result<SignedIn, Problem> {
        self.attempt(origin)?;
        let link = self.link(secret)?;
        // Taken before anything is awaited: of two who use it at once, one is told that it is gone.
        if self.links().remove(&secret::hash(secret)).is_none() {
            return Err(Problem::missing("sign-in link like this any more: it was used just now"));
        }
        let name = link.account.clone().unwrap_or_else(|| name.to_owned());
        if let Err(problem) = self.set_up(&link, &name, password).await {
            // A password that is too short costs no new link.
            self.links().insert(secret::hash(secret), link);
            return Err(problem);
        }
        let row = self.0.accounts.get(&name).ok_or_else(Problem::unauthenticated)?;
        self.begin(row, origin).await
    }

    /// Makes the account of a link, or sets its password anew.
    async fn set_up(&self, link: &Link, name: &str, password: String) -> Result<(), Problem> {
        let by = Caller {
            actor: Actor("sign-in link".to_owned()),
            scopes: Role::Admin.scopes(),
            by: Proof::Socket,
        };
        if self.0.accounts.get(name).is_some() {
            let role = if link.account.is_none() { Some(Role::Admin) } else { None };
            let change = AccountChange { role, disabled: Some(false), password: Some(password) };
            self.change_account(name, None, change, &by).await.map(drop)
        } else {
            let new = NewAccount { name: name.to_owned(), role: Role::Admin, password: Some(password) };
            self.make_account(new, &by).await.map(drop)
        }
    }

    /// The name of an account whose password is kept here.
    fn local(&self, name: &str) -> Result<String, Problem> {
        let account = self.0.accounts.get(name).ok_or_else(|| Problem::missing(format!("account {name}")))?;
        match &account.value.elsewhere {
            Some(elsewhere) => Err(no_password(name, elsewhere)),
            None => Ok(account.value.name),
        }
    }

    fn links(&self) -> MutexGuard<'_, HashMap<String, Link>> {
        self.0.links.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
