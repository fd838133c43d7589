//! Passwords of people: argon2id, a few at a time, because each takes 19 MiB while it is looked at.

use std::borrow::Cow;

use argon2::{Argon2, PasswordHash, PasswordHasher as _, PasswordVerifier as _};
use model::composed::{composed, decomposed};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::spawn_blocking;

use http::Problem;

/// Characters of a password, at least.
pub(super) const SHORTEST: usize = 10;
/// Bytes of a password, at most: hashing a long one is work that anybody could ask for.
const LONGEST: usize = 1024;
/// So many strangers may wait for their turn.
const WAITING: usize = 32;

/// Whose password is looked at. Strangers never make others wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Of somebody who is known already: by a session, a token, a sign-in link, or the browser.
    Known,
    /// Of anybody.
    Stranger,
}

/// Looks at passwords.
#[derive(Debug)]
pub(super) struct Passwords {
    known: Semaphore,
    strangers: Semaphore,
    waiting: Semaphore,
}

impl Passwords {
    pub(super) fn new() -> Self {
        Passwords { known: Semaphore::new(1), strangers: Semaphore::new(1), waiting: Semaphore::new(WAITING) }
    }

    /// What is kept of a new password.
    pub(super) async fn hash(&self, name: &str, password: &str) -> Result<String, Problem> {
        // Keyboards and systems write é as one character or as two.
        let password = composed(password).into_owned();
        if password.chars().count() < SHORTEST || password.len() > LONGEST {
            let rule = format!("a password has {SHORTEST} characters at least and {LONGEST} bytes at most");
            return Err(Problem::bad_request(rule));
        }
        if password.to_lowercase() == name.to_lowercase() {
            return Err(Problem::bad_request("the password must not be the name"));
        }
        let _turn = self.known.acquire().await.map_err(|e| Problem::bug(&e))?;
        let hashed = spawn_blocking(move || {
            Argon2::default().hash_password(password.as_bytes()).map(|h| h.to_string())
        });
        hashed.await.map_err(|e| Problem::bug(&e))?.map_err(|e| Problem::bug(&e))
    }

    /// Whether this is the password. Without an account one is looked at all the same, so that the time tells nothing.
    pub(super) async fn verify(
        &self,
        password: &str,
        kept: Option<String>,
        whose: Whose,
    ) -> Result<bool, Problem> {
        // Decomposed, the same password may be longer.
        if password.len() > 4 * LONGEST || composed(password).len() > LONGEST {
            return Ok(false);
        }
        let _turn = self.turn(whose).await?;
        let forms = forms(password);
        let verified = spawn_blocking(move || {
            let Some(kept) = kept else {
                for password in forms {
                    // The result is of no interest.
                    let _ = Argon2::default().hash_password(password.as_bytes());
                }
                return false;
            };
            PasswordHash::new(&kept).is_ok_and(|kept| {
                let fits = |password: String| Argon2::default().verify_password(password.as_bytes(), &kept);
                forms.into_iter().any(|password| fits(password).is_ok())
            })
        });
        verified.await.map_err(|e| Problem::bug(&e))
    }

    /// One's turn, and for strangers a place in the queue; so many as can be served soon.
    async fn turn(
        &self,
        whose: Whose,
    ) -> Result<(Option<SemaphorePermit<'_>>, SemaphorePermit<'_>), Problem> {
        let (place, turns) = match whose {
            Whose::Known => (None, &self.known),
            Whose::Stranger => {
                let full = |_| Problem::later("busy", 5, "many people sign in just now: try again in 5 s");
                (Some(self.waiting.try_acquire().map_err(full)?), &self.strangers)
            }
        };
        Ok((place, turns.acquire().await.map_err(|e| Problem::bug(&e))?))
    }
}

/// The forms in which a password may have been kept. Those of earlier versions were kept as they were typed.
fn forms(password: &str) -> Vec<String> {
    let mut forms = [composed(password), password.into(), decomposed(password)].map(Cow::into_owned).to_vec();
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_recognised() {
        let passwords = Passwords::new();
        let kept = passwords.hash("alice", "correct horse").await.unwrap();
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        let verify = |password: &'static str, kept| passwords.verify(password, kept, Whose::Stranger);
        assert!(verify("correct horse", Some(kept.clone())).await.unwrap());
        assert!(!verify("correct house", Some(kept)).await.unwrap());
        assert!(!verify("correct horse", None).await.unwrap());
        assert!(passwords.hash("alice", "short").await.is_err());
        assert!(passwords.hash("alice-the-first", "Alice-the-First").await.is_err());
        assert!(passwords.hash("alice", &"x".repeat(2000)).await.is_err());
    }

    #[tokio::test]
    async fn it_is_the_same_password_however_its_letters_are_composed() {
        const ONE: &str = "\u{c9}l\u{e9}phant-ros\u{e9}-2026";
        const TWO: &str = "E\u{301}le\u{301}phant-rose\u{301}-2026";
        let passwords = Passwords::new();
        for typed in [ONE, TWO] {
            let kept = passwords.hash("alice", typed).await.unwrap();
            for again in [ONE, TWO] {
                assert!(passwords.verify(again, Some(kept.clone()), Whose::Known).await.unwrap());
            }
        }
        // As an earlier version kept it.
        let kept = Argon2::default().hash_password(TWO.as_bytes()).unwrap().to_string();
        assert!(passwords.verify(ONE, Some(kept.clone()), Whose::Known).await.unwrap());
        assert!(!passwords.verify("Elephant-rose-2026", Some(kept), Whose::Known).await.unwrap());
        assert_eq!(forms("plain").len(), 1, "most passwords are looked at once");
    }

    #[tokio::test]
    async fn strangers_wait_for_each_other_only_and_not_without_end() {
        let passwords = Passwords::new();
        let _busy = passwords.strangers.acquire().await.unwrap();
        let mut queue: Vec<_> = (0..WAITING).map(|_| Box::pin(passwords.turn(Whose::Stranger))).collect();
        for waiting in &mut queue {
            assert!(futures_util::poll!(waiting).is_pending());
        }
        let problem = passwords.verify("a password", None, Whose::Stranger).await.unwrap_err();
        assert_eq!((problem.status, problem.code.as_str()), (503, "busy"));
        assert!(!passwords.verify("a password", None, Whose::Known).await.unwrap());
    }
}
