//! What the audit says of something that is done to many: it is on disk with the first of them, not afterwards.

use engine::AuditEntry;
use tokio::sync::Mutex;

/// The entry that says what was begun. It goes with the first that is written, and with no other.
pub(super) struct Begun(Mutex<Option<AuditEntry>>);

impl Begun {
    pub(super) fn new(entry: AuditEntry) -> Self {
        Begun(Mutex::new(Some(entry)))
    }

    /// Writes, with the entry as long as that is not written. `write` says whether it has written anything; until the
    /// first has, others wait.
    pub(super) async fn write<T, E, F: Future<Output = Result<(bool, T), E>>>(
        &self,
        write: impl FnOnce(Option<AuditEntry>) -> F,
    ) -> Result<T, E> {
        let mut entry = self.0.lock().await;
        if entry.is_none() {
            drop(entry);
            return Ok(write(None).await?.1);
        }
        let (wrote, done) = write(entry.clone()).await?;
        if wrote {
            *entry = None;
        }
        Ok(done)
    }
}
