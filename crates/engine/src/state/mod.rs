//! What is known in memory: slots and pauses, the window on what waits, breakers, the failsafe, counts. All of it follows from
//! commits, or is a cache.

pub(crate) mod cache;
pub(crate) mod chores;
pub(crate) mod copies;
pub(crate) mod core;
pub(crate) mod debts;
pub(crate) mod edit;
pub(crate) mod errands;
pub(crate) mod failsafe;
pub(crate) mod failures;
pub(crate) mod gate;
pub(crate) mod long;
pub(crate) mod opened;
pub(crate) mod running;
pub(crate) mod shares;
pub(crate) mod shortage;
pub(crate) mod slots;
pub(crate) mod stats;
pub(crate) mod window;
pub(crate) mod wiring;
