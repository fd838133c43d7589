//! The library as C programs see it, with a hub that the test decides about.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

mod closed;
mod codes;
mod daemon;
mod header;
mod life;
mod manuals;
mod notify;
mod objective_c;
mod outages;
mod program;
mod queues;
mod starved;
mod symbols;
mod tools;
