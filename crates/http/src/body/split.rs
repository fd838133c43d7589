//! Cuts pieces of any size into lines.

use axum::body::Bytes;

/// What was read and not handed out as a line yet.
#[derive(Debug, Default)]
pub struct Split {
    /// Read, and not looked at.
    chunk: Bytes,
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
}

impl Split {
    /// The next complete line, without its end.
    pub fn line(&mut self) -> Option<Bytes> {
        let Some(end) = self.chunk.iter().position(|byte| *byte == b'\n') else {
            self.begun.extend_from_slice(&self.chunk);
            self.chunk.clear();
            return None;
        };
        let mut rest = self.chunk.split_to(end + 1);
        rest.truncate(end);
        if self.begun.is_empty() {
            return Some(rest);
        }
        self.begun.extend_from_slice(&rest);
        Some(std::mem::take(&mut self.begun).into())
    }

    /// Adds a piece. To be called when there is no complete line left.
    pub fn feed(&mut self, chunk: Bytes) {
        self.chunk = chunk;
    }

    /// How long the line is already whose end has not come.
    pub fn begun(&self) -> usize {
        self.begun.len()
    }

    /// Bytes that were read and not handed out.
    pub fn held(&self) -> usize {
        self.chunk.len() + self.begun.len()
    }

    /// Takes what stands after the last line end.
    pub fn rest(&mut self) -> Bytes {
        std::mem::take(&mut self.begun).into()
    }
}
