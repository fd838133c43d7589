//! The failsafe's counting: how many destructive jobs may start on a backend within a sliding window
//! before somebody has to look.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::action::Destructive;
use crate::id::JobId;
use crate::source::stands_for;

/// So many changes that cannot be taken back are agreed to without their number being named.
pub const UNNAMED: u64 = 50;

/// What an administrator allows without a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailsafeRule {
    /// Sources whose jobs are guarded. `http` also stands for its callers (`http/token:crm`), `*` for every source.
    pub sources: Vec<String>,
    /// How far back it counts.
    pub window: Duration,
    /// Jobs that delete, on one backend within the window; `None` = no cap.
    pub delete: Option<u32>,
    /// The same for jobs that disable.
    pub disable: Option<u32>,
}

impl FailsafeRule {
    /// Guards nothing.
    pub fn off() -> Self {
        FailsafeRule { sources: Vec::new(), window: Duration::ZERO, delete: None, disable: None }
    }

    /// How many jobs of this kind and source may start on a backend within the window; `None` = any number.
    pub fn cap(&self, source: &str, kind: Destructive) -> Option<u32> {
        let guarded = self.sources.iter().any(|named| named == "*" || stands_for(named, source));
        match kind {
            Destructive::Delete => self.delete,
            Destructive::Disable => self.disable,
        }
        .filter(|_| guarded)
    }
}

/// A destructive job that started. It counts once for each backend of its plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The job.
    pub job: JobId,
    /// When.
    pub at: Timestamp,
    /// What it destroys.
    pub kind: Destructive,
    /// The backends of its plan.
    pub backends: Vec<String>,
}

/// The starts within the window.
#[derive(Clone, Debug, Default)]
pub struct Starts {
    all: BTreeMap<(Timestamp, JobId), Start>,
    /// When each of them was.
    times: HashMap<JobId, Timestamp>,
    counts: HashMap<(Destructive, String), u32>,
}

impl Starts {
    /// Counts a start, once.
    pub fn note(&mut self, start: Start) {
        self.forget(start.job);
        self.times.insert(start.job, start.at);
        for backend in &start.backends {
            *self.counts.entry((start.kind, backend.clone())).or_default() += 1;
        }
        self.all.insert((start.at, start.job), start);
    }

    /// Takes a job's start back: it did not come about, or nobody knows of it any more.
    pub fn forget(&mut self, job: JobId) {
        if let Some(at) = self.times.get(&job) {
            self.remove((*at, job));
        }
    }

    /// Whether a job's start is counted.
    pub fn has(&self, job: JobId) -> bool {
        self.times.contains_key(&job)
    }

    /// How many jobs of this kind have started on the backend.
    pub fn count(&self, kind: Destructive, backend: &str) -> u32 {
        self.counts.get(&(kind, backend.to_owned())).copied().unwrap_or(0)
    }

    /// What has been counted: kind, backend, how many.
    pub fn counts(&self) -> impl Iterator<Item = (Destructive, &str, u32)> {
        self.counts.iter().map(|((kind, backend), count)| (*kind, backend.as_str(), *count))
    }

    /// The first backend of a plan on which no more jobs of this kind may start.
    pub fn full<'a>(&self, kind: Destructive, plan: &'a [String], cap: u32) -> Option<&'a str> {
        plan.iter().map(String::as_str).find(|backend| self.count(kind, backend) >= cap)
    }

    /// Takes out what no longer lies within the window, before or after now: the clock may have been set.
    pub fn expire(&mut self, now: Timestamp, window: Duration) -> Vec<Start> {
        let window = SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX);
        let old = self.all.keys().take_while(|(at, _)| now.duration_since(*at) >= window);
        let ahead = self.all.keys().rev().take_while(|(at, _)| at.duration_since(now) >= window);
        let gone: Vec<_> = old.chain(ahead).copied().collect();
        gone.into_iter().filter_map(|place| self.remove(place)).collect()
    }

    fn remove(&mut self, place: (Timestamp, JobId)) -> Option<Start> {
        let start = self.all.remove(&place)?;
        self.times.remove(&place.1);
        for backend in &start.backends {
            let key = (start.kind, backend.clone());
            if let Some(count) = self.counts.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    self.counts.remove(&key);
                }
            }
        }
        Some(start)
    }
}
