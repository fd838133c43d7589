//! The schema's history on PostgreSQL, and which servers can hold a journal.

use crate::address::Address;
use crate::error::Error;

use super::row;
use super::session::Session;

/// Applied in order. Numbers and texts of published ones never change; each leaves what the one before reads as it was, or
/// raises [`READABLE_FROM`].
pub(super) const MIGRATIONS: [&str; 1] = [include_str!("../../migrations/postgres/0001_start.sql")];
/// What this version writes can be read by versions that know this schema.
const READABLE_FROM: i32 = 1;
/// The first version of the server that has all that is asked of it.
const OLDEST: i32 = 14;
/// Only one hub at a time changes the schema: "Intd".
pub(super) const LOCK: i64 = 0x496e_7464;

/// Servers that speak as PostgreSQL does and cannot hold a journal: the name in their version, and why.
const OTHERS: [(&str, &str); 3] = [
    (
        "CockroachDB",
        "it may order a transaction before one that was acknowledged earlier, so that requests would overtake each other",
    ),
    ("YugabyteDB", "it gives numbers out of a cache, so that requests would overtake each other"),
    ("DSQL", "it has no locks by which one hub could keep another one from writing"),
];

/// Refuses a server that cannot hold a journal.
pub(super) async fn look(session: &Session) -> Result<(), Error> {
    let said = session.one("SELECT version(), current_setting('server_version_num')::integer", &[]).await?;
    let (version, number): (String, i32) = (row::get(&said, 0)?, row::get(&said, 1)?);
    for (name, why) in OTHERS {
        if version.contains(name) || (name == "YugabyteDB" && version.contains("-YB-")) {
            return Err(Error::BadDatabase(format!(
                "{name} cannot hold a journal: {why}; use PostgreSQL {OLDEST} or later"
            )));
        }
    }
    if number / 10_000 < OLDEST {
        return Err(Error::BadDatabase(format!(
            "the server is {version}: the journal needs PostgreSQL {OLDEST} or later"
        )));
    }
    Ok(())
}

/// Whether there is a journal.
pub(super) async fn is_there(session: &Session) -> Result<bool, Error> {
    row::get(&session.one("SELECT to_regclass('meta') IS NOT NULL", &[]).await?, 0)
}

/// Checks the schema of a journal that is only looked at.
pub(super) async fn examine(session: &Session, at: &Address) -> Result<(), Error> {
    let known = i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX);
    let found = session.one("SELECT version, readable_from FROM schema", &[]).await?;
    let (found, readable_from): (i32, i32) = (row::get(&found, 0)?, row::get(&found, 1)?);
    let (at, found, known) = (at.clone(), i64::from(found), i64::from(known));
    if i64::from(readable_from) > known {
        return Err(Error::Newer { at, found, known });
    }
    if found < known { Err(Error::Older { at, found, known }) } else { Ok(()) }
}

/// Brings the schema up to date within the transaction that has begun; returns whether it was made now.
///
/// Fails with [`Error::Newer`] when it was written by a version whose journals this one cannot read.
pub(super) async fn bring_up(session: &Session, at: &Address) -> Result<bool, Error> {
    session.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    session
        .client()
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS schema (version integer NOT NULL, readable_from integer NOT NULL)",
        )
        .await?;
    let known = i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX);
    let found = session.first("SELECT version, readable_from FROM schema", &[]).await?;
    let (found, readable_from) = match &found {
        Some(found) => (row::get(found, 0)?, row::get(found, 1)?),
        None => (0, 0),
    };
    if readable_from > known {
        return Err(Error::Newer { at: at.clone(), found: i64::from(found), known: known.into() });
    }
    for sql in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or_default()) {
        session.client().batch_execute(sql).await?;
    }
    if found < known {
        session.client().batch_execute("DELETE FROM schema").await?;
        let insert = "INSERT INTO schema (version, readable_from) VALUES ($1, $2)";
        session.execute(insert, &[&known, &READABLE_FROM]).await?;
    }
    Ok(found == 0)
}
