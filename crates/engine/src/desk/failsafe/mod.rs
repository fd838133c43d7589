//! The failsafe, for those who decide.

mod decide;
mod view;

pub use self::decide::Decided;
pub(crate) use self::decide::moved;
pub use self::view::{FailsafeView, HeldSet};
