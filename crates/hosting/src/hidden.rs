//! A text that is kept sealed, sent where it belongs, and shown nowhere else.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A licence code, a password of a connection. `Debug` does not show it; it is serialised as it is, into what is sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Hidden(text.into())
    }

    /// The text itself. Each use is a place where it could leak.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(model::MASK)
    }
}
