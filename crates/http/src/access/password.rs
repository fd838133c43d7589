//! Passwords of people: argon2id, a few at a time, because each takes 19 MiB while it is looked at.

use argon2::{Argon2, PasswordHash, PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::problem::Problem;

/// Characters of a password, at least.
pub(super) const SHORTEST: usize = 10;
/// Bytes of a password, at most: hashing a long one is work that anybody could ask for.
const LONGEST: usize = 1024;

/// Looks at passwords.
#[derive(Debug)]
pub(super) struct Passwords {
    at_once: Semaphore,
}

impl Passwords {
    pub(super) fn new() -> Self {
        Passwords { at_once: Semaphore::new(2) }
    }

    /// What is kept of a new password.
    pub(super) async fn hash(&self, name: &str, password: &str) -> Result<String, Problem> {
        if password.chars().count() < SHORTEST || password.len() > LONGEST {
            let rule = format!("a password has {SHORTEST} characters at least and {LONGEST} bytes at most");
            return Err(Problem::bad_request(rule));
        }
        if password.to_lowercase() == name.to_lowercase() {
            return Err(Problem::bad_request("the password must not be the name"));
        }
        let _turn = self.at_once.acquire().await.map_err(|e| Problem::bug(&e))?;
        let password = password.to_owned();
        let hashed = spawn_blocking(move || {
            Argon2::default().hash_password(password.as_bytes()).map(|h| h.to_string())
        });
        hashed.await.map_err(|e| Problem::bug(&e))?.map_err(|e| Problem::bug(&e))
    }

    /// Whether this is the password. Without an account one is looked at all the same, so that the time tells nothing.
    pub(super) async fn verify(&self, password: &str, kept: Option<String>) -> Result<bool, Problem> {
        if password.len() > LONGEST {
            return Ok(false);
        }
        let _turn = self.at_once.acquire().await.map_err(|e| Problem::bug(&e))?;
        let password = password.to_owned();
        let verified = spawn_blocking(move || {
            let Some(kept) = kept else {
                // The result is of no interest.
                let _ = Argon2::default().hash_password(password.as_bytes());
                return false;
            };
            PasswordHash::new(&kept)
                .is_ok_and(|kept| Argon2::default().verify_password(password.as_bytes(), &kept).is_ok())
        });
        verified.await.map_err(|e| Problem::bug(&e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_recognised() {
        let passwords = Passwords::new();
        let kept = passwords.hash("alice", "correct horse").await.unwrap();
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        assert!(passwords.verify("correct horse", Some(kept.clone())).await.unwrap());
        assert!(!passwords.verify("correct house", Some(kept)).await.unwrap());
        assert!(!passwords.verify("correct horse", None).await.unwrap());
        assert!(passwords.hash("alice", "short").await.is_err());
        assert!(passwords.hash("alice-the-first", "Alice-the-First").await.is_err());
        assert!(passwords.hash("alice", &"x".repeat(2000)).await.is_err());
    }
}
