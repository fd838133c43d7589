//! "Did you mean …?"

use std::fmt::Write as _;

pub use model::json::quoted as quote;

/// The end of a sentence about an unknown word: the known one that was probably meant, or all of them.
pub fn hint(word: &str, known: &[&str]) -> String {
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
