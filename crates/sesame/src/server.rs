//! Who serves a queue: written into Redis, so that of several who could, one does.

use std::fmt;

/// A source of a hub, as it stands in Redis: `journal/source/life`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// The hub's journal.
    pub(crate) journal: String,
    /// The source's name. Earlier versions did not write it.
    pub(crate) source: Option<String>,
    /// The life of the journal, `seat.number`: two hubs may have copies of one journal. Earlier versions did not write it.
    pub(crate) life: Option<String>,
}

impl Server {
    pub(crate) fn read(text: &str) -> Self {
        let mut parts = text.splitn(3, '/').map(str::to_owned);
        Server { journal: parts.next().unwrap_or_default(), source: parts.next(), life: parts.next() }
    }

    /// What all lives of it begin with that can have been in one seat: but for the newest they are over.
    pub(crate) fn in_seat(&self, seat: &str) -> String {
        Server { life: Some(format!("{seat}.")), ..self.clone() }.to_string()
    }

    /// How earlier versions wrote it.
    pub(crate) fn formerly(&self) -> [String; 2] {
        let named = Server { life: None, ..self.clone() };
        [named.to_string(), Server { source: None, ..named }.to_string()]
    }

    /// Who it is, for people: `we` are another one.
    pub(crate) fn described(&self, we: &Server) -> String {
        let host = self.life.as_deref().and_then(|life| life.split_once(':')).map(|(host, _)| host);
        let hub = host.map_or_else(|| "the hub".to_owned(), |host| format!("the hub on {host}"));
        let copy = if self.journal == we.journal { ", of which this hub has a copy," } else { "" };
        format!("{hub} with journal {}{copy}", self.journal)
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.journal)?;
        [&self.source, &self.life].into_iter().flatten().try_for_each(|part| write!(f, "/{part}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["0193-ab/main/host:1f.2e", "0193-ab/main", "0193-ab"] {
            assert_eq!(Server::read(text).to_string(), text);
        }
        let server = Server::read("j/main/host:1f.2e");
        assert_eq!((server.source.as_deref(), server.life.as_deref()), (Some("main"), Some("host:1f.2e")));
        assert_eq!(server.formerly(), ["j/main", "j"]);
        assert_eq!(server.in_seat("host:1f"), "j/main/host:1f.");
    }

    #[test]
    fn whoever_stands_by_says_who_serves() {
        let we = Server::read("j/main/here:1.2");
        let copy = Server::read("j/main/there:1.2").described(&we);
        assert_eq!(copy, "the hub on there with journal j, of which this hub has a copy,");
        assert_eq!(Server::read("k/main/there:1.2").described(&we), "the hub on there with journal k");
        assert_eq!(Server::read("k").described(&we), "the hub with journal k");
    }
}
