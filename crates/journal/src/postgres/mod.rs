//! The journal on PostgreSQL.

mod database;
mod journal;
mod keep;
mod open;
mod pen;
mod queue;
mod read;
mod reader;
mod row;
mod schema;
mod session;
mod steps;
mod tx;
mod write;
mod writer;

pub use database::Database;
pub(crate) use journal::PostgresJournal;
pub(crate) use open::identify;
