//! What goes by, as PostgreSQL's protocol 3 has it: as much of it as it takes to know a COMMIT.

use std::collections::HashSet;

/// Numbers at the beginning of a connection that are no version: a request for TLS, for GSS, and to cancel.
const NO_START: [u32; 3] = [80_877_103, 80_877_104, 80_877_102];

/// A statement longer than this is no COMMIT.
const SHORT: usize = 64;

/// What a client sends.
#[derive(Debug, Default)]
pub(super) struct Requests {
    started: bool,
    rest: Vec<u8>,
    /// Names of what is prepared as COMMIT, and of what is bound to that.
    statements: HashSet<Vec<u8>>,
    portals: HashSet<Vec<u8>>,
}

impl Requests {
    /// Whether the next bytes end with the order to commit, or have it in them.
    pub(super) fn commits(&mut self, bytes: &[u8]) -> bool {
        self.rest.extend_from_slice(bytes);
        let mut commits = false;
        while let Some((kind, body)) = self.next() {
            commits |= self.is_commit(kind, &body);
        }
        commits
    }

    /// Takes the next whole message; the kind of a first one is 0.
    fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let head = usize::from(self.started);
        let kind = if self.started { *self.rest.first()? } else { 0 };
        let length = u32::from_be_bytes(self.rest.get(head..head + 4)?.try_into().ok()?);
        let end = head + usize::try_from(length).ok()?.max(4);
        let body = self.rest.get(head + 4..end)?.to_vec();
        self.rest.drain(..end);
        if !self.started {
            let number = body.get(..4).and_then(|number| number.try_into().ok()).map(u32::from_be_bytes);
            self.started = number.is_none_or(|number| !NO_START.contains(&number));
        }
        Some((kind, body))
    }

    fn is_commit(&mut self, kind: u8, body: &[u8]) -> bool {
        let mut words = body.split(|byte| *byte == 0);
        let mut word = || words.next().unwrap_or_default();
        match kind {
            b'Q' => says_commit(word()),
            b'P' => {
                let name = word().to_vec();
                note(&mut self.statements, name, says_commit(word()));
                false
            }
            b'B' => {
                let portal = word().to_vec();
                let bound = self.statements.contains(word());
                note(&mut self.portals, portal, bound);
                false
            }
            b'E' => self.portals.contains(word()),
            _ => false,
        }
    }
}

fn note(names: &mut HashSet<Vec<u8>>, name: Vec<u8>, is_commit: bool) {
    if is_commit {
        names.insert(name);
    } else {
        names.remove(&name);
    }
}

fn says_commit(statement: &[u8]) -> bool {
    statement.len() <= SHORT && statement.trim_ascii().eq_ignore_ascii_case(b"COMMIT")
}

/// What the server says when it has committed.
const COMMITTED: &[u8] = b"C\0\0\0\x0bCOMMIT\0";

/// What a server answers.
#[derive(Debug, Default)]
pub(super) struct Answers {
    last: Vec<u8>,
}

impl Answers {
    /// Whether it has said by now that it has committed.
    pub(super) fn committed(&mut self, bytes: &[u8]) -> bool {
        self.last.extend_from_slice(bytes);
        let committed = self.last.windows(COMMITTED.len()).any(|said| said == COMMITTED);
        let kept = self.last.len().min(COMMITTED.len() - 1);
        self.last.drain(..self.last.len() - kept);
        committed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind], &length[..], body].concat()
    }

    fn started() -> Requests {
        let mut requests = Requests::default();
        assert!(!requests.commits(b"\0\0\0\x08\x04\xd2\x16\x2f"), "a request for TLS");
        assert!(!requests.commits(b"\0\0\0\x17\0\x03\0\0user\0postgres\0\0"));
        requests
    }

    #[test]
    fn a_commit_that_is_said_plainly() {
        let mut requests = started();
        assert!(!requests.commits(&message(b'Q', b"BEGIN; SELECT 'COMMIT'\0")));
        assert!(requests.commits(&message(b'Q', b" commit\0")));
    }

    #[test]
    fn a_commit_that_was_prepared() {
        let mut requests = started();
        assert!(!requests.commits(&message(b'P', b"s7\0COMMIT\0\0\0")));
        assert!(!requests.commits(&message(b'P', b"s8\0SELECT 1\0\0\0")));
        assert!(!requests.commits(&message(b'B', b"\0s8\0\0\0\0\0\0\0")));
        assert!(!requests.commits(&message(b'E', b"\0\0\0\0\0")));
        assert!(!requests.commits(&message(b'B', b"\0s7\0\0\0\0\0\0\0")));
        assert!(requests.commits(&message(b'E', b"\0\0\0\0\0")));
    }

    #[test]
    fn a_commit_in_pieces_and_behind_others() {
        let mut requests = started();
        let bytes = [message(b'Q', b"BEGIN\0"), message(b'Q', b"COMMIT\0")].concat();
        let (first, second) = bytes.split_at(bytes.len() - 3);
        assert!(!requests.commits(first));
        assert!(requests.commits(second));
    }

    #[test]
    fn the_answer_is_known_in_pieces_as_well() {
        let mut answers = Answers::default();
        assert!(!answers.committed(b"C\0\0\0\x0aBEGIN\0Z\0\0\0\x05TC\0\0\0\x0bCOM"));
        assert!(answers.committed(b"MIT\0Z\0\0\0\x05I"));
        assert!(!answers.committed(b"Z"));
    }
}
