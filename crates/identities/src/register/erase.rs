//! The end of an identity's data.

use engine::{Actor, AuditEntry};
use journal::EffectSet;
use model::Code;

use super::Register;
use crate::error::Error;
use crate::identity::entity_key;
use crate::state::{Hindrance, State};

impl Register {
    /// Removes all that the register keeps of an identity that is deleted. The audit says that it was done, and repeats
    /// nothing of it. Its jobs, and what the audit says of earlier edits, go in their own time (`retention`).
    pub async fn erase(&self, id: &str, actor: &Actor) -> Result<(), Error> {
        let identity = match self.get(id).await {
            Err(Error::Damaged { .. }) => return self.erase_damaged(id, actor).await,
            identity => identity?,
        };
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

    /// Removes one that cannot be read, whatever its state was: there is no other way to be rid of it. Backends may still
    /// know the person.
    async fn erase_damaged(&self, id: &str, actor: &Actor) -> Result<(), Error> {
        let entry = AuditEntry::new(
            actor,
            format!("identity {id}"),
            Code::from_static("erased"),
            "it could not be read back, and was erased from the register",
        );
        let effects = EffectSet { records: vec![entry.record(self.hub.now())], ..EffectSet::default() };
        let erased = self.hub.journal().erase(entity_key(id), effects).await?;
        if erased { Ok(()) } else { Err(Error::Missing(id.to_owned())) }
    }
}
