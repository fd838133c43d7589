//! Which of the keys that are given opens a journal, from what it keeps of itself: values by name.

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::aad::Aad;
use crate::address::Address;
use crate::error::Error;
use crate::key::{Key, Keys};
use crate::seal::{CHECK, Cipher, Format, Seal};

/// The journal's id.
pub(crate) const ID: &str = "id";
/// By what the key that seals is recognised.
pub(crate) const KEY_CHECK: &str = "key_check";
/// The same of the key that rows have which are not yet sealed anew, sealed; absent when there are none.
pub(crate) const KEY_BEFORE: &str = "key_before";
/// The key of keyed hashes made before the last change of key, sealed.
pub(crate) const DIGEST_BEFORE: &str = "digest_before";
/// How far sealing anew has come.
pub(crate) const TURNED_TO: &str = "turned_to";

/// What a journal keeps of its keys.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) id: Uuid,
    pub(crate) check: Vec<u8>,
    pub(crate) before: Option<Vec<u8>>,
    pub(crate) digest_before: Option<Vec<u8>>,
}

impl Kept {
    /// Reads it, where `value` gives the value of a name.
    pub(crate) fn read(at: &Address, mut value: impl FnMut(&str) -> Option<Vec<u8>>) -> Result<Self, Error> {
        let lost = || Error::Damaged(format!("the journal in {at} has lost its id"));
        Ok(Kept {
            id: Uuid::from_slice(&value(ID).ok_or_else(lost)?).map_err(|_| lost())?,
            check: value(KEY_CHECK).ok_or_else(lost)?,
            before: value(KEY_BEFORE),
            digest_before: value(DIGEST_BEFORE),
        })
    }

    /// The seal that the keys make for it.
    pub(crate) fn seal(self, at: &Address, keys: &Keys) -> Result<Seal, Error> {
        let Some(now) = self.find(keys, Format::Row, &self.check) else {
            return Err(Error::WrongKey { at: at.clone(), hint: format!("not {}", origins(keys)) });
        };
        let seal = Seal::new(Cipher::new(now, self.id, Format::Row)?, None);
        let seal = match self.before.clone() {
            None => seal,
            Some(sealed) => {
                let check = seal.open(&Aad::meta(KEY_BEFORE), sealed, "which key was before")?;
                let missing =
                    || Error::KeyBefore { at: at.clone(), hint: format!("given is {}", origins(keys)) };
                seal.with_before(self.cipher_before(keys, &check)?.ok_or_else(missing)?)
            }
        };
        let Some(sealed) = self.digest_before else { return Ok(seal) };
        let aad = Aad::meta(DIGEST_BEFORE);
        let key = Zeroizing::new(seal.open(&aad, sealed, "the key of older hashes")?);
        Ok(match <[u8; 32]>::try_from(key.as_slice()) {
            Ok(key) => seal.with_older_hashes(Zeroizing::new(key)),
            Err(_) => seal,
        })
    }

    /// The ciphers to turn from and to, when it has to be turned to the key that it is to be sealed with.
    pub(crate) fn to_turn(&self, keys: &Keys) -> Result<Option<(Cipher, Cipher)>, Error> {
        let now = Cipher::new(&keys.now, self.id, Format::Row)?;
        if self.check == now.check() || self.before.is_some() {
            return Ok(None);
        }
        let Some(before) = self.find(keys, Format::Row, &self.check) else { return Ok(None) };
        Ok(Some((Cipher::new(before, self.id, Format::Row)?, now)))
    }

    /// The key that has this check value in this format.
    pub(crate) fn find<'a>(&self, keys: &'a Keys, format: Format, check: &[u8]) -> Option<&'a Key> {
        keys.all().find(|key| check == Cipher::check_of(key, self.id, format))
    }

    fn cipher_before(&self, keys: &Keys, check: &[u8]) -> Result<Option<Cipher>, Error> {
        let of = |format| self.find(keys, format, check).map(|key| Cipher::new(key, self.id, format));
        of(Format::Row).or_else(|| of(Format::Id)).transpose()
    }
}

/// What a journal keeps from the moment on in which it is turned to another key. [`TURNED_TO`] has to go.
pub(crate) fn turned(
    now: &Cipher,
    before: &[u8; CHECK],
    digest_key: &[u8; 32],
) -> Result<[(&'static str, Vec<u8>); 3], Error> {
    let sealed = |name: &str, value: &[u8]| {
        let too_long = || Error::TooMany("a key is too long to be sealed".to_owned());
        now.seal(&Aad::meta(name), value).ok_or_else(too_long)
    };
    // Sealed, so that nobody without the key can have an older one believed again.
    Ok([
        (KEY_CHECK, now.check().to_vec()),
        (KEY_BEFORE, sealed(KEY_BEFORE, before)?),
        (DIGEST_BEFORE, sealed(DIGEST_BEFORE, digest_key)?),
    ])
}

fn origins(keys: &Keys) -> String {
    keys.all().map(Key::origin).collect::<Vec<_>>().join(", nor ")
}
