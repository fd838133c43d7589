//! What is remembered of accounts: when we wrote to them last, and what. It is on disk before anything is sent, so that
//! what Google answers afterwards is understood, whatever happened in between.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use engine::{Edit, Hub, Link};
use jiff::Timestamp;
use model::effect::EntityContent;
use model::{Effects, Entity, EntityKey, EntityWrite, JobId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::OnceCell;

use crate::account::is_uuid;
use crate::diff::{Asked, Said};

/// The kind of the entities, by key of the account.
pub const KIND: &str = "google_account";
/// Addresses that were free a moment ago, by address.
const FREED: &str = "google_freed";
/// Deletions that are under way, by job.
const ERRAND: &str = "google_errand";
/// The key of fingerprints.
const SEAL: (&str, &str) = ("google_seal", "fingerprints");
/// So many of what is out of date go with each write.
const SWEPT: usize = 50;
/// So many are read at once.
const READ: usize = 1_000;
/// Digits of a field's fingerprint.
const SHORT: usize = 32;

/// What is remembered of an account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// Its id at Google.
    pub id: Option<String>,
    /// Its primary address.
    pub primary: Option<String>,
    /// When we wrote to it last, or were about to.
    pub written_at: Option<Timestamp>,
    /// Fingerprint of the password that was pushed last.
    pub password: Option<String>,
    /// Fingerprints of what it said, by field, when it was left as it was asked for.
    pub pushed: BTreeMap<String, String>,
    /// What was asked for last, beside what the referential says of the person.
    pub asked: Asked,
    /// We have deleted it.
    pub deleted: bool,
    /// It was suspended in the place of being deleted.
    pub retired: bool,
}

impl Kept {
    /// Whether our last write may not be seen everywhere yet. A clock that was set back ends no wait early.
    pub fn is_settling(&self, now: Timestamp, settle: Duration) -> bool {
        self.written_at.is_some_and(|at| is_within(at, now, settle))
    }
}

fn is_within(at: Timestamp, now: Timestamp, span: Duration) -> bool {
    now.duration_since(at).unsigned_abs() < span
}

/// A deletion that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Errand {
    /// The id at Google.
    pub(super) id: String,
    /// The primary address.
    pub(super) primary: String,
    /// The account of the referential.
    pub(super) uuid: Option<String>,
}

/// What ties the module to the hub that runs.
#[derive(Clone, Default)]
pub struct Ties(Arc<RwLock<Option<Tied>>>);

/// The hub, and how it shows whether we are let in: once something is known of that.
#[derive(Clone)]
struct Tied {
    hub: Hub,
    google: Arc<Mutex<Option<Arc<Link>>>>,
    gram: Arc<Mutex<Option<Arc<Link>>>>,
}

impl Ties {
    /// The hub runs.
    pub fn tie(&self, hub: &Hub) {
        let tied = Tied { hub: hub.clone(), google: Arc::default(), gram: Arc::default() };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(tied);
    }

    /// It has ended.
    pub fn untie(&self) {
        self.unlink();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn tied(&self) -> Option<Tied> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The hub, if one runs that remembers.
    pub fn hub(&self) -> Option<Hub> {
        self.tied().map(|tied| tied.hub)
    }

    /// Google lets us in, or not: why.
    pub fn google(&self, now: Timestamp, trouble: Option<&str>) {
        if let Some(tied) = self.tied() {
            say(&tied.link(&tied.google, "google"), now, trouble, "Google");
        }
    }

    /// The referential lets us in, or not: why.
    pub fn gram(&self, now: Timestamp, trouble: Option<&str>) {
        if let Some(tied) = self.tied() {
            say(&tied.link(&tied.gram, "gram"), now, trouble, "GrAM");
        }
    }

    /// Whether Google is not known to let us in.
    pub fn is_google_down(&self) -> bool {
        self.tied().is_some_and(|tied| is_down(&tied.google))
    }

    /// Whether the referential is not known to let us in.
    pub fn is_gram_down(&self) -> bool {
        self.tied().is_some_and(|tied| is_down(&tied.gram))
    }

    /// Takes what was said of connections off the list.
    pub fn unlink(&self) {
        let Some(tied) = self.tied() else { return };
        for place in [&tied.google, &tied.gram] {
            if let Some(link) = place.lock().unwrap_or_else(PoisonError::into_inner).take() {
                tied.hub.unlink(&link);
            }
        }
    }
}

impl Tied {
    fn link(&self, place: &Mutex<Option<Arc<Link>>>, name: &'static str) -> Arc<Link> {
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(place.get_or_insert_with(|| self.hub.link(name, name)))
    }
}

fn is_down(place: &Mutex<Option<Arc<Link>>>) -> bool {
    let place = place.lock().unwrap_or_else(PoisonError::into_inner);
    place.as_ref().is_none_or(|link| !link.view().connected)
}

/// Tells of a connection what is news.
fn say(link: &Link, now: Timestamp, trouble: Option<&str>, whom: &str) {
    match trouble {
        Some(why) => {
            if link.down(now, why.to_owned()) {
                tracing::warn!("{whom} does not let us in: {why}");
            }
        }
        None => {
            if let Some(up) = link.up(now) {
                tracing::info!("{up} {whom}");
            }
        }
    }
}

/// The memory of the module. Without a hub, for a job that is run once, nothing is remembered.
#[derive(Clone)]
pub(super) struct Memory {
    ties: Ties,
    settle: Duration,
    /// The key of fingerprints, once it was read.
    seal: Arc<OnceCell<[u8; 32]>>,
}

/// The journal did not take it, or did not give it.
pub(super) type Forgetful = engine::Error;

impl Memory {
    pub(super) fn new(ties: Ties, settle: Duration) -> Self {
        Memory { ties, settle, seal: Arc::default() }
    }

    /// What is remembered of an account.
    pub(super) async fn of(&self, key: &str) -> Result<Kept, Forgetful> {
        let entity = self.entity(KIND, &place_of(key)).await?;
        Ok(entity.and_then(|entity| serde_json::from_value(entity.body).ok()).unwrap_or_default())
    }

    /// What is remembered of all accounts, by the places of their keys: see [`place_of`].
    pub(super) async fn all(&self) -> Result<BTreeMap<String, Kept>, Forgetful> {
        let (mut all, mut after) = (BTreeMap::new(), None);
        let Some(hub) = self.ties.hub() else { return Ok(all) };
        loop {
            let some = hub.journal().entities(KIND.to_owned(), after.take(), READ).await?;
            let read = some.rows.into_iter().filter_map(|entity| {
                Some((entity.key.key, serde_json::from_value::<Kept>(entity.body).ok()?))
            });
            all.extend(read);
            after = some.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// Remembers it.
    pub(super) async fn keep(&self, key: &str, kept: &Kept) -> Result<(), Forgetful> {
        let Some(hub) = self.ties.hub() else { return Ok(()) };
        let body = serde_json::to_value(kept).unwrap_or_default();
        let content = EntityContent {
            state: if kept.deleted { "deleted" } else { "written" }.to_owned(),
            label: kept.primary.clone().unwrap_or_default(),
            body,
        };
        let put = |_: Option<&Entity>| Ok((Edit::Put(content.clone()), None));
        hub.update::<engine::Error>(entity_key(KIND, &place_of(key)), put).await
    }

    /// Whether an address was given up by one of our accounts so short ago that Google may still say that it is held.
    pub(super) async fn was_freed(&self, address: &str, now: Timestamp) -> Result<bool, Forgetful> {
        let freed = self.entity(FREED, &address.to_lowercase()).await?;
        Ok(freed.is_some_and(|freed| self.is_fresh(&freed, now)))
    }

    /// Remembers that addresses are about to be given up.
    pub(super) async fn free(&self, addresses: &[String], now: Timestamp) -> Result<(), Forgetful> {
        let Some(hub) = self.ties.hub().filter(|_| !addresses.is_empty()) else { return Ok(()) };
        hub.write_as_read(|| async {
            let old = hub.journal().entities(FREED.to_owned(), None, SWEPT).await?;
            let old = old.rows.into_iter().filter(|entity| !self.is_fresh(entity, now));
            let mut writes: Vec<_> = old
                .map(|entity| EntityWrite { key: entity.key, expected_rev: entity.rev, content: None })
                .collect();
            for address in addresses {
                let key = entity_key(FREED, &address.to_lowercase());
                let there = hub.journal().entity(key.clone()).await?;
                writes.retain(|write| write.key != key);
                let content = EntityContent {
                    state: "freed".to_owned(),
                    label: String::new(),
                    body: json!({ "at": now }),
                };
                let expected_rev = there.map_or(0, |entity| entity.rev);
                writes.push(EntityWrite { key, expected_rev, content: Some(content) });
            }
            Ok::<_, engine::Error>(((), Some((Effects { entities: writes, ..Effects::default() }, None))))
        })
        .await
    }

    fn is_fresh(&self, freed: &Entity, now: Timestamp) -> bool {
        let at = freed.body.get("at").and_then(|at| at.as_str()?.parse::<Timestamp>().ok());
        at.is_some_and(|at| is_within(at, now, self.settle))
    }

    /// The deletion that an attempt of one of these jobs has begun.
    pub(super) async fn errand(&self, jobs: &[JobId]) -> Result<Option<Errand>, Forgetful> {
        for job in jobs {
            if let Some(entity) = self.entity(ERRAND, &job.to_string()).await? {
                return Ok(serde_json::from_value(entity.body).ok());
            }
        }
        Ok(None)
    }

    /// Begins a deletion, or ends it.
    pub(super) async fn set_errand(&self, job: JobId, errand: Option<&Errand>) -> Result<(), Forgetful> {
        let Some(hub) = self.ties.hub() else { return Ok(()) };
        let edit = |there: Option<&Entity>| {
            let body = errand.map(|errand| serde_json::to_value(errand).unwrap_or_default());
            let gone = there.map_or(Edit::Keep, |_| Edit::Remove);
            let edit = body.map_or(gone, |body| {
                let label = errand.map(|errand| errand.primary.clone()).unwrap_or_default();
                Edit::Put(EntityContent { state: "deleting".to_owned(), label, body })
            });
            Ok::<_, engine::Error>((edit, None))
        };
        hub.update(errand_key(job), edit).await
    }

    /// The jobs in whose stead this one runs: itself, the one that it replays, and so on.
    pub(super) async fn line_of(
        &self,
        job: JobId,
        replay_of: Option<JobId>,
    ) -> Result<Vec<JobId>, Forgetful> {
        let mut line = vec![job];
        let Some(hub) = self.ties.hub() else { return Ok(line) };
        let mut next = replay_of;
        while let Some(job) = next.filter(|job| line.len() < 16 && !line.contains(job)) {
            line.push(job);
            next = hub.journal().job(job).await?.and_then(|job| job.replay_of);
        }
        Ok(line)
    }

    /// Whether an attempt of this job was begun on this backend.
    pub(super) async fn has_attempts(&self, job: JobId, backend: &str) -> Result<bool, Forgetful> {
        let Some(hub) = self.ties.hub() else { return Ok(false) };
        let answer = hub.journal().answer(job).await?;
        let is_ours = |step: &model::Step| step.backend == backend && step.attempts > 0;
        Ok(answer.is_some_and(|answer| answer.steps.iter().any(|(step, _)| is_ours(step))))
    }

    /// The fingerprint of a secret: the same for the same secret, in this journal only.
    pub(super) async fn fingerprint(&self, secret: &str) -> Result<String, Forgetful> {
        let key = self.seal.get_or_try_init(|| self.seal()).await?;
        Ok(blake3::keyed_hash(key, secret.as_bytes()).to_hex().to_string())
    }

    /// The fingerprint of a field: short, and another one for the same text in another field.
    pub(super) async fn fingerprint_of(&self, name: &str, said: &str) -> Result<String, Forgetful> {
        let mut whole = self.fingerprint(&format!("{name}\n{said}")).await?;
        whole.truncate(SHORT);
        Ok(whole)
    }

    /// The fingerprints of all that an account says.
    pub(super) async fn fingerprints(&self, said: &Said) -> Result<BTreeMap<String, String>, Forgetful> {
        let mut all = BTreeMap::new();
        for (name, said) in said {
            all.insert(name.clone(), self.fingerprint_of(name, said).await?);
        }
        Ok(all)
    }

    /// The hub whose journal is the memory.
    pub(super) fn hub(&self) -> Option<Hub> {
        self.ties.hub()
    }

    async fn seal(&self) -> Result<[u8; 32], Forgetful> {
        let read = |entity: &Entity| {
            let text = entity.body.get("key")?.as_str()?;
            blake3::Hash::from_hex(text).ok().map(|hash| *hash.as_bytes())
        };
        if let Some(key) = self.entity(SEAL.0, SEAL.1).await?.as_ref().and_then(read) {
            return Ok(key);
        }
        let mut fresh = [0; 32];
        // Without entropy fingerprints tell secrets apart all the same.
        let _ = getrandom::fill(&mut fresh);
        let Some(hub) = self.ties.hub() else { return Ok(fresh) };
        let text = blake3::Hash::from_bytes(fresh).to_hex().to_string();
        let content =
            EntityContent { state: "made".to_owned(), label: String::new(), body: json!({ "key": text }) };
        let put = |there: Option<&Entity>| {
            let keep = there.is_some_and(|there| read(there).is_some());
            Ok::<_, engine::Error>((if keep { Edit::Keep } else { Edit::Put(content.clone()) }, None))
        };
        hub.update(entity_key(SEAL.0, SEAL.1), put).await?;
        let there = self.entity(SEAL.0, SEAL.1).await?;
        Ok(there.as_ref().and_then(read).unwrap_or(fresh))
    }

    async fn entity(&self, kind: &str, key: &str) -> Result<Option<Entity>, Forgetful> {
        let Some(hub) = self.ties.hub() else { return Ok(None) };
        Ok(hub.journal().entity(entity_key(kind, key)).await?)
    }
}

/// Under which key an account is remembered: capitals make no other UUID.
pub(super) fn place_of(key: &str) -> String {
    if is_uuid(key) { key.to_lowercase() } else { key.to_owned() }
}

/// What is remembered of the deletion that a job is about.
pub(super) fn errand_key(job: JobId) -> EntityKey {
    entity_key(ERRAND, &job.to_string())
}

fn entity_key(kind: &str, key: &str) -> EntityKey {
    EntityKey { kind: kind.to_owned(), key: key.to_owned() }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_write_settles_for_a_while_whichever_way_the_clock_is_set() {
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let settle = Duration::from_mins(5);
        for (ago, settles) in [(0, true), (299, true), (300, false), (-200, true), (-86_400 * 30, false)] {
            let at = now.checked_sub(SignedDuration::from_secs(ago)).ok();
            let kept = Kept { written_at: at, ..Kept::default() };
            assert_eq!(kept.is_settling(now, settle), settles, "{ago} s ago");
        }
        assert!(!Kept::default().is_settling(now, settle));
    }
}
