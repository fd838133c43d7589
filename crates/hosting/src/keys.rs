//! Keys and signed links: all follow from one secret of the server, so that none is stored and each can be told again.

use std::fmt::Write as _;

use engine::Hub;
use jiff::Timestamp;
use model::effect::EntityContent;
use model::{Effects, EntityKey, EntityWrite};
use ring::hmac::{self, HMAC_SHA256, Key};
use serde_json::{Value, json};

use crate::error::Error;
use crate::rne::Rne;

/// The kind of the entity that keeps the secret, and its key: there is one.
const KIND: &str = "hosting_secret";
const KEY: &str = "server";
/// Bytes of the secret.
const LENGTH: usize = 32;

/// What signs. Never shown.
#[derive(Clone)]
pub struct Signer(Key);

impl Signer {
    /// The server's own, sealed in the journal: made when there is none.
    pub async fn open(hub: &Hub) -> Result<Self, Error> {
        let key = EntityKey { kind: KIND.to_owned(), key: KEY.to_owned() };
        loop {
            if let Some(entity) = hub.journal().entity(key.clone()).await? {
                return Signer::read(&entity.body).ok_or(Error::NoSecret);
            }
            let mut secret = [0; LENGTH];
            getrandom::fill(&mut secret).map_err(|_| Error::NoSecret)?;
            let content = EntityContent {
                state: "kept".to_owned(),
                label: "secret".to_owned(),
                body: json!({ "secret": hex(&secret) }),
            };
            let entities = vec![EntityWrite { key: key.clone(), expected_rev: 0, content: Some(content) }];
            match hub.write(Effects { entities, ..Effects::default() }, None).await {
                // Somebody else has made one at the same moment.
                Ok(()) | Err(engine::Error::Journal(journal::Error::Conflict { .. })) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn read(body: &Value) -> Option<Self> {
        let secret = body.get("secret")?.as_str().filter(|text| text.len() == 2 * LENGTH)?;
        Some(Signer::of(secret.as_bytes()))
    }

    /// One of this secret.
    pub fn of(secret: &[u8]) -> Self {
        Signer(Key::new(HMAC_SHA256, secret))
    }

    /// The key of an establishment: who has it speaks for the school.
    pub fn key(&self, rne: &Rne, generation: u64) -> String {
        hex(self.tag("establishment", &[rne.as_str(), &generation.to_string()]).as_ref())
    }

    /// Whether this is the key of the establishment. Takes the same time whatever differs.
    pub fn is_key(&self, rne: &Rne, generation: u64, said: &str) -> bool {
        let Some(said) = bytes(said) else { return false };
        let parts = message("establishment", &[rne.as_str(), &generation.to_string()]);
        hmac::verify(&self.0, &parts, &said).is_ok()
    }

    /// A key for something else, which says nothing of any other.
    pub fn derived(&self, purpose: &str) -> Key {
        Key::new(HMAC_SHA256, self.tag("derived", &[purpose]).as_ref())
    }

    /// The signature of a link that is good until a time.
    pub fn sign(&self, purpose: &str, parts: &[&str], expires_at: Timestamp) -> String {
        let until = expires_at.as_second().to_string();
        format!("{until}.{}", hex(self.tag(purpose, &with(parts, &until)).as_ref()))
    }

    /// Whether a signature is that of these parts, and still good; until when.
    pub fn signed(
        &self,
        purpose: &str,
        parts: &[&str],
        signature: &str,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let (until, tag) = signature.split_once('.')?;
        let expires_at = Timestamp::from_second(until.parse().ok()?).ok()?;
        hmac::verify(&self.0, &message(purpose, &with(parts, until)), &bytes(tag)?).ok()?;
        (expires_at > now).then_some(expires_at)
    }

    fn tag(&self, purpose: &str, parts: &[&str]) -> hmac::Tag {
        hmac::sign(&self.0, &message(purpose, parts))
    }
}

fn with<'p>(parts: &[&'p str], until: &'p str) -> Vec<&'p str> {
    parts.iter().copied().chain([until]).collect()
}

/// Parts that do not run together.
fn message(purpose: &str, parts: &[&str]) -> Vec<u8> {
    let all = std::iter::once(&purpose).chain(parts);
    all.flat_map(|part| (part.len() as u64).to_le_bytes().into_iter().chain(part.bytes())).collect()
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    let pair = |at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    if digits { (0..hex.len()).step_by(2).map(pair).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_key_is_of_one_school_and_one_generation_and_one_server() {
        let (signer, other) = (Signer::of(b"secret"), Signer::of(b"another"));
        let (school, neighbour): (Rne, Rne) = ("0750655E".parse().unwrap(), "0750654D".parse().unwrap());
        let key = signer.key(&school, 1);
        assert_eq!((key.len(), &key), (64, &signer.key(&school, 1)));
        assert!(signer.is_key(&school, 1, &key));
        let wrong = [
            signer.is_key(&school, 2, &key),
            signer.is_key(&neighbour, 1, &key),
            other.is_key(&school, 1, &key),
        ];
        assert_eq!(wrong, [false; 3]);
        for odd in ["", "00", &key[1..], &format!("{key}0"), &key.replace(|_| true, "g")] {
            assert!(!signer.is_key(&school, 1, odd), "{odd}");
        }
        assert_eq!(
            signer.key(&school, 1),
            hex(Signer::of(b"secret").tag("establishment", &["0750655E", "1"]).as_ref())
        );
    }

    #[test]
    fn a_signature_holds_for_what_it_was_made_for_and_not_for_ever() {
        let signer = Signer::of(b"secret");
        let signature = signer.sign("download", &["0750655E", "base.zip"], at(60));
        assert_eq!(signer.signed("download", &["0750655E", "base.zip"], &signature, at(0)), Some(at(60)));
        assert_eq!(signer.signed("download", &["0750655E", "base.zip"], &signature, at(60)), None);
        assert_eq!(signer.signed("download", &["0750655E", "other.zip"], &signature, at(0)), None);
        assert_eq!(signer.signed("upload", &["0750655E", "base.zip"], &signature, at(0)), None);
        assert_eq!(signer.signed("download", &["0750655Ebase", ".zip"], &signature, at(0)), None);
        let (_, tag) = signature.split_once('.').unwrap();
        let longer = format!("{}.{tag}", at(600).as_second());
        assert_eq!(signer.signed("download", &["0750655E", "base.zip"], &longer, at(0)), None);
        for odd in ["", ".", "1.2", "x.y", "99999999999999999999.00"] {
            assert_eq!(signer.signed("download", &["a"], odd, at(0)), None);
        }
    }
}
