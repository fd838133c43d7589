//! What a worker writes, cut into lines.

use std::mem;

/// Bytes that came, of which no line was taken yet.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    bytes: Vec<u8>,
    /// So many of them are known to hold no end of a line.
    searched: usize,
}

impl Lines {
    /// Adds what was read.
    pub(crate) fn push(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
    }

    /// The first whole line, without its end.
    pub(crate) fn next(&mut self) -> Option<Vec<u8>> {
        let rest = self.bytes.get(self.searched..)?;
        let Some(found) = rest.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.bytes.len();
            return None;
        };
        let end = self.searched + found;
        let rest = self.bytes.split_off(end + 1);
        let mut line = mem::replace(&mut self.bytes, rest);
        line.truncate(end);
        self.searched = 0;
        Some(line)
    }

    /// How many bytes came after the last whole line.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes what is no whole line.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        self.searched = 0;
        mem::take(&mut self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_were_read() {
        let mut lines = Lines::default();
        for chunk in ["a", "b\n\nc", "", "d\ne"] {
            lines.push(chunk.as_bytes());
            if chunk == "a" {
                assert_eq!(lines.next(), None);
            }
        }
        let all: Vec<_> = std::iter::from_fn(|| lines.next()).collect();
        assert_eq!(all, [b"ab".to_vec(), b"".to_vec(), b"cd".to_vec()]);
        assert_eq!((lines.len(), lines.rest()), (1, b"e".to_vec()));
        assert_eq!((lines.len(), lines.next()), (0, None));
    }
}
