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

    /// All of these bytes.
    pub(crate) fn whole(bytes: Vec<u8>) -> Self {
        Tail { keep: bytes.len(), bytes, dropped: 0 }
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

/// The last part of a text, for people.
#[derive(Debug)]
pub(crate) struct Excerpt {
    pub(crate) text: String,
    /// How many bytes before it are not shown.
    pub(crate) missing: u64,
}

impl Excerpt {
    /// The last `keep` bytes of what was printed, secrets masked, in whatever encoding it came.
    pub(crate) fn of(bytes: &[u8], missing: u64, keep: usize, mask: &Mask) -> Excerpt {
        let masked = mask.bytes(bytes);
        let surplus = masked.len().saturating_sub(keep);
        let text = String::from_utf8_lossy(masked.get(surplus..).unwrap_or_default()).into_owned();
        Excerpt { text, missing: missing + surplus as u64 }
    }

    /// Leaves the last `keep` bytes, or less where a character would be cut in two.
    pub(crate) fn shorten(&mut self, keep: usize) {
        let surplus = self.text.len().saturating_sub(keep);
        let cut = (surplus..=self.text.len()).find(|at| self.text.is_char_boundary(*at)).unwrap_or(surplus);
        self.missing += cut as u64;
        self.text.drain(..cut);
    }

    /// The text, with a word about what is missing.
    pub(crate) fn into_text(self) -> String {
        match self.missing {
            0 => self.text,
            missing => format!("[{missing} bytes before this are not kept]\n{}", self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::redact::take_secrets;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const SECRET: &str = "Zq'7\u{e9}\"x canary$ecret\\Kx9";

    /// The secret as programs write it.
    fn quoted() -> Vec<String> {
        let bytes = SECRET.as_bytes();
        let each = |write: fn(&u8) -> String| bytes.iter().map(write).collect::<String>();
        vec![
            SECRET.to_owned(),
            SECRET.replace('\'', r"'\''"),
            SECRET.replace('\'', "''"),
            json!(SECRET).to_string(),
            SECRET.replace('\'', "&#39;").replace('"', "&quot;"),
            each(|byte| format!("%{byte:02X}")),
            each(|byte| format!("{byte:02x} ")),
            each(|byte| format!("\\{byte:02x}")),
        ]
    }

    proptest! {
        #[test]
        fn no_piece_of_a_secret_survives_between_two_chunks_or_at_a_cut(
            which in 0..8_usize,
            keep in 0..600_usize,
            lead in 0..80_usize,
            times in 1..8_usize,
            chunks in proptest::collection::vec(1..60_usize, 1..20),
        ) {
            let mask = Mask::new(&take_secrets(&mut json!({ "password": SECRET }), &[]));
            let quoted = quoted().swap_remove(which);
            let printed = "-".repeat(lead) + &format!("{quoted}\n").repeat(times);
            let mut tail = Tail::new(keep);
            let mut rest = printed.as_bytes();
            for size in chunks.iter().cycle() {
                let (chunk, others) = rest.split_at(rest.len().min(*size));
                tail.push(chunk, &mask);
                rest = others;
                if rest.is_empty() {
                    break;
                }
            }
            let shown = Excerpt::of(tail.bytes(), tail.dropped(), keep, &mask).into_text();
            let letters: Vec<char> = quoted.chars().collect();
            for piece in letters.windows(7).map(|piece| piece.iter().collect::<String>()) {
                prop_assert!(!shown.contains(&piece), "{piece:?} of {quoted} is in {shown}");
            }
        }
    }
}
