//! The module with a real hub, against doubles of the Directory API and of the referential. One program, so that it is
//! linked once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::disallowed_methods, reason = "the tests wait for what others do")]

mod addresses;
mod bed;
mod create;
mod credentials;
mod delete;
mod diff;
mod identities;
mod login;
mod lost;
mod quota;
mod secrecy;
mod settling;
mod support;
mod together;
mod update;
mod way;
