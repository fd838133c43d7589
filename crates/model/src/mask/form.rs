//! The byte sequences that give a secret away.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::composed::{composed, decomposed};

/// Shorter secrets are looked for only where they stand alone, and only as they are.
const SHORT: usize = 4;

/// A line of a secret of several lines is looked for by itself when it is at least so long: output is often read,
/// cut or marked line by line.
const LINE: usize = 8;

/// The digits of base32 (RFC 4648).
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A byte sequence to look for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Form {
    pub(super) bytes: Vec<u8>,
    pub(super) shape: Shape,
}

/// What a hit on a form covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// The hit itself, in small letters or capitals.
    Plain,
    /// The hit, when it stands alone and is exactly the form.
    Alone,
    /// The hit, when it is exactly the form, and the characters beside it that hold the bits of the secret which did
    /// not fill one.
    Base64(Beside),
    /// The same, in small letters or capitals.
    Base32(Beside),
}

/// Where characters hold only a part of the secret's bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Beside {
    before: bool,
    after: bool,
}

impl Form {
    fn plain(bytes: impl Into<Vec<u8>>) -> Self {
        Form { bytes: bytes.into(), shape: Shape::Plain }
    }

    /// The place to mask for a hit, which may differ from the form in small letters and capitals; `None` = it is none.
    pub(super) fn place(&self, text: &[u8], hit: Range<usize>) -> Option<Range<usize>> {
        let exact = text.get(hit.clone()) == Some(&self.bytes);
        match self.shape {
            Shape::Plain => Some(hit),
            Shape::Alone => (exact && stands_alone(text, &hit)).then_some(hit),
            Shape::Base64(beside) => exact.then(|| beside.place(text, hit, 2)),
            Shape::Base32(beside) => Some(beside.place(text, hit, 6)),
        }
    }
}

impl Beside {
    /// The hit with what belongs to it, padding included.
    fn place(self, text: &[u8], hit: Range<usize>, padding: usize) -> Range<usize> {
        let start = hit.start.saturating_sub(usize::from(self.before));
        let mut end = hit.end;
        if self.after && text.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || b"+/-_".contains(b)) {
            end += 1;
        }
        let rest = text.get(end..).unwrap_or_default().iter().take(padding);
        start..end + rest.take_while(|b| **b == b'=').count()
    }
}

/// Everything to look for so that this secret is found, whatever its letters' size.
pub(super) fn forms(secret: &str) -> Vec<Form> {
    let lines = secret.lines().filter(|line| line.len() >= LINE && line.len() < secret.len());
    std::iter::once(secret).chain(lines).flat_map(forms_of).collect()
}

fn forms_of(text: &str) -> Vec<Form> {
    if text.len() < SHORT {
        return vec![Form { bytes: text.as_bytes().to_vec(), shape: Shape::Alone }];
    }
    let mut spellings = vec![text.to_owned()];
    if !text.is_ascii() {
        spellings.extend([composed(text).into_owned(), decomposed(text).into_owned()]);
    }
    let mut encoded: Vec<Vec<u8>> = spellings.iter().map(|text| text.as_bytes().to_vec()).collect();
    encoded.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
    encoded.push(latin1(text));
    encoded.sort_unstable();
    encoded.dedup();

    if !text.is_ascii() {
        spellings.extend([text.to_lowercase(), text.to_uppercase()]);
    }
    let mut forms: Vec<Form> = spellings.iter().flat_map(|text| quoted(text)).map(Form::plain).collect();
    for bytes in &encoded {
        for before in 0..3 {
            forms.extend([STANDARD_NO_PAD, URL_SAFE_NO_PAD].map(|engine| base64_of(bytes, before, &engine)));
        }
        forms.push(Form::plain(hex(bytes)));
        forms.push(Form::plain(bytes.as_slice()));
    }
    forms.extend((0..5).map(|before| base32_of(text.as_bytes(), before)));
    forms
}

/// A text, and the ways to write it that are not undone as a layer: what undoes them would also undo what is not quoted so.
fn quoted(text: &str) -> [String; 4] {
    // SQL and PowerShell double apostrophes, CSV and Visual Basic quotation marks; PowerShell has grave accents where
    // others have backslashes.
    [text.to_owned(), text.replace('\'', "''"), text.replace('"', "\"\""), graved(text)]
}

fn graved(text: &str) -> String {
    let mut graved = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '"' | '$' | '`') {
            graved.push('`');
        }
        graved.push(c);
    }
    graved
}

/// One byte for each character that has one in Latin-1, the others as they are: so it comes from a Latin-1 terminal,
/// and of Python's `ascii()` once its escapes are undone.
fn latin1(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u8::try_from(u32::from(c)) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().map_or('0', char::from);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// What is always the same in the base64 of a text that has these bytes after `before` (modulo three) others.
fn base64_of(bytes: &[u8], before: usize, engine: &impl Engine) -> Form {
    let shifted = [vec![0; before].as_slice(), bytes].concat();
    let (own, beside) = own(&shifted, before, 6);
    let encoded = engine.encode(&shifted);
    Form { bytes: encoded.get(own).unwrap_or_default().as_bytes().to_vec(), shape: Shape::Base64(beside) }
}

/// The same in base32, after `before` (modulo five) others.
fn base32_of(bytes: &[u8], before: usize) -> Form {
    let shifted = [vec![0; before].as_slice(), bytes].concat();
    let (own, beside) = own(&shifted, before, 5);
    let bit = |at: usize| shifted.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let digit =
        |at: usize| BASE32.get((5 * at..5 * at + 5).fold(0, |value, at| 2 * value + usize::from(bit(at))));
    Form { bytes: own.filter_map(digit).copied().collect(), shape: Shape::Base32(beside) }
}

/// Which digits of so many bits hold nothing but bits of the text that begins after `before` bytes.
fn own(shifted: &[u8], before: usize, bits: usize) -> (Range<usize>, Beside) {
    let (first, end) = ((8 * before).div_ceil(bits), 8 * shifted.len() / bits);
    let beside = Beside { before: first * bits != 8 * before, after: end * bits != 8 * shifted.len() };
    (first..end, beside)
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
