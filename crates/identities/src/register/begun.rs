//! What is said of something that is done to many: it is on disk with the first of them, not afterwards.

use engine::AuditEntry;
use model::{Effects, EntityWrite};
use tokio::sync::Mutex;

/// What says that something was begun. It goes with the first that is written, and with no other.
pub(super) struct Begun(Mutex<Opening>);

/// What is still to be said.
#[derive(Clone, Debug, Default)]
pub(super) struct Opening {
    entry: Option<AuditEntry>,
    run: Option<EntityWrite>,
}

impl Opening {
    /// The entry in the audit.
    pub(super) fn entry(&self) -> Option<AuditEntry> {
        self.entry.clone()
    }

    /// Effects, with the run that begins.
    pub(super) fn with(&self, mut effects: Effects) -> Effects {
        effects.entities.extend(self.run.clone());
        effects
    }
}

impl Begun {
    pub(super) fn new(entry: AuditEntry) -> Self {
        Begun(Mutex::new(Opening { entry: Some(entry), run: None }))
    }

    /// The same, with a run that begins with it.
    pub(super) fn with_run(entry: AuditEntry, run: Option<EntityWrite>) -> Self {
        Begun(Mutex::new(Opening { entry: Some(entry), run }))
    }

    /// Whether anything was written.
    pub(super) async fn is_said(&self) -> bool {
        self.0.lock().await.entry.is_none()
    }

    /// Writes, with what is to be said as long as that is not written. `write` says whether it has written anything; until
    /// the first has, others wait.
    pub(super) async fn write<T, E, F: Future<Output = Result<(bool, T), E>>>(
        &self,
        write: impl FnOnce(Opening) -> F,
    ) -> Result<T, E> {
        let mut opening = self.0.lock().await;
        if opening.entry.is_none() {
            drop(opening);
            return Ok(write(Opening::default()).await?.1);
        }
        let (wrote, done) = write(opening.clone()).await?;
        if wrote {
            *opening = Opening::default();
        }
        Ok(done)
    }
}
