//! Backends with `mode: worker`: processes that stay, one for each slot, and are asked line by line.
//!
//! What goes over their pipes is in `protocol`; `process` is one of them, `exchange` one request to it, `pool` those of
//! one backend; `keeper` looks after those that have nothing to do, and `slot` gives each the mark by which it is found.

mod exchange;
mod keeper;
mod kind;
mod lines;
mod pool;
mod process;
mod protocol;
mod serve;
mod slot;

pub(crate) use exchange::Lapse;
pub(crate) use kind::{Kind, Rules};
pub(crate) use pool::{Key, Pool, close};
pub(crate) use protocol::{Fault, VERSION, request};
pub(crate) use serve::Desk;
pub(crate) use slot::marks_of;
