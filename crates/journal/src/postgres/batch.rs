//! A batch: one transaction in two rounds. The first one takes the pen and reads how things stand; then the rules are worked
//! out; the second one writes what has changed and commits.

use std::sync::Arc;

use tokio_postgres::error::{Severity, SqlState};

use super::ask::{Ask, Value, ask_all};
use super::follow::{self, Follow, Followed};
use super::known::{self, Known, Learnt};
use super::op::{Made, Op};
use super::page::{Page, Wants};
use super::pen::{self, Pen};
use super::session::Session;
use super::shard::{self, Shards};
use super::sharing::Shared;
use super::tid::Places;
use super::tx::Tx;
use super::{arrived, floors, load, row, store};
use crate::api::Committed;
use crate::error::Error;
use crate::seal::Seal;

/// What a batch begins with.
pub(super) struct Batch<'w> {
    pub(super) session: Arc<Session>,
    pub(super) pen: Pen,
    pub(super) life: i64,
    pub(super) told: Told,
    pub(super) owned: Shards,
    /// Deliveries are put in line here.
    pub(super) delivers: bool,
    /// Somebody is told what is found. Otherwise it shows that we are there, and nothing more.
    pub(super) is_observed: bool,
    /// How far the others are known, and whether there is something of theirs to be read.
    pub(super) follow: &'w Follow,
    pub(super) follows: bool,
    /// What is known from the commits before.
    pub(super) known: Arc<Known>,
    /// What opens what is read.
    pub(super) seal: &'w Seal,
}

/// How many events and signals a life has written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    pub(super) events: i64,
    pub(super) signals: i64,
}

/// A batch that was written.
pub(super) struct Written {
    pub(super) outcomes: Vec<Result<Made, Error>>,
    pub(super) told: Told,
    pub(super) committed: Committed,
    pub(super) there: There,
    /// How far the others are known now, where they were read.
    pub(super) follow: Option<Follow>,
    /// Whose the shards are, where that was looked at.
    pub(super) shared: Option<Shared>,
    pub(super) learnt: Learnt,
    /// See [`Page::is_set_back`].
    pub(super) is_set_back: bool,
    /// There is more to be read.
    pub(super) more: bool,
    /// Others have to hear of it.
    pub(super) is_news: bool,
}

/// Who else is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct There {
    /// Nobody else is there who could take over.
    pub(super) alone: bool,
    /// Somebody else is at work.
    pub(super) at_work: bool,
    /// There is something of others to be read.
    pub(super) follows: bool,
}

/// Why a batch was not written, or not known to be.
pub(super) enum Trouble {
    /// The pen is not where we left it.
    Stepped,
    /// Somebody else has written what was read: once more.
    Again(String),
    /// The database refuses a value or a statement: an operation's fault.
    Apart(Error),
    /// The database cannot be reached or cannot write now.
    Away(String),
    /// It has no room for this. For what is smaller it may have some.
    Full(String),
    /// The journal was closed before there was an answer.
    Left,
    /// What others have told is not there any more: we have slept for too long.
    Missed(String),
    /// The commit was sent, and no answer came.
    Unknown(Box<Written>, String),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            Error::Unwritable(why) if why.ends_with(NO_ROOM) => Trouble::Full(why),
            Error::Unwritable(why) => Trouble::Away(why),
            other => Trouble::Apart(other),
        }
    }
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code().map(SqlState::code) {
            Some(code) if AGAIN.contains(&code) => Trouble::Again(Error::from(error).to_string()),
            _ => Error::from(error).into(),
        }
    }
}

/// How its words end where its disk is full (`disk_full`).
const NO_ROOM: &str = "(53100)";

/// What the server says when somebody else was there at the same moment: a row that is not as it was read (see the statements
/// that store), one with such a key, an order of locks in which each waits for the other.
const AGAIN: [&str; 4] = ["22012", "23505", "40001", "40P01"];

impl Batch<'_> {
    /// Writes the operations. One with statements of its own is by itself.
    pub(super) async fn write(self, ops: &mut [Op]) -> Result<Written, Trouble> {
        let mut page = Page::new(self.life, self.pen.node, self.told.events, self.owned);
        (page.delivers, page.signalled) = (self.delivers, self.told.signals);
        let mut wants = Wants::default();
        for op in &*ops {
            op.wants(&mut wants);
        }
        // Who owns a subject knows its line.
        wants.lines.retain(|subject, _| self.owned.has(shard::of_subject(subject)));
        let is_known = self.known.put(&mut page, &mut wants);
        let jobs = wants.numbers.jobs;
        let Pen { node, epoch, batch } = self.pen;
        let mut step: Vec<Value<'_>> = vec![Box::new(node), Box::new(epoch), Box::new(batch)];
        let mut sql = pen::STEP;
        if let Some(place) = self.known.places.pen {
            step.push(Box::new(place));
            sql = pen::STEP_THERE;
        }
        let mut asks = vec![Ask::bare("BEGIN"), Ask::new(sql, step)];
        let follows = self.follows && self.is_observed;
        if follows {
            asks.extend(self.follow.asks());
        }
        let known: Vec<Value<'_>> =
            vec![Box::new(node), Box::new(self.follow.newest), Box::new(self.follow.nodes())];
        asks.push(Ask::new(pen::THERE, known));
        asks.extend(load::asks(&wants, &self.known.floors, load::FIRST));
        let mut loaded = ask_all(&self.session, &asks).await?.into_iter().skip(1);
        let Some(stepped) = loaded.next().and_then(|stepped| stepped.into_iter().next()) else {
            return Err(Trouble::Stepped);
        };
        page.tick = row::get(&stepped, 0)?;
        let place = row::get(&stepped, 1)?;
        let mut followed = None;
        if follows {
            let found = [(); follow::ALL.len()].map(|()| loaded.next().unwrap_or_default());
            followed = Some(self.follow.clone().found(&found)?);
        }
        let found = loaded.next().unwrap_or_default();
        let found = found.first().ok_or(Error::Closed)?;
        let there = There {
            alone: !row::get::<bool>(found, 0)?,
            at_work: row::get(found, 1)?,
            follows: row::get(found, 2)?,
        };
        page.is_heard = there.at_work;
        load::put(&mut page, &wants, loaded.collect(), load::FIRST)?;
        let mut tx = Tx::new(Arc::clone(&self.session), page, Arc::clone(&self.known));
        if let Some(followed) = &mut followed {
            followed.read(&self.session, self.seal).await?;
        }
        let mut more = false;
        if self.is_observed && row::get(found, 3)? {
            Box::pin(arrived::jobs(&mut tx, jobs)).await?;
        }
        if self.is_observed && self.delivers && row::get(found, 4)? {
            more = Box::pin(arrived::deliveries(&mut tx)).await?;
        }
        // What others have written is told together with the deliveries that follow from it, or not yet.
        let followed = followed.filter(|_| !more);
        let mut outcomes = Vec::with_capacity(ops.len());
        for op in &mut *ops {
            outcomes.push(match op {
                // It fails as a whole, and nothing else is in this transaction.
                Op::Alone(alone) => match alone.run(&mut tx).await {
                    Err(Error::Unwritable(why)) => return Err(Trouble::Away(why)),
                    Err(error) => return Err(Trouble::Apart(error)),
                    Ok(()) => Ok(Made::Nothing),
                },
                op => tx.rule(|page| op.run(page)).await?,
            });
        }
        if is_known && outcomes.iter().any(Result::is_err) {
            // Nobody is refused by what may not be so any more.
            return Err(Trouble::Again("a job is read again".to_owned()));
        }
        let mut places = self.known.places;
        // It may have written more of its own row.
        places.pen = Some(place).filter(|_| !ops.iter().any(|op| matches!(op, Op::Alone(_))));
        self.commit(ops, &mut tx, Worked { outcomes, followed, there, places, more }).await
    }

    async fn commit(&self, ops: &[Op], tx: &mut Tx, worked: Worked) -> Result<Written, Trouble> {
        let Worked { outcomes, mut followed, there, mut places, mut more } = worked;
        tx.signal();
        let mut asks = store::asks(tx, &self.known.places);
        asks.push(Ask::bare("COMMIT"));
        for op in ops {
            op.crash_point("before_commit");
        }
        let answer = ask_all(&self.session, &asks).await;
        if let Ok(answers) = &answer
            && tx.tallies.iter().any(|by| *by != 0)
            && let [.., counted, _] = answers.as_slice()
            && let Some(counted) = counted.first()
        {
            store::counted_at(&mut places, counted);
        }
        drop(asks);
        let signals = tx.signalled + i64::try_from(tx.signals.len()).unwrap_or(i64::MAX);
        let told = Told { events: tx.told, signals };
        let mut committed = std::mem::take(&mut tx.committed);
        let is_news = there.at_work && is_news(&committed);
        if let Some(followed) = &mut followed {
            followed.tell(&mut committed);
            more |= followed.more;
        }
        // Of somebody who has just come everything is still to be read.
        more |= there.follows && !self.follows;
        let (follow, shared) = (followed.map(|followed| followed.follow), tx.shared);
        let learnt = Learnt { places, floors: floors::found(tx), rows: known::rows(tx) };
        let is_set_back = tx.is_set_back;
        let written =
            Written { outcomes, told, committed, there, follow, shared, learnt, is_set_back, more, is_news };
        match answer {
            Ok(_) if self.session.was_doubtful() => {
                Err(Trouble::Unknown(Box::new(written), "it may not have been replicated".to_owned()))
            }
            Ok(_) => {
                for op in ops {
                    op.crash_point("after_commit");
                }
                Ok(written)
            }
            Err(error) if is_known(&error) => Err(error.into()),
            Err(error) => Err(Trouble::Unknown(Box::new(written), Error::from(error).to_string())),
        }
    }
}

/// What a batch came to before it is committed.
struct Worked {
    outcomes: Vec<Result<Made, Error>>,
    followed: Option<Followed>,
    there: There,
    places: Places,
    more: bool,
}

/// Whether others wait for something of this.
fn is_news(committed: &Committed) -> bool {
    let Committed { events, entities, owed, cancels, shared_anew, .. } = committed;
    *shared_anew || !(events.is_empty() && entities.is_empty() && owed.is_empty() && cancels.is_empty())
}

/// Whether the server itself has said that a statement failed and goes on: then nothing was committed.
fn is_known(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|said| {
        said.parsed_severity() == Some(Severity::Error) && !said.code().code().starts_with("57P")
    })
}
