//! The journal on SQLite.

mod accept;
mod backup;
mod change;
mod check;
mod checkpoint;
mod code;
mod effects;
mod entity;
mod health;
mod job;
mod journal;
mod list;
mod lock;
mod look;
mod number;
mod open;
mod operate;
mod order;
mod outbox;
mod prune;
mod queue;
mod reader;
mod record;
mod row;
mod secret;
mod statements;
mod stretch;
mod text;
mod tx;
mod writer;

pub use backup::restore;
pub use journal::{Options, SqliteJournal};
pub use look::Look;
