//! What goes on by itself: jobs are taken up, led through their steps and put down, deliveries leave, old rows go.

pub(crate) mod admit;
pub(crate) mod breaker;
pub(crate) mod breakers;
pub(crate) mod bury;
pub(crate) mod chore;
pub(crate) mod dispatcher;
pub(crate) mod ending;
pub(crate) mod errand;
pub(crate) mod expiry;
pub(crate) mod follow;
pub(crate) mod gone;
pub(crate) mod holds;
pub(crate) mod keeper;
pub(crate) mod lead;
pub(crate) mod log;
pub(crate) mod outbox;
pub(crate) mod ping;
pub(crate) mod progress;
pub(crate) mod read_back;
pub(crate) mod recover;
pub(crate) mod refusal;
pub(crate) mod runner;
pub(crate) mod settle;
pub(crate) mod shares;
pub(crate) mod standing;
pub(crate) mod statistics;
