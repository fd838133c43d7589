//! A trouble that lasts is told once when it begins and once when it ends.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a trouble has begun and was told.
#[derive(Debug, Default)]
pub struct Lasting(AtomicBool);

impl Lasting {
    /// It is there. Says whether that is news.
    pub fn began(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }

    /// It is over. Says whether that is news.
    pub fn ended(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }

    /// The journal refused. What its writer tells itself is not told a second time.
    pub fn refused(&self, what: &str, error: &journal::Error) {
        if error.is_told() {
            tracing::debug!("{what}: {error}");
        } else if self.began() {
            tracing::error!("{what}: {error}; it is tried again until it works");
        }
    }

    /// The journal obeyed.
    pub fn obeyed(&self, what: &str) {
        if self.ended() {
            tracing::info!("{what}: it works again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_is_news_once() {
        let trouble = Lasting::default();
        assert!(!trouble.ended());
        assert!(trouble.began() && !trouble.began() && !trouble.began());
        assert!(trouble.ended() && !trouble.ended());
        assert!(trouble.began());
    }
}
