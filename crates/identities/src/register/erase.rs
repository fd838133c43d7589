//! The end of an identity's data.

use engine::{Actor, AuditEntry};
use journal::EffectSet;
use model::Code;

use super::Register;
use crate::error::Error;
use crate::state::{Hindrance, State};

impl Register {
    /// Removes all that the register keeps of an identity that is deleted. The audit says that it was done, and repeats
    /// nothing of it. Its jobs, and what the audit says of earlier edits, go in their own time (`retention`).
    pub async fn erase(&self, id: &str, actor: &Actor) -> Result<(), Error> {
        let identity = self.get(id).await?;
        if identity.state != State::Deleted {
            return Err(Error::Hindered { id: id.to_owned(), why: Hindrance::NotDeleted });
        }
        let entry = AuditEntry::new(
            actor,
            format!("identity {id}"),
            Code::from_static("erased"),
            "its data was erased from the register",
        );
        let claim = self.disclaim(&identity).await?;
        let now = self.hub.now();
        let effects = EffectSet {
            entities: std::iter::once(identity.erase()).chain(claim).collect(),
            records: vec![entry.record(now)],
            ..EffectSet::default()
        };
        match self.hub.journal().apply(effects, None, now).await {
            // An edit or an import has brought it back at the same moment.
            Err(journal::Error::Conflict { .. }) => Err(Error::Changed(id.to_owned())),
            done => Ok(done?),
        }
    }
}
