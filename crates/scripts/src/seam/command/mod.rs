//! `intendant backends new|debug`.

pub(super) mod debug;
pub(super) mod new;
