//! The transaction of a batch: its session, and the page on which it is worked out.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use tokio_postgres::Row;

use super::ask::ask_all;
use super::known::Known;
use super::load;
use super::op::write_effects;
use super::page::{Halt, Page, Ruled, Wants};
use super::session::{Param, Session};
use crate::error::Error;
use crate::sealed::SealedEffects;

/// A batch's transaction. What is written by statements of one's own has to be written before the page is worked on.
pub(super) struct Tx {
    session: Arc<Session>,
    page: Page,
    known: Arc<Known>,
}

impl Deref for Tx {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.page
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Page {
        &mut self.page
    }
}

impl Tx {
    pub(super) fn new(session: Arc<Session>, page: Page, known: Arc<Known>) -> Self {
        Tx { session, page, known }
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// See [`Session::all`].
    pub(super) async fn all(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        self.session.all(sql, params).await
    }

    /// See [`Session::first`].
    pub(super) async fn first(&self, sql: &str, params: &[Param<'_>]) -> Result<Option<Row>, Error> {
        self.session.first(sql, params).await
    }

    /// See [`Session::one`].
    pub(super) async fn one(&self, sql: &str, params: &[Param<'_>]) -> Result<Row, Error> {
        self.session.one(sql, params).await
    }

    /// See [`Session::execute`].
    pub(super) async fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, Error> {
        self.session.execute(sql, params).await
    }

    /// Works something out on the page, and loads what it needs. The outer error: that it could not be loaded.
    pub(super) async fn rule<T>(
        &mut self,
        rule: impl Fn(&mut Page) -> Ruled<T>,
    ) -> Result<Result<T, Error>, Error> {
        loop {
            self.page.begin();
            let halt = match rule(&mut self.page) {
                Ok(made) => return Ok(Ok(made)),
                Err(halt) => halt,
            };
            self.page.back();
            match halt {
                Halt::Failed(error) => return Ok(Err(error)),
                Halt::Missing => {
                    let wants = std::mem::take(&mut self.page.wants);
                    self.load(wants).await?;
                }
            }
        }
    }

    /// Loads what is wanted.
    pub(super) async fn load(&mut self, wants: Wants) -> Result<(), Error> {
        let asks = load::asks(&wants, &self.known.floors, load::MORE);
        let loaded = ask_all(&self.session, &asks).await?;
        load::put(&mut self.page, &wants, loaded, load::MORE)
    }

    /// Writes effects of no job.
    pub(super) async fn effects(&mut self, effects: &SealedEffects) -> Result<(), Error> {
        self.rule(|page| write_effects(page, effects, None)).await?
    }
}
