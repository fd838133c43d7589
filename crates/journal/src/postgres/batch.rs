//! A batch: one transaction in two rounds. The first one takes the pen and reads how things stand; then the rules are worked
//! out; the second one writes what has changed and commits.

use std::sync::Arc;

use tokio_postgres::error::{Severity, SqlState};

use super::ask::{Ask, ask_all};
use super::op::{Made, Op};
use super::page::{Page, Wants};
use super::pen::{self, Pen};
use super::session::Session;
use super::shard::{self, Shards};
use super::tx::Tx;
use super::{arrived, load, row, store};
use crate::api::Committed;
use crate::error::Error;

/// What a batch begins with.
pub(super) struct Batch {
    pub(super) session: Arc<Session>,
    pub(super) pen: Pen,
    pub(super) life: i64,
    /// How many events this life has written.
    pub(super) told: i64,
    pub(super) owned: Shards,
    /// Deliveries are put in line here.
    pub(super) delivers: bool,
}

/// A batch that was written.
pub(super) struct Written {
    pub(super) outcomes: Vec<Result<Made, Error>>,
    /// How many events this life has written.
    pub(super) told: i64,
    pub(super) committed: Committed,
    /// Nobody else is there who could take over.
    pub(super) alone: bool,
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
    /// The journal was closed before there was an answer.
    Left,
    /// The commit was sent, and no answer came.
    Unknown(Box<Written>, String),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
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

/// What the server says when somebody else was there at the same moment: a row that is not as it was read (see the statements
/// that store), one with such a key, an order of locks in which each waits for the other.
const AGAIN: [&str; 4] = ["22012", "23505", "40001", "40P01"];

impl Batch {
    /// Writes the operations. One with statements of its own is by itself.
    pub(super) async fn write(self, ops: &mut [Op]) -> Result<Written, Trouble> {
        let mut page = Page::new(self.life, self.pen.node, self.told, self.owned);
        page.delivers = self.delivers;
        let mut wants = Wants::default();
        for op in &*ops {
            op.wants(&mut wants);
        }
        // Who owns a subject knows its line.
        wants.lines.retain(|subject, _| self.owned.has(shard::of_subject(subject)));
        let jobs = wants.numbers.jobs;
        let Pen { node, epoch, batch } = self.pen;
        let mut asks = vec![
            Ask::bare("BEGIN"),
            Ask::new(pen::STEP, vec![Box::new(node), Box::new(epoch), Box::new(batch)]),
        ];
        asks.extend(load::asks(&wants));
        let mut loaded = ask_all(&self.session, &asks).await?.into_iter().skip(1);
        let Some(stepped) = loaded.next().and_then(|stepped| stepped.into_iter().next()) else {
            return Err(Trouble::Stepped);
        };
        let alone = !row::get::<bool>(&stepped, 1)?;
        page.tick = row::get(&stepped, 2)?;
        load::put(&mut page, &wants, loaded.collect())?;
        let mut tx = Tx::new(Arc::clone(&self.session), page);
        if row::get(&stepped, 3)? {
            Box::pin(arrived::jobs(&mut tx, jobs)).await?;
        }
        if self.delivers && row::get(&stepped, 4)? {
            Box::pin(arrived::deliveries(&mut tx)).await?;
        }
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
        self.commit(ops, &mut tx, outcomes, alone).await
    }

    async fn commit(
        &self,
        ops: &[Op],
        tx: &mut Tx,
        outcomes: Vec<Result<Made, Error>>,
        alone: bool,
    ) -> Result<Written, Trouble> {
        let mut asks = store::asks(tx);
        asks.push(Ask::bare("COMMIT"));
        for op in ops {
            op.crash_point("before_commit");
        }
        let answer = ask_all(&self.session, &asks).await;
        drop(asks);
        let told = tx.told;
        let committed = std::mem::take(&mut tx.committed);
        let written = Written { outcomes, told, committed, alone };
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

/// Whether the server itself has said that a statement failed and goes on: then nothing was committed.
fn is_known(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|said| {
        said.parsed_severity() == Some(Severity::Error) && !said.code().code().starts_with("57P")
    })
}
