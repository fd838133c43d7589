//! Values as they are carried: read from one engine, written to the other, never opened.

use model::Step;
use rusqlite::types::{Null, ToSqlOutput, ValueRef};
use serde_json::{Value, json};
use uuid::Uuid;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Bytes,
    Id,
    Flag,
    /// A plan: a value of its own in PostgreSQL, and rows of another table in a folder.
    Steps,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Id(Uuid),
    Flag(bool),
    Steps(Vec<Step>),
}

/// The values of a row, in the order of its table's columns.
pub(crate) type Row = Vec<Cell>;

impl Cell {
    /// What SQLite has in a column of this kind; an error says what is wrong with it.
    pub(crate) fn of_sqlite(kind: Kind, value: ValueRef<'_>) -> Result<Self, String> {
        Ok(match (kind, value) {
            (_, ValueRef::Null) => Cell::Null,
            (Kind::Int | Kind::Steps, ValueRef::Integer(number)) => Cell::Int(number),
            (Kind::Flag, ValueRef::Integer(number)) => Cell::Flag(number != 0),
            (Kind::Text, ValueRef::Text(text)) => {
                Cell::Text(std::str::from_utf8(text).map_err(|_| "is no text".to_owned())?.to_owned())
            }
            (Kind::Bytes, ValueRef::Blob(bytes)) => Cell::Bytes(bytes.to_vec()),
            (Kind::Id, ValueRef::Blob(bytes)) => {
                Cell::Id(Uuid::from_slice(bytes).map_err(|_| "is no id".to_owned())?)
            }
            (_, other) => return Err(format!("has a value of another kind ({})", other.data_type())),
        })
    }

    /// About so many bytes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Cell::Text(text) => text.len(),
            Cell::Bytes(bytes) => bytes.len(),
            Cell::Steps(steps) => steps.len() * 64,
            _ => 8,
        }
    }

    /// As a part of a place where carrying goes on.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Cell::Int(number) => json!(number),
            Cell::Text(text) => json!(text),
            Cell::Id(id) => json!({ "id": id }),
            _ => Value::Null,
        }
    }

    pub(crate) fn of_json(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_i64().map(Cell::Int),
            Value::String(text) => Some(Cell::Text(text.clone())),
            Value::Object(members) => members.get("id")?.as_str()?.parse().ok().map(Cell::Id),
            _ => None,
        }
    }
}

impl rusqlite::ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Cell::Null => ToSqlOutput::from(Null),
            Cell::Int(number) => ToSqlOutput::from(*number),
            Cell::Text(text) => ToSqlOutput::from(text.as_str()),
            Cell::Bytes(bytes) => ToSqlOutput::from(bytes.as_slice()),
            Cell::Id(id) => ToSqlOutput::from(id.as_bytes().as_slice()),
            Cell::Flag(flag) => ToSqlOutput::from(*flag),
            Cell::Steps(steps) => ToSqlOutput::from(i64::try_from(steps.len()).unwrap_or(i64::MAX)),
        })
    }
}
