//! The writer's prepared statements. They stay prepared for as long as the writer lives, and are found by where
//! their text lies and not by what it says: hashing long texts was an eighth of the writer's work.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use rusqlite::{Connection, OptionalExtension, Params, Result, Row, Statement};

/// Address and length of a statement's text.
type Text = (usize, usize);

/// The statements of one connection.
pub(super) struct Statements<'c> {
    conn: &'c Connection,
    prepared: RefCell<BTreeMap<Text, Rc<RefCell<Statement<'c>>>>>,
}

impl<'c> Statements<'c> {
    pub(super) fn new(conn: &'c Connection) -> Self {
        Statements { conn, prepared: RefCell::default() }
    }

    pub(super) fn conn(&self) -> &'c Connection {
        self.conn
    }

    /// Runs a statement and returns how many rows it wrote.
    pub(super) fn execute(&self, sql: &'static str, params: impl Params) -> Result<usize> {
        self.get(sql)?.borrow_mut().execute(params)
    }

    /// The first row, if there is one.
    pub(super) fn first<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.get(sql)?.borrow_mut().query_row(params, read).optional()
    }

    /// The one row that there always is.
    pub(super) fn one<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.get(sql)?.borrow_mut().query_row(params, read)
    }

    /// All rows.
    pub(super) fn all<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.get(sql)?.borrow_mut().query_map(params, read)?.collect()
    }

    /// The prepared statement itself.
    pub(super) fn get(&self, sql: &'static str) -> Result<Rc<RefCell<Statement<'c>>>> {
        let text = (sql.as_ptr().addr(), sql.len());
        if let Some(statement) = self.prepared.borrow().get(&text) {
            return Ok(Rc::clone(statement));
        }
        let statement = Rc::new(RefCell::new(self.conn.prepare(sql)?));
        self.prepared.borrow_mut().insert(text, Rc::clone(&statement));
        Ok(statement)
    }
}
