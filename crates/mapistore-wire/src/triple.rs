use std::fmt;

use crate::legacy;

/// The most triples that one process registers. The hub refuses more; the library says that it cannot send.
pub const MOST_TRIPLES: usize = 1 << 18;

/// The most backends for which one process makes URIs.
pub const MOST_MANAGERS: usize = 64;

/// Who is registered where: a user of the system, by the name that a backend has for them.
///
/// Names are opaque, compared byte for byte, and may be empty. They contain no U+0000, and the three together fit into
/// a message of the queues, so that what one transport takes the others take too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Triple<'a> {
    backend: &'a str,
    username: &'a str,
    vuser: &'a str,
}

impl<'a> Triple<'a> {
    /// A triple of these names.
    pub fn new(backend: &'a str, username: &'a str, vuser: &'a str) -> Result<Self, TripleError> {
        let names = [backend, username, vuser];
        if names.iter().any(|name| name.contains('\0')) {
            return Err(TripleError::Nul);
        }
        // No text has more units in UTF-16 than bytes here: usual names need not be counted.
        let bytes: usize = names.iter().map(|name| name.len()).sum();
        let length = if bytes < legacy::LONGEST / 4 { 0 } else { legacy::length(names) };
        if length > legacy::LONGEST {
            return Err(TripleError::Long(length));
        }
        Ok(Self { backend, username, vuser })
    }

    /// The backend's name.
    pub fn backend(&self) -> &'a str {
        self.backend
    }

    /// The user of the system.
    pub fn username(&self) -> &'a str {
        self.username
    }

    /// The name that the backend has for that user.
    pub fn vuser(&self) -> &'a str {
        self.vuser
    }
}

/// Why names make no triple: whoever sent them is *refused*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TripleError {
    /// A name contains U+0000.
    Nul,
    /// As a message of generation B they would be so many bytes long.
    Long(usize),
}

impl fmt::Display for TripleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nul => f.write_str("a name contains U+0000"),
            Self::Long(n) => write!(f, "the names need {n} bytes in a message of {}", legacy::LONGEST),
        }
    }
}

impl std::error::Error for TripleError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_be_empty_and_must_fit_into_a_queue() {
        let long = |n| "u".repeat(n);
        assert!(Triple::new("", "", "").is_ok());
        assert!(Triple::new("SOGo", &long(2026), &long(2026)).is_ok());
        assert_eq!(Triple::new("SOGo", &long(2030), &long(2030)), Err(TripleError::Long(8194)));
        assert_eq!(Triple::new("SOGo", "a\0b", "a"), Err(TripleError::Nul));
    }
}
