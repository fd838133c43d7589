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

/// In small letters without accents, for names that are compared with words: `MotDePassé` → `motdepasse`.
pub fn folded(text: &str) -> String {
    decomposed(text).chars().filter(|c| !is_accent(*c)).flat_map(char::to_lowercase).collect()
}

/// Whether a character of a decomposed text only marks the letter before it.
pub(crate) fn is_accent(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}
