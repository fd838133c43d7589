//! "Did you mean …?"

use std::fmt::Write as _;

/// The end of a sentence about an unknown word: the known one that was probably meant, or all of them.
pub(crate) fn hint(word: &str, known: &[&str]) -> String {
    let wanted = word.to_lowercase();
    let distance = |known: &str| strsim::damerau_levenshtein(&wanted, &known.to_lowercase());
    let near = known.iter().map(|known| (distance(known), *known)).min();
    match near {
        Some((distance, known)) if distance <= known.len() / 3 => format!("did you mean {known:?}?"),
        _ => known.iter().enumerate().fold("known are ".to_owned(), |mut list, (place, known)| {
            let comma = if place == 0 { "" } else { ", " };
            // Writing to a string cannot fail.
            let _ = write!(list, "{comma}{known}");
            list
        }),
    }
}

/// A word from outside, fit to be repeated in a sentence: quoted, without control characters, not too long.
pub(crate) fn quote(word: &str) -> String {
    const SHOWN: usize = 40;
    match word.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", word.get(..end).unwrap_or_default()),
        None => format!("{word:?}"),
    }
}
