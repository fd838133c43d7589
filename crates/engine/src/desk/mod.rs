//! What is asked of the hub: to accept, to show, to change.

pub(crate) mod aside;
pub(crate) mod audit;
pub(crate) mod backends;
pub(crate) mod catalogue;
pub(crate) mod chore;
pub(crate) mod debt;
pub(crate) mod deliveries;
pub(crate) mod errand;
pub(crate) mod failsafe;
pub(crate) mod health;
pub(crate) mod hub;
pub(crate) mod letters;
pub(crate) mod link;
pub(crate) mod list;
pub(crate) mod many;
pub(crate) mod matters;
pub(crate) mod moved;
pub(crate) mod name;
pub(crate) mod operate;
pub(crate) mod refusals;
pub(crate) mod replay;
pub(crate) mod retired;
pub(crate) mod story;
mod sure;
pub(crate) mod write;
