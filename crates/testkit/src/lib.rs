//! Support for the tests of the workspace. A dev-dependency only: nothing here is part of the hub.
//!
//! - [`browser`] is a browser without a window.
//! - [`bullmq`] adds jobs as the orchestrator of Sesame does.
//! - [`certificate`] makes some for servers and clients.
//! - [`daemon`] is a program that ends with whoever started it.
//! - [`directory`] has clients of a directory of accounts, and its description.
//! - [`disk`] is one that can be full.
//! - [`gate`] holds up what blocks: a commit that is not told yet.
//! - [`oidc`] is a provider where people sign in.
//! - [`service`] starts real servers on loopback, each in a private folder on a free port, and stops them.
//! - [`smtp`] takes mail, or refuses it, as a test wants.
//! - [`packages`] finds the programs that tests need, and installs what is missing.
//! - [`peer`] is a program on a message bus, in another language.
//! - [`proxy`] is a road to a server that can be cut, and hang.
//! - [`shadow`] keeps the image of a folder that a power cut would leave, and kills a program at a chosen point.
//! - [`tus`] sends files as programs of others do, and takes them in.
//! - [`wall`] is a wall clock that can be set.
//! - [`oracle`] compares what scripts and submitters saw with what the journal says.
#![forbid(unsafe_code)]

pub mod browser;
pub mod bullmq;
mod cache;
pub mod certificate;
pub mod daemon;
pub mod directory;
pub mod disk;
mod error;
pub mod gate;
mod npm;
pub mod oidc;
pub mod oracle;
pub mod packages;
pub mod peer;
mod pip;
pub mod port;
pub mod proxy;
pub mod queues;
pub mod schemathesis;
pub mod service;
pub mod shadow;
mod shim;
pub mod smtp;
pub mod tus;
pub mod wait;
pub mod wall;

pub use error::Error;
