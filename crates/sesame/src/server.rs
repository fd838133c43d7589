//! Who serves a queue: written into Redis, so that of several who could, one does.

use std::fmt;

/// A source of a hub, as it stands in Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// The hub's journal.
    pub(crate) journal: String,
    /// The source's name. Earlier versions did not write it.
    pub(crate) source: Option<String>,
}

impl Server {
    pub(crate) fn read(text: &str) -> Self {
        let (journal, source) = text.split_once('/').map_or((text, None), |(j, s)| (j, Some(s.to_owned())));
        Server { journal: journal.to_owned(), source }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{}/{source}", self.journal),
            None => f.write_str(&self.journal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["0193-ab/main", "0193-ab"] {
            assert_eq!(Server::read(text).to_string(), text);
        }
        assert_eq!(Server::read("j/main").source.as_deref(), Some("main"));
    }
}
