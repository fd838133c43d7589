//! Encodings that are undone before secrets are looked for, and the way back to where they were found.

use std::ops::Range;

use super::unit::{self, Unit};

/// An encoding that can hide a secret in many ways, too many to list as forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// Backslash escapes as in JSON (`\"`, `\/`, `\n`, `\u00e9`, surrogate pairs), in C, Python and `$'…'` of shells
    /// (`\xe9`, `\303`, `\e`, `\U0001f600`), and before any other sign (`\$`, `\ `), as `printf %q` writes it.
    Escapes,
    /// Backslashes before two hexadecimal digits or a sign, as in LDAP's names and filters.
    Ldap,
    /// Apostrophes within apostrophes, as shells write them: `'\''` and `'"'"'`.
    Quotes,
    /// Percent-encoding as in URLs and forms, and `%u00e9`.
    Percent,
    /// Entities of XML and HTML.
    Entities,
    /// Quoted-printable, as in mails.
    Printable,
    /// Line ends as in wrapped base64 or folded LDIF: the line end, and one blank after it.
    Folds,
    /// What stands between the bytes of a hexadecimal dump: `64:6f`, `64 6f`, `0x64, 0x6f`.
    Apart,
}

/// Which bytes a text has at all.
pub(super) struct Present([bool; 256]);

impl Present {
    pub(super) fn of(text: &[u8]) -> Self {
        let mut present = [false; 256];
        for byte in text {
            if let Some(found) = present.get_mut(usize::from(*byte)) {
                *found = true;
            }
        }
        Present(present)
    }

    fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).copied().unwrap_or_default()
    }
}

impl Layer {
    pub(super) const ALL: &[Layer] = {
        use Layer::{Apart, Entities, Escapes, Folds, Ldap, Percent, Printable, Quotes};
        &[Escapes, Ldap, Quotes, Percent, Entities, Printable, Folds, Apart]
    };

    /// What may be found below this encoding: escaped JSON inside escaped JSON, wrapped base64 inside JSON, JSON inside
    /// the arguments of a command.
    pub(super) fn below(self) -> &'static [Layer] {
        use Layer::{Apart, Entities, Escapes, Folds, Ldap, Percent, Printable, Quotes};
        match self {
            Escapes => &[Escapes, Ldap, Quotes, Percent, Entities, Folds, Apart],
            Folds => &[Escapes, Ldap, Quotes, Percent, Entities, Apart],
            Quotes | Percent | Entities => &[Escapes, Quotes, Percent, Entities, Folds],
            Printable => &[Escapes, Percent, Entities],
            Ldap => &[Folds],
            Apart => &[],
        }
    }

    /// Whether a text that has these bytes may have something of this encoding.
    pub(super) fn may_be_in(self, present: &Present) -> bool {
        self.beginnings().iter().any(|byte| present.has(*byte))
    }

    /// The text with this encoding undone; `None` = there is nothing of it.
    pub(super) fn undo(self, text: &[u8]) -> Option<Vec<u8>> {
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
        let beginnings = self.beginnings();
        let mut plain = 0;
        let mut at = 0;
        while let Some(rest) = text.get(at..)
            && let Some(skipped) = rest.iter().position(|b| beginnings.contains(b))
        {
            let start = at + skipped;
            let Some(unit) = text.get(start..).and_then(|rest| self.unit(rest)) else {
                at = start + 1;
                continue;
            };
            if plain < start {
                part(text.get(plain..start).unwrap_or_default(), plain..start);
            }
            part(unit.stands_for(), start..start + unit.length);
            at = start + unit.length;
            plain = at;
        }
        if plain < text.len() {
            part(text.get(plain..).unwrap_or_default(), plain..text.len());
        }
    }

    fn beginnings(self) -> &'static [u8] {
        match self {
            Layer::Escapes | Layer::Ldap => b"\\",
            Layer::Quotes => b"'\"",
            Layer::Percent => b"%+",
            Layer::Entities => b"&",
            Layer::Printable => b"=",
            Layer::Folds => b"\r\n",
            Layer::Apart => b" :-,",
        }
    }

    /// What the text begins with, if it is an encoded unit.
    fn unit(self, text: &[u8]) -> Option<Unit> {
        match self {
            Layer::Escapes => unit::escape(text),
            Layer::Ldap => unit::ldap(text),
            Layer::Quotes => unit::quotes(text),
            Layer::Percent => unit::percent(text),
            Layer::Entities => unit::entity(text),
            Layer::Printable => unit::printable(text),
            Layer::Folds => unit::fold(text),
            Layer::Apart => unit::between(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Layer::{self, Apart, Entities, Escapes, Folds, Ldap, Percent, Printable, Quotes};

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
            (Escapes, r"\303\251 \0\e[\a\v", "é \0\u{1b}[\u{7}\u{b}"),
            (Escapes, r"\u{e9}\u{1f600}\U0001F600", "é😀😀"),
            (Escapes, r"\ \$\`\!", " $`!"),
            (Ldap, r"\2a\C3\a9\,\\", "*é,\\"),
            (Quotes, r#"don'\''t 'a'"''"'b'"#, "don't 'a''b'"),
            (Quotes, r#"x"'"'"y"#, r#"x"y"#),
            (Entities, "&amp;&#39;&#x27;&#039;&eacute;&Yacute;&euro;", "&'''éÝ€"),
            (Printable, "=C3=A9 a=\nb=\r\nc", "é abc"),
            (Apart, "64:6f 0x6e, 0x27,74-7465", "646f6e27747465"),
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
            (Escapes, r"\400 \9 \u{} \u{110000} \U00110000 \u{1"),
            (Ldap, r"\gg \a"),
            (Quotes, r#"'a' "" '"x"' '\' '"'"x"#),
            (Entities, "a & b; &nope; &#x110000; &#; &;"),
            (Printable, "a = b=c =C"),
            (Apart, "a b, 1:234 - x"),
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
