//! The tracker: schools at this hub's host and at a real one over HTTP, every step kept and told once, hosts that do not
//! answer or mean no good.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

#[path = "tracker/elsewhere.rs"]
mod elsewhere;
#[path = "tracker/hostile.rs"]
mod hostile;
#[path = "tracker/many.rs"]
mod many;
#[path = "tracker/own.rs"]
mod own;
mod support;
#[path = "tracker/watch.rs"]
mod watch;
