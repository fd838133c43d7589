//! Names of tokens and accounts.

use http::Problem;

/// Refuses what would be unreadable in a log, a path or a source's name.
pub(super) fn check(name: &str) -> Result<(), Problem> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && name.len() <= 64 && name.chars().all(fits) {
        return Ok(());
    }
    let rule = "a name has 1 to 64 letters, digits and . _ - @ +, and begins with a letter or digit";
    Err(Problem::bad_request(rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for good in ["crm", "alice.b@example.org", "0-1_2+3"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", ".x", "a b", "a/b", "é", "a\n", &"x".repeat(65)] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
