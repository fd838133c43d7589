//! Addresses: Google tells capitals and small letters apart nowhere.

/// Whether two addresses are the same one.
pub fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || folded(one) == folded(other)
}

/// An address as it is compared.
pub(super) fn folded(address: &str) -> String {
    address.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn capitals_and_blanks_around_make_no_other_address() {
        assert!(same("Ada.Lovelace@Example.org", "ada.lovelace@example.ORG "));
        assert!(same("Élodie@example.org", "élodie@example.org"));
        assert!(!same("ada@example.org", "ada@example.net"));
    }
}
