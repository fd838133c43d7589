//! The register: what the API, the pages, the command and the schedule do with identities.

mod begun;
mod bulk;
mod claim;
mod erase;
mod feed;
mod fit;
mod import;
mod look;
mod password;
mod report;
mod runs;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use engine::{Actor, AuditEntry, Hub, Writes};
use jiff::Timestamp;
use journal::{EntityFilter, Listing, Order, Page, Spot};
use model::{Code, Effects, EntityWrite, Job, Subject};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

pub use bulk::{Left, Report, Selection};
pub use feed::{File, Portions};
pub use import::Options;
pub use look::Listed;
pub use report::{Change, Imported, Member, Met, Refused};
pub use runs::Runs;

use self::begun::Begun;
use crate::directory::Directory;
use crate::document::{self, Taken};
use crate::error::Error;
use crate::identity::{Identity, KIND, Stamp, entity_key};
use crate::import::Mapping;
use crate::state::State;

/// How often something is tried again that somebody else changed at the same moment.
const TRIES: usize = 5;

/// A search goes through so many pages of the journal at once; then somebody says whether it goes on.
const PAGES: usize = 200;

/// The handle on all identities. Cheap to clone.
#[derive(Clone)]
pub struct Register {
    hub: Hub,
    /// All account names have their owners.
    claimed: Arc<OnceCell<()>>,
    directory: Arc<OnceCell<Arc<Directory>>>,
    /// Since when this handle is there.
    since: Timestamp,
}

/// Which identities. Empty = all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// In any of these states.
    pub states: Vec<State>,
    /// With this text in id or name.
    pub text: Option<String>,
}

/// A page of identities, by id.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The identities. They may be fewer than asked for although there are more.
    pub identities: Vec<Identity>,
    /// After which the listing goes on; `None` = this was all.
    pub next: Option<String>,
    /// Those between them that cannot be read.
    pub damaged: Vec<Broken>,
}

/// An identity that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its id.
    pub id: String,
    /// What is wrong with it.
    pub why: String,
}

impl Register {
    /// The register of this hub.
    pub fn new(hub: Hub) -> Self {
        Register { since: hub.now(), hub, claimed: Arc::default(), directory: Arc::default() }
    }

    /// The hub.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    // === looking ===

    async fn find_one(&self, id: &str) -> Result<Option<Identity>, Error> {
        let damaged = |why| Error::Damaged { id: id.to_owned(), why };
        match self.hub.journal().entity(entity_key(id)).await {
            Err(journal::Error::Damaged(why)) => Err(damaged(why)),
            entity => entity?.map(|entity| Identity::read(entity).map_err(damaged)).transpose(),
        }
    }

    /// A page of those that fit, after this id.
    pub async fn find(&self, filter: &Filter, after: Option<String>, limit: usize) -> Result<Found, Error> {
        let filter = EntityFilter {
            kind: KIND.to_owned(),
            states: filter.states.iter().map(|state| state.as_str().to_owned()).collect(),
            text: filter.text.clone(),
        };
        let mut found = Found { identities: Vec::new(), next: after, damaged: Vec::new() };
        // A page looks at a bounded number of them, and whoever is searched for may be behind those.
        for _ in 0..PAGES {
            let left = limit - found.identities.len();
            let page = self.hub.journal().find_entities(filter.clone(), found.next, left).await?;
            for entity in page.rows {
                let id = entity.key.key.clone();
                match Identity::read(entity) {
                    Ok(identity) => found.identities.push(identity),
                    Err(why) => found.damaged.push(Broken { id, why }),
                }
            }
            found.damaged.extend(page.damaged.into_iter().filter_map(|row| match row.spot {
                Spot::Entity(_, id) => Some(Broken { id, why: row.why }),
                _ => None,
            }));
            found.next = page.next;
            if found.next.is_none() || found.identities.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    /// How many are in each state; states without any are left out.
    pub async fn counts(&self) -> Result<BTreeMap<State, u64>, Error> {
        let tallies = self.hub.journal().entity_tallies(KIND.to_owned()).await?;
        Ok(tallies.into_iter().filter_map(|(word, n)| Some((State::from_word(&word)?, n))).collect())
    }

    /// The jobs about an identity, newest first, whichever door they came by.
    pub async fn jobs(&self, id: &str, page: Page) -> Result<Listing<Job>, Error> {
        let subject = Subject::new("identity", id);
        let filter = journal::Filter { subject, ..journal::Filter::default() };
        Ok(self.hub.jobs(filter, None, page).await?)
    }

    /// The last jobs about an identity.
    pub async fn last_jobs(&self, id: &str, limit: u32) -> Result<Vec<Job>, Error> {
        Ok(self.jobs(id, Page { after: None, order: Order::Newest, limit }).await?.rows)
    }

    // === editing ===

    /// Adds an identity.
    pub async fn create(&self, document: Value, actor: &Actor) -> Result<Identity, Error> {
        let Taken { id, document, .. } = document::take(document).map_err(Error::BadDocument)?;
        let id =
            id.or_else(|| document::derived_id(&document, &Mapping::default().key)).ok_or_else(|| {
                Error::BadDocument("it has neither _id nor inetOrgPerson.uid: give one".to_owned())
            })?;
        let mut identity = Identity::new(id, document, self.stamp(actor));
        let (effects, entry) = self.writes(&identity, actor, "created", None).await?;
        match self.hub.write(effects, entry).await.map_err(Error::from) {
            Err(error) if error.is_conflict() => Err(Error::Exists(identity.id)),
            written => {
                written?;
                identity.rev = 1;
                Ok(identity)
            }
        }
    }

    /// Replaces the document of an identity, or adds it. With `rev` only if that is still its revision, 0 = only if it
    /// is not there.
    pub async fn put(
        &self,
        id: &str,
        document: Value,
        rev: Option<u64>,
        actor: &Actor,
    ) -> Result<Identity, Error> {
        if !document::is_id(id) {
            return Err(Error::BadDocument(format!("{id:?} cannot be an id: letters, digits, - and _ can")));
        }
        let taken = document::take(document).map_err(Error::BadDocument)?;
        if taken.id.is_some_and(|own| own != id) {
            return Err(Error::BadDocument("its _id is another one than the address says".to_owned()));
        }
        let make = || async {
            let found = self.find_one(id).await?;
            let known = found.as_ref().map_or(0, |identity| identity.rev);
            if rev.is_some_and(|rev| rev != known) {
                return Err(Error::Changed(id.to_owned()));
            }
            self.put_over(id, found, taken.document.clone(), actor).await
        };
        match self.hub.write_as_read(make).await {
            Err(error) if error.is_conflict() => Err(Error::Changed(id.to_owned())),
            done => done,
        }
    }

    async fn put_over(
        &self,
        id: &str,
        found: Option<Identity>,
        document: Map<String, Value>,
        actor: &Actor,
    ) -> Result<(Identity, Option<Writes>), Error> {
        let (mut identity, code, before) = match found {
            None => (Identity::new(id.to_owned(), document, self.stamp(actor)), "created", None),
            Some(mut identity) => {
                let before = Value::Object(identity.kept.document.clone());
                if !identity.edit(document, self.stamp(actor)) {
                    return Ok((identity, None));
                }
                (identity, "edited", Some(before))
            }
        };
        let writes = self.writes(&identity, actor, code, before).await?;
        identity.rev += 1;
        Ok((identity, Some(writes)))
    }

    /// What writes an identity that somebody edited, with its entry in the audit.
    async fn writes(
        &self,
        identity: &Identity,
        actor: &Actor,
        code: &'static str,
        before: Option<Value>,
    ) -> Result<Writes, Error> {
        let claim = self.claim(&identity.id, &identity.kept.document).await?;
        let what = format!("identity {}", identity.id);
        let entry =
            AuditEntry::new(actor, what, Code::from_static(code), code).after(json!(identity.kept.document));
        let entry = before.into_iter().fold(entry, AuditEntry::before);
        let entities = std::iter::once(identity.write()).chain(claim).collect();
        Ok((Effects { entities, ..Effects::default() }, Some(entry)))
    }

    /// Writes one of many, and that it was begun with the first of them.
    async fn write_one(
        &self,
        identity: &Identity,
        claim: Option<EntityWrite>,
        begun: &Begun,
    ) -> Result<(), Error> {
        let entities = std::iter::once(identity.write()).chain(claim).collect();
        let effects = Effects { entities, ..Effects::default() };
        begun
            .write(async |opening| Ok((true, self.hub.write(opening.with(effects), opening.entry()).await?)))
            .await
    }

    fn stamp(&self, actor: &Actor) -> Stamp {
        Stamp { by: name(actor), at: self.hub.now() }
    }
}

/// The time after which a password that has not been set is not set any more: whoever waits has gone away.
const PATIENCE: Duration = Duration::from_secs(30);

/// Adds a length of time.
fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(at)
}

/// Who did it, as backends see it: `alice` and not `account:alice`.
fn name(actor: &Actor) -> String {
    let kinds = ["account:", "token:"];
    let name = kinds.iter().find_map(|kind| actor.0.strip_prefix(kind)).unwrap_or(&actor.0);
    name.to_owned()
}
