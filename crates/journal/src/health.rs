//! Whether the journal could be written of late.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many groups have to be written one after the other before a failure counts as over: on a disk that is nearly
/// full small ones are written while larger ones are not.
const CALM: u32 = 16;

struct Trouble {
    why: String,
    written_since: u32,
    /// There is no room: that we are heard of says nothing.
    #[cfg(feature = "postgres")]
    full: bool,
}

impl Trouble {
    fn new(why: &str) -> Self {
        Trouble {
            why: why.to_owned(),
            written_since: 0,
            #[cfg(feature = "postgres")]
            full: false,
        }
    }
}

/// What the writer found, for those who ask.
#[derive(Default)]
pub(crate) struct Health(Mutex<Option<Trouble>>);

impl Health {
    fn lock(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A group was not written, or could not be. The log is told when that is news.
    pub(crate) fn failed(&self, why: &str) {
        self.set(Trouble::new(why));
    }

    /// The same, since there is no room for it.
    #[cfg(feature = "postgres")]
    pub(crate) fn full(&self, why: &str) {
        self.set(Trouble { full: true, ..Trouble::new(why) });
    }

    fn set(&self, trouble: Trouble) {
        let why = trouble.why.clone();
        if self.lock().replace(trouble).is_none() {
            tracing::warn!("the journal cannot be written, nothing is accepted until it can: {why}");
        }
    }

    /// A group was written. The log is told when trouble is over by that.
    pub(crate) fn written(&self) {
        let mut trouble = self.lock();
        let Some(found) = &mut *trouble else { return };
        found.written_since += 1;
        if found.written_since >= CALM {
            *trouble = None;
            tracing::info!("the journal can be written again");
        }
    }

    /// A commit got through, of whatever size: trouble is over at once, unless that is that there is no room.
    #[cfg(feature = "postgres")]
    pub(crate) fn heard(&self) {
        if self.lock().as_ref().is_some_and(|trouble| !trouble.full) {
            self.healed();
        }
    }

    /// What was in the way is gone: trouble is over at once.
    #[cfg(feature = "postgres")]
    pub(crate) fn healed(&self) {
        if self.lock().take().is_some() {
            tracing::info!("the journal can be written again");
        }
    }

    /// Why the journal cannot be written.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.lock().as_ref().map(|trouble| trouble.why.clone())
    }
}
