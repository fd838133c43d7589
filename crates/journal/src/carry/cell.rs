//! Values as they are carried: read from one engine, written to the other, never opened.

use std::error::Error as StdError;

use bytes::BytesMut;
use model::Step;
use rusqlite::types::{Null, ToSqlOutput, ValueRef};
use serde_json::{Value, json};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
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
pub(super) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Id(Uuid),
    Flag(bool),
    Steps(Vec<Step>),
}

/// The values of a row, in the order of its table's columns.
pub(super) type Row = Vec<Cell>;

impl Cell {
    /// What SQLite has in a column of this kind; an error says what is wrong with it.
    pub(super) fn of_sqlite(kind: Kind, value: ValueRef<'_>) -> Result<Self, String> {
        Ok(match (kind, value) {
            (_, ValueRef::Null) => Cell::Null,
            (Kind::Int | Kind::Steps, ValueRef::Integer(number)) => Cell::Int(number),
            (Kind::Flag, ValueRef::Integer(number)) => Cell::Flag(number != 0),
            (Kind::Text, ValueRef::Text(text)) => {
                let text = std::str::from_utf8(text).map_err(|_| "is no text".to_owned())?;
                if text.contains('\0') {
                    return Err("has a character U+0000 in it, which PostgreSQL cannot keep".to_owned());
                }
                Cell::Text(text.to_owned())
            }
            (Kind::Bytes, ValueRef::Blob(bytes)) => Cell::Bytes(bytes.to_vec()),
            (Kind::Id, ValueRef::Blob(bytes)) => {
                Cell::Id(Uuid::from_slice(bytes).map_err(|_| "is no id".to_owned())?)
            }
            (_, other) => return Err(format!("has a value of another kind ({})", other.data_type())),
        })
    }

    /// As a part of a place where carrying goes on.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Cell::Int(number) => json!(number),
            Cell::Text(text) => json!(text),
            Cell::Id(id) => json!({ "id": id }),
            _ => Value::Null,
        }
    }

    pub(super) fn of_json(value: &Value) -> Option<Self> {
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

type Failed = Box<dyn StdError + Sync + Send>;

impl ToSql for Cell {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Failed> {
        match self {
            Cell::Null => Ok(IsNull::Yes),
            Cell::Int(number) if *kind == Type::INT2 => i16::try_from(*number)?.to_sql(kind, out),
            Cell::Int(number) if *kind == Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
            Cell::Int(number) => number.to_sql(kind, out),
            Cell::Text(text) => text.to_sql(kind, out),
            Cell::Bytes(bytes) => bytes.to_sql(kind, out),
            Cell::Id(id) => id.to_sql(kind, out),
            Cell::Flag(flag) => flag.to_sql(kind, out),
            Cell::Steps(_) => Err("a plan is no value of PostgreSQL".into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Cell {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Failed> {
        Ok(match *kind {
            Type::INT2 => Cell::Int(i16::from_sql(kind, raw)?.into()),
            Type::INT4 => Cell::Int(i32::from_sql(kind, raw)?.into()),
            Type::INT8 => Cell::Int(i64::from_sql(kind, raw)?),
            Type::BOOL => Cell::Flag(bool::from_sql(kind, raw)?),
            Type::UUID => Cell::Id(Uuid::from_sql(kind, raw)?),
            Type::BYTEA => Cell::Bytes(raw.to_vec()),
            _ => Cell::Text(String::from_sql(kind, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failed> {
        Ok(Cell::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
