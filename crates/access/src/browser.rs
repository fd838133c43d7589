//! Browsers in which somebody has signed in with a password before. That gives no right; it tells the owner of an account
//! from strangers who guess.

use axum::http::HeaderValue;
use jiff::Timestamp;
use model::EntityWrite;
use serde::{Deserialize, Serialize};

use super::Access;
use super::origin::Origin;
use super::secret::Fresh;
use super::session::{SameSite, cookie};
use super::store::{self, Kept, Store};
use http::Problem;

/// The cookie of a browser.
pub(super) const COOKIE: &str = "intendant-browser";
/// It is kept for a year, in seconds.
const AGE: u64 = 365 * 24 * 3600;
/// Browsers of an account, at most; the oldest is forgotten.
const MOST: usize = 8;

/// A browser; the key of its record is the hash of its cookie's text.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Browser {
    account: String,
    since: Timestamp,
}

impl Kept for Browser {
    const KIND: &'static str = "browser";

    fn state(&self) -> &'static str {
        "known"
    }

    fn label(&self) -> &str {
        &self.account
    }
}

impl Access {
    /// The browser, if somebody has signed in to the account there before.
    pub(super) fn known_browser(&self, account: &str, origin: &Origin) -> Option<String> {
        let key = origin.browser?.to_hex().to_string();
        let row = self.0.browsers.get(&key)?;
        (row.value.account == account).then_some(key)
    }

    /// Remembers a browser; the answer is the value of `Set-Cookie` for one that was not known.
    pub(super) async fn remember_browser(
        &self,
        account: &str,
        origin: &Origin,
    ) -> Result<Option<HeaderValue>, Problem> {
        if self.known_browser(account, origin).is_some() {
            return Ok(None);
        }
        for write in self.browsers_forgotten(account, MOST - 1) {
            // Of two who do it at once, one does.
            let _ = store::write(&self.0.hub, vec![write], None).await;
        }
        let secret = Fresh::new()?;
        let browser = Browser { account: account.to_owned(), since: self.0.hub.now() };
        self.0.browsers.put(&secret.hash(), 0, &browser, None).await?;
        cookie(COOKIE, secret.expose(), AGE, SameSite::Strict, origin).map(Some)
    }

    /// What forgets the browsers of an account but for so many of the newest.
    pub(super) fn browsers_forgotten(&self, account: &str, but: usize) -> Vec<EntityWrite> {
        let mut known = self.0.browsers.all();
        known.retain(|(_, row)| row.value.account == account);
        known.sort_by_key(|(_, row)| std::cmp::Reverse(row.value.since));
        known.into_iter().skip(but).map(|(key, row)| Store::<Browser>::removal(&key, row.rev)).collect()
    }
}
