//! The pure rules, one module each.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

// The name under which every other crate knows it.
extern crate intendant_model as model;

mod breaker;
mod cursor;
mod diff;
mod failsafe;
mod mask;
mod order;
mod plan;
mod quoting;
mod redact;
mod retry;
mod state;
mod wait;
mod words;
