//! Every key of the configuration is documented: a test of the command compares the two, and must be there.

use super::Source;

/// The test that compares the documented keys with those that are read.
const TEST: &str = "crates/intendant/src/config/tests/documented.rs";

/// The crate that reads the configuration.
const READER: &str = "crates/intendant/src/config";

/// Says when the configuration is read and nothing compares it with its documentation.
pub(crate) fn check(sources: &[Source]) -> Vec<String> {
    let is_read = sources.iter().any(|s| s.path.starts_with(READER));
    let is_compared = sources.iter().any(|s| s.path == TEST);
    if is_read && !is_compared {
        return vec![format!("{TEST} is missing: it compares the documented keys with those that are read")];
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn a_configuration_that_is_read_must_be_compared() {
        let reader = || source(READER, "");
        assert_eq!(check(&[reader()]).len(), 1);
        assert!(check(&[reader(), source(TEST, "")]).is_empty());
        assert!(check(&[]).is_empty());
    }
}
