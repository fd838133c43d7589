//! The journal on PostgreSQL.

mod cell;
mod database;
mod dead;
mod end;
mod entity;
mod job;
mod journal;
mod keep;
mod list;
mod look;
mod name;
mod open;
mod outbox;
mod pen;
mod promises;
mod query;
mod queue;
mod read;
mod reader;
mod record;
mod row;
mod schema;
mod session;
mod steps;
mod stretch;
mod tx;
mod write;
mod writer;

pub use database::Database;
pub(crate) use end::End;
pub(crate) use journal::PostgresJournal;
pub(crate) use look::Look;
pub(crate) use open::identify;
pub use promises::{Promises, promises};
