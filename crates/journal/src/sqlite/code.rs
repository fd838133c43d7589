//! How our words are written into columns.

use std::fmt;

use jiff::Timestamp;
use model::{Code, Subject};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Row, ToSql};
use uuid::Uuid;

pub(super) use crate::code::Coded;

/// A coded word in a column.
pub(super) struct Word<T>(pub(super) T);

impl<T: Coded> ToSql for Word<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.code().into())
    }
}

impl<T: Coded> FromSql for Word<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let code = value.as_i64()?;
        T::of_code(code).map(Word).ok_or(FromSqlError::OutOfRange(code))
    }
}

/// A time in a column, in milliseconds.
pub(super) struct Time(pub(super) Timestamp);

impl ToSql for Time {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_millisecond().into())
    }
}

impl FromSql for Time {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let millis = value.as_i64()?;
        Timestamp::from_millisecond(millis).map(Time).map_err(|_| FromSqlError::OutOfRange(millis))
    }
}

impl Time {
    /// What is true of a column that holds a time.
    pub(super) fn is_sound(column: &str) -> String {
        let (first, last) = (Timestamp::MIN.as_millisecond(), Timestamp::MAX.as_millisecond());
        format!("typeof({column}) = 'integer' AND {column} BETWEEN {first} AND {last}")
    }
}

/// What stands in a column of texts, also when it is none: to go on after it. In SQLite's own order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Raw {
    /// Nothing that could be compared.
    None,
    Integer(i64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl Raw {
    /// Before all texts.
    pub(super) fn first() -> Self {
        Raw::Text(Vec::new())
    }

    pub(super) fn get(row: &Row<'_>, column: usize) -> rusqlite::Result<Self> {
        Ok(match row.get_ref(column)? {
            ValueRef::Text(bytes) => Raw::Text(bytes.to_vec()),
            ValueRef::Blob(bytes) => Raw::Blob(bytes.to_vec()),
            ValueRef::Integer(number) => Raw::Integer(number),
            ValueRef::Null | ValueRef::Real(_) => Raw::None,
        })
    }

    pub(super) fn begins_with(&self, byte: u8) -> bool {
        matches!(self, Raw::Text(bytes) if bytes.first() == Some(&byte))
    }
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Raw::None => f.write_str("nothing"),
            Raw::Integer(number) => write!(f, "{number}"),
            Raw::Text(bytes) | Raw::Blob(bytes) => f.write_str(&String::from_utf8_lossy(bytes)),
        }
    }
}

impl ToSql for Raw {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Raw::None => ValueRef::Null,
            Raw::Integer(number) => ValueRef::Integer(*number),
            Raw::Text(bytes) => ValueRef::Text(bytes),
            Raw::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// A UUID in a column, as 16 bytes.
pub(super) struct Id(pub(super) Uuid);

impl ToSql for Id {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
    }
}

impl FromSql for Id {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Uuid::from_slice(value.as_blob()?).map(Id).map_err(|e| FromSqlError::Other(Box::new(e)))
    }
}

/// A subject in a column, as it is written.
pub(super) struct SubjectText(pub(super) Subject);

impl FromSql for SubjectText {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map(SubjectText).map_err(|e| FromSqlError::Other(Box::new(e)))
    }
}

/// A code in a column.
pub(super) struct CodeText(pub(super) Code);

impl FromSql for CodeText {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(CodeText(Code(value.as_str()?.to_owned().into())))
    }
}
