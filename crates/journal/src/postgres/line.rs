//! The line in which those who stand by wait for their turn; and the look that all who are there have at each other.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::boot::since_boot;
use super::database::Database;
use super::held::Held;
use super::pause::{every, pause};
use super::pen::Pen;
use super::session::Session;
use super::watch::Watch;
use crate::error::Error;
use crate::life::Life;
use crate::node::{NodeRole, Nodes};

/// The others are looked at so often, and at every other look we show that we are there.
const LOOK: Duration = Duration::from_millis(500);
/// A look that takes longer than this is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// A place among the lives of a journal.
pub(super) struct Line {
    database: Database,
    life: Life,
    pen: Pen,
    /// It takes no work, as was said last.
    drained: bool,
    session: Option<Arc<Session>>,
    watch: Watch,
    told: watch::Sender<Arc<Nodes>>,
    looks: u32,
}

/// The turn of one that stood by.
pub(super) struct Turn {
    pub(super) session: Arc<Session>,
    pub(super) pen: Pen,
    /// When the commit was sent by which it came.
    pub(super) sent: Duration,
}

impl Line {
    pub(super) fn new(
        database: Database,
        life: Life,
        pen: Pen,
        drained: bool,
        session: Option<Arc<Session>>,
        told: watch::Sender<Arc<Nodes>>,
    ) -> Self {
        let (watch, looks) = Default::default();
        Line { database, life, pen, drained, session, watch, told, looks }
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

    /// Looks after the others while we are at work, for as long as anybody wants to know of them.
    pub(super) async fn attend(mut self) {
        let mut look = every(LOOK);
        while !self.told.is_closed() {
            look.tick().await;
            if let Err(error) = within(self.look()).await
                && let Err(error) = self.failed(error)
            {
                tracing::debug!(%error, "the other hubs on the journal could not be looked at");
            }
        }
    }

    async fn try_turn(&mut self) -> Result<Option<Turn>, Error> {
        let session = self.open().await?;
        self.looks = self.looks.wrapping_add(1);
        if self.looks.is_multiple_of(2) {
            self.pen.beat(&session).await?;
        }
        let (living, sent) = (self.look().await?, since_boot());
        let pen = match self.own(&living) {
            // Somebody took us for dead, or the database has forgotten us.
            None => {
                let (pen, role) = Pen::enter(&session, &self.life, self.drained).await?;
                self.pen = pen;
                (role == NodeRole::AtWork).then_some(pen)
            }
            // It was left open whether our takeover got through.
            Some(own) if own.leads => self.pen.confirm(&session).await?,
            Some(own) if own.drained => None,
            Some(_) => match living.iter().find(|held| held.leads) {
                Some(other) if !self.watch.is_dead(other.node) => None,
                other => {
                    let taken = self.pen.take_over(&session, other).await?;
                    if let (Some(_), Some(dead)) = (taken, other) {
                        tracing::warn!("the hub in {} writes no more: its life is over", dead.who());
                    }
                    taken
                }
            },
        };
        let Some(pen) = pen else { return Ok(None) };
        self.pen = pen;
        // The one at work writes on it.
        self.session = None;
        Ok(Some(Turn { session, pen, sent }))
    }

    /// Looks at all that are there, tells of them, and ends those that stood by and are gone.
    async fn look(&mut self) -> Result<Vec<Held>, Error> {
        let session = self.open().await?;
        let asked = since_boot();
        let living = Held::living(&session).await?;
        let marks = living.iter().map(|held| (held.node, (held.epoch, held.batch)));
        self.watch.look(asked, since_boot(), marks);
        if let Some(own) = self.own(&living) {
            self.drained = own.drained;
        }
        let shown = |held: &Held| held.shown(self.watch.silence(held.node), self.pen.node);
        self.told.send_replace(Arc::new(Nodes { all: living.iter().map(shown).collect(), trouble: None }));
        for held in &living {
            let stood_by = !held.leads && held.node != self.pen.node;
            if stood_by && self.watch.is_dead(held.node) {
                held.end(&session).await?;
            }
        }
        Ok(living)
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
