//! A school that is followed, as the journal keeps it, and what becomes of it when its host is asked. Pure: times are
//! arguments.

use jiff::{SignedDuration, Timestamp};
use model::believe::happened;
use model::effect::EntityContent;
use model::{Entity, EntityKey, EntityWrite};
use serde::{Deserialize, Serialize};

use super::reported::{Reached, Reported};
use crate::hidden::Hidden;
use crate::rne::Rne;
use crate::state::State;
use crate::values::Contact;

/// The kind of the entities.
pub const KIND: &str = "followed_school";
/// The state of a school of which its host has said nothing yet.
pub const UNSEEN: &str = "UNSEEN";
/// Steps that are kept: the oldest go first.
const STEPS: usize = 500;
/// Characters of a message that are kept.
const MESSAGE: usize = 500;
/// A look that found nothing new is noted no more often.
const NOTED: SignedDuration = SignedDuration::from_mins(1);
/// After a school was led to the upload page, its databases are expected for so long.
const EXPECTED: SignedDuration = SignedDuration::from_hours(24);

/// A followed school with its place in the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    /// Which school.
    pub rne: Rne,
    /// Its revision: grows with each write; 0 = not written yet.
    pub rev: u64,
    /// The state in which it was seen last, as its code; [`UNSEEN`] = none yet.
    pub state: String,
    /// The rest.
    pub kept: Kept,
}

/// What is kept of a followed school, sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The host: [`super::OWN`], or a name of the configuration.
    pub host: String,
    /// The school's key at another host; `None` = the client's is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Hidden>,
    /// The licence stamp, as far as it is known.
    #[serde(default)]
    pub griffe: String,
    /// Which server, `CL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Who is told, and in which language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// Grows when all links that were sent are to be void.
    pub generation: u64,
    /// Since when it is followed.
    pub followed_at: Timestamp,
    /// The step in which it is found first is told too.
    #[serde(default)]
    pub greet: bool,
    /// Every step that was seen, oldest first.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Since when nobody is told any more, because somebody at the school said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<Timestamp>,
    /// When its host said the last time how it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<Timestamp>,
    /// What was wrong when its host was asked last, for this school alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Failing>,
    /// When it was led to the upload page last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_at: Option<Timestamp>,
}

/// A step that a school has come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The code of the state.
    pub state: String,
    /// When, as the host says.
    pub at: Timestamp,
    /// When it was seen here.
    pub seen_at: Timestamp,
    /// Who was told.
    pub notice: Notice,
}

/// Whether a school was told of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// A mail was written.
    Written,
    /// A newer step was seen at the same time, and is told instead.
    Passed,
    /// It lies before the time from which the school is followed.
    Before,
    /// Nobody is known who could be told.
    NoContact,
    /// The school does not want to be told.
    Stopped,
}

/// Something that is wrong, again and again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// What.
    pub message: String,
    /// Since when.
    pub since: Timestamp,
    /// When it was so the last time.
    pub at: Timestamp,
}

impl Failing {
    /// It is wrong now; `before` = what was wrong the last time.
    pub fn again(before: Option<&Failing>, message: &str, now: Timestamp) -> Self {
        let message = message.chars().take(MESSAGE).collect();
        Failing { message, since: before.map_or(now, |before| happened(before.since, now)), at: now }
    }
}

impl Followed {
    /// One that is followed from now on.
    pub fn new(rne: Rne, host: &str, now: Timestamp) -> Self {
        let kept = Kept {
            host: host.to_owned(),
            key: None,
            griffe: String::new(),
            version: None,
            contact: None,
            // It begins with the time: no link becomes good again when a school is followed anew.
            generation: u64::try_from(now.as_millisecond()).unwrap_or_default(),
            followed_at: now,
            greet: false,
            steps: Vec::new(),
            stopped_at: None,
            looked_at: None,
            trouble: None,
            expected_at: None,
        };
        Followed { rne, rev: 0, state: UNSEEN.to_owned(), kept }
    }

    /// Reads it from the journal. An error says what is wrong with it.
    pub fn read(entity: Entity) -> Result<Self, String> {
        let Entity { key, rev, state, body, .. } = entity;
        let rne = key.key.parse().map_err(|error| format!("followed school {}: {error}", key.key))?;
        let kept =
            serde_json::from_value(body).map_err(|error| format!("followed school {}: {error}", key.key))?;
        Ok(Followed { rne, rev, state, kept })
    }

    /// The write of it over the revision that was read.
    pub fn write(&self) -> EntityWrite {
        let content = EntityContent {
            state: self.state.clone(),
            label: self.kept.griffe.clone(),
            // Plain data: there is nothing that could fail.
            body: serde_json::to_value(&self.kept).unwrap_or_default(),
        };
        EntityWrite { key: entity_key(&self.rne), expected_rev: self.rev, content: Some(content) }
    }

    /// Its name for people: the stamp, or the number.
    pub fn name(&self) -> &str {
        if self.kept.griffe.is_empty() { self.rne.as_str() } else { &self.kept.griffe }
    }

    /// The state as far as it is one that is known here.
    pub fn known_state(&self) -> Option<State> {
        State::of_code(&self.state)
    }

    /// Since when it stands so.
    pub fn since(&self) -> Option<Timestamp> {
        self.kept.steps.last().map(|step| step.at)
    }

    /// Whether nobody can be told of anything.
    pub fn is_mute(&self) -> bool {
        self.kept.contact.is_none()
    }

    /// Whether something is to come soon.
    pub fn is_busy(&self, now: Timestamp) -> bool {
        let expected = |at: Timestamp| now.duration_since(happened(at, now)) < EXPECTED;
        match self.known_state() {
            Some(State::DbWait | State::UploadedError) => self.kept.expected_at.is_some_and(expected),
            Some(state) => state.work().is_some(),
            None => true,
        }
    }

    /// Its host says how it stands. Whether the newest step is to be told to the school.
    pub fn note(&mut self, said: &Reported, now: Timestamp) -> bool {
        let news = self.news(said, now);
        let first = self.kept.steps.is_empty();
        let last = news.len().saturating_sub(1);
        let newest = if first && !self.kept.greet {
            Notice::Before
        } else if self.kept.contact.is_none() {
            Notice::NoContact
        } else if self.kept.stopped_at.is_some() {
            Notice::Stopped
        } else {
            Notice::Written
        };
        let older = if first { Notice::Before } else { Notice::Passed };
        let told = !news.is_empty() && newest == Notice::Written;
        self.kept.steps.extend(news.into_iter().enumerate().map(|(place, Reached { state, at })| Step {
            state,
            at,
            seen_at: now,
            notice: if place == last { newest } else { older },
        }));
        let more = self.kept.steps.len().saturating_sub(STEPS);
        self.kept.steps.drain(..more);
        self.state.clone_from(&said.state);
        if let Some(griffe) = &said.griffe {
            self.kept.griffe.clone_from(griffe);
        }
        self.kept.version = said.version.clone().or(self.kept.version.take());
        self.kept.trouble = None;
        let fresh = self.kept.looked_at.is_some_and(|at| (now.duration_since(at)).abs() < NOTED);
        if told || !fresh {
            self.kept.looked_at = Some(now);
        }
        told
    }

    /// The steps that were not seen yet, oldest first.
    fn news(&self, said: &Reported, now: Timestamp) -> Vec<Reached> {
        let mut history = said.history.clone();
        if history.last().is_none_or(|last| last.state != said.state) {
            history.push(Reached { state: said.state.clone(), at: said.since.unwrap_or(now) });
        }
        let Some(last) = self.kept.steps.last() else { return history };
        let seen = |reached: &Reached| (&reached.state, reached.at) == (&last.state, last.at);
        if let Some(place) = history.iter().rposition(seen) {
            return history.split_off(place + 1);
        }
        // Its clock was put right, and all times with it: the same steps as before.
        if let Some(known) = (1..=history.len()).rev().find(|known| self.ends_with(history.get(..*known))) {
            return history.split_off(known);
        }
        // It keeps no history, or tells another one than before: only what leads on counts.
        let later = history.into_iter().filter(|reached| reached.at > last.at);
        let mut later: Vec<_> = later.skip_while(|reached| reached.state == last.state).collect();
        if later.is_empty() && said.state != last.state {
            later.push(Reached { state: said.state.clone(), at: said.since.unwrap_or(now) });
        }
        later
    }

    /// Whether these states were the last ones that it came to.
    fn ends_with(&self, reached: Option<&[Reached]>) -> bool {
        let reached = reached.unwrap_or_default();
        let from = self.kept.steps.len().checked_sub(reached.len());
        let last = from.and_then(|from| self.kept.steps.get(from..));
        last.is_some_and(|last| last.iter().map(|step| &step.state).eq(reached.iter().map(|one| &one.state)))
    }

    /// Its host could not say how it stands, for this school alone.
    pub fn fail(&mut self, why: &str, now: Timestamp) {
        self.kept.trouble = Some(Failing::again(self.kept.trouble.as_ref(), why, now));
    }

    /// It has this key from now on; links that were sent under another one are void.
    pub fn give_key(&mut self, key: Option<Hidden>) {
        if self.kept.key.is_some() && self.kept.key != key {
            self.kept.generation += 1;
        }
        self.kept.key = key;
    }
}

/// Names the entity of a followed school.
pub fn entity_key(rne: &Rne) -> EntityKey {
    EntityKey { kind: KIND.to_owned(), key: rne.as_str().to_owned() }
}

#[cfg(test)]
mod tests;
