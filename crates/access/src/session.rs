//! People who are signed in.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use engine::Actor;
use jiff::{SignedDuration, Timestamp};
use model::EntityWrite;
use model::believe::is_ahead;
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::origin::Origin;
use super::password::Whose;
use super::secret::{self, Fresh};
use super::store::{self, Kept, Row, Store};
use super::{Access, name};
use http::Problem;
use http::Role;
use http::{Caller, Proof};

/// A session ends after this, however much it is used.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Sessions of an account, at most; the one that was used least recently ends.
const MOST: usize = 50;
/// The last use of a session is written down this often at most.
const NOTED: SignedDuration = SignedDuration::from_mins(1);

/// Whoever holds the cookie's text holds the session; the key of its record is the hash of that.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Session {
    account: String,
    began_at: Timestamp,
    used_at: Timestamp,
}

impl Kept for Session {
    const KIND: &'static str = "session";

    fn state(&self) -> &'static str {
        "open"
    }

    fn label(&self) -> &str {
        &self.account
    }
}

/// Somebody has signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The value of `Set-Cookie` that holds the session.
    pub cookie: HeaderValue,
    /// Another one, by which the browser is known again, where it was not known yet.
    pub browser: Option<HeaderValue>,
    /// Who.
    pub name: String,
}

impl Access {
    /// Signs somebody in.
    pub async fn sign_in(&self, name: &str, password: &str, origin: &Origin) -> Result<SignedIn, Problem> {
        let whose = self.may_try(name, origin)?;
        let row = self.0.accounts.get(name).filter(|row| !row.value.disabled);
        let kept = row.as_ref().and_then(|row| row.value.password.clone());
        let right = self.0.passwords.verify(password, kept, whose).await?;
        let Some(row) = row.filter(|_| right) else { return Err(wrong(origin)) };
        let browser = self.remember_browser(name, origin).await?;
        Ok(SignedIn { browser, ..self.begin(row, origin, Vec::new()).await? })
    }

    /// Counts an attempt to sign in, and says who makes it.
    fn may_try(&self, name: &str, origin: &Origin) -> Result<Whose, Problem> {
        let (attempts, now) = (&self.0.attempts, self.0.hub.now());
        if let Some(browser) = self.known_browser(name, origin) {
            attempts.in_browser(browser.as_bytes(), now)?;
            return Ok(Whose::Known);
        }
        self.attempt(origin)?;
        // No account is named so.
        name::check(name).map_err(|_| wrong(origin))?;
        attempts.at(name, origin.address, now)?;
        Ok(Whose::Stranger)
    }

    /// Opens a session for an account that has proved itself, in one commit with what else is to be written.
    pub(super) async fn begin(
        &self,
        row: Row<Account>,
        origin: &Origin,
        with: Vec<EntityWrite>,
    ) -> Result<SignedIn, Problem> {
        let now = self.0.hub.now();
        let name = row.value.name.clone();
        self.forget_ended(&name, now).await;
        let secret = Fresh::new()?;
        let session = Session { account: name.clone(), began_at: now, used_at: now };
        let mut writes = vec![Store::writing(&secret.hash(), 0, &session)?];
        writes.extend(with);
        store::write(&self.0.hub, writes, None).await?;
        tracing::info!(account = name, address = %origin.address, "signed in");
        let age = u64::try_from(LONGEST.as_secs()).unwrap_or_default();
        let cookie = cookie(COOKIE, secret.expose(), age, SameSite::Strict, origin)?;
        Ok(SignedIn { cookie, browser: None, name })
    }

    /// Signs somebody out; the answer is the value of `Set-Cookie` that makes the browser forget.
    pub async fn sign_out(&self, caller: &Caller, origin: &Origin) -> Result<HeaderValue, Problem> {
        if let Proof::Session { id, .. } = &caller.by
            && let Some(row) = self.0.sessions.get(id)
        {
            self.0.sessions.remove(id, row.rev, None).await?;
        }
        cookie(COOKIE, "", 0, SameSite::Strict, origin)
    }

    /// The person whose session the cookie names, if it is still open.
    pub(super) async fn person(&self, text: &str, origin: &Origin) -> Result<Option<Caller>, Problem> {
        let id = secret::hash(text);
        let Some(row) = self.known(&self.0.sessions, &id, origin).await? else { return Ok(None) };
        let now = self.0.hub.now();
        if self.is_over(&row.value, now) {
            return Ok(None);
        }
        let account = self.0.accounts.heard(&row.value.account).await?;
        let Some(account) = account.filter(|row| !row.value.disabled) else { return Ok(None) };
        if now.duration_since(row.value.used_at) >= NOTED {
            // Of two uses at once, one is written down.
            let used = Session { used_at: now, ..row.value };
            let _ = self.0.sessions.put(&id, row.rev, &used, None).await;
        }
        let role = account.value.role;
        let actor = Actor(format!("account:{}", account.value.name));
        Ok(Some(Caller { actor, scopes: self.0.rules.scopes.of(role), by: Proof::Session { id, role } }))
    }

    /// What ends the sessions of an account, but not the one in which that is asked.
    pub(super) fn session_ends(&self, account: &str, by: &Caller) -> Vec<EntityWrite> {
        let own = |id: &str| matches!(&by.by, Proof::Session { id: own, .. } if *own == id);
        let sessions = self.0.sessions.all().into_iter();
        let others = sessions.filter(|(id, row)| row.value.account == account && !own(id));
        others.map(|(id, row)| Store::<Session>::removal(&id, row.rev)).collect()
    }

    /// When an account's open sessions were used last, within a minute.
    pub(super) fn last_use(&self, account: &str) -> Option<Timestamp> {
        let sessions = self.0.sessions.all().into_iter().filter(|(_, row)| row.value.account == account);
        sessions.map(|(_, row)| row.value.used_at).max()
    }

    /// The role in which a session is open.
    pub(super) fn role_in(&self, session: &str, now: Timestamp) -> Option<Role> {
        let session = self.0.sessions.get(session).filter(|row| !self.is_over(&row.value, now))?;
        Some(self.active(&session.value.account)?.value.role)
    }

    /// An account that is not kept out.
    pub(super) fn active(&self, account: &str) -> Option<Row<Account>> {
        self.0.accounts.get(account).filter(|row| !row.value.disabled)
    }

    /// Forgets what is over, sessions and ways to begin one, and makes room for one more of the account.
    async fn forget_ended(&self, account: &str, now: Timestamp) {
        let (over, mut own): (Vec<_>, Vec<_>) =
            self.0.sessions.all().into_iter().partition(|(_, row)| self.is_over(&row.value, now));
        let used_up = [self.links_over(now, usize::MAX), self.flows_over(now)].concat();
        if !used_up.is_empty() {
            let _ = store::write(&self.0.hub, used_up, None).await;
        }
        own.retain(|(_, row)| row.value.account == account);
        own.sort_by_key(|(_, row)| std::cmp::Reverse(row.value.used_at));
        for (id, row) in own.into_iter().skip(MOST - 1).chain(over) {
            // Whoever comes next forgets it.
            let _ = self.0.sessions.remove(&id, row.rev, None).await;
        }
    }

    /// One that was opened or used in the future is over: the clock ran ahead, and nobody knows when that was.
    fn is_over(&self, session: &Session, now: Timestamp) -> bool {
        if is_ahead(session.used_at, now) || is_ahead(session.began_at, now) {
            return true;
        }
        let idle = Duration::try_from(now.duration_since(session.used_at)).unwrap_or_default();
        idle >= self.0.rules.session || now.duration_since(session.began_at) >= LONGEST
    }
}

fn wrong(origin: &Origin) -> Problem {
    tracing::warn!(address = %origin.address, "a sign-in failed");
    Problem { detail: "name or password is wrong".into(), ..Problem::unauthenticated() }
}

/// The cookie of a session.
const COOKIE: &str = "intendant";

/// Whether a cookie comes along when another site sends a browser here.
#[derive(Clone, Copy, Debug)]
pub(super) enum SameSite {
    /// It does not.
    Strict,
    /// It does, when a page is opened.
    Lax,
}

/// A cookie's name; over HTTPS browsers make sure that it is the host's own.
fn cookie_name(name: &str, https: bool) -> String {
    if https { format!("__Host-{name}") } else { name.to_owned() }
}

/// The value of a `Set-Cookie`, for so many seconds.
pub(super) fn cookie(
    name: &str,
    text: &str,
    age: u64,
    same_site: SameSite,
    origin: &Origin,
) -> Result<HeaderValue, Problem> {
    let name = cookie_name(name, origin.https);
    let secure = if origin.https { "; Secure" } else { "" };
    let cookie = format!("{name}={text}; Path=/; HttpOnly; SameSite={same_site:?}; Max-Age={age}{secure}");
    HeaderValue::try_from(cookie).map_err(|e| Problem::bug(&e))
}

/// The session's text among the cookies of a request.
pub(super) fn session_of(headers: &HeaderMap, origin: &Origin) -> Option<String> {
    text_of(headers, COOKIE, origin.https)
}

/// A cookie's text.
pub(super) fn text_of(headers: &HeaderMap, name: &str, https: bool) -> Option<String> {
    let wanted = cookie_name(name, https);
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut cookies =
        lines.flat_map(|line| line.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    cookies.find(|(name, _)| *name == wanted).map(|(_, text)| text.to_owned())
}
