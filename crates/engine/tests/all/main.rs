//! The engine with a real journal and backends that answer as each test says. One program, so that it is linked once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod aside;
mod bounds;
mod breaker;
mod called;
mod chores;
mod clock;
mod damaged;
mod dead_letters;
mod debts;
mod dry_run;
mod ended_outside;
mod excused;
mod expiry;
mod failsafe;
mod follow_ups;
mod gone;
mod many;
mod matters;
mod module;
mod names;
mod operate;
mod order;
mod outbox;
mod plan;
mod progress;
mod racing;
mod stats;
mod steps;
mod stop;
mod support;
mod taken_over;
mod waiting;
mod waits;
