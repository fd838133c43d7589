//! Files that somebody looks at before they are imported: they wait, within bounds, for whoever sent them. A hub that works alone has
//! them in memory. Where several work they wait in the journal ([`super::lent`]), and each hub has in memory those that it has seen.

use std::sync::{Arc, Mutex, PoisonError};

use engine::Hub;
use jiff::{SignedDuration, Timestamp};
use model::text::Encoding;

use super::lent;
use crate::error::Error;
use crate::import::Format;

/// Bytes of all files that wait; whoever comes last has room, and the oldest one goes.
const ROOM: usize = crate::api::FILE;
/// Files that wait.
pub(super) const MOST: usize = 16;
/// After this time nobody comes back.
pub(super) const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

/// A file that waits.
#[derive(Clone, Debug)]
pub(super) struct Staged {
    /// Named after its content: the same file is the same one.
    pub(super) token: String,
    /// Who sent it.
    pub(super) actor: String,
    /// When.
    pub(super) at: Timestamp,
    /// What it is called.
    pub(super) name: Option<String>,
    /// What it says.
    pub(super) bytes: Arc<Vec<u8>>,
    /// How it is to be read.
    pub(super) how: How,
}

/// How a file is to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct How {
    /// Without it as its name says.
    pub(super) format: Option<Format>,
    /// Without it as its mark says.
    pub(super) encoding: Option<Encoding>,
    /// What becomes what, in YAML.
    pub(super) mapping: String,
}

impl How {
    /// Whether this is the format that was chosen.
    pub(super) fn is_format(&self, word: &str) -> bool {
        self.format.is_some_and(|known| known.as_str() == word)
    }

    /// Whether this is the encoding that was chosen.
    pub(super) fn is_encoding(&self, word: &str) -> bool {
        self.encoding.is_some_and(|known| known.as_str() == word)
    }
}

/// What a file is called: after its content, so that the same file is the same one.
pub(super) fn name_of(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().chars().take(24).collect()
}

/// All that wait. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    here: Here,
    /// One at a time is fetched out of the journal.
    fetch: Arc<tokio::sync::Mutex<()>>,
}

impl Waiting {
    /// Keeps a file of somebody, and says by what it is found; `None` = it is too large to wait where every hub finds it.
    pub(super) async fn keep(
        &self,
        hub: &Hub,
        actor: &str,
        name: Option<String>,
        bytes: Vec<u8>,
        how: How,
    ) -> Result<Option<String>, Error> {
        let staged = Staged {
            token: name_of(&bytes),
            actor: actor.to_owned(),
            at: hub.now(),
            name,
            bytes: Arc::new(bytes),
            how,
        };
        if hub.is_shared() && !lent::keep(hub, &staged).await? {
            return Ok(None);
        }
        let token = staged.token.clone();
        self.here.keep(staged);
        Ok(Some(token))
    }

    /// A file that this one sent.
    pub(super) async fn get(&self, hub: &Hub, actor: &str, token: &str) -> Result<Option<Staged>, Error> {
        let now = hub.now();
        if !hub.is_shared() {
            return Ok(self.here.get(actor, token, now));
        }
        let Some(waits) = lent::find(hub, actor, token).await? else { return Ok(None) };
        let _turn = self.fetch.lock().await;
        let bytes = match self.here.get(actor, token, now) {
            Some(known) => known.bytes,
            None => match lent::fetch(hub, &waits, token).await? {
                Some(bytes) => Arc::new(bytes),
                None => return Ok(None),
            },
        };
        let staged = waits.staged(bytes);
        self.here.keep(staged.clone());
        Ok(Some(staged))
    }

    /// It is to be read otherwise.
    pub(super) async fn read_as(&self, hub: &Hub, actor: &str, token: &str, how: How) -> Result<(), Error> {
        if hub.is_shared() {
            return lent::read_as(hub, actor, token, &how).await;
        }
        self.here.read_as(actor, token, how, hub.now());
        Ok(())
    }

    /// It is done with. What cannot be removed now goes with those that nobody comes back for.
    pub(super) async fn drop(&self, hub: &Hub, actor: &str, token: &str) {
        self.here.drop(actor, token, hub.now());
        if hub.is_shared()
            && let Err(error) = lent::drop(hub, actor, token).await
        {
            tracing::warn!("a file that was imported is removed from the journal later: {error}");
        }
    }
}

/// Those in memory.
#[derive(Clone, Debug, Default)]
struct Here(Arc<Mutex<Vec<Staged>>>);

impl Here {
    fn keep(&self, staged: Staged) {
        self.among(staged.at, |all| {
            all.retain(|other| other.token != staged.token || other.actor != staged.actor);
            all.push(staged);
            let size = |all: &[Staged]| all.iter().map(|one| one.bytes.len()).sum::<usize>();
            while all.len() > MOST || (all.len() > 1 && size(all) > ROOM) {
                all.remove(0);
            }
        });
    }

    fn get(&self, actor: &str, token: &str, now: Timestamp) -> Option<Staged> {
        self.among(now, |all| all.iter().find(|one| one.token == token && one.actor == actor).cloned())
    }

    fn read_as(&self, actor: &str, token: &str, how: How, now: Timestamp) {
        self.among(now, |all| {
            if let Some(known) = all.iter_mut().find(|one| one.token == token && one.actor == actor) {
                known.how = how;
            }
        });
    }

    fn drop(&self, actor: &str, token: &str, now: Timestamp) {
        self.among(now, |all| all.retain(|one| one.token != token || one.actor != actor));
    }

    fn among<T>(&self, now: Timestamp, act: impl FnOnce(&mut Vec<Staged>) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| now.duration_since(one.at) < PATIENCE);
        act(&mut all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn keep(here: &Here, actor: &str, bytes: Vec<u8>, now: i64) -> String {
        let (token, bytes) = (name_of(&bytes), Arc::new(bytes));
        let (actor, how) = (actor.to_owned(), How::default());
        here.keep(Staged { token: token.clone(), actor, at: at(now), name: None, bytes, how });
        token
    }

    #[test]
    fn a_file_waits_for_whoever_sent_it() {
        let waiting = Here::default();
        let keep = |who: &str, what: &str, now| keep(&waiting, who, what.into(), now);
        let one = keep("a", "one", 0);
        assert_eq!(keep("a", "one", 1), one, "named after its content");
        assert_eq!(waiting.get("a", &one, at(2)).map(|one| one.bytes.to_vec()), Some(b"one".to_vec()));
        assert!(waiting.get("b", &one, at(2)).is_none());
        waiting.read_as("a", &one, How { mapping: "x".to_owned(), ..How::default() }, at(2));
        assert_eq!(waiting.get("a", &one, at(3)).unwrap().how.mapping, "x");
        assert!(waiting.get("a", &one, at(3601)).is_none(), "nobody comes back");
        let one = keep("a", "one", 0);
        waiting.drop("a", &one, at(0));
        assert!(waiting.get("a", &one, at(0)).is_none());
    }

    #[test]
    fn the_oldest_goes_when_there_is_no_room() {
        let waiting = Here::default();
        let keep = |bytes: Vec<u8>| keep(&waiting, "a", bytes, 0);
        let first = keep(vec![1; ROOM - 1]);
        let second = keep(vec![2]);
        assert!(waiting.get("a", &first, at(0)).is_some());
        let third = keep(vec![3]);
        assert!(waiting.get("a", &first, at(0)).is_none());
        assert!(waiting.get("a", &second, at(0)).is_some() && waiting.get("a", &third, at(0)).is_some());
        for n in 0..40_u8 {
            keep(vec![n, n]);
        }
        assert_eq!(waiting.0.lock().unwrap().len(), MOST);
    }
}
