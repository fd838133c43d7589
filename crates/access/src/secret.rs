//! Secrets that are made here, shown once, and kept as hashes. They are random and long, so a fast hash is right.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use http::Problem;

/// 256 random bits as text. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Fresh(String);

impl Fresh {
    pub(super) fn new() -> Result<Self, Problem> {
        Ok(Fresh(BASE64_URL_SAFE_NO_PAD.encode(random::<32>()?)))
    }

    /// The secret itself, to be shown once.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    pub(super) fn hash(&self) -> String {
        hash(&self.0)
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fresh(…)")
    }
}

/// What is kept of a secret.
pub(super) fn hash(secret: &str) -> String {
    blake3::hash(secret.as_bytes()).to_hex().to_string()
}

/// Whether a secret is the one of which this is the hash. Takes the same time whatever differs.
pub(super) fn matches(secret: &str, kept: &str) -> bool {
    blake3::Hash::from_hex(kept).is_ok_and(|kept| blake3::hash(secret.as_bytes()) == kept)
}

/// A short random name.
pub(super) fn name() -> Result<String, Problem> {
    let mut name = String::new();
    for byte in random::<8>()? {
        // Writing to a string cannot fail.
        let _ = fmt::Write::write_fmt(&mut name, format_args!("{byte:02x}"));
    }
    Ok(name)
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| Problem::bug(&e))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_recognised_and_not_shown() {
        let secret = Fresh::new().unwrap();
        assert!(matches(secret.expose(), &secret.hash()));
        assert!(!matches("other", &secret.hash()) && !matches(secret.expose(), "no hash"));
        assert!(!format!("{secret:?}").contains(secret.expose()));
        assert_ne!(secret, Fresh::new().unwrap());
        assert_eq!(name().unwrap().len(), 16);
    }
}
