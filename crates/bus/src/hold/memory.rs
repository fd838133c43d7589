//! Which messages were held when the connection was lost: the broker hands them out again, and they are to become no
//! second job, also without an id. A cache: whoever starts anew has none.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::JobId;
use uuid::Uuid;

use crate::raw::RawMessage;
use crate::tell::uuid_of;

/// So many are remembered at most: each can be held once.
const MOST: usize = 1 << 17;

/// Their jobs, by what is in them.
#[derive(Default)]
pub(crate) struct Memory(Mutex<HashMap<Uuid, VecDeque<JobId>>>);

impl Memory {
    pub(super) fn add(&self, raw: &RawMessage, job: JobId) {
        let mut all = self.lock();
        if all.len() >= MOST {
            all.clear();
        }
        let jobs = all.entry(content(raw)).or_default();
        if !jobs.contains(&job) {
            jobs.push_back(job);
        }
    }

    /// The job of a message that is handed out again. Of several that are alike each has its own.
    pub(crate) fn find(&self, raw: &RawMessage) -> Option<JobId> {
        let mut all = self.lock();
        let jobs = all.get_mut(&content(raw))?;
        jobs.rotate_left(usize::from(jobs.len() > 1));
        jobs.back().copied()
    }

    pub(super) fn forget(&self, raw: &RawMessage, job: JobId) {
        let (mut all, content) = (self.lock(), content(raw));
        if let Some(jobs) = all.get_mut(&content) {
            jobs.retain(|other| *other != job);
            if jobs.is_empty() {
                all.remove(&content);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, VecDeque<JobId>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn content(raw: &RawMessage) -> Uuid {
    let mut hasher = blake3::Hasher::new();
    for part in [&raw.routing_key, raw.properties.message_id.as_deref().unwrap_or_default()] as [&str; 2] {
        hasher.update(part.as_bytes()).update(b"\0");
    }
    uuid_of(hasher.update(&raw.body.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::Properties;
    use crate::raw::Body;

    #[test]
    fn those_that_are_alike_are_told_apart() {
        let raw = RawMessage {
            exchange: String::new(),
            routing_key: "request.a".to_owned(),
            redelivered: true,
            properties: Properties::default(),
            body: Body::Body("{}".to_owned()),
        };
        let job = |n| JobId(Uuid::from_u128(n));
        let memory = Memory::default();
        assert_eq!(memory.find(&raw), None);
        for n in [1, 2, 1] {
            memory.add(&raw, job(n));
        }
        let found = [memory.find(&raw), memory.find(&raw)];
        assert_eq!(found, [Some(job(1)), Some(job(2))]);
        memory.forget(&raw, job(2));
        assert_eq!(memory.find(&raw), Some(job(1)));
        memory.forget(&raw, job(1));
        assert_eq!(memory.find(&raw), None);
        assert!(memory.lock().is_empty());
    }
}
