//! How modules write: entities over exactly what was read of them, with what the audit says of it in the same commit.

use std::time::Duration;

use journal::{EffectSet, NewRecord};
use model::{Effects, Entity, EntityKey, EntityWrite, EventKind};

use crate::desk::audit::AuditEntry;
use crate::desk::hub::Hub;
use crate::error::Error;
use crate::state::core::Core;
use crate::state::edit::Edit;
use crate::work::follow::Met;

/// So often something is tried that others change at the same moment.
const TRIES: usize = 8;

/// Within this time a hub has mostly heard of what another one has written.
const HEARD: Duration = Duration::from_millis(50);

/// What is written in one commit: effects, and what the audit says of them.
pub type Writes = (Effects, Option<AuditEntry>);

impl Hub {
    /// Writes entities and what follows from them, with its entry in the audit. Nothing is written when an entity is not
    /// any more as it was read ([`journal::Error::Conflict`]).
    pub async fn write(&self, effects: Effects, audit: Option<AuditEntry>) -> Result<(), Error> {
        Ok(self.core.apply(effects, audit, None).await?)
    }

    /// Writes what `make` says of what it has read. It is asked again, and reads again, when something of that was
    /// written by somebody else at the same moment; so it must do nothing itself. With nothing to write it was all.
    pub async fn write_as_read<T, E: From<Error>, F: Future<Output = Result<(T, Option<Writes>), E>>>(
        &self,
        make: impl Fn() -> F,
    ) -> Result<T, E> {
        self.core.write_as_read(None, make).await
    }

    /// Appends records in one commit.
    pub async fn record(&self, records: Vec<NewRecord>) -> Result<(), Error> {
        let effects = EffectSet { records, ..EffectSet::default() };
        Ok(self.core.journal.apply(effects, None, self.now()).await?)
    }

    /// Changes an entity as it stands: `edit` says what becomes of it, and is asked again when somebody else has written
    /// it at the same moment.
    pub async fn update<E: From<Error>>(
        &self,
        key: EntityKey,
        edit: impl Fn(Option<&Entity>) -> Result<(Edit, Option<AuditEntry>), E>,
    ) -> Result<(), E> {
        self.core.update(key, None, edit).await
    }

    /// Removes an entity that cannot be read, or says nothing that could be used. `false` = it was not there.
    pub async fn erase(&self, key: EntityKey, audit: Option<AuditEntry>) -> Result<bool, Error> {
        let core = &self.core;
        Ok(core.journal.erase(key, core.audited(Effects::default(), audit, &[]).await?).await?)
    }
}

impl Core {
    /// Effects with what the audit says of them.
    async fn audited(
        &self,
        effects: Effects,
        audit: Option<AuditEntry>,
        met: &[Met],
    ) -> Result<EffectSet, journal::Error> {
        let mut effects = self.effects(effects, None, met).await?;
        effects.records.extend(audit.map(|entry| entry.record(self.clock.now())));
        Ok(effects)
    }

    pub(crate) async fn apply(
        &self,
        effects: Effects,
        audit: Option<AuditEntry>,
        event: Option<(EventKind, String)>,
    ) -> Result<(), journal::Error> {
        let mut met = Vec::new();
        loop {
            let all = self.audited(effects.clone(), audit.clone(), &met).await?;
            match self.journal.apply(all, event.clone(), self.clock.now()).await {
                Err(error @ journal::Error::Known { .. }) => met.push(Met::of(error)?),
                applied => return applied,
            }
        }
    }

    /// See [`Hub::write_as_read`]; the event is told when something was written.
    async fn write_as_read<T, E: From<Error>, F: Future<Output = Result<(T, Option<Writes>), E>>>(
        &self,
        event: Option<(EventKind, String)>,
        make: impl Fn() -> F,
    ) -> Result<T, E> {
        let mut tries = TRIES;
        loop {
            tries -= 1;
            let (made, writes) = make().await?;
            let Some((effects, audit)) = writes else { return Ok(made) };
            match self.apply(effects, audit, event.clone()).await {
                Ok(()) => return Ok(made),
                // What another hub has written is heard of a little later.
                Err(journal::Error::Conflict { .. }) if tries > 0 && self.journal.is_shared() => {
                    self.clock.sleep(HEARD).await;
                }
                Err(journal::Error::Conflict { .. }) if tries > 0 => {}
                Err(error) => return Err(Error::from(error).into()),
            }
        }
    }

    /// See [`Hub::update`]; the event is told when the entity was written.
    pub(crate) async fn update<E: From<Error>>(
        &self,
        key: EntityKey,
        event: Option<(EventKind, String)>,
        edit: impl Fn(Option<&Entity>) -> Result<(Edit, Option<AuditEntry>), E>,
    ) -> Result<(), E> {
        let make = async || {
            let stored = self.journal.entity(key.clone()).await.map_err(Error::from)?;
            let (content, audit) = match edit(stored.as_ref())? {
                (Edit::Keep, _) => return Ok(((), None)),
                (Edit::Put(content), audit) => (Some(content), audit),
                (Edit::Remove, audit) => (None, audit),
            };
            let expected_rev = stored.map_or(0, |entity| entity.rev);
            let entities = vec![EntityWrite { key: key.clone(), expected_rev, content }];
            Ok(((), Some((Effects { entities, ..Effects::default() }, audit))))
        };
        self.write_as_read(event, make).await
    }
}
