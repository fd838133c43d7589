//! The tracker: the client's side. It follows schools at one or more hosts, keeps every step that each has come to, and
//! writes to the school when there is a new one.
//!
//! What is known of a school is [`followed`], a pure rule over what a host says ([`reported`]), and is written in one commit
//! with the mail that tells of it. [`Tracker`] is the handle that pages, routes, commands and the chore hold.

mod act;
pub mod api;
mod ask;
mod bulk;
pub mod client;
pub mod config;
mod due;
mod error;
pub mod followed;
mod hosts;
mod letter;
mod link;
mod look;
mod own;
pub mod reported;
mod round;
mod table;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use engine::{Clock, Hub};
use jiff::Timestamp;
use journal::{EntityFilter, Spot};
use tokio::sync::{OnceCell, Semaphore};

use crate::host::Host;
use crate::rne::Rne;
use crate::upload::Uploads;
use due::{Due, Moves};
use own::Own;

pub use act::{Created, How, NewSchool};
pub use ask::{Remote, Ticket};
pub use bulk::{BadRow, Bulk, Manner};
pub use due::{SPREAD, Schedule};
pub use error::{Error, Trouble};
pub use followed::{Followed, Notice, Step, UNSEEN};
pub use hosts::{Answering, Hosts, OWN};
pub use letter::{Links, TEXTS};
pub use link::{PAGE_PATH, Purpose, STOP_PATH};
pub use look::{HostView, Looked};
pub use reported::Reported;
pub use round::Round;
pub use table::{Encoding, Table};

/// Hosts are asked so many questions at once, in all, by those who look at pages.
const LOOKS: usize = 8;

/// How schools are followed.
#[derive(Clone, Debug)]
pub struct Following {
    /// The hosts besides the one in this hub.
    pub hosts: Hosts,
    /// When they are asked.
    pub schedule: Schedule,
    /// So many schools are asked for at once.
    pub at_once: usize,
    /// Somebody takes mails.
    pub relayed: bool,
}

/// The handle. Cheap to clone.
#[derive(Clone)]
pub struct Tracker(Arc<Inner>);

struct Inner {
    own: Own,
    hosts: Hosts,
    at_once: usize,
    due: Arc<Due>,
    /// The copy is complete.
    filled: OnceCell<()>,
    /// What was heard a moment ago, by school.
    heard: Mutex<HashMap<Rne, look::Heard>>,
    looks: Semaphore,
    clock: Clock,
    relayed: bool,
    /// It was said that mails do not arrive.
    warned: AtomicBool,
}

/// A page of followed schools, by number.
#[derive(Debug, Default)]
pub struct Found {
    /// The schools.
    pub schools: Vec<Followed>,
    /// After which the listing goes on; `None` = this was all.
    pub next: Option<String>,
    /// Those between them that cannot be read, each with why.
    pub damaged: Vec<(String, String)>,
}

impl Tracker {
    /// Follows the schools of this hub's journal. `host` knows where people reach the hub.
    pub fn new(host: Host, uploads: Uploads, following: Following, clock: Clock) -> Self {
        let Following { hosts, schedule, at_once, relayed } = following;
        let hub = host.hub().clone();
        Tracker(Arc::new(Inner {
            own: Own { host, uploads },
            hosts,
            at_once: at_once.max(1),
            due: Arc::new(Due::new(schedule, move || hub.now())),
            filled: OnceCell::new(),
            heard: Mutex::default(),
            looks: Semaphore::new(LOOKS),
            clock,
            relayed,
            warned: AtomicBool::new(false),
        }))
    }

    fn hub(&self) -> &Hub {
        self.0.own.host.hub()
    }

    /// Has the copy follow what is committed from now on.
    async fn fill(&self) -> Result<(), Error> {
        let fill = async || {
            let due = &self.0.due;
            self.hub().follow(followed::KIND, Arc::clone(due) as _).await?;
            self.hub().follow(crate::establishment::KIND, Arc::new(Moves(Arc::clone(due)))).await
        };
        self.0.filled.get_or_try_init(fill).await?;
        Ok(())
    }

    // === looking ===

    /// A page of those in any of these states (codes; all, when none is named) and with this text in number or stamp.
    pub async fn list(
        &self,
        states: &[String],
        text: Option<String>,
        after: Option<String>,
        limit: usize,
    ) -> Result<Found, Error> {
        let filter = EntityFilter { kind: followed::KIND.to_owned(), states: states.to_vec(), text };
        let page = self.hub().journal().find_entities(filter, after, limit).await?;
        let mut found = Found { next: page.next, ..Found::default() };
        for entity in page.rows {
            let rne = entity.key.key.clone();
            match Followed::read(entity) {
                Ok(school) => found.schools.push(school),
                Err(why) => found.damaged.push((rne, why)),
            }
        }
        found.damaged.extend(page.damaged.into_iter().filter_map(|row| match row.spot {
            Spot::Entity(_, rne) => Some((rne, row.why)),
            _ => None,
        }));
        Ok(found)
    }

    /// How many are in each state.
    pub async fn counts(&self) -> Result<BTreeMap<String, u64>, Error> {
        Ok(self.hub().journal().entity_tallies(followed::KIND.to_owned()).await?.into_iter().collect())
    }

    /// How many schools are followed, and how many of them cannot be told anything: they have no contact.
    pub async fn mute(&self) -> Result<(usize, usize), Error> {
        self.fill().await?;
        Ok(self.0.due.count())
    }

    /// The school, if it is followed.
    pub async fn find(&self, rne: &Rne) -> Result<Option<Followed>, Error> {
        let damaged = |why| Error::Damaged { rne: rne.to_string(), why };
        match self.hub().journal().entity(followed::entity_key(rne)).await {
            Err(journal::Error::Damaged(why)) => Err(damaged(why)),
            entity => entity?.map(|entity| Followed::read(entity).map_err(damaged)).transpose(),
        }
    }

    /// The school.
    pub async fn get(&self, rne: &Rne) -> Result<Followed, Error> {
        self.find(rne).await?.ok_or_else(|| Error::NotFollowed(rne.clone()))
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        self.hub().now()
    }

    /// Why mails to schools do not arrive as they should, as the configuration is; `None` = they do.
    pub fn hindrance(&self) -> Option<&'static str> {
        if !self.0.relayed {
            return Some("mails to schools wait in the outbox, since no relay takes them: give `mail.relay`");
        }
        self.url().is_empty().then_some("the links in mails to schools lead nowhere: give `http.url`")
    }

    /// Where people reach the hub; empty = nobody said.
    pub fn url(&self) -> &str {
        &self.0.own.host.settings().url
    }
}
