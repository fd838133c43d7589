//! The schema's history on PostgreSQL, and which servers can hold a journal.

use std::time::Duration;

use crate::address::Address;
use crate::error::Error;

use super::name;
use super::pause::pause;
use super::row;
use super::session::Session;

/// Applied in order. Numbers and texts of published ones never change; each leaves what the one before reads as it was, or
/// raises [`READABLE_FROM`].
pub(super) const MIGRATIONS: [&str; 8] = [
    include_str!("../../migrations/postgres/0001_start.sql"),
    include_str!("../../migrations/postgres/0002_lives.sql"),
    include_str!("../../migrations/postgres/0003_called.sql"),
    include_str!("../../migrations/postgres/0004_drained.sql"),
    include_str!("../../migrations/postgres/0005_several.sql"),
    include_str!("../../migrations/postgres/0006_signals.sql"),
    include_str!("../../migrations/postgres/0007_report.sql"),
    include_str!("../../migrations/postgres/0008_heads.sql"),
];
/// What this version writes can be read by versions that know this schema.
const READABLE_FROM: i32 = SIGNALS;
/// From this one on labels are kept as searches compare them.
const CALLED: i32 = 3;
/// From this one on several hubs write at once, and each says which entities it has written: one that does not would be unheard.
const SIGNALS: i32 = 6;
/// The first version of the server that has all that is asked of it.
const OLDEST: i32 = 14;
/// One that is there moves within this time: each does every second.
const MOVES: Duration = Duration::from_millis(2_500);
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
    judge(row::get(&said, 0)?, row::get(&said, 1)?)
}

/// Refuses a server by what it says of itself, `version()`, and by the number of its version.
fn judge(version: &str, number: i32) -> Result<(), Error> {
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
    alone(session).await?;
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
    if (1..READABLE_FROM).contains(&found) && somebody_works(session).await? {
        return Err(Error::BadDatabase(format!(
            "a hub of an older version works on the journal in {at}, and could not go on once its tables are those of this \
             version: stop all hubs, and then start this one"
        )));
    }
    for sql in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or_default()) {
        session.client().batch_execute(sql).await?;
    }
    if found < CALLED {
        name::fill(session).await?;
    }
    if found < known {
        session.client().batch_execute("DELETE FROM schema").await?;
        let insert = "INSERT INTO schema (version, readable_from) VALUES ($1, $2)";
        session.execute(insert, &[&known, &READABLE_FROM]).await?;
    }
    Ok(found == 0)
}

/// Keeps all others from changing the schema, and from taking and giving places, until the transaction ends. Whoever does so just
/// now is waited for: longer than for rows, since nobody who works waits here.
pub(super) async fn alone(session: &Session) -> Result<(), Error> {
    session.client().batch_execute("SET LOCAL lock_timeout = '20s'").await?;
    session.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    // Again as in each session.
    Ok(session.client().batch_execute("SET LOCAL lock_timeout = '2s'").await?)
}

/// Whether a hub is there that moves.
async fn somebody_works(session: &Session) -> Result<bool, Error> {
    let moves = "SELECT coalesce(sum(batch), 0)::bigint FROM pen";
    let before: i64 = row::get(&session.one(moves, &[]).await?, 0)?;
    pause(MOVES).await;
    Ok(before != row::get::<i64>(&session.one(moves, &[]).await?, 0)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;

    #[test]
    fn servers_of_the_kind_that_can_hold_a_journal_are_taken() {
        for (version, number) in [
            (
                "PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14) 12.2.0, 64-bit",
                150_018,
            ),
            ("PostgreSQL 14.0 on aarch64-unknown-linux-gnu, compiled by gcc, 64-bit", 140_000),
            // Amazon's say so too, also Aurora, which is one.
            (
                "PostgreSQL 16.4 on x86_64-pc-linux-gnu, compiled by x86_64-pc-linux-gnu-gcc (GCC) 9.5.0, 64-bit",
                160_004,
            ),
            ("PostgreSQL 18.1 (Ubuntu 18.1-1.pgdg24.04+1) on x86_64-pc-linux-gnu", 180_001),
            ("EnterpriseDB Advanced Server 17.2.0 (PostgreSQL 17.2) on x86_64-pc-linux-gnu", 170_002),
        ] {
            judge(version, number).unwrap();
        }
    }

    #[test]
    fn those_that_only_speak_like_it_are_refused_with_the_reason() {
        for (version, number, words) in [
            (
                "CockroachDB CCL v23.2.4 (x86_64-pc-linux-gnu, built 2024/04/08 21:50:00, go1.21.5 X:nocoverageredesign)",
                130_000,
                ["CockroachDB", "acknowledged earlier"],
            ),
            (
                "PostgreSQL 15.2-YB-2.25.1.0-b0 on x86_64-pc-linux-gnu, compiled by clang version 17.0.6, 64-bit",
                150_002,
                ["YugabyteDB", "numbers out of a cache"],
            ),
            ("PostgreSQL 16.9 (Aurora DSQL)", 160_009, ["DSQL", "no locks"]),
            ("PostgreSQL 13.22 on x86_64-pc-linux-gnu, compiled by gcc", 130_022, ["13.22", "14 or later"]),
        ] {
            let said = judge(version, number).unwrap_err();
            assert!(matches!(said, Error::BadDatabase(_)), "{said:?}");
            let said = said.to_string();
            assert!(words.iter().all(|word| said.contains(word)) && said.contains("PostgreSQL 14"), "{said}");
        }
    }
}
