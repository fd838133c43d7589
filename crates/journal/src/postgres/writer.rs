//! The writer: one task that holds the pen. It takes all that is queued, writes it in one commit, tells the observer,
//! answers the callers, and repeats. There is no timer but the pen's: who is alive shows it every second.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use super::batch::{Batch, Told, Trouble, Written};
use super::boot::since_boot;
use super::database::Database;
use super::known::Known;
use super::lanes::Lanes;
use super::notice::Notices;
use super::op::Op;
use super::pause::{every, pause};
use super::pen::{CONFIRM, Now, Pen};
use super::queue::{Message, Queued};
use super::session::Session;
use super::sharing::{Part, Sharing};
use super::sure::Sure;
use super::tid::Places;
use super::{follow, load, row, store};
use crate::api::Observer;
use crate::error::Error;
use crate::health::Health;
use crate::lock::Lock;
use crate::node::End;
use crate::seal::Seal;

/// A group has at most so many operations and bytes.
const GROUP: usize = 1024;
const GROUP_BYTES: usize = 4 * 1024 * 1024;
/// So often an idle writer shows that it is alive.
const BEAT: Duration = Duration::from_secs(1);
/// Callers wait for so long while the database cannot be reached; a restart of it takes less.
const PATIENCE: Duration = Duration::from_secs(5);
/// A group that somebody else comes between is tried so often, before each is for itself.
const TRIES: u32 = 16;
/// It is tried again after this time.
const PAUSE: Duration = Duration::from_millis(100);

/// What the writer owns.
pub(super) struct Writer {
    pub(super) database: Database,
    pub(super) session: Option<Arc<Session>>,
    pub(super) pen: Pen,
    pub(super) life: i64,
    pub(super) told: Told,
    pub(super) part: Part,
    /// What is known from our own commits.
    pub(super) known: Arc<Known>,
    /// Where lanes begin.
    pub(super) lanes: Arc<Lanes>,
    pub(super) seal: Arc<Seal>,
    /// Told of all commits, from when somebody wants to know.
    pub(super) observer: Option<Observer>,
    pub(super) receiver: UnboundedReceiver<Message>,
    pub(super) health: Arc<Health>,
    pub(super) sure: Arc<Sure>,
    /// There may be something to look at.
    pub(super) look: Arc<Notify>,
    /// Where others are told that there is.
    pub(super) notices: Arc<Notices>,
    /// This life is over: nothing is written any more.
    pub(super) over: bool,
    pub(super) closing: bool,
    /// Held until the last write is done.
    pub(super) _lock: Lock,
}

impl Writer {
    /// Works until the journal is closed.
    pub(super) async fn run(mut self) {
        let mut beat = every(BEAT);
        let look = Arc::clone(&self.look);
        while !self.closing {
            let looks = tokio::select! {
                biased;
                message = self.receiver.recv() => match message {
                    Some(message) => {
                        self.serve(message).await;
                        false
                    }
                    None => break,
                },
                () = look.notified() => true,
                _ = beat.tick() => true,
            };
            if !self.share().await && looks {
                self.write(Vec::new()).await;
            }
            beat.reset();
        }
        self.lay_down().await;
    }

    /// Looks from time to time whose the shards are; `false` = it was not time.
    async fn share(&mut self) -> bool {
        let is_idle = self.closing || self.over || self.observer.is_none();
        if is_idle || !self.part.is_to_look(since_boot(), BEAT) {
            return false;
        }
        let look = Sharing::new(self.pen, self.life, self.part.now());
        self.write(vec![Queued::again(Op::Alone(Box::new(look)))]).await;
        true
    }

    /// Ends this life.
    pub(super) async fn lay_down(self) {
        if let Some(session) = self.session.filter(|_| !self.over)
            && let Err(error) = self.pen.lay_down(&session).await
        {
            tracing::debug!(%error, "the end of this life is not written: the next one finds out");
        }
    }

    /// Writes what is queued now. What has statements of its own is written by itself, in its turn.
    async fn serve(&mut self, first: Message) {
        let (mut group, mut bytes, mut next) = (Vec::new(), 0, Some(first));
        while let Some(message) = next {
            match message {
                Message::Close => self.closing = true,
                Message::Observe(observer) => {
                    self.observer = Some(observer);
                    self.look.notify_one();
                }
                Message::Write(queued) if matches!(queued.op, Op::Alone(_)) => {
                    self.write(std::mem::take(&mut group)).await;
                    self.write(vec![queued]).await;
                    bytes = 0;
                }
                Message::Write(queued) => {
                    bytes += queued.bytes;
                    group.push(queued);
                }
            }
            let full = group.len() >= GROUP || bytes >= GROUP_BYTES;
            next = if full { None } else { self.receiver.try_recv().ok() };
        }
        if !group.is_empty() {
            self.write(group).await;
        }
    }

    /// Writes a group and answers it.
    async fn write(&mut self, group: Vec<Queued>) {
        let began = Instant::now();
        let (mut group, mut rooms, mut tries) = (group, Vec::new(), 0);
        let mut ops: Vec<Op> = Vec::with_capacity(group.len());
        for Queued { op, room, .. } in group.drain(..) {
            ops.push(op);
            rooms.push(room);
        }
        loop {
            if self.over {
                return fail_closed(ops);
            }
            let sent = since_boot();
            let trouble = match self.attempt(&mut ops).await {
                Ok(written) => {
                    self.pen.batch += 1;
                    self.sure.confirmed(sent, written.there.alone);
                    return self.tell(ops, written);
                }
                Err(trouble) => trouble,
            };
            // It may be that something was not as it was known.
            Arc::make_mut(&mut self.known).doubt();
            let why = match trouble {
                Trouble::Again(_) if tries < TRIES => {
                    tries += 1;
                    continue;
                }
                Trouble::Again(why) if ops.len() < 2 => {
                    return fail_with(ops, Error::Unwritable(why));
                }
                Trouble::Again(_) => {
                    for op in ops {
                        Box::pin(self.write(vec![Queued::again(op)])).await;
                    }
                    return;
                }
                Trouble::Apart(error) => match ops.len() {
                    0 | 1 => return fail_with(ops, error),
                    // One of them cannot be stored: each for itself, so that it harms nobody else.
                    _ => {
                        for op in ops {
                            Box::pin(self.write(vec![Queued::again(op)])).await;
                        }
                        return;
                    }
                },
                Trouble::Unknown(mut written, why) => {
                    // Whoever finds out moves the row once more.
                    written.learnt.places = Places::default();
                    tracing::warn!("it is not known yet whether a commit got through: {why}");
                    self.session = None;
                    match self.find_out().await {
                        Some(true) => return self.tell(ops, *written),
                        Some(false) => why,
                        None => return drop(ops),
                    }
                }
                Trouble::Stepped => {
                    self.step_aside().await;
                    "its place is taken".to_owned()
                }
                Trouble::Away(why) => why,
                Trouble::Full(why) => {
                    self.health.full(&why);
                    let is_sign = ops.is_empty();
                    fail(ops, &why);
                    // What needs no room gets through: that we are there, and what runs can go on.
                    if !is_sign {
                        Box::pin(self.write(Vec::new())).await;
                    }
                    return;
                }
                Trouble::Missed(what) => {
                    tracing::error!("what other hubs have told is not there any more: {what}");
                    self.end(End::TakenOver);
                    "it has slept for too long".to_owned()
                }
                // Nobody can say any more what becomes of it.
                Trouble::Left => return drop(ops),
            };
            if self.over {
                continue;
            }
            let known = self.health.trouble().is_some();
            if known || began.elapsed() >= PATIENCE || self.sure.is_lost() {
                let why = self.sure.told(&why);
                self.health.failed(&why);
                return fail(ops, &why);
            }
            pause(PAUSE).await;
        }
    }

    /// Tries once to write a group.
    async fn attempt(&mut self, ops: &mut [Op]) -> Result<Written, Trouble> {
        let session = self.session().await.map_err(|error| Trouble::Away(error.to_string()))?;
        let batch = Batch {
            session: Arc::clone(&session),
            pen: self.pen,
            life: self.life,
            told: self.told,
            owned: self.part.owned.now(),
            delivers: self.part.leads(),
            is_observed: self.observer.is_some(),
            follow: &self.part.follow,
            follows: self.part.follows,
            known: Arc::clone(&self.known),
            seal: &self.seal,
        };
        let outcome =
            patiently(&mut self.receiver, &mut self.closing, &self.health, &self.sure, batch.write(ops))
                .await;
        let outcome = outcome.unwrap_or(Err(Trouble::Left));
        if outcome.is_err() && !rolled_back(&session).await {
            self.session = None;
        }
        outcome
    }

    /// The session to write with.
    async fn session(&mut self) -> Result<Arc<Session>, Error> {
        if let Some(session) = self.session.as_ref().filter(|session| !session.is_over()) {
            return Ok(Arc::clone(session));
        }
        self.session = None;
        let session = Session::open(&self.database).await?;
        // All at once: while a server comes back each round trip to it takes long, and our time to be sure of our place is short.
        let all = load::ALL.iter().chain(&store::ALL).chain(&follow::ALL);
        try_join_all(all.map(|sql| session.statement(sql))).await?;
        self.session = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Tells the observer and then the callers.
    fn tell(&mut self, ops: Vec<Op>, written: Written) {
        let Written {
            outcomes,
            told,
            committed,
            there,
            follow,
            shared,
            learnt,
            is_set_back,
            mut more,
            is_news,
        } = written;
        (self.told, self.part.alone, self.part.follows) = (told, there.alone, there.follows);
        if let Some(follow) = follow {
            self.part.follow = follow;
        }
        Arc::make_mut(&mut self.known).learn(learnt);
        self.lanes.come(&committed.due);
        if is_set_back {
            self.lanes.forget();
        }
        let is_look = ops.is_empty() || shared.is_some();
        if let Some(shared) = shared {
            // What has arrived there, and what only the leader does, comes with the next batch.
            if self.part.becomes(shared) {
                self.known = Arc::default();
                self.lanes.forget();
                more = true;
            }
        }
        self.health.heard();
        if !is_look {
            self.health.written();
        }
        // Of a mere sign of life, and of a look that has found nothing, nobody needs to hear.
        if let Some(observer) = &self.observer
            && !(is_look && committed.is_nothing())
        {
            observer(committed);
        }
        for (op, outcome) in ops.into_iter().zip(outcomes) {
            op.answer(outcome);
        }
        if is_news {
            self.notices.say();
        }
        if more {
            self.look.notify_one();
        }
    }

    /// Whether the last commit got through, of which no answer came. It got through on the server that answers now; once a
    /// commit behind it has, nobody can take it back. `None` = the journal is closed before that is known.
    async fn find_out(&mut self) -> Option<bool> {
        let (database, pen) = (self.database.clone(), self.pen);
        let finding = async move {
            loop {
                match settle(&database, pen).await {
                    Ok(found) => return found,
                    Err(error) => tracing::debug!(%error, "the commit is not found yet"),
                }
                pause(PAUSE).await;
            }
        };
        let found =
            patiently(&mut self.receiver, &mut self.closing, &self.health, &self.sure, finding).await?;
        match found {
            Found::At { batch, sent, alone } => {
                // Only the commit that is looked for adds one.
                let through = (batch - self.pen.batch) % 2 != 0;
                self.pen.batch = batch;
                self.sure.confirmed(sent, alone);
                Some(through)
            }
            Found::Over(why) => {
                self.end(why);
                Some(false)
            }
        }
    }

    /// The pen is not where it was left: finds out why.
    async fn step_aside(&mut self) {
        let Ok(session) = self.session().await else { return };
        if let Ok(now) = self.pen.now(&session).await
            && let Some(why) = self.pen.ended(now)
        {
            self.end(why);
        }
        // Otherwise a session of ours that had been given up held it: once more.
    }

    /// Says for good that nothing is written any more.
    fn end(&mut self, why: End) {
        tracing::error!("this life of the journal is over: {why}");
        self.health.failed(&why.to_string());
        self.over = true;
        self.sure.over(why);
    }
}

/// Where the pen was found.
enum Found {
    /// Here, confirmed by a commit that was sent at this time, and that found nobody else there.
    At { batch: i64, sent: Duration, alone: bool },
    /// Our life is over.
    Over(End),
}

/// Looks once for the pen, and confirms where it is with a commit of its own. A session that still works at the one that is
/// looked for holds the row: this waits for it, and when it has changed the row, fails and has to be done again.
async fn settle(database: &Database, pen: Pen) -> Result<Found, Error> {
    let session = Session::open(database).await?;
    let now = pen.now(&session).await?;
    let batch = match now {
        Now::At(batch) if batch >= pen.batch => batch,
        _ => return Ok(Found::Over(pen.ended(now).unwrap_or(End::TakenOver))),
    };
    let sent = since_boot();
    match session.first(CONFIRM, &[&pen.node, &pen.epoch, &batch]).await? {
        Some(found) if !session.was_doubtful() => {
            Ok(Found::At { batch: row::get(&found, 0)?, sent, alone: !row::get::<bool>(&found, 1)? })
        }
        _ => Err(Error::Unwritable("the commit is still under way".to_owned())),
    }
}

/// Whether a session can be used again after something has failed on it.
async fn rolled_back(session: &Session) -> bool {
    tokio::select! {
        rolled_back = session.client().batch_execute("ROLLBACK") => rolled_back.is_ok() && !session.is_over(),
        () = pause(PATIENCE) => false,
    }
}

fn fail(ops: Vec<Op>, why: &str) {
    for op in ops {
        op.answer(Err(Error::Unwritable(why.to_owned())));
    }
}

/// Of a life that is over nobody hears any more.
fn fail_closed(ops: Vec<Op>) {
    for op in ops {
        op.answer(Err(Error::Closed));
    }
}

fn fail_with(ops: Vec<Op>, error: Error) {
    if let Some(op) = ops.into_iter().next() {
        op.answer(Err(error));
    }
}

/// Waits for something without an end in sight: when it takes too long, whoever comes meanwhile is told that nothing can be
/// written. `None` = the journal is to be closed, and it has taken too long.
async fn patiently<T>(
    receiver: &mut UnboundedReceiver<Message>,
    closing: &mut bool,
    health: &Health,
    sure: &Sure,
    what: impl Future<Output = T>,
) -> Option<T> {
    let (mut what, mut patience) = (pin!(what), pin!(pause(sure.patience(PATIENCE))));
    let why = "PostgreSQL does not answer";
    loop {
        tokio::select! {
            biased;
            made = &mut what => return Some(made),
            () = &mut patience, if !patience.is_elapsed() => {
                if *closing {
                    return None;
                }
                health.failed(&sure.told(why));
            }
            message = receiver.recv(), if patience.is_elapsed() && !*closing => match message {
                Some(Message::Write(queued)) => queued.op.answer(Err(Error::Unwritable(why.to_owned()))),
                Some(Message::Observe(_)) => {}
                Some(Message::Close) | None => {
                    *closing = true;
                    return None;
                }
            },
        }
    }
}
