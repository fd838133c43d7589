//! The journal on PostgreSQL.

mod database;
mod dead;
mod entity;
mod job;
mod journal;
mod keep;
mod list;
mod name;
mod open;
mod outbox;
mod pen;
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
pub(crate) use journal::PostgresJournal;
pub(crate) use open::identify;
