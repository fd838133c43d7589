//! Crashes: the hub is killed at any moment, the power cut, and nothing that was promised is lost.
//!
//! Each start after a kill finds only what was fsynced. The judge is outside of the hub: see `testkit::oracle`.
//! `INTENDANT_CRASH_ROUNDS`, `_JOBS`, `_SUBJECTS` and `_SEED` change the size of the long test.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "another process has to be timed and waited for")]

mod bed;
#[path = "../support/dice.rs"]
mod dice;
#[path = "../support/hub.rs"]
mod hub;
mod points;
mod rounds;
#[path = "../support/views.rs"]
mod views;
