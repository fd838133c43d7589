//! Turning a journal to another key: all rows are sealed anew, a few at a time, while work goes on. It goes on where it was
//! after any end of the process: until the last row is done both keys are asked for, and open.

use std::sync::Arc;

use model::EntityKey;

use super::journal::PostgresJournal;
use super::row::{self, get};
use super::session::Session;
use super::tx::Tx;
use super::values::{TABLES, is_cut};
use crate::aad::Aad;
use crate::api::Renewal;
use crate::error::Error;
use crate::key::Key;
use crate::renewal::{BYTES, Cursor, ROWS};
use crate::seal::{Cipher, Format, Seal};
use crate::unlock::{KEY_BEFORE, TURNED_TO, turned};

impl PostgresJournal {
    /// See [`crate::Keep::turn`].
    pub(super) async fn turn_to(&self, key: Key) -> Result<bool, Error> {
        let (id, queue, seal) = (self.id, self.queue.clone(), Arc::clone(&self.seal));
        let turning = Arc::clone(&self.turning);
        let turn = async move {
            let _turn = turning.lock().await;
            let (now, before) = (Cipher::new(&key, id, Format::Row)?, seal.now());
            if now.check() == before.check() {
                return Ok(false);
            }
            if seal.is_turning() {
                return Err(Error::Turning);
            }
            let kept = Arc::new(turned(&now, before.check(), before.digest_key())?);
            let begun = queue.alone(0, move |tx| {
                let kept = Arc::clone(&kept);
                Box::pin(async move {
                    // Whoever comes later is asked for both.
                    if tx.is_heard {
                        return Err(Error::Beside);
                    }
                    for (name, value) in kept.iter() {
                        put(tx.session(), name, value).await?;
                    }
                    remove(tx.session(), TURNED_TO).await
                })
            });
            begun.await.unwrap_or(Err(Error::Closed))?;
            // Only now: what has a key that the journal does not name could not be read after a crash.
            seal.turn(Arc::new(now));
            Ok(true)
        };
        // In a task of its own: once it is written it has to be followed, whether somebody waits or not.
        tokio::spawn(turn).await.map_err(|_| Error::Closed)?
    }

    /// See [`crate::Keep::renew`].
    pub(super) async fn renew_some(&self) -> Result<Renewal, Error> {
        let _turn = self.turning.lock().await;
        if !self.seal.is_turning() {
            return Ok(Renewal::Done);
        }
        let batch = {
            let mut read = self.snapshot().await?;
            let (sql, seal, _) = read.parts();
            Arc::new(gather(sql, seal).await?)
        };
        let given = Arc::clone(&batch);
        let exchanged = self.alone(batch.bytes(), move |tx| {
            let batch = Arc::clone(&given);
            Box::pin(async move { exchange(tx, &batch).await })
        });
        exchanged.await?;
        if batch.renewal == Renewal::Done {
            // Reads that began before may still hold rows as they were.
            self.readers.settle().await;
            self.seal.forget();
        }
        Ok(batch.renewal)
    }
}

/// What a look from beside sees of it; `None` = all rows are sealed with the one key.
pub(super) async fn progress(sql: &Session) -> Result<Option<Renewal>, Error> {
    match value(sql, KEY_BEFORE).await? {
        Some(_) => renewal(&Cursor::read(value(sql, TURNED_TO).await?), sql).await.map(Some),
        None => Ok(None),
    }
}

/// How much of the tables lies behind it.
async fn renewal(cursor: &Cursor, sql: &Session) -> Result<Renewal, Error> {
    let done = match TABLES.get(cursor.table) {
        Some(table) => cursor.hundredths(table.of_each, table.last(sql).await?),
        None => 0,
    };
    Ok(cursor.renewal(done, TABLES.len()))
}

/// Values to be exchanged, and where to go on.
struct Batch {
    rows: Vec<(i64, Vec<u8>, Vec<u8>)>,
    entities: Vec<(EntityKey, Vec<u8>, Vec<u8>)>,
    /// How rows are exchanged.
    exchange: &'static str,
    next: Cursor,
    renewal: Renewal,
}

impl Batch {
    /// About how many bytes it is in memory.
    fn bytes(&self) -> usize {
        let rows = self.rows.iter().map(|(_, _, becomes)| becomes.len());
        2 * rows.chain(self.entities.iter().map(|(_, _, becomes)| becomes.len())).sum::<usize>()
    }
}

/// Reads the next values and seals anew those that need it.
async fn gather(sql: &Session, seal: &Seal) -> Result<Batch, Error> {
    let mut cursor = Cursor::read(value(sql, TURNED_TO).await?);
    let renewal = renewal(&cursor, sql).await?;
    let (mut rows, mut entities, mut exchange, mut ends) = (Vec::new(), Vec::new(), "", false);
    if let Some(table) = TABLES.get(cursor.table) {
        exchange = table.exchange;
        let (found, next) = table.some(sql, cursor.after, ROWS, BYTES).await?;
        for row in &found {
            // What cannot be read stays as it is: the check names it.
            let Ok((aad, Some(sealed))) = table.read(row) else { continue };
            let renewed = seal.renew(&aad, &sealed)?;
            if let Some(renewed) = renewed {
                rows.push((get(row, 0)?, sealed, renewed));
            }
        }
        // What comes behind the end from now on is sealed anew already.
        if let Some(after) = next {
            cursor.after = after;
        } else {
            (cursor.table, cursor.after) = (cursor.table + 1, 0);
        }
    } else {
        let found = some_entities(sql, &cursor.entity, ROWS, BYTES).await?;
        for row in &found {
            let (entity, sealed) = row::entity(row)?;
            let aad = Aad::entity(&entity.key, entity.rev, &entity.state, &entity.label);
            let renewed = seal.renew(&aad, &sealed)?;
            cursor.entity = (entity.key.kind.clone(), entity.key.key.clone());
            entities.extend(renewed.map(|renewed| (entity.key, sealed, renewed)));
        }
        ends = !is_cut(&found, 5, ROWS, BYTES);
    }
    let found = !rows.is_empty() || !entities.is_empty();
    let (next, renewal) = match cursor.clone().behind(found, ends) {
        Some(next) => (next, renewal),
        None => (cursor, Renewal::Done),
    };
    Ok(Batch { rows, entities, exchange, next, renewal })
}

/// Some entities behind this one, at most so many and about so many bytes.
pub(super) async fn some_entities(
    sql: &Session,
    (kind, key): &(String, String),
    rows: i64,
    bytes: usize,
) -> Result<Vec<tokio_postgres::Row>, Error> {
    let select = format!(
        "SELECT kind, key, rev, state, label, sealed FROM (
             SELECT *, coalesce(sum(octet_length(sealed)) OVER (
                 ORDER BY kind, key ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
             FROM (SELECT * FROM entity WHERE (kind, key) > ($1, $2) ORDER BY kind, key LIMIT {rows}) AS found) AS counted
         WHERE before < {bytes} ORDER BY kind, key"
    );
    sql.all(&select, &[kind, key]).await
}

/// Puts the values in their places, but for those that were changed or removed meanwhile.
async fn exchange(tx: &Tx, batch: &Batch) -> Result<(), Error> {
    if !batch.rows.is_empty() {
        let (mut numbers, mut was, mut becomes) = (Vec::new(), Vec::new(), Vec::new());
        for (number, before, after) in &batch.rows {
            numbers.push(*number);
            was.push(before.as_slice());
            becomes.push(after.as_slice());
        }
        tx.execute(batch.exchange, &[&numbers, &was, &becomes]).await?;
    }
    for (key, was, becomes) in &batch.entities {
        let write = "UPDATE entity SET sealed = $4 WHERE kind = $1 AND key = $2 AND sealed = $3";
        tx.execute(write, &[&key.kind, &key.key, was, becomes]).await?;
    }
    match batch.renewal {
        Renewal::Under { .. } => put(tx.session(), TURNED_TO, &batch.next.text()).await,
        Renewal::Done => {
            remove(tx.session(), TURNED_TO).await?;
            remove(tx.session(), KEY_BEFORE).await
        }
    }
}

async fn value(sql: &Session, name: &str) -> Result<Option<Vec<u8>>, Error> {
    sql.first("SELECT value FROM meta WHERE name = $1", &[&name]).await?.map(|row| get(&row, 0)).transpose()
}

async fn put(sql: &Session, name: &str, value: &[u8]) -> Result<(), Error> {
    let put = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sql.execute(put, &[&name, &value]).await.map(|_| ())
}

async fn remove(sql: &Session, name: &str) -> Result<(), Error> {
    sql.execute("DELETE FROM meta WHERE name = $1", &[&name]).await.map(|_| ())
}
