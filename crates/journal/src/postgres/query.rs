//! Queries that are put together: texts whose conditions depend on what is asked. Limits stand in them as numbers, because
//! plans must not be made for any limit.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::session::{Param, Session};
use crate::error::Error;

/// Whether a text can be there at all: none with U+0000 in it can, and PostgreSQL is not even to be asked for one.
pub(super) fn can_be(text: &str) -> bool {
    !text.contains('\0')
}

/// The conditions of a query, and what they are given.
#[derive(Clone, Default)]
pub(super) struct Query<'a> {
    conditions: Vec<String>,
    given: Vec<Param<'a>>,
}

impl<'a> Query<'a> {
    /// Gives it a value and returns by what that is named.
    pub(super) fn give(&mut self, value: &'a (dyn ToSql + Sync)) -> String {
        self.given.push(value);
        format!("${}", self.given.len())
    }

    /// One more condition.
    pub(super) fn is(&mut self, condition: impl Into<String>) {
        self.conditions.push(condition.into());
    }

    /// A condition on a value, if there is one; `{}` stands for it.
    pub(super) fn fits<T: ToSql + Sync>(&mut self, condition: &str, value: Option<&'a T>) {
        if let Some(value) = value {
            let name = self.give(value);
            self.is(condition.replace("{}", &name));
        }
    }

    /// All of them.
    pub(super) fn conditions(&self) -> String {
        if self.conditions.is_empty() { "true".to_owned() } else { self.conditions.join(" AND ") }
    }

    pub(super) async fn all(&self, sql: &Session, text: &str) -> Result<Vec<Row>, Error> {
        sql.all(text, &self.given).await
    }

    pub(super) async fn first(&self, sql: &Session, text: &str) -> Result<Option<Row>, Error> {
        sql.first(text, &self.given).await
    }
}
