//! Sealing: what is confidential is encrypted and authenticated before it reaches the writer's queue, and opened by
//! the reader. The place of a value is authenticated with it, see [`Aad`], so that neither rows can be exchanged nor
//! what decides in clear be changed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::aad::Aad;
use crate::error::Error;
use crate::key::Key;
use crate::random;

const NONCE: usize = 24;
const TAG: usize = 16;
/// Length of a keyed hash as stored.
pub(crate) const DIGEST: usize = 16;
/// Length of the value by which a key is recognised.
pub(crate) const CHECK: usize = 32;

/// What a value is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Its row's id: journals of schemas 1 to 3.
    Id,
    /// Its row's id and all that decides in clear.
    Row,
}

/// Derives what one journal uses a key for.
fn derive(key: &Key, journal: Uuid, purpose: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(purpose);
    hasher.update(key.bytes()).update(journal.as_bytes());
    *hasher.finalize().as_bytes()
}

/// Seals and opens with one key in one format.
pub(crate) struct Cipher {
    aead: XChaCha20Poly1305,
    format: Format,
    check: [u8; CHECK],
    digest_key: DigestKey,
    /// Random for this process; with the counter behind it no nonce is ever used twice.
    run: [u8; 16],
    counter: AtomicU64,
}

impl Cipher {
    pub(crate) fn new(key: &Key, journal: Uuid, format: Format) -> Result<Self, Error> {
        let seal = match format {
            Format::Id => "intendant journal 1: seal",
            Format::Row => "intendant journal 2: seal",
        };
        Ok(Cipher {
            aead: XChaCha20Poly1305::new(&derive(key, journal, seal).into()),
            format,
            check: Cipher::check_of(key, journal, format),
            digest_key: Zeroizing::new(derive(key, journal, "intendant journal 1: digest")),
            run: random::bytes()?,
            counter: AtomicU64::new(0),
        })
    }

    pub(crate) fn check(&self) -> &[u8; CHECK] {
        &self.check
    }

    /// The key of hashes: to be kept when the seal is turned, because hashes cannot be made anew.
    pub(crate) fn digest_key(&self) -> &DigestKey {
        &self.digest_key
    }

    /// A value that only this key gives for this journal and format: stored to recognise the key.
    pub(crate) fn check_of(key: &Key, journal: Uuid, format: Format) -> [u8; CHECK] {
        let purpose = match format {
            Format::Id => "intendant journal 1: check",
            Format::Row => "intendant journal 2: check",
        };
        derive(key, journal, purpose)
    }

    /// Nonce, ciphertext and tag; `None` when it is too long.
    pub(crate) fn seal(&self, aad: &Aad, plain: &[u8]) -> Option<Vec<u8>> {
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
        let (_, text) = sealed.split_at_mut_checked(NONCE)?;
        let tag = self
            .aead
            .encrypt_inout_detached(&XNonce::from(nonce), aad.bytes(self.format), text.into())
            .ok()?;
        sealed.extend_from_slice(&tag);
        Some(sealed)
    }

    /// Makes it plain; when it does not open, it stays as it was.
    fn open(&self, aad: &Aad, sealed: &mut Vec<u8>) -> Option<()> {
        let length = sealed.len().checked_sub(NONCE + TAG)?;
        let (nonce, rest) = sealed.split_at_mut_checked(NONCE)?;
        let (text, tag) = rest.split_at_mut_checked(length)?;
        let nonce = XNonce::try_from(&*nonce).ok()?;
        let tag = Tag::try_from(&*tag).ok()?;
        self.aead.decrypt_inout_detached(&nonce, aad.bytes(self.format), text.into(), &tag).ok()?;
        sealed.copy_within(NONCE..NONCE + length, 0);
        sealed.truncate(length);
        Some(())
    }

    fn open_somehow(&self, aad: &Aad, sealed: &mut Vec<u8>) -> Option<()> {
        self.open(aad, sealed).or_else(|| self.open(aad.otherwise()?, sealed))
    }
}

/// The cipher that seals, and the one before it while rows are left that it sealed.
struct Ciphers {
    now: Arc<Cipher>,
    before: Option<Arc<Cipher>>,
    digest_before: Option<DigestKey>,
}

/// The key of keyed hashes.
pub(crate) type DigestKey = Zeroizing<[u8; 32]>;

/// A keyed hash of a value; and that of the key before, to compare it with older ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digest {
    pub(crate) now: [u8; DIGEST],
    before: Option<[u8; DIGEST]>,
}

impl Digest {
    /// Whether a stored hash is that of the same value.
    pub(crate) fn is(&self, stored: [u8; DIGEST]) -> bool {
        self.now == stored || self.before == Some(stored)
    }
}

/// Seals and opens the values of one journal. It can be turned to another key while it is in use.
pub(crate) struct Seal(RwLock<Arc<Ciphers>>);

impl Seal {
    /// `digest_before` is the key of older hashes, see [`Cipher::digest_key`].
    pub(crate) fn new(now: Cipher, before: Option<Cipher>) -> Self {
        let (now, before) = (Arc::new(now), before.map(Arc::new));
        Seal(RwLock::new(Arc::new(Ciphers { now, before, digest_before: None })))
    }

    /// The same, which opens with this cipher as well.
    pub(crate) fn with_before(self, before: Cipher) -> Self {
        let Ciphers { now, digest_before, .. } = &*self.ciphers();
        let (now, digest_before) = (Arc::clone(now), digest_before.clone());
        Seal(RwLock::new(Arc::new(Ciphers { now, before: Some(Arc::new(before)), digest_before })))
    }

    /// The same, with the key of older hashes, see [`Cipher::digest_key`].
    pub(crate) fn with_older_hashes(self, key: DigestKey) -> Self {
        let Ciphers { now, before, .. } = &*self.ciphers();
        let (now, before) = (Arc::clone(now), before.clone());
        Seal(RwLock::new(Arc::new(Ciphers { now, before, digest_before: Some(key) })))
    }

    fn ciphers(&self) -> Arc<Ciphers> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Nonce, ciphertext and tag.
    pub(crate) fn seal(&self, aad: &Aad, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let too_long = || Error::TooMany("a value is too long to be sealed".to_owned());
        self.ciphers().now.seal(aad, plain).ok_or_else(too_long)
    }

    /// The plain bytes; `what` names the value when it does not open.
    pub(crate) fn open(&self, aad: &Aad, mut sealed: Vec<u8>, what: &str) -> Result<Vec<u8>, Error> {
        let ciphers = self.ciphers();
        ciphers
            .now
            .open_somehow(aad, &mut sealed)
            .or_else(|| ciphers.before.as_ref()?.open_somehow(aad, &mut sealed))
            .ok_or_else(|| {
                Error::Damaged(format!(
                    "{what} does not open: it or its row was changed, or it is not of this row"
                ))
            })?;
        Ok(sealed)
    }

    /// The value sealed anew, when it is sealed as it was before; `None` when it need not be, or cannot be read.
    pub(crate) fn renew(&self, aad: &Aad, sealed: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let ciphers = self.ciphers();
        let Some(before) = &ciphers.before else { return Ok(None) };
        let mut plain = Zeroizing::new(sealed.to_vec());
        match before.open(aad, &mut plain) {
            Some(()) => self.seal(aad, &plain).map(Some),
            None => match aad.otherwise().filter(|other| before.open(other, &mut plain).is_some()) {
                Some(other) => self.seal(other, &plain).map(Some),
                None => Ok(None),
            },
        }
    }

    /// A keyed hash: says whether two values are the same, and nothing else.
    pub(crate) fn digest(&self, kind: &str, value: &[u8]) -> Digest {
        let ciphers = self.ciphers();
        let digest = |key: &[u8; 32]| {
            let mut hasher = blake3::Hasher::new_keyed(key);
            hasher.update(&(kind.len() as u64).to_le_bytes()).update(kind.as_bytes()).update(value);
            let mut digest = [0; DIGEST];
            hasher.finalize_xof().fill(&mut digest);
            digest
        };
        Digest {
            now: digest(&ciphers.now.digest_key),
            before: ciphers.digest_before.as_ref().map(|key| digest(key)),
        }
    }

    /// The cipher that seals.
    pub(crate) fn now(&self) -> Arc<Cipher> {
        Arc::clone(&self.ciphers().now)
    }

    /// Whether rows may be left that are sealed as before.
    pub(crate) fn is_turning(&self) -> bool {
        self.ciphers().before.is_some()
    }

    /// The same, and they are of this format.
    pub(crate) fn is_turning_from(&self, format: Format) -> bool {
        self.ciphers().before.as_ref().is_some_and(|before| before.format == format)
    }

    /// Seals with this cipher from now on, and opens with the last one as well.
    pub(crate) fn turn(&self, now: Arc<Cipher>) {
        let mut ciphers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = Arc::clone(&ciphers.now);
        let digest_before = Some(before.digest_key.clone());
        *ciphers = Arc::new(Ciphers { now, before: Some(before), digest_before });
    }

    /// Opens no more with the cipher before.
    pub(crate) fn forget(&self) {
        let mut ciphers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let (now, digest_before) = (Arc::clone(&ciphers.now), ciphers.digest_before.clone());
        *ciphers = Arc::new(Ciphers { now, before: None, digest_before });
    }
}

#[cfg(test)]
mod tests {
    use model::JobId;
    use proptest::prelude::*;

    use super::*;

    fn cipher(key: u8, journal: u128, format: Format) -> Cipher {
        Cipher::new(&Key::from_bytes([key; 32]), Uuid::from_u128(journal), format).unwrap()
    }

    fn seal() -> Seal {
        Seal::new(cipher(7, 1, Format::Row), None)
    }

    fn aad(n: u128) -> Aad {
        Aad::secrets(JobId(Uuid::from_u128(n)))
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_in_its_place_only(plain: Vec<u8>, flip: prop::sample::Index, bit in 0..8_u8) {
            let seal = seal();
            let sealed = seal.seal(&aad(1), &plain).unwrap();
            prop_assert_eq!(&seal.open(&aad(1), sealed.clone(), "it").unwrap(), &plain);
            prop_assert!(seal.open(&aad(2), sealed.clone(), "it").is_err());
            let other = Aad::reply("http", None, JobId(Uuid::from_u128(1)));
            prop_assert!(seal.open(&other, sealed.clone(), "it").is_err());
            let mut flipped = sealed.clone();
            let at = flip.index(flipped.len());
            flipped[at] ^= 1_u8 << bit;
            prop_assert!(seal.open(&aad(1), flipped, "it").is_err());
        }

        #[test]
        fn what_is_no_sealed_value_is_refused(bytes: Vec<u8>) {
            prop_assert!(seal().open(&aad(1), bytes, "it").is_err());
        }
    }

    #[test]
    fn no_nonce_comes_twice() {
        let (a, b) = (seal(), seal());
        let mut nonces: Vec<Vec<u8>> =
            [&a, &a, &b, &b].iter().map(|s| s.seal(&aad(1), b"x").unwrap()[..NONCE].to_vec()).collect();
        nonces.sort();
        nonces.dedup();
        assert_eq!(nonces.len(), 4);
    }

    #[test]
    fn keys_differ_by_master_key_journal_and_format() {
        let others = [cipher(8, 1, Format::Row), cipher(7, 2, Format::Row), cipher(7, 1, Format::Id)]
            .map(|c| Seal::new(c, None));
        let sealed = seal().seal(&aad(1), b"x").unwrap();
        for other in &others {
            assert_ne!(seal().now().check(), other.now().check());
            assert!(other.open(&aad(1), sealed.clone(), "it").is_err());
        }
        assert_ne!(seal().digest("a", b"bc").now, seal().digest("ab", b"c").now);
        assert_ne!(seal().digest("a", b"bc").now, others[0].digest("a", b"bc").now);
    }

    #[test]
    fn a_turned_seal_opens_both_until_it_forgets_and_knows_old_hashes() {
        let seal = seal();
        let (old, hash) = (seal.seal(&aad(1), b"x").unwrap(), seal.digest("a", b"b").now);
        assert_eq!(seal.renew(&aad(1), &old).unwrap(), None, "nothing is to be done");
        seal.turn(Arc::new(cipher(8, 1, Format::Row)));
        assert!(seal.is_turning());
        assert_eq!(seal.open(&aad(1), old.clone(), "it").unwrap(), b"x");
        let new = seal.renew(&aad(1), &old).unwrap().unwrap();
        assert_eq!(seal.renew(&aad(1), &new).unwrap(), None, "it is new");
        assert_eq!(seal.renew(&aad(2), &old).unwrap(), None, "it is not of this row");
        seal.forget();
        assert!(seal.open(&aad(1), old, "it").is_err());
        assert_eq!(seal.open(&aad(1), new, "it").unwrap(), b"x");
        assert!(seal.digest("a", b"b").is(hash), "a repetition is still recognised");
        assert!(!seal.digest("a", b"c").is(hash));
    }

    #[test]
    fn values_bound_to_an_id_are_bound_to_their_row_when_they_are_renewed() {
        let key = || cipher(7, 1, Format::Id);
        let aad = |address: &str| {
            let to = model::DeliveryTo { courier: "webhook".to_owned(), address: address.to_owned() };
            Aad::delivery(model::DeliveryId(Uuid::from_u128(1)), &to)
        };
        let old = key().seal(&aad("a"), b"x").unwrap();
        let seal = Seal::new(cipher(7, 1, Format::Row), Some(key()));
        assert!(seal.open(&aad("b"), old.clone(), "it").is_ok(), "it says nothing of the address");
        let new = seal.renew(&aad("a"), &old).unwrap().unwrap();
        assert!(seal.open(&aad("a"), new.clone(), "it").is_ok());
        assert!(seal.open(&aad("b"), new, "it").is_err());
    }
}
