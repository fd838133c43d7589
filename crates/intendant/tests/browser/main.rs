//! The console as people use it: in a browser, on a phone and on a desk, in both languages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

#[path = "../support/directory.rs"]
mod directory;
#[allow(dead_code, reason = "each test program uses its part")]
#[path = "../../../libmapistore/tests/library/program.rs"]
mod program;
#[path = "../support/mod.rs"]
mod support;

mod bed;
mod bus;
mod care;
mod first_day;
mod google;
mod identities;
mod keyboard;
mod registrations;
mod spoken;
mod walk;
