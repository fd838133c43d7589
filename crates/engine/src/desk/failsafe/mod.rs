//! The failsafe, for those who decide.

mod decide;
mod view;

pub use self::decide::Decided;
pub use self::view::{FailsafeView, HeldSet};
