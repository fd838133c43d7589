//! What is asked of uploads: who may come in, what files there are, and handing them over.

mod files;
mod open;
mod sessions;
mod sweep;

pub(in crate::upload) use sessions::Visitor;

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::Clock;
use http::Problem;
use tokio::sync::{Mutex as Turn, Semaphore};

use super::error::Error;
use super::limits::Limits;
use super::refusal::Reason;
use super::school::{School, Schools};
use super::set::SetDocument;
use super::slot::Slot;
use super::store::Store;
use super::ticket;
use open::Open;

/// Parts that come in at once.
const PARTS: usize = 128;
/// Parts of one set that come in at once.
const OF_ONE: usize = 8;

/// Uploads of all schools. Cheap to clone.
#[derive(Clone)]
pub struct Uploads(Arc<Inner>);

pub(super) struct Inner {
    pub(super) limits: Limits,
    store: Store,
    schools: Arc<dyn Schools>,
    clock: Clock,
    sets: Mutex<Open>,
    /// Whoever holds it may promise room.
    room: Turn<()>,
    parts: Arc<Semaphore>,
    /// Sets that nobody seemed to use, and used tickets that seemed too old, when they were last looked at.
    unused: Mutex<HashSet<String>>,
}

/// A set of files.
pub(super) struct Set {
    pub(super) id: String,
    state: Mutex<SetState>,
    /// Whoever holds it may change which files there are.
    turn: Turn<()>,
    parts: Arc<Semaphore>,
}

struct SetState {
    document: SetDocument,
    files: Vec<Arc<Slot>>,
}

/// A link to the upload page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Its path.
    pub path: String,
    /// Until when it may be used.
    pub expires_at: jiff::Timestamp,
}

impl Uploads {
    /// Those of a folder, which is made where there is none.
    pub fn open(folder: &Path, limits: Limits, schools: Arc<dyn Schools>, clock: Clock) -> io::Result<Self> {
        let store = Store::open(folder)?;
        let found = store.load()?;
        let sets = found.into_iter().map(|found| {
            let slot = |(id, document, offset): (String, _, _)| {
                Arc::new(Slot::new(id.clone(), store.place(&found.id, &id), document, offset))
            };
            let files = found.files.into_iter().map(slot).collect();
            Arc::new(Set::new(found.id.clone(), found.document, files))
        });
        let sets = Mutex::new(sets.collect());
        Ok(Uploads(Arc::new(Inner {
            limits,
            store,
            schools,
            clock,
            sets,
            room: Turn::new(()),
            parts: Arc::new(Semaphore::new(PARTS)),
            unused: Mutex::default(),
        })))
    }

    /// The bounds.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// A link that leads a school to the upload page, once and soon.
    pub async fn ticket(&self, school: &School) -> Result<Ticket, Problem> {
        let expires_at = self.now().checked_add(ticket::LIFE).map_err(|error| Problem::bug(&error))?;
        let said = ticket::Said { school: school.clone(), id: random::<16>()?, expires_at };
        Ok(Ticket {
            path: format!("/hosting/v1/upload/tickets/{}", said.sign(&self.0.schools.secret().await?)),
            expires_at,
        })
    }

    fn now(&self) -> jiff::Timestamp {
        self.0.clock.now()
    }

    fn sets(&self) -> MutexGuard<'_, Open> {
        self.0.sets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> Vec<Arc<Set>> {
        self.sets().all()
    }

    /// Does something with the folder, apart from the threads that serve everybody.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let store = self.0.store.clone();
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        Ok(done.map_err(|error| Problem::bug(&error))??)
    }
}

impl Set {
    fn new(id: String, document: SetDocument, files: Vec<Arc<Slot>>) -> Self {
        Set {
            id,
            state: Mutex::new(SetState { document, files }),
            turn: Turn::new(()),
            parts: Arc::new(Semaphore::new(OF_ONE)),
        }
    }

    fn state(&self) -> MutexGuard<'_, SetState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn document(&self) -> SetDocument {
        self.state().document.clone()
    }

    /// Its files, the main one first.
    pub(super) fn files(&self) -> Vec<Arc<Slot>> {
        self.state().files.clone()
    }

    pub(super) fn file(&self, id: &str) -> Result<Arc<Slot>, Error> {
        let found = self.state().files.iter().find(|file| file.id == id).cloned();
        found.ok_or_else(|| Reason::NoFile.into())
    }

    /// Adds a file, as the last one.
    fn add(&self, file: &Arc<Slot>) {
        let mut state = self.state();
        state.document.order.push(file.id.clone());
        state.files.push(Arc::clone(file));
    }

    /// Takes a file out.
    fn take_out(&self, id: &str) {
        let mut state = self.state();
        state.files.retain(|file| file.id != id);
        state.document.order.retain(|file| file != id);
    }

    /// Bytes that are still to come.
    fn missing(&self) -> u64 {
        self.files().iter().map(|file| file.missing()).sum()
    }
}

/// Random bytes, in hexadecimal.
fn random<const N: usize>() -> Result<String, Problem> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Problem::bug(&error))?;
    Ok(super::writer::hex(&bytes))
}
