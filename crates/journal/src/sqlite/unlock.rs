//! Which of the keys that are given opens a journal.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::open::database;
use super::{meta, turn};
use crate::aad::Aad;
use crate::error::Error;
use crate::key::{Key, Keys};
use crate::seal::{Cipher, Format, Seal};

/// The journal's id, and the seal that the keys make for it.
pub(super) fn seal(conn: &Connection, folder: &Path, keys: &Keys) -> Result<(Uuid, Seal), Error> {
    let id = id(conn, folder)?;
    let now = match find(keys, id, Format::Row, &check(conn, folder)?) {
        Some(key) => Cipher::new(key, id, Format::Row)?,
        None => return Err(wrong(folder, keys)),
    };
    let seal = Seal::new(now, None);
    let seal = match meta::get(conn, meta::KEY_BEFORE)? {
        None => seal,
        Some(sealed) => {
            let check = seal.open(&Aad::meta(meta::KEY_BEFORE), sealed, "which key was before")?;
            let missing =
                || Error::KeyBefore { at: folder.into(), hint: format!("given is {}", origins(keys)) };
            seal.with_before(before(keys, id, &check)?.ok_or_else(missing)?)
        }
    };
    let Some(sealed) = meta::get(conn, meta::DIGEST_BEFORE)? else { return Ok((id, seal)) };
    let aad = Aad::meta(meta::DIGEST_BEFORE);
    let key = Zeroizing::new(seal.open(&aad, sealed, "the key of older hashes")?);
    Ok((
        id,
        match <[u8; 32]>::try_from(key.as_slice()) {
            Ok(key) => seal.with_older_hashes(Zeroizing::new(key)),
            Err(_) => seal,
        },
    ))
}

/// Begins to turn a journal to the key it is to be sealed with, when it has another one of those that are given.
pub(super) fn turn(conn: &mut Connection, folder: &Path, keys: &Keys) -> Result<(), Error> {
    let (id, check) = (id(conn, folder)?, check(conn, folder)?);
    let now = Cipher::new(&keys.now, id, Format::Row)?;
    if check == now.check() || meta::get(conn, meta::KEY_BEFORE)?.is_some() {
        return Ok(());
    }
    let Some(before) = find(keys, id, Format::Row, &check) else { return Ok(()) };
    let before = Cipher::new(before, id, Format::Row)?;
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    turn::begin(&tx, &now, before.check(), before.digest_key())?;
    Ok(tx.commit()?)
}

/// Writes down that what was sealed by an older version is bound to less, and has to be sealed anew.
pub(super) fn bind(conn: &Connection, folder: &Path, keys: &Keys) -> Result<(), Error> {
    let (id, check) = (id(conn, folder)?, check(conn, folder)?);
    let Some(key) = find(keys, id, Format::Id, &check) else { return Err(wrong(folder, keys)) };
    let (now, before) = (Cipher::new(key, id, Format::Row)?, Cipher::new(key, id, Format::Id)?);
    turn::begin(conn, &now, before.check(), before.digest_key())
}

pub(super) fn id(conn: &Connection, folder: &Path) -> Result<Uuid, Error> {
    let bytes = meta::get(conn, meta::ID)?.ok_or_else(|| lost(folder))?;
    Uuid::from_slice(&bytes).map_err(|_| lost(folder))
}

fn check(conn: &Connection, folder: &Path) -> Result<Vec<u8>, Error> {
    meta::get(conn, meta::KEY_CHECK)?.ok_or_else(|| lost(folder))
}

fn lost(folder: &Path) -> Error {
    Error::Damaged(format!("{} has lost its id", database(folder).display()))
}

fn find<'a>(keys: &'a Keys, id: Uuid, format: Format, check: &[u8]) -> Option<&'a Key> {
    keys.all().find(|key| check == Cipher::check_of(key, id, format))
}

fn before(keys: &Keys, id: Uuid, check: &[u8]) -> Result<Option<Cipher>, Error> {
    let of = |format| find(keys, id, format, check).map(|key| Cipher::new(key, id, format));
    of(Format::Row).or_else(|| of(Format::Id)).transpose()
}

fn wrong(folder: &Path, keys: &Keys) -> Error {
    Error::WrongKey { at: folder.into(), hint: format!("not {}", origins(keys)) }
}

fn origins(keys: &Keys) -> String {
    keys.all().map(Key::origin).collect::<Vec<_>>().join(", nor ")
}
