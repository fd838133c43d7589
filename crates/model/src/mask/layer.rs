//! Encodings that are undone before secrets are looked for, and the way back to where they were found.

use std::ops::Range;

/// An encoding that can hide a secret in many ways, too many to list as forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// Backslash escapes as in JSON (`\"`, `\/`, `\n`, `\u00e9`, surrogate pairs), and `\'` and `\xe9`.
    Escapes,
    /// Percent-encoding as in URLs and forms.
    Percent,
    /// Line ends as in wrapped base64 or folded LDIF: the line end, and one blank after it.
    Folds,
}

/// What one encoded unit stands for: at most four bytes.
type Decoded = ([u8; 4], usize);

impl Layer {
    pub(super) const ALL: [Layer; 3] = [Layer::Escapes, Layer::Percent, Layer::Folds];

    /// The text with this encoding undone; `None` = there is nothing of it.
    pub(super) fn undo(self, text: &[u8]) -> Option<Vec<u8>> {
        if !text.iter().any(|b| self.begins(*b)) {
            return None;
        }
        let mut plain = Vec::with_capacity(text.len());
        let mut undone = false;
        self.scan(text, |decoded, source| {
            undone |= decoded.len() != source.len() || text.get(source) != Some(decoded);
            plain.extend_from_slice(decoded);
        });
        undone.then_some(plain)
    }

    /// Where places in the undone text (in order and apart) are in the text.
    pub(super) fn trace(self, text: &[u8], places: &[Range<usize>]) -> Vec<Range<usize>> {
        let mut traced = Vec::with_capacity(places.len());
        let mut ahead = places.iter().peekable();
        let mut from = None;
        let mut done = 0;
        self.scan(text, |decoded, source| {
            // A part that was not encoded maps byte by byte, an encoded one as a whole.
            let verbatim = decoded.len() == source.len();
            let after = done + decoded.len();
            while let Some(place) = ahead.peek() {
                if from.is_none() && place.start < after {
                    from = Some(source.start + if verbatim { place.start - done } else { 0 });
                }
                let Some(start) = from else { break };
                if place.end > after {
                    break;
                }
                let end = if verbatim { source.start + (place.end - done) } else { source.end };
                traced.push(start..end);
                from = None;
                ahead.next();
            }
            done = after;
        });
        traced
    }

    /// Hands out the text part by part: what each stands for, and where it is.
    fn scan(self, text: &[u8], mut part: impl FnMut(&[u8], Range<usize>)) {
        let mut plain = 0;
        let mut at = 0;
        while let Some(rest) = text.get(at..)
            && let Some(skipped) = rest.iter().position(|b| self.begins(*b))
        {
            let start = at + skipped;
            let Some(((bytes, count), length)) = text.get(start..).and_then(|unit| self.decode(unit)) else {
                at = start + 1;
                continue;
            };
            if plain < start {
                part(text.get(plain..start).unwrap_or_default(), plain..start);
            }
            part(bytes.get(..count).unwrap_or_default(), start..start + length);
            at = start + length;
            plain = at;
        }
        if plain < text.len() {
            part(text.get(plain..).unwrap_or_default(), plain..text.len());
        }
    }

    fn begins(self, byte: u8) -> bool {
        match self {
            Layer::Escapes => byte == b'\\',
            Layer::Percent => matches!(byte, b'%' | b'+'),
            Layer::Folds => matches!(byte, b'\r' | b'\n'),
        }
    }

    /// What the text begins with stands for, and how long it is; `None` = it is no encoded unit.
    fn decode(self, text: &[u8]) -> Option<(Decoded, usize)> {
        match (self, text) {
            (Layer::Escapes, [_, b'u', ..]) => unicode(text),
            (Layer::Escapes, [_, b'x', rest @ ..]) => Some((one(u8::try_from(hex(rest, 2)?).ok()?), 4)),
            (Layer::Escapes, [_, letter, ..]) => {
                let byte = match letter {
                    b'b' => 0x08,
                    b'f' => 0x0c,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'"' | b'\'' | b'\\' | b'/' => *letter,
                    _ => return None,
                };
                Some((one(byte), 2))
            }
            (Layer::Percent, [b'+', ..]) => Some((one(b' '), 1)),
            (Layer::Percent, [_, rest @ ..]) => Some((one(u8::try_from(hex(rest, 2)?).ok()?), 3)),
            (Layer::Folds, [b'\r', b'\n', b' ' | b'\t', ..]) => Some((([0; 4], 0), 3)),
            (Layer::Folds, [b'\r', b'\n', ..] | [b'\n', b' ' | b'\t', ..]) => Some((([0; 4], 0), 2)),
            (Layer::Folds, [b'\n', ..]) => Some((([0; 4], 0), 1)),
            _ => None,
        }
    }
}

fn one(byte: u8) -> Decoded {
    ([byte, 0, 0, 0], 1)
}

/// `\u00e9`, or a pair of surrogates.
fn unicode(text: &[u8]) -> Option<(Decoded, usize)> {
    let first = hex(text.get(2..)?, 4)?;
    let (character, length) = match (first, text.get(6..)) {
        (0xd800..=0xdbff, Some([b'\\', b'u', rest @ ..])) => {
            let second = hex(rest, 4)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
            (0x10000 + ((first - 0xd800) << 10) + second, 12)
        }
        _ => (first, 6),
    };
    let mut bytes = [0; 4];
    let count = char::from_u32(character)?.encode_utf8(&mut bytes).len();
    Some(((bytes, count), length))
}

/// The number written in so many hexadecimal digits.
fn hex(text: &[u8], digits: usize) -> Option<u32> {
    text.get(..digits)?
        .iter()
        .try_fold(0, |number, digit| Some(16 * number + char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::Layer::{self, Escapes, Folds, Percent};

    /// What a text stands for.
    fn undone(layer: Layer, text: &str) -> Option<String> {
        layer.undo(text.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn encodings_are_undone() {
        for (layer, text, plain) in [
            (Escapes, r#"\b\f\n\r\t\"\'\\\/"#, "\u{8}\u{c}\n\r\t\"'\\/"),
            (Escapes, r"a\u00e9b\u20ACc", "aéb€c"),
            (Escapes, r"\ud83d\ude00\uDBFF\uDFFF\ud800\udc00", "😀\u{10ffff}\u{10000}"),
            (Escapes, r"\xc3\xA9", "é"),
            (Escapes, r"\q\\", r"\q\"),
            (Escapes, r"\ud83d\ue000", "\\ud83d\u{e000}"),
            (Escapes, r"\ud83d\u0041\ud83d\u", r"\ud83dA\ud83d\u"),
            (Percent, "%41%c3%A9", "Aé"),
            (Percent, "a+b", "a b"),
            (Percent, "%zz%4%41", "%zz%4A"),
            (Folds, "a\nb\r\nc\n d\r\n\te\n\nf", "abcdef"),
            (Folds, "a\n  b", "a b"),
            (Folds, "a\rb\nc", "a\rbc"),
        ] {
            assert_eq!(undone(layer, text).as_deref(), Some(plain), "{text:?}");
        }
    }

    #[test]
    fn a_text_without_the_encoding_is_told() {
        for (layer, text) in [
            (Escapes, "plain"),
            (Escapes, r"C:\Windows \u12 \xg1 \ud800 \"),
            (Percent, "100% sure %4"),
            (Folds, "a\rb"),
            (Folds, ""),
        ] {
            assert_eq!(undone(layer, text), None, "{text:?}");
        }
    }

    #[test]
    fn places_are_found_again() {
        let places =
            |list: &[(usize, usize)]| list.iter().map(|(start, end)| *start..*end).collect::<Vec<_>>();
        for (layer, text, inside, outside) in [
            // a b " c é d
            (Escapes, r#"ab\"c\u00e9d"#, [(0, 2), (2, 3)], [(0, 2), (2, 4)]),
            (Escapes, r#"ab\"c\u00e9d"#, [(1, 4), (4, 6)], [(1, 5), (5, 11)]),
            (Escapes, r#"ab\"c\u00e9d"#, [(0, 1), (5, 7)], [(0, 1), (5, 12)]),
            (Percent, "x%41y+z", [(0, 2), (2, 4)], [(0, 4), (4, 6)]),
            (Percent, "x%41y+z", [(1, 3), (4, 5)], [(1, 5), (6, 7)]),
            (Folds, "ab\n1234\r\n cd", [(0, 2), (2, 6)], [(0, 2), (3, 7)]),
            (Folds, "ab\n1234\r\n cd", [(1, 3), (5, 7)], [(1, 4), (6, 11)]),
            (Folds, "ab\n1234\r\n cd", [(2, 3), (6, 8)], [(3, 4), (10, 12)]),
        ] {
            let traced = layer.trace(text.as_bytes(), &places(&inside));
            assert_eq!(traced, places(&outside), "{inside:?} of {text:?}");
        }
        assert!(Escapes.trace(br"a\nb", &[]).is_empty());
    }
}
