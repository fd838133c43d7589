//! The uploads of a school's databases.

pub(crate) mod config;
