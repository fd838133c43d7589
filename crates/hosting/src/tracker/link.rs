//! Signed links: to the page of a school, and to where it says that it wants no more mails. What a link says can be read, and
//! cannot be changed: for what it is, for which school, of which generation, and until when.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::hmac;

use crate::rne::Rne;

/// Where pages of schools are.
pub const PAGE_PATH: &str = "/hosting/v1/school/";
/// Where schools say that they want no more mails.
pub const STOP_PATH: &str = "/hosting/v1/stop/";
/// No token is longer, in characters.
const LONGEST: usize = 256;
/// Bytes of a signature.
const SIGNATURE: usize = 32;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The page of a school.
    Page,
    /// Ending the mails of a school.
    Stop,
}

impl Purpose {
    const fn word(self) -> &'static str {
        match self {
            Purpose::Page => "page",
            Purpose::Stop => "stop",
        }
    }

    /// How long a link is good. Who finds an old mail must still be able to end them.
    pub const fn life(self) -> SignedDuration {
        match self {
            Purpose::Page => SignedDuration::from_hours(90 * 24),
            Purpose::Stop => SignedDuration::from_hours(2 * 365 * 24),
        }
    }

    /// The path above its tokens.
    pub const fn path(self) -> &'static str {
        match self {
            Purpose::Page => PAGE_PATH,
            Purpose::Stop => STOP_PATH,
        }
    }
}

/// What a link says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// What it is for.
    pub(super) purpose: Purpose,
    /// For which school.
    pub(super) rne: Rne,
    /// For which generation of its links.
    pub(super) generation: String,
    /// Until when it is good.
    pub(super) expires_at: Timestamp,
}

impl Said {
    /// The token that says this.
    pub(super) fn sign(&self, key: &hmac::Key) -> String {
        let Said { purpose, rne, generation, expires_at } = self;
        let text = format!("{}.{rne}.{generation}.{}", purpose.word(), expires_at.as_second());
        let signature = hmac::sign(key, text.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode([signature.as_ref(), text.as_bytes()].concat())
    }

    /// What a token says that was signed here for this; `None` = it is forged, for something else, or too old.
    pub(super) fn read(purpose: Purpose, token: &str, key: &hmac::Key, now: Timestamp) -> Option<Self> {
        let bytes =
            BASE64_URL_SAFE_NO_PAD.decode(Some(token).filter(|token| token.len() <= LONGEST)?).ok()?;
        let (signature, text) = bytes.split_at_checked(SIGNATURE)?;
        hmac::verify(key, text, signature).ok()?;
        let mut parts = std::str::from_utf8(text).ok()?.split('.');
        parts.next().filter(|word| *word == purpose.word())?;
        let rne = parts.next()?.parse().ok()?;
        let generation = parts.next()?.to_owned();
        let expires_at = Timestamp::from_second(parts.next()?.parse().ok()?).ok()?;
        // A clock that was set back makes no link last longer than it was meant to.
        let day = SignedDuration::from_hours(24);
        let is_good = now < expires_at && expires_at.duration_since(now) <= purpose.life() + day;
        (is_good && parts.next().is_none()).then_some(Said { purpose, rne, generation, expires_at })
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

    fn said(purpose: Purpose) -> Said {
        let rne = "0750655E".parse().unwrap();
        Said { purpose, rne, generation: "1795752000000-7".to_owned(), expires_at: at(3600) }
    }

    #[test]
    fn a_link_is_for_one_thing_and_one_hub_and_not_for_ever() {
        let token = said(Purpose::Page).sign(&key(1));
        assert_eq!(Said::read(Purpose::Page, &token, &key(1), at(0)), Some(said(Purpose::Page)));
        assert_eq!(Said::read(Purpose::Page, &token, &key(1), at(3599)), Some(said(Purpose::Page)));
        assert_eq!(Said::read(Purpose::Page, &token, &key(1), at(3600)), None, "too old");
        assert_eq!(Said::read(Purpose::Stop, &token, &key(1), at(0)), None, "for something else");
        assert_eq!(Said::read(Purpose::Page, &token, &key(2), at(0)), None, "of another hub");
        assert_eq!(
            Said::read(Purpose::Page, &token, &key(1), at(-200 * 86_400)),
            None,
            "it was not made then"
        );
        assert!(
            token.len() <= LONGEST && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
    }

    #[test]
    fn no_character_of_it_can_be_changed() {
        let token = said(Purpose::Page).sign(&key(1));
        for place in 0..token.len() - 1 {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(Said::read(Purpose::Page, &changed, &key(1), at(0)), None, "{place}");
        }
        for odd in ["", "x", &"A".repeat(5_000), "é"] {
            assert_eq!(Said::read(Purpose::Page, odd, &key(1), at(0)), None);
        }
    }
}
