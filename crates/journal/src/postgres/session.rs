//! A session with the server: its settings, and statements that are prepared once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

use super::database::Database;
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

/// So many statements are kept prepared: limits stand in their texts, and come from those who ask.
const STATEMENTS: usize = 256;

/// A session.
pub(super) struct Session {
    client: Client,
    statements: Mutex<HashMap<String, Statement>>,
}

impl Session {
    /// Opens one; what it says is carried on in a task of the runtime in which this runs.
    pub(super) async fn open(database: &Database) -> Result<Arc<Self>, Error> {
        let (client, connection) = {
            let tls = database.tls()?;
            database.config().connect(tls).await.map_err(|error| database.unreached(&error))?
        };
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a session with PostgreSQL has ended");
            }
        });
        client.batch_execute(SETTINGS).await?;
        Ok(Arc::new(Session { client, statements: Mutex::default() }))
    }

    /// Whether it is of no more use.
    pub(super) fn is_over(&self) -> bool {
        self.client.is_closed()
    }

    /// The client itself, for statements without parameters.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The statement of this text, prepared when it is used for the first time.
    pub(super) async fn statement(&self, sql: &str) -> Result<Statement, Error> {
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
        let statement = self.statement(sql).await?;
        Ok(self.client.query(&statement, params).await?)
    }

    /// The only row, or none.
    pub(super) async fn first(&self, sql: &str, params: &[Param<'_>]) -> Result<Option<Row>, Error> {
        let statement = self.statement(sql).await?;
        Ok(self.client.query_opt(&statement, params).await?)
    }

    /// The only row.
    pub(super) async fn one(&self, sql: &str, params: &[Param<'_>]) -> Result<Row, Error> {
        let statement = self.statement(sql).await?;
        Ok(self.client.query_one(&statement, params).await?)
    }

    /// Returns how many rows it changed.
    pub(super) async fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, Error> {
        let statement = self.statement(sql).await?;
        Ok(self.client.execute(&statement, params).await?)
    }
}
