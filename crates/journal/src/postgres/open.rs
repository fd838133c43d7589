//! Opening: the server, the schema, the key.

use std::time::Duration;

use tokio_postgres::Row;
use uuid::Uuid;

use super::database::Database;
use super::follow::Follow;
use super::pause::pause;
use super::session::Session;
use super::shard::Shards;
use super::{row, schema};
use crate::address::Address;
use crate::carry::{self, CARRYING, MOVED_TO, MOVING};
use crate::error::Error;
use crate::key::Keys;
use crate::random;
use crate::seal::{Cipher, Format, Seal};
use crate::unlock::{ID, KEY_CHECK, Kept, TURNED_TO, turned};

/// Nobody waits for longer than this for a database that cannot be reached.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// See [`crate::identify`].
pub(crate) fn identify(database: Database) -> Result<Option<Uuid>, Error> {
    let at = Address::from(database.clone());
    alone(PATIENCE, async move {
        let session = Session::open(&database).await?;
        if !schema::is_there(&session).await? {
            return Ok(None);
        }
        kept(&session, &at).await.map(|kept| Some(kept.id))
    })
}

/// Carries something out in a runtime of its own, also within another one.
#[allow(clippy::disallowed_methods, reason = "nobody waits for another machine for ever")]
pub(super) fn alone<T: Send + 'static>(
    patience: Duration,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let failed = |source| Error::Io { what: "looking for the journal".to_owned(), source };
    let looking = std::thread::Builder::new()
        .name("journal-look".to_owned())
        .spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
            runtime.block_on(async {
                tokio::select! {
                    done = work => done,
                    () = pause(patience) => {
                        Err(Error::Unwritable("PostgreSQL does not answer".to_owned()))
                    }
                }
            })
        })
        .map_err(failed)?;
    looking.join().map_err(|_| Error::Closed)?
}

/// Looks whether the journal can be worked on with these keys, and makes it when there is none. Nothing of one that is there is
/// changed but its schema, which is brought up to date.
pub(super) async fn examine(
    session: &Session,
    at: &Address,
    keys: &Keys,
    expected: Option<Uuid>,
) -> Result<(), Error> {
    schema::look(session).await?;
    if let Some(expected) = expected
        && !schema::is_there(session).await?
    {
        return Err(Error::Gone { at: at.clone(), expected });
    }
    together(session, async || {
        if schema::bring_up(session, at).await? {
            begin(session, keys).await?;
        }
        refuse_moved(session, at).await?;
        let found = kept(session, at).await?;
        if let Some(expected) = expected
            && found.id != expected
        {
            return Err(Error::Another { at: at.clone(), expected, found: found.id });
        }
        found.seal(at, keys).map(drop)
    })
    .await
}

/// A journal that was opened for work, but for what writes and reads it.
pub(super) struct Ready {
    pub(super) id: Uuid,
    pub(super) seal: Seal,
    pub(super) owned: Shards,
    pub(super) follow: Follow,
}

/// Opens the journal for whoever has the pen: it may have been moved or sealed with another key since it was examined.
pub(super) async fn prepare(session: &Session, at: &Address, keys: &Keys, node: i64) -> Result<Ready, Error> {
    let (id, seal) = together(session, async || {
        refuse_moved(session, at).await?;
        let found = kept(session, at).await?;
        if let Some((before, now)) = found.to_turn(keys)? {
            for (name, value) in turned(&now, before.check(), before.digest_key())? {
                put(session, name, &value).await?;
            }
            session.execute("DELETE FROM meta WHERE name = $1", &[&TURNED_TO]).await?;
        }
        let kept = kept(session, at).await?;
        let ready = (kept.id, kept.seal(at, keys)?);
        // What is worked on from here on has to be carried anew.
        session.execute("DELETE FROM meta WHERE name = $1", &[&MOVING]).await?;
        Ok(ready)
    })
    .await?;
    let follow = Follow::begin(session, node).await?;
    Ok(Ready { id, seal, owned: claim(session, node).await?, follow })
}

/// Takes the shards that nobody owns who lives.
async fn claim(session: &Session, node: i64) -> Result<Shards, Error> {
    // In one order, as whoever takes some does at the same moment.
    let claim = "WITH free AS MATERIALIZED (
                     SELECT id FROM shard
                     WHERE owner IS NULL OR owner IN (SELECT node FROM pen WHERE over) OR owner = $1
                     ORDER BY id FOR UPDATE)
                 UPDATE shard SET owner = $1 FROM free WHERE shard.id = free.id RETURNING shard.id";
    let claimed = session.all(claim, &[&node]).await?;
    let id = |claimed: &Row| Ok::<_, Error>(u8::try_from(row::get::<i16>(claimed, 0)?).unwrap_or_default());
    Ok(Shards::new(claimed.iter().map(id).collect::<Result<Vec<_>, _>>()?))
}

/// Does something in one transaction.
pub(super) async fn together<T>(
    session: &Session,
    work: impl AsyncFnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    session.client().batch_execute("BEGIN").await?;
    match work().await {
        Ok(done) => {
            session.client().batch_execute("COMMIT").await?;
            Ok(done)
        }
        Err(error) => {
            // What was begun ends with the session in any case.
            let _ = session.client().batch_execute("ROLLBACK").await;
            Err(error)
        }
    }
}

/// Fails when it was carried to another place, or is not whole yet.
pub(super) async fn refuse_moved(session: &Session, at: &Address) -> Result<(), Error> {
    let names: &[&str] = &[MOVED_TO, CARRYING];
    let said = session.first("SELECT name, value FROM meta WHERE name = ANY($1) LIMIT 1", &[&names]).await?;
    let Some(said) = said else { return Ok(()) };
    carry::refuse(at, row::get(&said, 0)?, row::get(&said, 1)?)
}

/// A new journal gets its id and the key's check value.
async fn begin(session: &Session, keys: &Keys) -> Result<(), Error> {
    let id = uuid::Builder::from_random_bytes(random::bytes()?).into_uuid();
    put(session, ID, id.as_bytes()).await?;
    put(session, KEY_CHECK, &Cipher::check_of(&keys.now, id, Format::Row)).await
}

async fn put(session: &Session, name: &str, value: &[u8]) -> Result<(), Error> {
    let put = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    session.execute(put, &[&name, &value]).await.map(|_| ())
}

/// What the journal keeps of its keys.
pub(super) async fn kept(session: &Session, at: &Address) -> Result<Kept, Error> {
    let rows = session.all("SELECT name, value FROM meta", &[]).await?;
    Kept::read(at, |name| {
        rows.iter()
            .find(|row| row::get::<&str>(row, 0).is_ok_and(|found| found == name))
            .and_then(|row| row::get(row, 1).ok())
    })
}
