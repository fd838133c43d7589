//! Finds a job's secrets in what a backend prints, before anything of it is stored or logged.

mod form;
mod layer;
mod unit;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use serde_json::{Map, Value};

use form::Form;
use layer::{Layer, Present};

use crate::redact::SecretSet;
use crate::secret::MASK;

/// Above so many bytes of secrets in one job, everything that its backends print is masked: looking for each would
/// cost more memory than the answer is worth.
const SIZE_LIMIT: usize = 64 * 1024;

/// So many layers of encoding, one within another, are looked through.
const DEPTH: u8 = 2;

/// Where secrets are in a text as it is.
type Look<'a> = &'a dyn Fn(&[u8]) -> Vec<Range<usize>>;

/// Replaces secrets by [`MASK`], wherever they are found: as they are, in capitals or small letters, with accents
/// composed or apart; quoted as by shells, SQL, PowerShell, JSON, LDAP, XML, HTML, mails or URLs, one such way within
/// another; in hexadecimal; as base64 or base32 (also inside a longer encoded text, also wrapped); in UTF-8, Latin-1 or
/// UTF-16. One of less than four bytes is replaced only where it stands alone, as it is.
///
/// What an answer means (its status, its message) must be read before it is masked: a secret may be a number or a
/// word that the answer's own grammar uses.
#[derive(Default)]
pub struct Mask {
    finder: Finder,
}

#[derive(Default)]
enum Finder {
    #[default]
    Nothing,
    Forms {
        automaton: AhoCorasick,
        forms: Vec<Form>,
        longest: usize,
    },
    Everything,
}

impl Mask {
    /// A mask for these secrets.
    pub fn new(secrets: &SecretSet) -> Self {
        if secrets.is_empty() {
            return Mask::default();
        }
        if secrets.size() > SIZE_LIMIT {
            return Mask { finder: Finder::Everything };
        }
        let mut forms: Vec<Form> = secrets.texts().flat_map(|text| form::forms(&text)).collect();
        forms.sort_unstable();
        forms.dedup();
        // Escaped twice, a byte becomes at most `&amp;quot;`; wrapped lines and padding are shorter than that.
        let longest = secrets.texts().map(|text| 12 * text.len() + 16).max().unwrap_or(0);
        let finder = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .ascii_case_insensitive(true)
            .build(forms.iter().map(|form| &form.bytes))
            .map_or(Finder::Everything, |automaton| Finder::Forms { automaton, forms, longest });
        Mask { finder }
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        matches!(self.finder, Finder::Nothing)
    }

    /// No secret, however common encoders write it, is longer than so many bytes. Who cuts a stream keeps so many
    /// bytes more than wanted, masks, and cuts then: no secret is cut in two.
    pub fn longest(&self) -> usize {
        match self.finder {
            Finder::Nothing | Finder::Everything => 0,
            Finder::Forms { longest, .. } => longest,
        }
    }

    /// Whether a secret is in the text.
    pub fn finds(&self, text: &str) -> bool {
        !self.places(text.as_bytes()).is_empty()
    }

    /// The text without secrets.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // What is found in another encoding may end inside a character.
            Cow::Owned(bytes) => Cow::Owned(
                String::from_utf8(bytes)
                    .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
            ),
        }
    }

    /// The bytes without secrets, in whatever encoding they are.
    pub fn bytes<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        let places = self.places(text);
        if places.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut clean = Vec::with_capacity(text.len());
        let mut copied = 0;
        for place in places {
            clean.extend_from_slice(text.get(copied..place.start).unwrap_or_default());
            clean.extend_from_slice(MASK.as_bytes());
            copied = place.end;
        }
        clean.extend_from_slice(text.get(copied..).unwrap_or_default());
        Cow::Owned(clean)
    }

    /// Masks the strings, keys and numbers in a value. A number with a secret in it becomes a string.
    pub fn value(&self, value: &mut Value) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                if let Cow::Owned(clean) = self.text(&number.to_string()) {
                    *value = Value::String(clean);
                }
            }
            Value::String(text) => {
                if let Cow::Owned(clean) = self.text(text) {
                    *text = clean;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(members) => {
                members.values_mut().for_each(|member| self.value(member));
                if members.keys().any(|key| self.finds(key)) {
                    *members = std::mem::take(members)
                        .into_iter()
                        .map(|(key, member)| (self.text(&key).into_owned(), member))
                        .collect::<Map<_, _>>();
                }
            }
        }
    }

    /// Where secrets are, in order and apart from each other.
    fn places(&self, text: &[u8]) -> Vec<Range<usize>> {
        match &self.finder {
            Finder::Nothing => Vec::new(),
            Finder::Everything if text.is_empty() => Vec::new(),
            Finder::Everything => std::iter::once(0..text.len()).collect(),
            Finder::Forms { automaton, forms, .. } => {
                find(text, Layer::ALL, DEPTH, &|text| hits(automaton, forms, text))
            }
        }
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "Mask(nothing)" } else { "Mask" })
    }
}

/// Finds secrets in a text, and in what it is once some of these layers of encoding are undone.
fn find(text: &[u8], layers: &[Layer], depth: u8, look: Look<'_>) -> Vec<Range<usize>> {
    let mut found = look(text);
    if let Some(depth) = depth.checked_sub(1) {
        let present = Present::of(text);
        for layer in layers.iter().filter(|layer| layer.may_be_in(&present)) {
            if let Some(inner) = layer.undo(text) {
                found.extend(layer.trace(text, &find(&inner, layer.below(), depth, look)));
            }
        }
    }
    joined(found)
}

/// Where secrets are in a text as it is.
fn hits(automaton: &AhoCorasick, forms: &[Form], text: &[u8]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for hit in automaton.find_overlapping_iter(text) {
        let Some(place) = forms.get(hit.pattern().as_usize()).and_then(|form| form.place(text, hit.range()))
        else {
            continue;
        };
        match found.last_mut() {
            // Hits come by their end: joined here, a long run of them stays one place.
            Some(last) if place.start <= last.end => {
                last.start = last.start.min(place.start);
                last.end = last.end.max(place.end);
            }
            _ => found.push(place),
        }
    }
    found
}

/// The same places in order, with those that touch made one.
fn joined(mut places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    places.sort_unstable_by_key(|place| place.start);
    places.dedup_by(|next, kept| {
        let touches = next.start <= kept.end;
        if touches {
            kept.end = kept.end.max(next.end);
        }
        touches
    });
    places
}
