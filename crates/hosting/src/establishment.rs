//! An establishment as the journal keeps it, and how it moves. Pure: times are arguments.

use jiff::{SignedDuration, Timestamp};
use model::believe::happened;
use model::effect::EntityContent;
use model::{Entity, EntityKey, EntityWrite, JobId};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, Connection};
use crate::lifecycle::{Effect, Event, Refusal, Standing, step};
use crate::rne::Rne;
use crate::state::{State, Work};
use crate::values::{Change, Values};

/// The kind of the entities, and of the subject of their jobs.
pub const KIND: &str = "establishment";
/// Steps of the history that are kept: the oldest go first.
const HISTORY: usize = 500;
/// Characters of a message that are kept.
const MESSAGE: usize = 1_000;

/// An establishment with its place in the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Establishment {
    /// Which school.
    pub rne: Rne,
    /// Its revision: grows with each write; 0 = not written yet.
    pub rev: u64,
    /// Where it stands.
    pub state: State,
    /// The rest.
    pub kept: Kept,
}

/// What is kept of an establishment, sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Grows when it begins anew, and when its key is replaced: keys and links of another generation are void. It begins
    /// with the time, so that no key comes back with a school of which nothing was kept.
    pub generation: u64,
    /// The generation with which it began: what is exported lies under it.
    pub era: u64,
    /// What is known of the school.
    pub values: Values,
    /// What it is to be, while that is being done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Values>,
    /// The work that its state waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaited: Option<Awaited>,
    /// How often backends were asked for something.
    pub asked: u64,
    /// When it came to its state.
    pub since: Timestamp,
    /// The states it has come to, oldest first.
    pub history: Vec<Passed>,
    /// What was done for it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Operation>,
    /// How to connect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Connection>,
    /// The databases that the school has handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<UploadSet>,
    /// What was exported, of every generation as long as it is kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exports: Vec<Export>,
    /// When it will be open, as the backends said, and when they said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<(u64, Timestamp)>,
}

/// A state that was come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// Which.
    pub state: State,
    /// When.
    pub at: Timestamp,
}

/// Work that is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    /// How its job is recognised: the external id.
    pub id: String,
    /// What it does.
    pub work: Work,
    /// The job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
}

/// Something that was done, or is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// What.
    pub work: Work,
    /// How it stands.
    pub state: OperationState,
    /// What the backends said, or why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Since when it stands so.
    pub at: Timestamp,
}

/// How something stands that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OperationState {
    /// It was asked for.
    Running,
    /// It is done.
    Done,
    /// It failed.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

/// Databases that were handed over together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadSet {
    /// Its name.
    pub id: String,
    /// The files, the main one first.
    pub files: Vec<Uploaded>,
}

/// A file that was handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uploaded {
    /// Where it lies.
    pub path: String,
    /// As the school calls it.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// In hexadecimal digits.
    pub sha256: String,
    /// Whether it is the main database.
    pub main: bool,
}

/// What a generation left when it was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// See [`Kept::era`].
    pub era: u64,
    /// When it was removed.
    pub at: Timestamp,
    /// The files.
    pub files: Vec<ExportFile>,
}

/// A file of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportFile {
    /// Where it lies, below the folder of the generation.
    pub path: String,
    /// The name under which it is downloaded.
    pub name: String,
    /// In bytes and in hexadecimal digits, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Bytes.
    pub size: u64,
    /// SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// What happens to an establishment, with what comes along.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// A client asks for it.
    Post(Values),
    /// A client changes what is known of it.
    Put(Change),
    /// A client wants it removed.
    Delete,
    /// The school hands databases over.
    Upload(UploadSet),
    /// The work of its state is done.
    Done(Answer),
    /// It failed for good, because.
    Failed(String),
    /// Somebody cancelled it, as said.
    Cancelled(String),
    /// It was superseded, or its time ran out, as said.
    Dropped(String),
    /// No live job does the work.
    Lost,
    /// An operator has it tried again.
    Retry,
    /// Its exports were kept long enough.
    RetentionPassed,
    /// Its key was replaced.
    KeyRotated,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// As it is from now on; `None` = nothing of it is kept.
    pub now: Option<Establishment>,
    /// What backends are to be asked for.
    pub ask: Option<Work>,
    /// Whether there is anything to write.
    pub changed: bool,
}

impl Establishment {
    /// One that a client has just asked for: its server is to be installed.
    pub fn new(rne: Rne, values: Values, at: Timestamp) -> Self {
        let kept = Kept {
            generation: generation(0, at),
            era: generation(0, at),
            values,
            pending: None,
            awaited: None,
            asked: 0,
            since: at,
            history: vec![Passed { state: State::Start, at }],
            last: None,
            connection: None,
            upload: None,
            exports: Vec::new(),
            told: None,
        };
        let mut new = Establishment { rne, rev: 0, state: State::Start, kept };
        new.ask(Work::Create, at);
        new
    }

    /// Reads it from the journal. An error says what is wrong with it.
    pub fn read(entity: Entity) -> Result<Self, String> {
        let Entity { key, rev, state, body, .. } = entity;
        let state = State::of_code(&state).ok_or_else(|| format!("establishment {} is {state}", key.key))?;
        let rne = key.key.parse().map_err(|error| format!("establishment {}: {error}", key.key))?;
        let kept =
            serde_json::from_value(body).map_err(|error| format!("establishment {}: {error}", key.key))?;
        Ok(Establishment { rne, rev, state, kept })
    }

    /// The write of it over the revision that was read.
    pub fn write(&self) -> EntityWrite {
        let content = EntityContent {
            state: self.state.code().to_owned(),
            label: self.kept.values.griffe.clone(),
            // Plain data: there is nothing that could fail.
            body: serde_json::to_value(&self.kept).unwrap_or_default(),
        };
        EntityWrite { key: entity_key(&self.rne), expected_rev: self.rev, content: Some(content) }
    }

    /// The write that leaves nothing of it.
    pub fn erase(&self) -> EntityWrite {
        EntityWrite { key: entity_key(&self.rne), expected_rev: self.rev, content: None }
    }

    /// What decides what may happen.
    pub fn standing(&self) -> Standing {
        Standing { state: self.state, at_work: self.kept.awaited.is_some() }
    }

    /// Which of all events something is.
    fn event(&self, what: &Happening) -> Event {
        match what {
            Happening::Post(said) if self.is_said(said) => Event::PostSame,
            Happening::Post(_) => Event::PostOther,
            Happening::Put(_) => Event::Put,
            Happening::Delete => Event::Delete,
            Happening::Upload(_) => Event::upload(self.state),
            Happening::Done(_) => Event::Done,
            Happening::Failed(_) => Event::Failed,
            Happening::Cancelled(_) => Event::Cancelled,
            Happening::Dropped(_) => Event::Dropped,
            Happening::Lost => Event::Lost,
            Happening::Retry => Event::Retry,
            Happening::RetentionPassed => Event::RetentionPassed,
            Happening::KeyRotated => Event::KeyRotated,
        }
    }

    /// Whether somebody says what it is, or is about to be.
    fn is_said(&self, said: &Values) -> bool {
        std::iter::once(&self.kept.values).chain(&self.kept.pending).any(|values| values.are(said))
    }

    /// What comes of something that happens at this time.
    pub fn happen(&self, what: Happening, at: Timestamp) -> Result<Moved, Refusal> {
        // The answer to it was lost, and it comes again.
        if let Happening::Upload(set) = &what
            && self.kept.upload.as_ref() == Some(set)
        {
            return Ok(Moved { now: Some(self.clone()), ask: None, changed: false });
        }
        let moved = step(self.standing(), self.event(&what))?;
        let mut next = self.clone();
        next.ended(&what, at);
        let mut ask = None;
        for effect in moved.effects {
            match effect {
                Effect::Forget => return Ok(Moved { now: None, ask: None, changed: true }),
                Effect::Ask(work) => ask = Some(*work),
                Effect::Renew => next.renew(&what, at),
                Effect::Rekey => next.kept.generation += 1,
                Effect::Hold => next.hold(&what),
                Effect::Adopt => next.kept.values = next.kept.pending.take().unwrap_or(next.kept.values),
                Effect::Forgo => next.kept.pending = None,
                Effect::Connect => next.connect(&what),
                Effect::Export => next.export(&what, at),
            }
        }
        if let Happening::Upload(set) = what {
            next.kept.upload = Some(set);
        }
        next.go(moved.to, at);
        if let Some(work) = ask {
            next.ask(work, at);
        }
        let changed = next != *self;
        Ok(Moved { now: Some(next), ask, changed })
    }

    /// What the end of its work leaves, whatever it leads to.
    fn ended(&mut self, what: &Happening, at: Timestamp) {
        let (state, message) = match what {
            Happening::Done(answer) => (OperationState::Done, answer.message.clone()),
            Happening::Failed(why) | Happening::Dropped(why) => (OperationState::Failed, Some(why.clone())),
            Happening::Cancelled(why) => (OperationState::Cancelled, Some(why.clone())),
            _ => return,
        };
        if let Happening::Done(answer) = what {
            self.kept.told = answer.eta_seconds.map(|eta| (eta, at));
        }
        if let Some(Awaited { work, .. }) = self.kept.awaited.take() {
            let message = message.map(|message| message.chars().take(MESSAGE).collect());
            self.kept.last = Some(Operation { work, state, message, at });
        }
    }

    fn renew(&mut self, what: &Happening, at: Timestamp) {
        self.kept.generation = generation(self.kept.generation, at);
        self.kept.era = self.kept.generation;
        if let Happening::Post(said) = what {
            self.kept.values = said.clone();
        }
        self.kept.last = None;
    }

    fn hold(&mut self, what: &Happening) {
        if let Happening::Put(change) = what {
            self.kept.pending = Some(self.kept.values.with(change));
        }
    }

    fn connect(&mut self, what: &Happening) {
        if let Happening::Done(Answer { connection: Some(connection), .. }) = what {
            self.kept.connection = Some(connection.clone());
        }
    }

    fn export(&mut self, what: &Happening, at: Timestamp) {
        if let Happening::Done(answer) = what {
            let file = |one: &crate::answer::Exported| ExportFile {
                path: one.path.clone(),
                name: one.name.clone(),
                content: None,
            };
            let files = answer.exported.iter().map(file).collect();
            self.kept.exports.push(Export { era: self.kept.era, at, files });
        }
        (self.kept.connection, self.kept.upload, self.kept.told) = (None, None, None);
    }

    fn go(&mut self, to: State, at: Timestamp) {
        if to == self.state {
            return;
        }
        (self.state, self.kept.since) = (to, at);
        let more = (self.kept.history.len() + 1).saturating_sub(HISTORY);
        self.kept.history.drain(..more);
        self.kept.history.push(Passed { state: to, at });
    }

    /// From now on this is waited for.
    fn ask(&mut self, work: Work, at: Timestamp) {
        self.kept.asked += 1;
        let id = format!("{}/{}/{}", self.rne, self.kept.generation, self.kept.asked);
        self.kept.awaited = Some(Awaited { id, work, job: None });
        self.kept.last = Some(Operation { work, state: OperationState::Running, message: None, at });
    }

    // === what follows from how it stands ===

    /// Why it is in an error state.
    pub fn error(&self) -> Option<&Operation> {
        self.kept.last.as_ref().filter(|_| self.state.is_error())
    }

    /// The export of the present generation, when it is removed.
    pub fn last_export(&self) -> Option<&Export> {
        self.kept.exports.last().filter(|_| self.state == State::Deleted)
    }

    /// Bytes of what the school has handed over.
    pub fn size(&self) -> u64 {
        self.kept.upload.iter().flat_map(|set| &set.files).map(|file| file.size).sum()
    }

    /// The generations whose exports were kept for at least so long.
    pub fn over(&self, keep: SignedDuration, now: Timestamp) -> Vec<u64> {
        let is_over = |export: &&Export| now.duration_since(export.at) >= keep;
        self.kept.exports.iter().filter(is_over).map(|export| export.era).collect()
    }

    /// Exports that lie ahead are of now: a clock that ran ahead and was put right keeps nothing for longer.
    pub fn put_right(&mut self, now: Timestamp) {
        for export in &mut self.kept.exports {
            export.at = happened(export.at, now);
        }
    }

    /// Without the exports of these generations; and whether nothing is left of a school that is gone.
    pub fn without(&mut self, eras: &[u64]) -> bool {
        self.kept.exports.retain(|export| !eras.contains(&export.era));
        self.state == State::Deleted && self.kept.exports.is_empty()
    }

    /// Whether the databases of the present generation were mounted: then there is something to export.
    pub fn was_mounted(&self) -> bool {
        let present = self.kept.history.iter().rev().take_while(|passed| passed.state != State::Deleted);
        present.into_iter().any(|passed| passed.state == State::UploadedRight)
    }
}

/// The generation after this one.
fn generation(before: u64, at: Timestamp) -> u64 {
    (before + 1).max(u64::try_from(at.as_second()).unwrap_or_default())
}

/// Names the entity of an establishment.
pub fn entity_key(rne: &Rne) -> EntityKey {
    EntityKey { kind: KIND.to_owned(), key: rne.as_str().to_owned() }
}

#[cfg(test)]
mod tests;
