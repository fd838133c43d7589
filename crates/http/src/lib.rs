//! The kit through which commands and programs talk to the hub (design §9): problems, request documents, the routes of
//! `/api/v1`, a server on a Unix socket, and the client of all that.
//!
//! A server is put together in three steps: routes ([`api::routes`], and those of modules), what is around all of them
//! ([`frame()`]), and what accepts connections and says who asks ([`socket`]).
#![forbid(unsafe_code)]

pub mod access;
pub mod api;
mod body;
mod caller;
pub mod client;
mod connection;
mod crowd;
pub mod decode;
pub mod dependency;
pub mod dto;
mod error;
mod frame;
mod installation;
mod linger;
pub mod page;
mod path;
mod pool;
mod problem;
mod query;
mod scope;
mod server;
pub mod socket;
mod split;
mod suggest;
mod talk;
pub mod tcp;
mod words;

pub use body::{Bodies, BodyLimits, Document};
pub use caller::{Admin, Caller, Closing, May, Needs, Operate, Proof, Read, ReadIdentities, ReadOwn, Submit};
pub use client::Client;
pub use connection::ConnectionLimits;
pub use error::Error;
pub use frame::frame;
pub use installation::Installation;
pub use path::Named;
pub use problem::{PROBLEM_JSON, Problem};
pub use query::{Params, Query};
pub use scope::{Role, Scope, Scopes};
