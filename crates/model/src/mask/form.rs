//! The byte sequences that give a secret away.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Shorter secrets are looked for only where they stand alone, and only as they are.
const SHORT: usize = 4;

/// A line of a secret of several lines is looked for by itself when it is at least so long: output is often read,
/// cut or marked line by line.
const LINE: usize = 8;

/// A byte sequence to look for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Form {
    pub(super) bytes: Vec<u8>,
    pub(super) shape: Shape,
}

/// What a hit on a form covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// The hit itself.
    Plain,
    /// The hit, when it stands alone.
    Alone,
    /// The hit, and the characters beside it that hold the bits of the secret which did not fill one.
    Base64 {
        /// There is one before it.
        before: bool,
        /// There is one after it.
        after: bool,
    },
}

impl Shape {
    /// The place to mask for a hit; `None` = it is none.
    pub(super) fn place(self, text: &[u8], hit: Range<usize>) -> Option<Range<usize>> {
        match self {
            Shape::Plain => Some(hit),
            Shape::Alone => stands_alone(text, &hit).then_some(hit),
            Shape::Base64 { before, after } => {
                let start = hit.start.saturating_sub(usize::from(before));
                let mut end = hit.end;
                if after && text.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || b"+/-_".contains(b)) {
                    end += 1;
                }
                let padding = text.get(end..).unwrap_or_default().iter().take(2).take_while(|b| **b == b'=');
                Some(start..end + padding.count())
            }
        }
    }
}

/// Everything to look for so that this secret is found.
pub(super) fn forms(secret: &str) -> Vec<Form> {
    let lines = secret.lines().filter(|line| line.len() >= LINE && line.len() < secret.len());
    std::iter::once(secret).chain(lines).flat_map(forms_of).collect()
}

fn forms_of(text: &str) -> Vec<Form> {
    if text.len() < SHORT {
        return vec![Form { bytes: text.as_bytes().to_vec(), shape: Shape::Alone }];
    }
    let utf16 = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin1: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let mut forms = Vec::new();
    for bytes in [Some(text.as_bytes().to_vec()), Some(utf16), latin1].into_iter().flatten() {
        for before in 0..3 {
            forms.extend([STANDARD_NO_PAD, URL_SAFE_NO_PAD].map(|engine| base64_of(&bytes, before, &engine)));
        }
        forms.push(Form { bytes, shape: Shape::Plain });
    }
    forms
}

/// What is always the same in the base64 of a text that has these bytes after `before` (modulo three) others.
fn base64_of(bytes: &[u8], before: usize, engine: &impl Engine) -> Form {
    let shifted = [vec![0; before].as_slice(), bytes].concat();
    let encoded = engine.encode(&shifted);
    let first_own = (8 * before).div_ceil(6);
    let end_own = 8 * shifted.len() / 6;
    Form {
        bytes: encoded.get(first_own..end_own).unwrap_or_default().as_bytes().to_vec(),
        shape: Shape::Base64 { before: before > 0, after: end_own < encoded.len() },
    }
}

/// Whether a hit is a whole word, or a whole string between quotes, blanks or the text's ends.
fn stands_alone(text: &[u8], hit: &Range<usize>) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || !b.is_ascii();
    let apart = |inner: Option<&u8>, outer: Option<&u8>| match (inner, outer) {
        (Some(inner), Some(outer)) if is_word(*inner) => !is_word(*outer),
        (_, Some(outer)) => outer.is_ascii_whitespace() || matches!(outer, b'"' | b'\''),
        (_, None) => true,
    };
    let before = hit.start.checked_sub(1).and_then(|place| text.get(place));
    let last = hit.end.checked_sub(1).and_then(|place| text.get(place));
    apart(text.get(hit.start), before) && apart(last, text.get(hit.end))
}
