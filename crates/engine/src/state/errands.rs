//! Errands: what a hub cannot do itself, since another one owns the job or leads, it asks for through the journal. Whoever can do
//! it does, and writes what it came to over what was asked. So nothing is lost when either of them goes: the next owner, or the
//! next leader, finds what is still asked.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use model::effect::EntityContent;
use model::{Code, Destructive, Entity, EntityKey, EntityWrite, JobId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{Notify, oneshot};

use crate::state::copies::Follower;

/// The kind of the entities that keep them.
pub(crate) const ERRAND: &str = "errand";
/// Nobody waits for one for so long.
const OLD: SignedDuration = SignedDuration::from_mins(10);

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(crate) enum Errand {
    /// A waiting job is to end, since somebody cancelled it. By its owner.
    Cancel { job: JobId, by: String },
    /// A job is to end, since somebody else does it. By its owner.
    Withdraw { job: JobId },
    /// A job is to be tried again at once. By its owner.
    Hurry { job: JobId, by: String },
    /// A held job goes to another set of the failsafe, to this place. By its owner.
    Regroup { job: JobId, set: String },
    /// A destructive job wants to start. By the one that leads.
    Admit { job: JobId, kind: Destructive, plan: Vec<String>, cap: u32, may_wait: bool },
    /// A set of the failsafe is decided on. By the one that leads.
    Decide { set: String, through: Timestamp, approve: bool, by: String },
}

impl Errand {
    /// The job whose owner does it; `None` = the one that leads does.
    pub(crate) fn job(&self) -> Option<JobId> {
        match self {
            Errand::Cancel { job, .. }
            | Errand::Withdraw { job }
            | Errand::Hurry { job, .. }
            | Errand::Regroup { job, .. } => Some(*job),
            Errand::Admit { .. } | Errand::Decide { .. } => None,
        }
    }
}

/// What it came to.
pub(crate) type Outcome = Result<Value, Refusal>;

/// Why it was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) message: String,
}

/// As it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    errand: Errand,
    at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
}

/// One that nobody has done yet.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) key: String,
    rev: u64,
    pub(crate) errand: Errand,
    at: Timestamp,
}

impl Open {
    /// A new one.
    pub(crate) fn new(key: String, errand: Errand, at: Timestamp) -> Self {
        Open { key, rev: 0, errand, at }
    }

    /// The write that asks for it.
    pub(crate) fn asked(&self) -> EntityWrite {
        self.write("asked", None)
    }

    /// The write that says what it came to.
    pub(crate) fn done(&self, outcome: Outcome) -> EntityWrite {
        self.write("done", Some(outcome))
    }

    fn write(&self, state: &str, outcome: Option<Outcome>) -> EntityWrite {
        let kept = Kept { errand: self.errand.clone(), at: self.at, outcome };
        let content = EntityContent {
            state: state.to_owned(),
            label: String::new(),
            // Words, numbers and times: there is nothing that could fail.
            body: serde_json::to_value(kept).unwrap_or_default(),
        };
        EntityWrite { key: key_of(&self.key), expected_rev: self.rev, content: Some(content) }
    }
}

/// The entity that keeps it.
pub(crate) fn key_of(key: &str) -> EntityKey {
    EntityKey { kind: ERRAND.to_owned(), key: key.to_owned() }
}

/// All that are there.
#[derive(Default)]
pub(crate) struct Errands {
    state: Mutex<State>,
    /// There may be one to do.
    pub(crate) news: Notify,
}

#[derive(Default)]
struct State {
    open: BTreeMap<String, Open>,
    /// Those that are there at all, and since when.
    all: BTreeMap<String, Timestamp>,
    /// Who asked, and waits.
    waiting: HashMap<String, oneshot::Sender<Outcome>>,
}

impl Errands {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears what one comes to that is about to be asked for.
    pub(crate) fn expect(&self, key: &str) -> oneshot::Receiver<Outcome> {
        let (tell, told) = oneshot::channel();
        self.lock().waiting.insert(key.to_owned(), tell);
        told
    }

    /// Nobody waits for it any more.
    pub(crate) fn forget(&self, key: &str) {
        self.lock().waiting.remove(key);
    }

    /// Those that nobody has done yet, the oldest first.
    pub(crate) fn open(&self) -> Vec<Open> {
        let mut open: Vec<Open> = self.lock().open.values().cloned().collect();
        open.sort_by_key(|one| one.at);
        open
    }

    /// Those for which nobody waits any more.
    pub(crate) fn old(&self, now: Timestamp) -> Vec<String> {
        let state = self.lock();
        let old = state.all.iter().filter(|(_, at)| now.duration_since(**at).abs() >= OLD);
        old.map(|(key, _)| key.clone()).collect()
    }
}

impl Follower for Errands {
    fn told(&self, key: &str, now: Option<&Entity>) {
        let kept = now.and_then(|entity| {
            let kept: Kept = serde_json::from_value(entity.body.clone()).ok()?;
            Some((kept, entity.rev))
        });
        let mut state = self.lock();
        let Some((Kept { errand, at, outcome }, rev)) = kept else {
            state.open.remove(key);
            match now {
                // Nobody can say what was asked: it goes when its time has come.
                Some(_) => _ = state.all.insert(key.to_owned(), Timestamp::MIN),
                None => _ = state.all.remove(key),
            }
            return;
        };
        state.all.insert(key.to_owned(), at);
        match outcome {
            None => {
                state.open.insert(key.to_owned(), Open { key: key.to_owned(), rev, errand, at });
                drop(state);
                self.news.notify_one();
            }
            Some(outcome) => {
                state.open.remove(key);
                if let Some(waiting) = state.waiting.remove(key) {
                    // Whoever went away needs no answer.
                    _ = waiting.send(outcome);
                }
            }
        }
    }

    fn unreadable(&self, key: &str) {
        self.lock().all.insert(key.to_owned(), Timestamp::MIN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(write: EntityWrite, rev: u64) -> Entity {
        let content = write.content.unwrap();
        Entity { key: write.key, rev, state: content.state, label: content.label, body: content.body }
    }

    #[test]
    fn what_is_asked_is_open_until_somebody_says_what_it_came_to() {
        let errands = Errands::default();
        let mut told = errands.expect("1");
        let asked =
            Open::new("1".to_owned(), Errand::Withdraw { job: JobId(uuid::Uuid::from_u128(1)) }, at(0));
        errands.told("1", Some(&entity(asked.asked(), 1)));
        let open = errands.open();
        assert_eq!((open.len(), &open[0].errand, open[0].rev), (1, &asked.errand, 1));
        assert!(told.try_recv().is_err());
        errands.told("1", Some(&entity(open[0].done(Ok(Value::from(true))), 2)));
        assert_eq!(told.try_recv().unwrap(), Ok(Value::from(true)));
        assert!(errands.open().is_empty());
        assert_eq!(errands.old(at(600)), ["1"], "until somebody removes it");
        errands.told("1", None);
        assert!(errands.old(at(600)).is_empty());
    }

    #[test]
    fn what_cannot_be_read_goes() {
        let errands = Errands::default();
        let mut odd = entity(
            Open::new("1".to_owned(), Errand::Withdraw { job: JobId(uuid::Uuid::nil()) }, at(0)).asked(),
            1,
        );
        odd.body = Value::Null;
        errands.told("1", Some(&odd));
        errands.unreadable("2");
        assert!(errands.open().is_empty());
        assert_eq!(errands.old(at(0)), ["1", "2"]);
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }
}
