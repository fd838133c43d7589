//! The kit for whatever is reached from outside: connections within bounds, HTTP over them, problems, callers and what they
//! may do, bodies, paging, and the frame of pages. It knows no product, and not the hub's own API either.
//!
//! A server is put together in three steps: routes (of the API and of modules), what is around all of them ([`frame()`]),
//! and what accepts connections and says who asks ([`listen`]).
#![forbid(unsafe_code)]

mod agreed;
pub mod body;
mod caller;
mod credential;
pub mod dependency;
mod error;
pub mod file;
mod idempotency;
pub mod listen;
pub mod page;
mod path;
pub mod phrases;
mod problem;
mod query;
mod scope;
mod serve;
pub mod suggest;
mod time;
#[doc(hidden)]
pub mod words;

pub use agreed::agreed;
pub use body::{Bodies, BodyLimits, Document};
pub use caller::{Address, Admin, Caller, May, Needs, Operate, Proof, Read, ReadOwn, SOURCE, Submit};
pub use credential::{Credential, KeyedPaths};
pub use error::Error;
pub use idempotency::idempotency_key;
pub use listen::Closing;
pub use path::Named;
pub use phrases::Phrases;
pub use problem::{PROBLEM_JSON, Problem};
pub use query::{Params, Query};
pub use scope::{DeclaredScope, KnownScopes, Role, Scope, Scopes};
pub use serve::{ConnectionLimits, Proved, frame, squeezed};
pub use time::Time;
