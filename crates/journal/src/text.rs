//! Searching in texts, whatever case and accents their letters have, in any language. What is sought comes folded
//! ([`folded`]).

use model::composed::folded;
use model::name::parts;

/// Whether a text holds another one, which is folded.
pub(crate) fn contains(text: &str, sought: &str) -> bool {
    if !text.is_ascii() {
        return folded(text).contains(sought);
    }
    let Some(first) = sought.bytes().next() else { return true };
    // Most places are told apart by their first letter.
    text.as_bytes().windows(sought.len()).any(|part| {
        part.first().is_some_and(|byte| byte.eq_ignore_ascii_case(&first))
            && part.eq_ignore_ascii_case(sought.as_bytes())
    })
}

/// Whether a text, which is folded, is a whole part of a name.
pub(crate) fn names(label: &str, sought: &str) -> bool {
    parts(label).any(|part| is(part, sought))
}

/// Whether a text is another one, which is folded.
fn is(text: &str, sought: &str) -> bool {
    if text.is_ascii() { text.eq_ignore_ascii_case(sought) } else { folded(text) == sought }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_case_nor_accents_matter_in_any_language() {
        for (text, sought, expected) in [
            ("identity:66C2", "66c2", true),
            ("Échec: l'élève a été refusé", "Échec", true),
            ("ÉLÈVE", "eleve", true),
            ("E\u{301}LE\u{300}VE", "élève", true),
            ("IDENTITY_UPDATE", "update", true),
            ("update", "updates", false),
            ("eleve", "élève", true),
            ("MÜLLER Anna · amuller", "muller", true),
            ("", "a", false),
            ("abc", "", true),
        ] {
            assert_eq!(contains(text, &folded(sought)), expected, "{sought:?} in {text:?}");
        }
    }

    #[test]
    fn a_whole_part_is_asked_for() {
        let named = |text: &str| names("MÜLLER Anna · amuller · 7", &folded(text));
        assert!(named("AMULLER") && named("muller anna") && named("7"));
        assert!(!named("muller") && !named("amuller · 7"));
    }
}
