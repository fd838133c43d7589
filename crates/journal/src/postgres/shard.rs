//! Shards: all jobs are in 256 of them, by their subjects. Each is owned by one hub, which alone puts its jobs in line and runs
//! them; so that nobody else has to be asked.

use std::sync::{PoisonError, RwLock};

use md5::{Digest as _, Md5};
use model::{Job, JobId, Subject};

/// So many shards there are.
const SHARDS: u16 = 256;

/// The shard of a job: as the column of that name is computed.
pub(super) fn of(job: JobId, subject: Option<&str>) -> u8 {
    match subject {
        Some(subject) => of_subject(subject),
        None => last_of(*job.0.as_bytes()),
    }
}

fn last_of([.., last]: [u8; 16]) -> u8 {
    last
}

/// The shard of a subject.
pub(super) fn of_subject(subject: &str) -> u8 {
    let [first, ..]: [u8; 16] = Md5::digest(subject.as_bytes()).into();
    first
}

/// The shard of a job that is there.
pub(super) fn of_job(job: &Job) -> u8 {
    of(job.id, job.subject.as_ref().map(Subject::as_str))
}

/// Some shards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shards([u64; 4]);

impl Shards {
    /// Those with these numbers.
    pub(super) fn new(ids: impl IntoIterator<Item = u8>) -> Self {
        let mut shards = Shards::default();
        for id in ids {
            shards.insert(id);
        }
        shards
    }

    /// All there are.
    pub(super) fn all() -> Self {
        Shards([u64::MAX; 4])
    }

    fn place(id: u8) -> (usize, u64) {
        (usize::from(id / 64), 1 << (id % 64))
    }

    /// Whether this one is among them.
    pub(super) fn has(&self, id: u8) -> bool {
        let (word, bit) = Shards::place(id);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Takes this one in.
    pub(super) fn insert(&mut self, id: u8) {
        let (word, bit) = Shards::place(id);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    /// Those that are not among these.
    pub(super) fn without(&self, others: &Shards) -> Self {
        let mut left = *self;
        for (word, others) in left.0.iter_mut().zip(others.0) {
            *word &= !others;
        }
        left
    }

    /// Both.
    pub(super) fn and(&self, others: &Shards) -> Self {
        let mut all = *self;
        for (word, others) in all.0.iter_mut().zip(others.0) {
            *word |= others;
        }
        all
    }

    /// Whether they are all that there are.
    pub(super) fn is_all(&self) -> bool {
        self.0 == [u64::MAX; 4]
    }

    /// As a condition of a statement on live jobs, behind others.
    pub(super) fn condition(&self) -> String {
        if self.is_all() {
            return String::new();
        }
        let ids: Vec<String> = self.ids().iter().map(i16::to_string).collect();
        if ids.is_empty() { " AND false".to_owned() } else { format!(" AND shard IN ({})", ids.join(", ")) }
    }

    /// Their numbers, as they are stored.
    pub(super) fn ids(&self) -> Vec<i16> {
        let all = (0..SHARDS).filter(|id| u8::try_from(*id).is_ok_and(|id| self.has(id)));
        all.map(u16::cast_signed).collect()
    }
}

/// The shards that we own, as they are now.
#[derive(Debug, Default)]
pub(super) struct Owned(RwLock<Shards>);

impl Owned {
    pub(super) fn new(shards: Shards) -> Self {
        Owned(RwLock::new(shards))
    }

    pub(super) fn set(&self, shards: Shards) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = shards;
    }

    pub(super) fn now(&self) -> Shards {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_taken_and_left_out() {
        let some = Shards::new([0, 63, 64, 200, 255]);
        assert_eq!(some.ids(), [0, 63, 64, 200, 255]);
        assert!(some.has(64) && !some.has(65));
        assert_eq!(some.without(&Shards::new([63, 255, 1])).ids(), [0, 64, 200]);
        assert!(Shards::new(0..=255).is_all() && !some.is_all());
    }

    #[test]
    fn a_subject_lies_where_the_database_puts_it() {
        // md5('identity:ann') begins with these digits.
        assert_eq!(of_subject("identity:ann"), 0xd5);
        let id = JobId(uuid::Uuid::from_u128(0x1234));
        assert_eq!((of(id, None), of(id, Some("identity:ann"))), (0x34, 0xd5));
    }
}
