//! Sealing: what is confidential is encrypted and authenticated before it reaches the writer's queue, and opened by
//! the reader (design §5, invariant 6). XChaCha20-Poly1305; the place of a value is authenticated with it, so that
//! rows cannot be exchanged.

use std::sync::atomic::{AtomicU64, Ordering};

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use jiff::Timestamp;
use model::{Code, DeliveryId, EntityKey, JobId, RecordKind};
use uuid::Uuid;

use crate::error::Error;
use crate::key::Key;
use crate::random;

const NONCE: usize = 24;
const TAG: usize = 16;
/// Length of a keyed hash as stored.
pub(crate) const DIGEST: usize = 16;

/// What a sealed value is, and which row it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place(Vec<u8>);

impl Place {
    fn new(kind: &str, parts: &[&[u8]]) -> Self {
        let mut bytes = Vec::with_capacity(64);
        bytes.extend_from_slice(kind.as_bytes());
        for part in parts {
            // With its length before each part, no two lists give the same bytes.
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part);
        }
        Place(bytes)
    }

    pub(crate) fn body(job: JobId) -> Self {
        Place::new("body", &[job.0.as_bytes()])
    }

    pub(crate) fn secrets(job: JobId) -> Self {
        Place::new("secrets", &[job.0.as_bytes()])
    }

    /// A reply address is sealed before it is known which job it joins: it belongs to the external id, or, without
    /// one, to the job.
    pub(crate) fn reply(source: &str, external_id: Option<&str>, job: JobId) -> Self {
        match external_id {
            Some(value) => Place::new("reply", &[source.as_bytes(), value.as_bytes()]),
            None => Place::new("reply", &[job.0.as_bytes()]),
        }
    }

    pub(crate) fn output(job: JobId, step: u16, number: u32) -> Self {
        Place::new("output", &[job.0.as_bytes(), &step.to_le_bytes(), &number.to_le_bytes()])
    }

    pub(crate) fn delivery(id: DeliveryId) -> Self {
        Place::new("delivery", &[id.0.as_bytes()])
    }

    pub(crate) fn entity(key: &EntityKey, rev: u64) -> Self {
        Place::new("entity", &[key.kind.as_bytes(), key.key.as_bytes(), &rev.to_le_bytes()])
    }

    /// A record gets its number at commit, later than it is sealed: it is bound to all that it says in clear.
    pub(crate) fn record(
        kind: RecordKind,
        at: Timestamp,
        who: &str,
        what: Option<&str>,
        code: &Code,
        message: &str,
    ) -> Self {
        let kind: &[u8] = match kind {
            RecordKind::Refusal => b"refusal",
            RecordKind::Audit => b"audit",
            RecordKind::Message => b"message",
        };
        let at = at.as_millisecond().to_le_bytes();
        let what = what.unwrap_or_default().as_bytes();
        Place::new("record", &[kind, &at, who.as_bytes(), what, code.as_str().as_bytes(), message.as_bytes()])
    }
}

/// Seals and opens with keys derived from the master key for one journal.
pub(crate) struct Seal {
    cipher: XChaCha20Poly1305,
    digest_key: [u8; 32],
    check: [u8; 32],
    /// Random for this process; with the counter behind it no nonce is ever used twice.
    run: [u8; 16],
    counter: AtomicU64,
}

impl Seal {
    pub(crate) fn new(key: &Key, journal: Uuid) -> Result<Self, Error> {
        let derive = |purpose: &str| {
            let mut hasher = blake3::Hasher::new_derive_key(purpose);
            hasher.update(key.bytes()).update(journal.as_bytes());
            *hasher.finalize().as_bytes()
        };
        Ok(Seal {
            cipher: XChaCha20Poly1305::new(&derive("intendant journal 1: seal").into()),
            digest_key: derive("intendant journal 1: digest"),
            check: derive("intendant journal 1: check"),
            run: random::bytes()?,
            counter: AtomicU64::new(0),
        })
    }

    /// A value that only the same key gives: stored with the journal to recognise a wrong one.
    pub(crate) fn check(&self) -> &[u8; 32] {
        &self.check
    }

    /// Nonce, ciphertext and tag.
    pub(crate) fn seal(&self, place: &Place, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE];
        for (to, from) in nonce
            .iter_mut()
            .zip(self.run.into_iter().chain(self.counter.fetch_add(1, Ordering::Relaxed).to_le_bytes()))
        {
            *to = from;
        }
        let mut sealed = Vec::with_capacity(NONCE + plain.len() + TAG);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = sealed
            .split_at_mut_checked(NONCE)
            .and_then(|(_, text)| {
                self.cipher.encrypt_inout_detached(&XNonce::from(nonce), &place.0, text.into()).ok()
            })
            .ok_or_else(|| Error::TooMany("a value is too long to be sealed".to_owned()))?;
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// The plain bytes; `what` names the value when it does not open.
    pub(crate) fn open(&self, place: &Place, mut sealed: Vec<u8>, what: &str) -> Result<Vec<u8>, Error> {
        self.open_in_place(place, &mut sealed).ok_or_else(|| {
            Error::Damaged(format!("{what} does not open: it was changed, or is not of this row"))
        })?;
        Ok(sealed)
    }

    fn open_in_place(&self, place: &Place, sealed: &mut Vec<u8>) -> Option<()> {
        let length = sealed.len().checked_sub(NONCE + TAG)?;
        let (nonce, rest) = sealed.split_at_mut_checked(NONCE)?;
        let (text, tag) = rest.split_at_mut_checked(length)?;
        let nonce = XNonce::try_from(&*nonce).ok()?;
        let tag = Tag::try_from(&*tag).ok()?;
        self.cipher.decrypt_inout_detached(&nonce, &place.0, text.into(), &tag).ok()?;
        sealed.copy_within(NONCE..NONCE + length, 0);
        sealed.truncate(length);
        Some(())
    }

    /// A keyed hash: says whether two values are the same, and nothing else.
    pub(crate) fn digest(&self, kind: &str, value: &[u8]) -> [u8; DIGEST] {
        let mut hasher = blake3::Hasher::new_keyed(&self.digest_key);
        hasher.update(&(kind.len() as u64).to_le_bytes()).update(kind.as_bytes()).update(value);
        let mut digest = [0; DIGEST];
        hasher.finalize_xof().fill(&mut digest);
        digest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seal() -> Seal {
        Seal::new(&Key::from_bytes([7; 32]), Uuid::from_u128(1)).unwrap()
    }

    fn job(n: u128) -> JobId {
        JobId(Uuid::from_u128(n))
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_in_its_place_only(plain: Vec<u8>, flip: prop::sample::Index, bit in 0..8_u8) {
            let seal = seal();
            let sealed = seal.seal(&Place::body(job(1)), &plain).unwrap();
            prop_assert_eq!(&seal.open(&Place::body(job(1)), sealed.clone(), "it").unwrap(), &plain);
            prop_assert!(seal.open(&Place::body(job(2)), sealed.clone(), "it").is_err());
            prop_assert!(seal.open(&Place::secrets(job(1)), sealed.clone(), "it").is_err());
            let mut flipped = sealed.clone();
            let place = flip.index(flipped.len());
            flipped[place] ^= 1_u8 << bit;
            prop_assert!(seal.open(&Place::body(job(1)), flipped, "it").is_err());
        }

        #[test]
        fn what_is_no_sealed_value_is_refused(bytes: Vec<u8>) {
            prop_assert!(seal().open(&Place::body(job(1)), bytes, "it").is_err());
        }
    }

    #[test]
    fn no_nonce_comes_twice() {
        let (a, b) = (seal(), seal());
        let place = Place::body(job(1));
        let mut nonces: Vec<Vec<u8>> =
            [&a, &a, &b, &b].iter().map(|s| s.seal(&place, b"x").unwrap()[..NONCE].to_vec()).collect();
        nonces.sort();
        nonces.dedup();
        assert_eq!(nonces.len(), 4);
    }

    #[test]
    fn keys_differ_by_master_key_and_journal() {
        let other_key = Seal::new(&Key::from_bytes([8; 32]), Uuid::from_u128(1)).unwrap();
        let other_journal = Seal::new(&Key::from_bytes([7; 32]), Uuid::from_u128(2)).unwrap();
        assert_ne!(seal().check(), other_key.check());
        assert_ne!(seal().check(), other_journal.check());
        assert_ne!(seal().digest("a", b"bc"), seal().digest("ab", b"c"));
        assert_ne!(seal().digest("a", b"bc"), other_key.digest("a", b"bc"));
    }
}
