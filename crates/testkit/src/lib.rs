//! Support for the tests of the workspace. A dev-dependency only: nothing here is part of the hub.
//!
//! - [`packages`] finds the programs that tests need, and installs what is missing.
//! - [`shadow`] keeps the image of a folder that a power cut would leave, and kills a program at a chosen point.
//! - [`oracle`] compares what scripts and submitters saw with what the journal says.
#![forbid(unsafe_code)]

mod error;
pub mod oracle;
pub mod packages;
pub mod shadow;

pub use error::Error;
