//! What was read of both sides so far, a page after the other: a comparison that is cut off goes on behind the last page
//! that was kept. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Ours;
use super::report::{Found, Situation};
use crate::account::User;

/// What one call, or a few of them, brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Page {
    /// A page of the referential; the last one is empty.
    Referential {
        /// Its accounts.
        accounts: Vec<Ours>,
        /// What of it is no account.
        odd: Vec<String>,
    },
    /// A page of Google's listing.
    Google {
        /// Its accounts.
        users: Vec<User>,
        /// What leads to the next one.
        next: Option<String>,
    },
    /// Accounts at Google that were looked at one by one, since the listing lacks them.
    LookedAtGoogle {
        /// Their ids.
        ids: Vec<String>,
        /// Those that are there.
        users: Vec<User>,
        /// Those that may not be read, each with what Google says.
        unreadable: Vec<(String, String)>,
    },
    /// Accounts of the referential that were looked at one by one, since its listing lacks them.
    LookedAtReferential {
        /// Their UUIDs.
        uuids: Vec<String>,
        /// Those that are there.
        accounts: Vec<Ours>,
    },
}

/// What was read so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Accounts of the referential by UUID, in small letters: while pages are read, one may come twice.
    pub ours: BTreeMap<String, Ours>,
    /// Accounts at Google by id.
    pub users: BTreeMap<String, User>,
    /// What cannot be read.
    pub unreadable: Vec<Found>,
    /// Pages of the referential that were read.
    pub pages: usize,
    /// There are no more of them.
    pub referential_is_read: bool,
    /// What leads to Google's next page.
    pub next: Option<String>,
    /// There are no more of them.
    pub google_is_read: bool,
    /// So many accounts were there that Google's listing lacked.
    pub short_google: usize,
    /// The same of the referential's listing.
    pub short_referential: usize,
    looked_at: BTreeSet<String>,
    looked_for: BTreeSet<String>,
}

impl Seen {
    /// One more page.
    pub fn take(&mut self, page: Page) {
        match page {
            Page::Referential { accounts, odd } => {
                self.pages += 1;
                self.referential_is_read = accounts.is_empty() && odd.is_empty();
                self.take_ours(accounts);
                self.unreadable.extend(odd.into_iter().map(|note| unreadable(None, note)));
            }
            Page::Google { users, next } => {
                self.google_is_read = next.is_none();
                self.next = next;
                self.take_users(users);
            }
            Page::LookedAtGoogle { ids, users, unreadable: refused } => {
                self.short_google += users.len();
                self.looked_at.extend(ids);
                self.take_users(users);
                self.unreadable.extend(refused.into_iter().map(|(id, note)| unreadable(Some(id), note)));
            }
            Page::LookedAtReferential { uuids, accounts } => {
                self.short_referential += accounts.len();
                self.looked_for.extend(uuids);
                self.take_ours(accounts);
            }
        }
    }

    fn take_ours(&mut self, accounts: Vec<Ours>) {
        self.ours.extend(accounts.into_iter().map(|ours| (ours.uuid.to_lowercase(), ours)));
    }

    fn take_users(&mut self, users: Vec<User>) {
        for user in users {
            if user.id.is_empty() {
                let note = format!("an account without an id in Google's listing: {:?}", user.primary_email);
                self.unreadable.push(unreadable(None, note));
            } else {
                self.users.insert(user.id.clone(), user);
            }
        }
    }

    /// Google accounts that the referential knows and the listing lacks, and that nobody has looked at yet: a listing may
    /// be short.
    pub fn unseen(&self) -> Vec<String> {
        let ids = self.ours.values().filter_map(|ours| ours.google_id.clone());
        let ids = ids.filter(|id| !self.users.contains_key(id) && !self.looked_at.contains(id));
        ids.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Accounts of the referential whose mark a Google account carries, that its listing lacks and that nobody has looked
    /// for yet: it changes while its pages are read.
    pub fn strangers(&self) -> Vec<String> {
        let uuids = self.users.values().filter_map(User::uuid).map(str::to_lowercase);
        let uuids = uuids.filter(|uuid| !self.ours.contains_key(uuid) && !self.looked_for.contains(uuid));
        uuids.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether nobody may read the Google account with this id.
    pub(super) fn is_unreadable(&self, id: &str) -> bool {
        self.unreadable.iter().any(|found| found.google_id.as_deref() == Some(id))
    }
}

fn unreadable(google_id: Option<String>, note: String) -> Found {
    Found { google_id, note: Some(note), ..Found::new(Situation::Unreadable) }
}
