//! The handle on all establishments: what the API, the pages, the uploads and the chores do with them.

mod exports;
mod look;
mod schools;
mod sweep;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use engine::{Accepted, Actor, AuditEntry, Hub};
use model::word::code;
use model::{Code, Effects, EntityKey};
use tokio::sync::{Mutex, OnceCell};

use crate::error::Error;
use crate::establishment::{Content, Establishment, Happening, Moved, entity_key};
use crate::keys::Signer;
use crate::request;
use crate::rne::Rne;
use crate::settings::Settings;
use crate::values::Values;

pub use exports::Link;
pub use look::{Eta, Found};
pub use schools::Doors;
pub use sweep::Looked;

/// So often something is tried again that others change at the same moment: each time one of them comes through.
const TRIES: usize = 64;

/// The handle. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    hub: Hub,
    settings: Arc<Settings>,
    signer: Arc<OnceCell<Signer>>,
    /// What the programs hold that schools install, each as its file was.
    programs: Arc<Mutex<HashMap<PathBuf, (Stamp, Content)>>>,
}

/// What tells that a file is the same: its length, and when it was written.
type Stamp = (u64, SystemTime);

/// What the audit says of something that somebody does.
#[derive(Clone, Copy)]
struct Deed<'a> {
    actor: &'a Actor,
    code: &'static str,
}

impl Host {
    /// The establishments of this hub.
    pub fn new(hub: Hub, settings: Arc<Settings>) -> Self {
        Host { hub, settings, signer: Arc::default(), programs: Arc::default() }
    }

    /// The hub.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// How it is set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What signs keys and links.
    pub async fn signer(&self) -> Result<&Signer, Error> {
        self.signer.get_or_try_init(|| Signer::open(&self.hub)).await
    }

    // === what people and programs do ===

    /// A client asks for an establishment. Who says the same again gets the same.
    pub async fn post(&self, rne: &Rne, values: Values, actor: &Actor) -> Result<Establishment, Error> {
        let deed = Deed { actor, code: "posted" };
        for _ in 0..TRIES {
            let done = match self.find(rne).await? {
                None => {
                    let new = Establishment::new(rne.clone(), values.clone(), self.hub.now());
                    self.write(None, Some(new), true, Some(deed)).await
                }
                Some(found) => self.happen_to(found, Happening::Post(values.clone()), Some(deed)).await,
            };
            if let Some(done) = unless_conflict(done)? {
                return done.ok_or_else(|| Error::Missing(rne.clone()));
            }
        }
        Err(Error::Contended(rne.clone()))
    }

    /// Something that somebody does to an establishment which is there.
    pub async fn act(
        &self,
        rne: &Rne,
        what: Happening,
        actor: &Actor,
        code: &'static str,
    ) -> Result<Establishment, Error> {
        let now = self.happen(rne, what, Some(Deed { actor, code })).await?;
        now.ok_or_else(|| Error::Missing(rne.clone()))
    }

    /// Lets something happen to it as it stands; `None` = nothing of it is kept any more.
    async fn happen(
        &self,
        rne: &Rne,
        what: Happening,
        deed: Option<Deed<'_>>,
    ) -> Result<Option<Establishment>, Error> {
        for _ in 0..TRIES {
            let found = self.get(rne).await?;
            if let Some(done) = unless_conflict(self.happen_to(found, what.clone(), deed).await)? {
                return Ok(done);
            }
        }
        Err(Error::Contended(rne.clone()))
    }

    async fn happen_to(
        &self,
        found: Establishment,
        what: Happening,
        deed: Option<Deed<'_>>,
    ) -> Result<Option<Establishment>, Error> {
        let refused = |why| Error::Refused { rne: found.rne.clone(), state: found.state, why };
        let Moved { now, ask, changed } = found.happen(what, self.hub.now()).map_err(refused)?;
        if !changed {
            return Ok(now);
        }
        self.write(Some(found), now, ask.is_some(), deed).await
    }

    /// Writes it, with the job that it asks for, in one commit.
    async fn write(
        &self,
        before: Option<Establishment>,
        now: Option<Establishment>,
        asks: bool,
        deed: Option<Deed<'_>>,
    ) -> Result<Option<Establishment>, Error> {
        let Some(written) = now.as_ref().or(before.as_ref()) else { return Ok(None) };
        let write = if now.is_some() { written.write() } else { written.erase() };
        let effects = Effects { entities: vec![write], ..Effects::default() };
        let entry = deed.map(|deed| entry(deed, before.as_ref(), now.as_ref(), written));
        let exports = self.settings.exports();
        let asked =
            now.as_ref().filter(|_| asks).and_then(|now| request::request(now, &exports.to_string_lossy()));
        match asked {
            None => self.hub.write(effects, entry).await?,
            Some(request) => match Box::pin(self.hub.accept_audited(request, effects, |_| entry)).await? {
                Accepted::New(_) | Accepted::Known(..) => {}
                // Somebody else has asked for the next work of this establishment at the same moment.
                Accepted::Refused(why) if why.code == code::ID_REUSED => return Err(conflict(&written.rne)),
                Accepted::Refused(why) => return Err(Error::NotAccepted(why)),
                Accepted::Unclaimed => {
                    let message = "no backend hosts anything".to_owned();
                    return Err(Error::NotAccepted(engine::Why { code: code::NO_BACKEND, message }));
                }
            },
        }
        Ok(now)
    }

    // === keys ===

    /// The key of an establishment as it stands.
    pub async fn key(&self, of: &Establishment) -> Result<String, Error> {
        Ok(self.signer().await?.key(&of.rne, of.kept.generation))
    }

    /// The establishment whose key this is; `None` = there is none, or it is not its key: nobody learns which.
    pub async fn of_key(&self, rne: &Rne, key: &str) -> Result<Option<Establishment>, Error> {
        let signer = self.signer().await?;
        let found = self.find(rne).await?;
        // What is not there is looked at for as long.
        let generation = found.as_ref().map_or(0, |found| found.kept.generation);
        let right = signer.is_key(rne, generation, key);
        Ok(found.filter(|_| right))
    }

    /// The establishment.
    pub async fn get(&self, rne: &Rne) -> Result<Establishment, Error> {
        self.find(rne).await?.ok_or_else(|| Error::Missing(rne.clone()))
    }

    /// The establishment, if it is there.
    pub async fn find(&self, rne: &Rne) -> Result<Option<Establishment>, Error> {
        let damaged = |why| Error::Damaged { rne: rne.to_string(), why };
        match self.hub.journal().entity(entity_key(rne)).await {
            Err(journal::Error::Damaged(why)) => Err(damaged(why)),
            entity => entity?.map(|entity| Establishment::read(entity).map_err(damaged)).transpose(),
        }
    }
}

fn conflict(rne: &Rne) -> Error {
    let EntityKey { kind, key } = entity_key(rne);
    engine::Error::Journal(journal::Error::Conflict { kind, key }).into()
}

/// `None` = somebody else has written it at the same moment.
fn unless_conflict<T>(done: Result<T, Error>) -> Result<Option<T>, Error> {
    match done {
        Err(Error::Engine(engine::Error::Journal(journal::Error::Conflict { .. }))) => Ok(None),
        done => done.map(Some),
    }
}

/// What the audit says of it: never the licence code.
fn entry(
    deed: Deed<'_>,
    before: Option<&Establishment>,
    now: Option<&Establishment>,
    of: &Establishment,
) -> AuditEntry {
    let shown = |of: &Establishment| {
        let values = of.kept.pending.as_ref().unwrap_or(&of.kept.values);
        serde_json::json!({ "state": of.state, "griffe": values.griffe, "version": values.version, "generation": of.kept.generation })
    };
    let message = match (before, now) {
        (Some(before), Some(now)) if before.state != now.state => {
            format!("{}: {} → {}", deed.code, before.state.code(), now.state.code())
        }
        _ => deed.code.to_owned(),
    };
    let entry = AuditEntry::new(
        deed.actor,
        format!("establishment {}", of.rne),
        Code::from_static(deed.code),
        message,
    );
    let entry = before.map(shown).into_iter().fold(entry, AuditEntry::before);
    now.map(shown).into_iter().fold(entry, AuditEntry::after)
}
