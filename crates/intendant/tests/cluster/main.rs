//! Several hubs on one database, of which one is at work: killed, cut off, paused, left without PostgreSQL. The judge is
//! outside of them all (`testkit::oracle`): nothing lost, nothing silently repeated, each subject in its order.
//!
//! `cargo xtask cluster-crash 200` runs the long form: it sets `INTENDANT_CLUSTER_ROUNDS` and `_SEED`.
#![cfg(feature = "postgres")]
#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::disallowed_methods, reason = "other processes have to be timed and waited for")]

mod anywhere;
mod bed;
mod brokers;
#[path = "../support/dice.rs"]
mod dice;
mod doors;
mod drain;
mod fault;
#[path = "../support/hub.rs"]
mod hub;
mod judge;
mod load;
mod node;
mod paused;
mod pulse;
mod rounds;
mod sink;
mod together;
mod told;
#[path = "../support/views.rs"]
mod views;
