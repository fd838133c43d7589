//! The end of an identity's data.

use engine::{Actor, AuditEntry};
use model::{Code, Effects};

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
            format!("identity {}", identity.id),
            Code::from_static("erased"),
            "its data was erased from the register",
        );
        let claim = self.disclaim(&identity).await?;
        let entities = std::iter::once(identity.erase()).chain(claim).collect();
        let effects = Effects { entities, ..Effects::default() };
        match self.hub.write(effects, Some(entry)).await.map_err(Error::from) {
            // An edit or an import has brought it back at the same moment.
            Err(error) if error.is_conflict() => Err(Error::Changed(id.to_owned())),
            done => done,
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
        let erased = self.hub.erase(entity_key(id), Some(entry)).await?;
        if erased { Ok(()) } else { Err(Error::Missing(id.to_owned())) }
    }
}
