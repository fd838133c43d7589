//! The journal on SQLite passes the conformance suite.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod conformance;
mod support;

use support::folder::Folder;

conformance!(|_| crate::Folder::new());
