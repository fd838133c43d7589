//! Tickets: signed links to the upload page, for a few minutes and one use. What they say can be read, and cannot be
//! changed.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::hmac;

use super::school::School;

/// How long a ticket may wait to be used.
pub(crate) const LIFE: SignedDuration = SignedDuration::from_mins(15);

/// No ticket is longer, in characters.
const LONGEST: usize = 256;
/// Bytes of its signature.
const SIGNATURE: usize = 32;

/// What a ticket says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// For whom it is.
    pub school: School,
    /// Its own name: it is used once.
    pub id: String,
    /// Until when it may be used.
    pub expires_at: Timestamp,
}

impl Said {
    /// A ticket that says this.
    pub(crate) fn sign(&self, key: &hmac::Key) -> String {
        let Said { school, id, expires_at } = self;
        let text = format!("{}.{}.{id}.{}", school.rne, school.generation, expires_at.as_second());
        let signature = hmac::sign(key, text.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode([signature.as_ref(), text.as_bytes()].concat())
    }

    /// What a ticket says that was signed here; `None` = it is forged, or too old.
    pub(crate) fn read(ticket: &str, key: &hmac::Key, now: Timestamp) -> Option<Self> {
        let bytes =
            BASE64_URL_SAFE_NO_PAD.decode(Some(ticket).filter(|ticket| ticket.len() <= LONGEST)?).ok()?;
        let (signature, text) = bytes.split_at_checked(SIGNATURE)?;
        hmac::verify(key, text, signature).ok()?;
        let mut parts = std::str::from_utf8(text).ok()?.split('.');
        let school = School { rne: parts.next()?.to_owned(), generation: parts.next()?.parse().ok()? };
        let id = parts.next()?.to_owned();
        let expires_at = Timestamp::from_second(parts.next()?.parse().ok()?).ok()?;
        // A clock that was set back makes no ticket last longer than it was meant to.
        let is_fresh =
            now < expires_at && expires_at.duration_since(now) <= LIFE + SignedDuration::from_mins(1);
        (is_fresh && parts.next().is_none()).then_some(Said { school, id, expires_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32])
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn said() -> Said {
        let school = School { rne: "0750655E".to_owned(), generation: 3 };
        Said { school, id: "4f".to_owned(), expires_at: at(900) }
    }

    #[test]
    fn a_ticket_says_for_whom_it_is_until_it_is_too_old() {
        let ticket = said().sign(&key(1));
        assert_eq!(Said::read(&ticket, &key(1), at(0)), Some(said()));
        assert_eq!(Said::read(&ticket, &key(1), at(899)), Some(said()));
        assert_eq!(Said::read(&ticket, &key(1), at(900)), None);
        assert_eq!(Said::read(&ticket, &key(1), at(-7200)), None, "it was not made then");
        assert!(
            ticket.len() <= LONGEST
                && ticket.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
    }

    #[test]
    fn no_character_of_it_can_be_changed() {
        let ticket = said().sign(&key(1));
        assert_eq!(Said::read(&ticket, &key(2), at(0)), None, "of another hub");
        for place in 0..ticket.len() - 1 {
            let mut changed = ticket.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(Said::read(&changed, &key(1), at(0)), None, "{place}");
        }
        for odd in ["", "x", &"A".repeat(5_000), "é"] {
            assert_eq!(Said::read(odd, &key(1), at(0)), None);
        }
    }
}
