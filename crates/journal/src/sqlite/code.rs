//! How our words are written into columns.

use std::fmt;

use jiff::Timestamp;
use model::{
    Class, Code, DeliveryState, EventKind, JobState, OnError, OutcomeKind, RecordKind, Settled, StepState,
    Subject,
};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Row, ToSql};
use uuid::Uuid;

/// A word that is stored as a number. The numbers are the file format: they never change.
pub(super) trait Coded: Copy {
    fn code(self) -> i64;
    fn of_code(code: i64) -> Option<Self>;
}

macro_rules! coded {
    ($type:ident { $($word:ident = $code:literal),+ $(,)? }) => {
        impl Coded for $type {
            fn code(self) -> i64 {
                match self {
                    $($type::$word => $code),+
                }
            }

            fn of_code(code: i64) -> Option<Self> {
                match code {
                    $($code => Some($type::$word),)+
                    _ => None,
                }
            }
        }
    };
}

coded!(JobState {
    Queued = 0,
    Running = 1,
    Retrying = 2,
    Succeeded = 3,
    Failed = 4,
    Cancelled = 5,
    Superseded = 6,
});
coded!(StepState { Pending = 0, Running = 1, Succeeded = 2, Failed = 3, Skipped = 4 });
coded!(DeliveryState { Pending = 0, Delivered = 1, Undeliverable = 2, Dropped = 3 });
coded!(Settled { Replayed = 1, Followed = 2, Aside = 3 });
coded!(Class { Interactive = 0, Bulk = 1 });
coded!(OnError { Stop = 0, Continue = 1 });
coded!(OutcomeKind { Done = 0, Soft = 1, Hard = 2, Wait = 3 });
coded!(RecordKind { Refusal = 0, Audit = 1, Message = 2 });
coded!(EventKind {
    Accepted = 0,
    StepStarted = 1,
    StepSucceeded = 2,
    StepSoft = 3,
    StepFailed = 4,
    StepSkipped = 5,
    Requeued = 6,
    Retrying = 7,
    Succeeded = 8,
    Failed = 9,
    Cancelled = 10,
    Superseded = 11,
    Refused = 12,
    Paused = 13,
    Resumed = 14,
    Undeliverable = 15,
    Held = 16,
    Approved = 17,
    Rejected = 18,
    Tripped = 19,
    Recovered = 20,
    Waiting = 21,
});

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

#[cfg(test)]
mod tests {
    use super::*;

    fn holds<T: Coded + PartialEq + fmt::Debug>(all: &[T]) {
        let mut codes: Vec<i64> = all.iter().map(|w| w.code()).collect();
        for word in all {
            assert_eq!(T::of_code(word.code()), Some(*word));
        }
        codes.dedup();
        assert_eq!(codes.len(), all.len(), "each word has a number of its own");
        assert_eq!(T::of_code(i64::try_from(all.len()).unwrap()), None);
    }

    #[test]
    fn every_word_comes_back() {
        holds(&JobState::ALL);
        holds(&StepState::ALL);
        holds(&DeliveryState::ALL);
        holds(&[Class::Interactive, Class::Bulk]);
        holds(&[OnError::Stop, OnError::Continue]);
        holds(&OutcomeKind::ALL);
        holds(&[RecordKind::Refusal, RecordKind::Audit, RecordKind::Message]);
    }
}
