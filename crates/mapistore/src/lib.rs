//! Who has a mailbox open where: processes of OpenChange register users on their backends, over a socket or the queues of
//! 2011, and the hub counts them, tells backends who has come and gone, and hands notifications over.
#![forbid(unsafe_code)]

pub mod api;
pub mod client;
mod conversation;
mod keeper;
mod ledger;
pub mod legacy;
mod live;
mod notify;
pub mod pages;
mod process;
pub mod registry;
mod removal;
mod request;
mod seam;
mod session;
mod socket;
mod stored;
mod work;

/// The name under which the registry stands among the backends.
pub const BACKEND: &str = "mapistore";

pub use ledger::{Happened, Ledger, Turn};
pub use live::{Live, Place, Settings};
pub use notify::{Handed, Herald, NOTICE, Notification, Told, Unreached};
pub use removal::{Removed, Unremoved};
pub use request::{NOTIFICATION, REGISTERED, SOURCE, UNREGISTERED, actions};
pub use seam::Mapistore;
pub use work::Work;
