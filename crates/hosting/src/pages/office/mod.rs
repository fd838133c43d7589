//! The pages of those who look after schools: list, one school, and what is done to it.

pub(super) mod alter;
pub(super) mod create;
mod form;
pub(super) mod list;
pub(super) mod one;
pub(super) mod sure;

/// Where they begin.
pub(super) const HOME: &str = "/hosting";
