//! Support for the tests of the workspace. A dev-dependency only: nothing here is part of the hub.
//!
//! - [`packages`] finds the programs that tests need, and installs what is missing.
#![forbid(unsafe_code)]

mod error;
pub mod packages;

pub use error::Error;
