//! Uploads: what schools send, from the announcement of a file to the set that is handed over.
//!
//! Two ways lead in: a *ticket*, which is a signed link for one use, and the form of a client's own page with a school's
//! key. Each becomes a *session*, the address of a page and of resumable uploads (tus 1.0). Sessions of a school lead to
//! one *set* of files, until that is handed over to the lifecycle ([`Schools`]). The folder of uploads is the truth about
//! all of that, but for one thing: whether a set was handed over only the lifecycle knows.

mod check;
pub mod config;
mod desk;
mod error;
mod limits;
mod refusal;
mod school;
mod set;
mod slot;
mod store;
#[cfg(test)]
mod tests;
mod ticket;
mod tus;
mod web;
mod writer;

pub use desk::{Ticket, Uploads};
pub use error::Error;
pub use limits::{ArchiveLimits, Limits};
pub use refusal::{Reason, Refusal};
pub use school::{Handed, School, Schools, Standing};
pub(crate) use tus::metadata;
pub(crate) use web::{Around, Looks, dressed, policy, proved, size};
pub use web::{routes, table};
