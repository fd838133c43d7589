//! One text, written in two ways: an accented letter as one character, or as a letter and its accent.

use std::borrow::Cow;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// The text with each letter and its accents as one character (NFC), as keyboards and most programs write it.
pub fn composed(text: &str) -> Cow<'_, str> {
    const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfc();
    NFC.normalize(text)
}

/// The text with letters and accents apart (NFD), as some file systems and browsers write it.
pub fn decomposed(text: &str) -> Cow<'_, str> {
    const NFD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfd();
    NFD.normalize(text)
}

/// In small letters without accents, as people look for names and compare words: `MotDePassé` → `motdepasse`, `Cœur` →
/// `coeur`, `d’Été` → `d'ete`. What is folded is the same when it is folded again.
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for character in decomposed(text).chars().filter(|c| !is_accent(*c)).flat_map(char::to_lowercase) {
        match plain(character) {
            Some(plain) => folded.push_str(plain),
            // A capital may leave a mark behind when it becomes small.
            None if is_accent(character) => {}
            None => folded.push(character),
        }
    }
    folded
}

/// How a character is typed by those who have no key for it.
fn plain(character: char) -> Option<&'static str> {
    Some(match character {
        'œ' => "oe",
        'æ' => "ae",
        'ß' => "ss",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ı' => "i",
        '\u{2019}' | '\u{2bc}' => "'",
        '\u{2010}' | '\u{2011}' => "-",
        '\u{a0}' | '\u{202f}' => " ",
        _ => return None,
    })
}

/// Whether a character of a decomposed text only marks the letter before it.
pub(crate) fn is_accent(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_what_is_written() {
        for (written, typed) in [
            ("Müller", "muller"),
            ("LEFÈVRE", "lefevre"),
            ("Lefe\u{300}vre", "lefevre"),
            ("Cœur d\u{2019}Été", "coeur d'ete"),
            ("Großmann", "grossmann"),
            ("Łukasz Øst İn", "lukasz ost in"),
            ("plain ASCII", "plain ascii"),
        ] {
            assert_eq!(folded(written), typed);
            assert_eq!(folded(typed), typed);
        }
    }
}
