//! Doubles of Google's Directory API ([`Google`]) and of the account referential GrAM ([`Gram`]), in the process of a
//! test and on a free port of loopback.
//!
//! Google's holds every request, and its own answers, against the description that Google publishes. A request outside
//! of it is kept, and the end of the double, which is the end of the test, fails for it. Both doubles keep accounts as
//! the real ones do, and misbehave on command: an [`Order`] is for the next calls that fit, [`Settling`] is what every
//! fresh account shows for a while, and [`Desk::watch`] calls the test at each [`Moment`] of a call.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::disallowed_methods,
    clippy::needless_pass_by_value,
    reason = "what goes wrong in a test ends it, and other programs' servers go by the machine's clock"
)]

mod desk;
mod google;
mod gram;
mod key;
mod reply;
mod serve;

pub use desk::{Call, Desk, Moment, Order, Then};
pub use google::{ALIAS_SCOPE, Google, READ_SCOPE, SCOPE, Settling, TokenTrouble, document};
pub use gram::Gram;
pub use reply::Reply;
