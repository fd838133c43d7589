//! The line in which those who stand by wait for their turn; and the look that all who are there have at each other.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::boot::since_boot;
use super::database::Database;
use super::held::Held;
use super::pause::{every, pause};
use super::pen::{Pen, Role, Ways};
use super::session::Session;
use super::watch::Watch;
use crate::error::Error;
use crate::life::Life;
use crate::node::Nodes;

/// The others are looked at so often, and at every other look we show that we are there.
const LOOK: Duration = Duration::from_millis(500);
/// A look that takes longer than this is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// A place among the lives of a journal.
pub(super) struct Line {
    database: Database,
    life: Life,
    pen: Pen,
    /// What it may do, as was said last.
    ways: Ways,
    session: Option<Arc<Session>>,
    watch: Watch,
    told: watch::Sender<Arc<Nodes>>,
    looks: u32,
}

/// The turn of one that stood by.
pub(super) struct Turn {
    pub(super) session: Arc<Session>,
    pub(super) pen: Pen,
    pub(super) role: Role,
    /// When the commit was sent by which it came.
    pub(super) sent: Duration,
}

impl Line {
    pub(super) fn new(
        database: Database,
        life: Life,
        pen: Pen,
        ways: Ways,
        session: Option<Arc<Session>>,
        told: watch::Sender<Arc<Nodes>>,
    ) -> Self {
        let (watch, looks) = Default::default();
        Line { database, life, pen, ways, session, watch, told, looks }
    }

    /// The pen that it has in the line.
    pub(super) fn pen(&self) -> Pen {
        self.pen
    }

    /// The session on which it looks, if there is one.
    pub(super) fn session(&self) -> Option<&Arc<Session>> {
        self.session.as_ref()
    }

    /// Waits for our turn.
    pub(super) async fn turn(&mut self) -> Result<Turn, Error> {
        let mut look = every(LOOK);
        loop {
            look.tick().await;
            match within(self.try_turn()).await {
                Ok(Some(turn)) => return Ok(turn),
                Ok(None) => {}
                Err(error) => self.failed(error)?,
            }
        }
    }

    /// Looks after the others while we are at work, for as long as anybody wants to know of them. Whoever writes is told when
    /// one of them is over.
    pub(super) async fn attend(mut self, over: Arc<Notify>) {
        let mut look = every(LOOK);
        while !self.told.is_closed() {
            look.tick().await;
            match within(self.attend_once()).await {
                Ok(0) => {}
                Ok(_) => over.notify_one(),
                Err(error) => {
                    if let Err(error) = self.failed(error) {
                        tracing::debug!(%error, "the other hubs on the journal could not be looked at");
                    }
                }
            }
        }
    }

    /// Looks, and ends all that are gone; returns how many.
    async fn attend_once(&mut self) -> Result<usize, Error> {
        let living = self.look().await?;
        self.end(living.iter()).await
    }

    async fn try_turn(&mut self) -> Result<Option<Turn>, Error> {
        let session = self.open().await?;
        self.looks = self.looks.wrapping_add(1);
        if self.looks.is_multiple_of(2) {
            self.pen.beat(&session).await?;
        }
        let (living, sent) = (self.look().await?, since_boot());
        self.end(living.iter().filter(|held| held.role != Role::Leads)).await?;
        let leader = living.iter().find(|held| held.role == Role::Leads);
        let taken = match self.own(&living) {
            // Somebody took us for dead, or the database has forgotten us.
            None => {
                let (pen, role) = Pen::enter(&session, &self.life, self.ways).await?;
                self.pen = pen;
                (role != Role::StandsBy).then_some((pen, role))
            }
            // It was left open whether our takeover got through.
            Some(own) if own.role != Role::StandsBy => self.pen.confirm(&session).await?,
            Some(own) if own.drained => None,
            Some(_) if self.ways.beside => self.pen.take_over(&session, None, true).await?,
            Some(_) => match leader {
                Some(other) if !self.watch.is_dead(other.node) => None,
                other => {
                    let taken = self.pen.take_over(&session, other, false).await?;
                    if let (Some(_), Some(dead)) = (taken, other) {
                        tracing::warn!("the hub in {} writes no more: its life is over", dead.who());
                    }
                    taken
                }
            },
        };
        let Some((pen, role)) = taken else { return Ok(None) };
        self.pen = pen;
        // The one at work writes on it.
        self.session = None;
        Ok(Some(Turn { session, pen, role, sent }))
    }

    /// Looks at all that are there, and tells of them.
    async fn look(&mut self) -> Result<Vec<Held>, Error> {
        let session = self.open().await?;
        let asked = since_boot();
        let living = Held::living(&session).await?;
        let marks = living.iter().map(|held| (held.node, (held.epoch, held.batch)));
        self.watch.look(asked, since_boot(), marks);
        if let Some(own) = self.own(&living) {
            self.ways.drained = own.drained;
        }
        let shown = |held: &Held| held.shown(self.watch.silence(held.node), self.pen.node);
        self.told.send_replace(Arc::new(Nodes { all: living.iter().map(shown).collect(), trouble: None }));
        Ok(living)
    }

    /// Ends those of them that do not move any more; returns how many.
    async fn end(&mut self, held: impl Iterator<Item = &Held>) -> Result<usize, Error> {
        let session = self.open().await?;
        let mut ended = 0;
        for held in held.filter(|held| held.node != self.pen.node) {
            if self.watch.is_dead(held.node) && held.end(&session).await? {
                ended += 1;
            }
        }
        Ok(ended)
    }

    /// Our own among those that are there.
    fn own<'h>(&self, living: &'h [Held]) -> Option<&'h Held> {
        living.iter().find(|held| (held.node, held.epoch) == (self.pen.node, self.pen.epoch))
    }

    async fn open(&mut self) -> Result<Arc<Session>, Error> {
        if let Some(session) = self.session.as_ref().filter(|session| !session.is_over()) {
            return Ok(Arc::clone(session));
        }
        let session = Session::open(&self.database).await?;
        self.session = Some(Arc::clone(&session));
        Ok(session)
    }

    /// The database could not be asked: it is tried again. Anything else is for those who wait.
    fn failed(&mut self, error: Error) -> Result<(), Error> {
        self.session = None;
        let why = match error {
            Error::Unwritable(why) => why,
            Error::Busy => Error::Busy.to_string(),
            other => return Err(other),
        };
        tracing::debug!("the other hubs on the journal cannot be looked at: {why}");
        let all = self.told.borrow().all.clone();
        self.told.send_replace(Arc::new(Nodes { all, trouble: Some(why) }));
        Ok(())
    }
}

async fn within<T>(look: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::select! {
        done = look => done,
        () = pause(PATIENCE) => Err(Error::Unwritable("PostgreSQL does not answer".to_owned())),
    }
}
