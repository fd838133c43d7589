//! A place among the hubs of a journal, from which it is opened: see [`crate::Entry`].

use std::sync::Arc;
use std::sync::mpsc as channel;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Notify, oneshot, watch};
use uuid::Uuid;

use super::batch::Told;
use super::boot::since_boot;
use super::database::Database;
use super::journal::{Engine, PostgresJournal, join};
use super::lanes::Lanes;
use super::line::{Line, Turn};
use super::notice::{Notices, exchange};
use super::open::{self, Ready};
use super::pen::{Pen, Role, Ways};
use super::queue::{Message, Queue};
use super::reader::Readers;
use super::session::Session;
use super::shard::Owned;
use super::sharing::Part;
use super::sure::Sure;
use super::together::Together;
use super::writer::Writer;
use crate::address::Address;
use crate::api::Observer;
use crate::damage::{Damage, noting};
use crate::error::Error;
use crate::folder;
use crate::health::Health;
use crate::hubs::Hubs;
use crate::life::Life;
use crate::lock::Lock;
use crate::node::{LeadsReceiver, Node, Nodes};
use crate::options::Options;
use crate::seal::Seal;

/// A place: at work, or standing by.
pub(crate) struct Entry {
    at: Address,
    life: Life,
    queue: Queue,
    health: Arc<Health>,
    hubs: Option<Hubs>,
    is_shared: bool,
    turn: oneshot::Receiver<Result<Opened, Error>>,
    opened: Option<Opened>,
    engine: Engine,
}

/// What is known once it is our turn.
struct Opened {
    id: Uuid,
    seal: Arc<Seal>,
    readers: Arc<Readers>,
    sure: Arc<Sure>,
    owned: Arc<Owned>,
    lanes: Arc<Lanes>,
    leads: LeadsReceiver,
}

impl Entry {
    /// See [`crate::Entry::take`].
    pub(crate) fn take(database: Database, options: Options) -> Result<Self, Error> {
        folder::private(database.folder())?;
        let lock = Lock::take(database.folder())?;
        let life = Life::begin(lock.seat()?)?;
        let at = Address::from(database.clone());
        let (queue, receiver) = Queue::new();
        let health = Arc::<Health>::default();
        let (told, nodes) = watch::channel(Arc::<Nodes>::default());
        let is_shared = options.beside;
        let hubs = (options.stand_by || is_shared).then(|| Hubs::new(nodes, database.clone(), life.clone()));
        let (tell, hear) = channel::channel();
        let (turned, turn) = oneshot::channel();
        let work =
            Work { database, options, life: life.clone(), health: Arc::clone(&health), receiver, lock };
        let failed = |source| Error::Io { what: "starting the writer of the journal".to_owned(), source };
        let engine = thread::Builder::new()
            .name("journal-writer".to_owned())
            .spawn(move || {
                let runtime = match Builder::new_current_thread().enable_all().build() {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(tell.send(Err(failed(error)))),
                };
                runtime.block_on(work.run(told, tell, turned));
            })
            .map_err(failed)?;
        let engine = Arc::new(std::sync::Mutex::new(Some(engine)));
        let mut entry = Entry { at, life, queue, health, hubs, is_shared, turn, opened: None, engine };
        match hear.recv().unwrap_or(Err(Error::Closed)) {
            Ok(opened) => {
                entry.opened = opened;
                Ok(entry)
            }
            // The lock is free, and its thread gone, when it has been said that there is no place.
            Err(error) => Err(error),
        }
    }

    pub(crate) fn is_at_work(&self) -> bool {
        self.opened.is_some()
    }

    pub(crate) fn hubs(&self) -> Option<Hubs> {
        self.hubs.clone()
    }

    /// See [`crate::Entry::turn`].
    pub(crate) async fn turn(&mut self) -> Result<(), Error> {
        if self.opened.is_none() {
            self.opened = Some((&mut self.turn).await.unwrap_or(Err(Error::Closed))?);
        }
        Ok(())
    }

    /// See [`crate::Entry::open`].
    pub(crate) fn open(mut self, observer: Observer) -> Result<PostgresJournal, Error> {
        let Some(Opened { id, seal, readers, sure, owned, lanes, leads }) = self.opened.take() else {
            let at_work = self.hubs.as_ref().and_then(|hubs| hubs.now().at_work().map(Node::who));
            let pid = at_work.unwrap_or_default();
            return Err(Error::Locked {
                at: self.at.clone(),
                pid: pid.trim_start_matches("process ").to_owned(),
            });
        };
        let damage = Arc::<Damage>::default();
        self.queue.send(Message::Observe(noting(observer, Arc::clone(&damage))));
        tokio::spawn(Sure::watch(Arc::downgrade(&sure)));
        Ok(PostgresJournal {
            id,
            life: self.life.clone(),
            seal,
            turning: Arc::default(),
            gone_events: tokio::sync::Mutex::default(),
            queue: self.queue.clone(),
            readers,
            health: Arc::clone(&self.health),
            damage,
            owned,
            together: Together::default(),
            lanes,
            standing: sure.receiver(),
            leads,
            is_shared: self.is_shared,
            hubs: self.hubs.clone(),
            engine: std::mem::take(&mut self.engine),
        })
    }
}

/// Gives the place back, unless the journal was opened.
impl Drop for Entry {
    fn drop(&mut self) {
        if self.engine.lock().is_ok_and(|engine| engine.is_some()) {
            self.queue.send(Message::Close);
            join(&self.engine);
        }
    }
}

/// What the thread works with.
struct Work {
    database: Database,
    options: Options,
    life: Life,
    health: Arc<Health>,
    receiver: UnboundedReceiver<Message>,
    lock: Lock,
}

impl Work {
    /// Takes a place, waits for its turn, and writes until the journal is closed.
    async fn run(
        mut self,
        told: watch::Sender<Arc<Nodes>>,
        tell: channel::Sender<Result<Option<Opened>, Error>>,
        turned: oneshot::Sender<Result<Opened, Error>>,
    ) {
        let entered = match self.enter().await {
            Ok(entered) => entered,
            Err(error) => return drop(tell.send(Err(error))),
        };
        let (pen, ways) = (entered.pen, self.ways());
        let line = |session| Line::new(self.database.clone(), self.life.clone(), pen, ways, session, told);
        if entered.role != Role::StandsBy {
            let line = (self.options.stand_by || self.options.beside).then(|| line(None));
            let told = |opened: Result<Opened, Error>| tell.send(opened.map(Some)).is_ok();
            return Box::pin(self.write(entered, line, told)).await;
        }
        let mut line = line(Some(entered.session));
        let turn = if tell.send(Ok(None)).is_ok() { self.wait(&mut line).await } else { None };
        match turn {
            Some(Ok(turn)) => {
                Box::pin(self.write(turn, Some(line), |opened| turned.send(opened).is_ok())).await;
            }
            ended => {
                if let Some(session) = line.session() {
                    lay_down(session, line.pen()).await;
                }
                if let Some(Err(error)) = ended {
                    // Nobody may wait for it any more.
                    let _ = turned.send(Err(error));
                }
            }
        }
    }

    fn ways(&self) -> Ways {
        Ways { beside: self.options.beside, drained: self.options.drained }
    }

    /// Takes a place, also one behind those at work.
    async fn enter(&self) -> Result<Turn, Error> {
        let at = Address::from(self.database.clone());
        let session = Session::open(&self.database).await?;
        open::examine(&session, &at, &self.options.keys, self.options.expected).await?;
        let begun = since_boot();
        if self.options.stand_by || self.options.beside {
            let (pen, role) = Pen::enter(&session, &self.life, self.ways()).await?;
            return Ok(Turn { session, pen, role, sent: begun });
        }
        // Whoever was there before may have been waited for.
        let (pen, sent) = Pen::take(&session, &at, &self.life).await?;
        Ok(Turn { session, pen, role: Role::Leads, sent })
    }

    /// Waits in the line; `None` = nobody wants to any more.
    async fn wait(&mut self, line: &mut Line) -> Option<Result<Turn, Error>> {
        let left = async {
            loop {
                if let Some(Message::Close) | None = self.receiver.recv().await {
                    return;
                }
            }
        };
        tokio::select! {
            turn = line.turn() => Some(turn),
            () = left => None,
        }
    }

    /// Opens the journal, says so, and writes. `told` = somebody has heard it.
    async fn write(self, turn: Turn, line: Option<Line>, told: impl FnOnce(Result<Opened, Error>) -> bool) {
        let Work { database, options, life, health, receiver, lock } = self;
        let Turn { session, pen, role, sent } = turn;
        let ready = open::prepare(&session, &Address::from(database.clone()), &options.keys, pen.node).await;
        let Ready { id, seal, owned, follow } = match ready {
            Ok(ready) => ready,
            Err(error) => {
                lay_down(&session, pen).await;
                // Nobody may wait for it any more.
                let _ = told(Err(error));
                return;
            }
        };
        let (readers, seal) = (Arc::new(Readers::new(database.clone(), Handle::current())), Arc::new(seal));
        let (owned, lanes) = (Arc::new(Owned::new(owned)), Arc::<Lanes>::default());
        // Others may be there: the first batch tells.
        let sure = Arc::new(Sure::new(Arc::clone(&health), sent, false));
        let (leading, leads) = watch::channel(role == Role::Leads);
        let (look, notices) = (Arc::<Notify>::default(), Arc::<Notices>::default());
        let exchange = (options.beside && options.notify).then(|| exchange(&database, &notices, &look));
        let writer = Writer {
            database,
            session: Some(session),
            pen,
            life: life.number(),
            told: Told::default(),
            part: Part::new(Arc::clone(&owned), leading, follow),
            known: Arc::default(),
            lanes: Arc::clone(&lanes),
            seal: Arc::clone(&seal),
            observer: None,
            receiver,
            health,
            sure: Arc::clone(&sure),
            look: Arc::clone(&look),
            notices,
            over: false,
            closing: false,
            _lock: lock,
        };
        if !told(Ok(Opened { id, seal, readers, sure, owned, lanes, leads })) {
            return writer.lay_down().await;
        }
        let attending = line.map(|line| tokio::spawn(line.attend(look)));
        Box::pin(writer.run()).await;
        drop(exchange);
        if let Some(attending) = attending {
            attending.abort();
        }
    }
}

async fn lay_down(session: &Session, pen: Pen) {
    if let Err(error) = pen.lay_down(session).await {
        tracing::debug!(%error, "the end of this life is not written: the others find out");
    }
}
