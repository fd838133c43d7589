//! Names of sources: `http`, and its callers `http/account:alice`, `http/token:crm/6f1c20a4e9b3d857`.

/// Whether a source is the one that is named, or one of its callers: `http` stands for `http/token:crm` too, and that for
/// each token that had the name.
pub fn stands_for(named: &str, source: &str) -> bool {
    let rest = source.strip_prefix(named);
    !named.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_its_callers() {
        for named in ["http", "http/token:crm", "http/token:crm/6f1c"] {
            assert!(stands_for(named, "http/token:crm/6f1c"), "{named}");
        }
        for named in ["", "htt", "http/", "http/token:cr", "http/token:crm/6f1", "sesame"] {
            assert!(!stands_for(named, "http/token:crm/6f1c"), "{named}");
        }
    }
}
