//! Addresses: Google tells capitals and small letters apart nowhere.

use std::collections::BTreeSet;

/// Whether two addresses are the same one.
pub fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || folded(one) == folded(other)
}

/// An address as it is compared.
pub(super) fn folded(address: &str) -> String {
    address.trim().to_lowercase()
}

/// Addresses in a form in which lists of them can be compared: in small letters and in order, each once, without some.
pub fn sorted<'a>(all: impl IntoIterator<Item = &'a str>, without: &[&str]) -> String {
    let all = all.into_iter().filter(|one| !without.iter().any(|other| same(one, other))).map(folded);
    all.filter(|one| !one.is_empty()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{same, sorted};

    #[test]
    fn capitals_and_blanks_around_make_no_other_address() {
        assert!(same("Ada.Lovelace@Example.org", "ada.lovelace@example.ORG "));
        assert!(same("Élodie@example.org", "élodie@example.org"));
        assert!(!same("ada@example.org", "ada@example.net"));
    }

    #[test]
    fn lists_are_the_same_in_any_order_and_writing() {
        assert_eq!(
            sorted(["B@x.org", "a@X.org", "b@x.org", "", "c@x.org"], &["C@x.org"]),
            "a@x.org, b@x.org"
        );
    }
}
