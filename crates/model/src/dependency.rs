//! What is asked over HTTP while a request is served: it must be declared.

use serde::{Deserialize, Serialize};

/// A referential or service that a backend or a route queries, as its configuration declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// What it is.
    pub name: String,
    /// Where it is: `http://` or `https://`.
    pub url: String,
    /// What it is needed for.
    pub why: String,
}
