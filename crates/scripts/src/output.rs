//! What a script prints, with a bound: the last part is kept, the rest counted.

use model::mask::Mask;

/// The end of a stream.
#[derive(Debug)]
pub(crate) struct Tail {
    bytes: Vec<u8>,
    keep: usize,
    dropped: u64,
}

impl Tail {
    /// Keeps so many bytes.
    pub(crate) fn new(keep: usize) -> Self {
        Tail { bytes: Vec::new(), keep, dropped: 0 }
    }

    /// Adds what was read. Where the beginning must go, secrets are masked first: none is cut in two, so no part of
    /// one stays behind.
    pub(crate) fn push(&mut self, chunk: &[u8], mask: &Mask) {
        self.bytes.extend_from_slice(chunk);
        let slack = self.keep + mask.longest();
        if self.bytes.len() > self.keep.saturating_add(slack) {
            self.shorten(mask);
        }
    }

    fn shorten(&mut self, mask: &Mask) {
        if let std::borrow::Cow::Owned(masked) = mask.bytes(&self.bytes) {
            self.bytes = masked;
        }
        // A secret that is still being printed stands at the end, whole so far, and is masked when it is complete.
        let surplus = self.bytes.len().saturating_sub(self.keep + mask.longest());
        self.dropped += surplus as u64;
        self.bytes.drain(..surplus);
    }

    /// What is kept, secrets included: to read the answer from.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes were not kept.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// The last `keep` bytes of a text as text for people, secrets masked, in whatever encoding it came.
pub(crate) fn shown(bytes: &[u8], dropped: u64, keep: usize, mask: &Mask) -> String {
    let masked = mask.bytes(bytes);
    let surplus = masked.len().saturating_sub(keep);
    let text = String::from_utf8_lossy(masked.get(surplus..).unwrap_or_default());
    match dropped + surplus as u64 {
        0 => text.into_owned(),
        missing => format!("[{missing} bytes before this are not kept]\n{text}"),
    }
}
