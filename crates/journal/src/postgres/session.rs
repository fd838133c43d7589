//! A session with the server: its settings, and statements that are prepared once.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Connection, Row, Statement};

use super::database::Database;
use super::pause::pause;
use crate::error::Error;

/// What a statement is given.
pub(super) type Param<'a> = &'a (dyn ToSql + Sync);

/// What each session sets. A role's or the server's default could void what the journal promises (`synchronous_commit`), or
/// let plans depend on statistics of tables that were empty a minute ago.
const SETTINGS: &str = "
    SET synchronous_commit = on;
    SET plan_cache_mode = force_generic_plan;
    SET jit = off;
    SET enable_seqscan = off;
    SET enable_bitmapscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET enable_sort = off;
    SET enable_incremental_sort = off;
    SET statement_timeout = '30s';
    SET idle_in_transaction_session_timeout = '3s';
    SET lock_timeout = '2s';
    SET standard_conforming_strings = on;
    SET client_min_messages = warning";

/// A server that takes a connection and says nothing is waited for so long.
const OPENS_WITHIN: Duration = Duration::from_secs(5);

/// Of one that lets a statement wait for so long it is found out whether it answers anybody.
const ASKS_AFTER: Duration = Duration::from_secs(10);

/// So many statements are kept prepared: limits stand in their texts, and come from those who ask.
const STATEMENTS: usize = 256;

/// A session.
pub(super) struct Session {
    database: Database,
    client: Client,
    statements: Mutex<HashMap<String, Statement>>,
    doubtful: Arc<AtomicBool>,
    /// It was waited for in vain.
    silent: AtomicBool,
}

/// Who hears what others tell: the process of the server that told it for them.
pub(super) type Hearer = mpsc::Sender<i32>;

/// Carries on what a session says, and notes when a commit may not have reached the standby it had to wait for.
async fn carry_on<S, T>(mut connection: Connection<S, T>, doubtful: Arc<AtomicBool>, hearer: Option<Hearer>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match poll_fn(|cx| connection.poll_message(cx)).await {
            None => return,
            Some(Ok(AsyncMessage::Notice(notice))) => {
                tracing::debug!("PostgreSQL says: {}", notice.message());
                // Its words are in the language of the server.
                if *notice.code() == SqlState::WARNING {
                    doubtful.store(true, Ordering::Relaxed);
                }
            }
            Some(Ok(AsyncMessage::Notification(told))) => {
                if let Some(hearer) = &hearer {
                    // Where one waits to be looked at, the next one is the same.
                    let _ = hearer.try_send(told.process_id());
                }
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                tracing::debug!(%error, "a session with PostgreSQL has ended");
                return;
            }
        }
    }
}

/// Whether a server says anything to somebody who comes.
async fn answers(database: &Database) -> bool {
    let asked = async {
        let opened = database.config().connect(database.tls()?).await;
        Ok::<_, Error>(opened.map_or_else(|error| error.as_db_error().is_some(), |_| true))
    };
    tokio::select! {
        answers = asked => answers.unwrap_or(true),
        () = pause(OPENS_WITHIN) => false,
    }
}

impl Session {
    /// Opens one; what it says is carried on in a task of the runtime in which this runs.
    pub(super) async fn open(database: &Database) -> Result<Arc<Self>, Error> {
        Session::open_for(database, None).await
    }

    /// The same, for one who listens.
    pub(super) async fn open_to_hear(database: &Database, hearer: Hearer) -> Result<Arc<Self>, Error> {
        Session::open_for(database, Some(hearer)).await
    }

    async fn open_for(database: &Database, hearer: Option<Hearer>) -> Result<Arc<Self>, Error> {
        tokio::select! {
            opened = Session::begin(database, hearer) => opened,
            () = pause(OPENS_WITHIN) => Err(database.silent()),
        }
    }

    async fn begin(database: &Database, hearer: Option<Hearer>) -> Result<Arc<Self>, Error> {
        let (client, connection) = {
            let tls = database.tls()?;
            database.config().connect(tls).await.map_err(|error| database.unreached(&error))?
        };
        let doubtful = Arc::new(AtomicBool::new(false));
        tokio::spawn(carry_on(connection, Arc::clone(&doubtful), hearer));
        client.batch_execute(SETTINGS).await?;
        let (database, (statements, silent)) = (database.clone(), Default::default());
        Ok(Arc::new(Session { database, client, statements, doubtful, silent }))
    }

    /// Whether it is of no more use.
    pub(super) fn is_over(&self) -> bool {
        self.client.is_closed() || self.silent.load(Ordering::Relaxed)
    }

    /// Waits for what the server says to something, for as long as it answers others: a network that has swallowed the road
    /// to it tells nobody.
    pub(super) async fn answer<T>(
        &self,
        asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        let mut asked = pin!(asked);
        loop {
            tokio::select! {
                answer = &mut asked => return Ok(answer?),
                () = pause(ASKS_AFTER) => {}
            }
            tokio::select! {
                answer = &mut asked => return Ok(answer?),
                answers = Box::pin(answers(&self.database)) => if !answers {
                    self.silent.store(true, Ordering::Relaxed);
                    return Err(self.database.silent());
                }
            }
        }
    }

    /// Whether a commit since the last time that this was asked may be on the server alone.
    pub(super) fn was_doubtful(&self) -> bool {
        self.doubtful.swap(false, Ordering::Relaxed)
    }

    /// The client itself, for statements without parameters.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The statement of this text, prepared when it is used for the first time.
    pub(super) async fn statement(&self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        let known = self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        let mut statements = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        if statements.len() >= STATEMENTS {
            statements.clear();
        }
        Ok(statements.entry(sql.to_owned()).or_insert(statement).clone())
    }

    /// All rows.
    pub(super) async fn all(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        self.answer(async { self.client.query(&self.statement(sql).await?, params).await }).await
    }

    /// The only row, or none.
    pub(super) async fn first(&self, sql: &str, params: &[Param<'_>]) -> Result<Option<Row>, Error> {
        self.answer(async { self.client.query_opt(&self.statement(sql).await?, params).await }).await
    }

    /// The only row.
    pub(super) async fn one(&self, sql: &str, params: &[Param<'_>]) -> Result<Row, Error> {
        self.answer(async { self.client.query_one(&self.statement(sql).await?, params).await }).await
    }

    /// Returns how many rows it changed.
    pub(super) async fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, Error> {
        self.answer(async { self.client.execute(&self.statement(sql).await?, params).await }).await
    }
}
