//! Halves of characters: JavaScript's texts may hold one without the other, and its `JSON.stringify` writes it as an
//! escape (`"\ud800"`). No other text has such a thing, and no reader of JSON here takes it.

use std::borrow::Cow;

/// What takes the place of one, as wherever JavaScript has to write such a text in UTF-8.
const REPLACEMENT: &[u8] = b"\\ufffd";
const LENGTH: usize = REPLACEMENT.len();

/// The document with each lone half replaced. Everything else, and every place in it, stays as it is.
pub(super) fn without_halves(document: &str) -> Cow<'_, str> {
    if !document.contains("\\ud") && !document.contains("\\uD") {
        return Cow::Borrowed(document);
    }
    let mut bytes = document.as_bytes().to_vec();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let length = match (rest.first(), unit(rest)) {
            (Some(b'\\'), Some(0xD800..=0xDBFF))
                if matches!(rest.get(LENGTH..).and_then(unit), Some(0xDC00..=0xDFFF)) =>
            {
                2 * LENGTH
            }
            (Some(b'\\'), Some(0xD800..=0xDFFF)) => {
                if let Some(half) = bytes.get_mut(at..at + LENGTH) {
                    half.copy_from_slice(REPLACEMENT);
                }
                LENGTH
            }
            // An escape of another kind: what follows the backslash belongs to it.
            (Some(b'\\'), None) => 2,
            (Some(b'\\'), Some(_)) => LENGTH,
            _ => 1,
        };
        at += length;
    }
    // Only ASCII took the place of ASCII.
    String::from_utf8(bytes).map_or(Cow::Borrowed(document), Cow::Owned)
}

/// The number in `\uXXXX`, where the bytes begin with that.
fn unit(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    let digits =
        std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_a_half_without_its_other_one_is_replaced() {
        for (document, expected) in [
            (r#""a\ud800b""#, r#""a\ufffdb""#),
            (r#""\uDC00\uD83d\uDe00\ud83d""#, r#""\ufffd\uD83d\uDe00\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\ud800""#, r#""\\ud800""#),
            (r#""\\\ud800""#, r#""\\\ufffd""#),
            (r#""\u00e9\ud7ff\ue000""#, r#""\u00e9\ud7ff\ue000""#),
            (r#""\ud80"#, r#""\ud80"#),
        ] {
            assert_eq!(without_halves(document), expected);
        }
    }

    proptest! {
        #[test]
        fn what_every_reader_takes_stays_as_it_is(text in any::<String>()) {
            let document = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(without_halves(&document), document.as_str());
        }

        #[test]
        fn nothing_breaks_it_and_halves_are_no_reason_to_refuse(units in prop::collection::vec(any::<u16>(), 0..20)) {
            let escaped = units.iter().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat();
            let document = format!("\"{escaped}\"");
            let text: String = serde_json::from_str(&without_halves(&document)).unwrap();
            prop_assert_eq!(text, String::from_utf16_lossy(&units));
        }
    }
}
