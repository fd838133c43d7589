//! Whether the journal could be written of late.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many groups have to be written one after the other before a failure counts as over: on a disk that is nearly
/// full small ones are written while larger ones are not.
const CALM: u32 = 16;

struct Trouble {
    why: String,
    written_since: u32,
}

/// What the writer found, for those who ask.
#[derive(Default)]
pub(super) struct Health(Mutex<Option<Trouble>>);

impl Health {
    fn lock(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A group was not written. Says whether that is news.
    pub(super) fn failed(&self, why: &str) -> bool {
        self.lock().replace(Trouble { why: why.to_owned(), written_since: 0 }).is_none()
    }

    /// A group was written. Says whether trouble is over by that.
    pub(super) fn written(&self) -> bool {
        let mut trouble = self.lock();
        let Some(found) = &mut *trouble else { return false };
        found.written_since += 1;
        let over = found.written_since >= CALM;
        if over {
            *trouble = None;
        }
        over
    }

    /// Why the journal cannot be written.
    pub(super) fn trouble(&self) -> Option<String> {
        self.lock().as_ref().map(|trouble| trouble.why.clone())
    }
}
