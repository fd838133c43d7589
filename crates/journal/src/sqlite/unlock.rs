//! Which of the keys that are given opens a journal.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};
use uuid::Uuid;

use super::{meta, turn};
use crate::error::Error;
use crate::key::Keys;
use crate::seal::{Cipher, Format, Seal};
use crate::unlock::Kept;

/// The journal's id, and the seal that the keys make for it.
pub(super) fn seal(conn: &Connection, folder: &Path, keys: &Keys) -> Result<(Uuid, Seal), Error> {
    let kept = kept(conn, folder)?;
    Ok((kept.id, kept.seal(&folder.into(), keys)?))
}

/// Begins to turn a journal to the key it is to be sealed with, when it has another one of those that are given.
pub(super) fn turn(conn: &mut Connection, folder: &Path, keys: &Keys) -> Result<(), Error> {
    let Some((before, now)) = kept(conn, folder)?.to_turn(keys)? else { return Ok(()) };
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    turn::begin(&tx, &now, before.check(), before.digest_key())?;
    Ok(tx.commit()?)
}

/// Writes down that what was sealed by an older version is bound to less, and has to be sealed anew.
pub(super) fn bind(conn: &Connection, folder: &Path, keys: &Keys) -> Result<(), Error> {
    let kept = kept(conn, folder)?;
    let Some(key) = kept.find(keys, Format::Id, &kept.check) else {
        // Says which keys were tried.
        return kept.seal(&folder.into(), keys).map(|_| ());
    };
    let (now, before) = (Cipher::new(key, kept.id, Format::Row)?, Cipher::new(key, kept.id, Format::Id)?);
    turn::begin(conn, &now, before.check(), before.digest_key())
}

pub(super) fn id(conn: &Connection, folder: &Path) -> Result<Uuid, Error> {
    Ok(kept(conn, folder)?.id)
}

fn kept(conn: &Connection, folder: &Path) -> Result<Kept, Error> {
    let mut failed = None;
    let kept = Kept::read(&folder.into(), |name| {
        meta::get(conn, name).unwrap_or_else(|error| {
            failed = Some(error);
            None
        })
    });
    failed.map_or(kept, Err)
}
