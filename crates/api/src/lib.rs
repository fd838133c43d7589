//! The hub's own HTTP API: the routes of `/api/v1` and those that say whether the hub is well, what goes over the wire,
//! request documents, and the client of all that.
#![forbid(unsafe_code)]

pub mod client;
pub mod decode;
pub mod dto;
mod error;
mod installation;
mod result;
mod routes;

pub use client::Client;
pub use error::Error;
pub use http::SOURCE;
pub use installation::Installation;
pub use result::result;
pub use routes::{
    Api, Documents, NDJSON, Parts, document, document_text, example, ndjson, routes, standing_by,
    standing_by_nodes, waiting,
};
