//! Hosted library servers: the lifecycle of a school's server, the API by which clients ask for it, the uploads of its
//! databases, and what follows from all of that.
//!
//! What happens to an establishment is decided by [`lifecycle`], a pure function, and written in one commit with the jobs
//! that move it ([`Follow`]). [`Host`] is the handle that the API, the pages, the uploads and the chores hold.
#![forbid(unsafe_code)]

pub mod answer;
pub mod api;
pub mod client;
mod error;
pub mod establishment;
pub mod hidden;
pub mod host;
pub mod keys;
pub mod lifecycle;
pub mod pace;
pub mod pages;
pub mod reactor;
pub mod request;
pub mod right;
pub mod rne;
mod seam;
pub mod settings;
pub mod state;
pub mod texts;
pub mod tracker;
pub mod upload;
pub mod values;

pub use answer::{Connection, Row};
pub use error::Error;
pub use establishment::{Establishment, Happening, UploadSet, Uploaded};
pub use hidden::Hidden;
pub use host::Host;
pub use keys::Signer;
pub use reactor::Follow;
pub use request::{RETRY, SOURCE, actions};
pub use right::{CLIENT, SCOPE};
pub use rne::Rne;
pub use seam::Hosting;
pub use settings::Settings;
pub use state::{State, Work};
pub use tracker::Tracker;
pub use values::{Contact, Values, Version};
