//! Sign-in links: whoever runs the hub gets in without a password, once. They are entities, so that each hub of a journal knows
//! them: used is one by the commit that removes it together with what it did.

use axum::http::StatusCode;
use engine::{Actor, AuditEntry, carry};
use jiff::{SignedDuration, Timestamp};
use model::EntityWrite;
use serde::{Deserialize, Serialize};

use super::Access;
use super::account::{Account, no_password};
use super::origin::Origin;
use super::secret::{self, Fresh};
use super::session::SignedIn;
use super::store::{Kept, Row, Store};
use crate::dto::{AccountChange, NewAccount};
use http::Problem;
use http::Role;
use http::Scope;
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
}

/// The same as it is kept; the key of its record is the hash of its secret.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Link {
    account: Option<String>,
    /// The account as it was then: what was changed or removed since is not what the link was made for.
    rev: u64,
    by: Maker,
    expires_at: Timestamp,
}

/// Who made a link.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "who", rename_all = "snake_case")]
enum Maker {
    /// Root, or the hub's own user.
    Hub,
    Token {
        id: String,
    },
    Person {
        account: String,
    },
}

impl Maker {
    fn of(caller: &Caller) -> Self {
        match &caller.by {
            Proof::Socket => Maker::Hub,
            Proof::Token { id, .. } => Maker::Token { id: id.clone() },
            // What knows somebody by a key has no account: such a link works for nobody.
            Proof::Session { .. } | Proof::Key => Maker::Person { account: caller.name().to_owned() },
        }
    }
}

impl Kept for Link {
    const KIND: &'static str = "sign_in_link";

    fn state(&self) -> &'static str {
        "unused"
    }

    fn label(&self) -> &str {
        self.account.as_deref().unwrap_or_default()
    }
}

impl Access {
    /// Makes a link with which somebody sets a new password for an account: the path of a page. Without an account
    /// it makes a new one, an administrator's.
    pub async fn make_link(&self, account: Option<String>, by: &Caller) -> Result<String, Problem> {
        let (what, rev) = match &account {
            Some(name) => (format!("account {name}"), self.local(name)?.rev),
            None => ("an administrator's account".to_owned(), 0),
        };
        let code = Code::from_static("sign_in_link");
        let entry = AuditEntry::new(&by.actor, what, code, "a sign-in link was made");
        let secret = Fresh::new()?;
        let now = self.0.hub.now();
        let link = Link { account, rev, by: Maker::of(by), expires_at: now + WORKS };
        self.write_as_it_stands(|| {
            let mut writes = self.links_over(now, MOST - 1);
            writes.push(Store::writing(&secret.hash(), 0, &link)?);
            Ok((writes, Some(entry.clone())))
        })
        .await?;
        Ok(format!("/sign-in/{}", secret.expose()))
    }

    /// The link with this secret, if it still works.
    pub async fn link(&self, secret: &str) -> Result<SignInLink, Problem> {
        Ok(SignInLink { account: self.working(secret).await?.account })
    }

    async fn working(&self, secret: &str) -> Result<Link, Problem> {
        let row = self.0.links.heard(&secret::hash(secret)).await?;
        row.map(|row| row.value).filter(|link| self.works(link)).ok_or_else(|| {
            Problem::missing(
                "sign-in link like this (each works once, for 15 minutes, and until the account is changed): \
                 run `intendant token sign-in`",
            )
        })
    }

    fn works(&self, link: &Link) -> bool {
        let now = self.0.hub.now();
        let as_it_was = |name: &str| self.active(name).is_some_and(|row| row.rev == link.rev);
        // One that would work for longer was made while the clock ran ahead.
        let in_time = link.expires_at > now && !is_ahead(link.expires_at, now + WORKS);
        in_time && self.vouches(&link.by, now) && link.account.as_deref().is_none_or(as_it_was)
    }

    /// Whether whoever made a link could still do so. People sign out meanwhile.
    fn vouches(&self, maker: &Maker, now: Timestamp) -> bool {
        match maker {
            Maker::Hub => true,
            Maker::Token { id } => self.scopes_of(id, now).is_some_and(|scopes| scopes.allow(Scope::ADMIN)),
            Maker::Person { account } => {
                self.active(account).is_some_and(|row| row.value.role == Role::Admin)
            }
        }
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
        let link = match self.working(secret).await {
            Ok(link) => link,
            Err(problem) => {
                self.attempt(origin)?;
                return Err(problem);
            }
        };
        let (access, id, name, origin) = (self.clone(), secret::hash(secret), name.to_owned(), *origin);
        carry(async move { access.use_link(link, id, &name, password, &origin).await }).await
    }

    async fn use_link(
        &self,
        link: Link,
        id: String,
        name: &str,
        password: String,
        origin: &Origin,
    ) -> Result<SignedIn, Problem> {
        let name = link.account.clone().unwrap_or_else(|| name.to_owned());
        self.set_up(&link, id, &name, password).await.map_err(|problem| {
            if problem.status == StatusCode::PRECONDITION_FAILED.as_u16() { used() } else { problem }
        })?;
        let row = self.0.accounts.get(&name).ok_or_else(Problem::unauthenticated)?;
        let browser = self.remember_browser(&name, origin).await?;
        Ok(SignedIn { browser, ..self.begin(row, origin, Vec::new()).await? })
    }

    /// Makes the account of a link, or sets its password anew. It changes nothing else of an account that is there: who
    /// is kept out stays so, and nobody's role changes. A password that is refused costs no new link.
    async fn set_up(&self, link: &Link, id: String, name: &str, password: String) -> Result<(), Problem> {
        let by =
            Caller { actor: Actor("sign-in link".to_owned()), scopes: Scopes::admin(), by: Proof::Socket };
        if link.account.is_some() {
            let change = AccountChange { password: Some(password), ..AccountChange::default() };
            self.change_account_by(Some(id), name, Some(link.rev), change, &by).await.map(drop)
        } else {
            let new = NewAccount { name: name.to_owned(), role: Role::Admin, password: Some(password) };
            self.make_account_by(Some(id), new, &by).await.map(drop)
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

    /// What ends the links of an account (`None` = those that make one), for the commit in which it is changed. Of two who
    /// use one of them at once, one is told that it is gone.
    pub(super) fn links_ended(
        &self,
        account: Option<&str>,
        used_one: Option<&str>,
    ) -> Result<Vec<EntityWrite>, Problem> {
        let mut links = self.0.links.all();
        links.retain(|(_, row)| row.value.account.as_deref() == account);
        if used_one.is_some_and(|id| links.iter().all(|(other, _)| other != id)) {
            return Err(used());
        }
        Ok(links.into_iter().map(|(id, row)| Store::<Link>::removal(&id, row.rev)).collect())
    }

    /// What removes the links whose time is over, and all but so many of the newest.
    pub(super) fn links_over(&self, now: Timestamp, but: usize) -> Vec<EntityWrite> {
        let (mut work, mut over): (Vec<_>, Vec<_>) =
            self.0.links.all().into_iter().partition(|(_, row)| row.value.expires_at > now);
        work.sort_by_key(|(_, row)| std::cmp::Reverse(row.value.expires_at));
        over.extend(work.into_iter().skip(but));
        over.into_iter().map(|(id, row)| Store::<Link>::removal(&id, row.rev)).collect()
    }
}

fn used() -> Problem {
    Problem::missing("sign-in link like this any more: it was used just now, or its account was changed")
}
