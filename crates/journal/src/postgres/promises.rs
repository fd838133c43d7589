//! What a server promises: how durable is what it has confirmed.

use jiff::Timestamp;

use super::database::Database;
use super::session::Session;
use super::{open, row};
use crate::error::Error;

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promises {
    /// Its version, `15.18`.
    pub version: String,
    /// Whether what it confirms is on its disk.
    pub fsync: bool,
    /// Whether a crash of the machine in the middle of writing a page does no harm.
    pub full_page_writes: bool,
    /// How many standbys follow it now.
    pub standbys: u32,
    /// Whether one of them has each commit before it is confirmed; `None` = there are some, and the role may not see which.
    pub synchronous: Option<bool>,
    /// Whether the role may do everything, which it need not.
    pub superuser: bool,
    /// How far its clock is ahead of ours, in milliseconds.
    pub ahead: i64,
}

/// Asks a server what it promises, where `now` tells our time.
///
/// Fails with [`Error::BadDatabase`] and with [`Error::Unwritable`] when it cannot be asked.
pub fn promises(
    database: &Database,
    now: impl Fn() -> Timestamp + Send + 'static,
) -> Result<Promises, Error> {
    let database = database.clone();
    open::alone(open::PATIENCE, async move {
        let session = Session::open(&database).await?;
        super::schema::look(&session).await?;
        ask(&session, now).await
    })
}

async fn ask(session: &Session, now: impl Fn() -> Timestamp) -> Result<Promises, Error> {
    let sent = now();
    let clock = session.one("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint", &[]).await?;
    let middle = i64::midpoint(sent.as_millisecond(), now().as_millisecond());
    let said = session
        .one(
            "SELECT current_setting('server_version'), current_setting('fsync')::boolean,
                    current_setting('full_page_writes')::boolean, current_setting('synchronous_standby_names') <> '',
                    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)",
            &[],
        )
        .await?;
    // Who may not look sees rows, and nothing in them.
    let standbys = session.all("SELECT sync_state FROM pg_stat_replication", &[]).await?;
    let (mut synchronous, mut hidden) = (false, false);
    for standby in &standbys {
        match row::get::<Option<&str>>(standby, 0)? {
            Some(state) => synchronous |= matches!(state, "sync" | "quorum"),
            None => hidden = true,
        }
    }
    let demanded: bool = row::get(&said, 3)?;
    let version: &str = row::get(&said, 0)?;
    Ok(Promises {
        version: version.split(' ').next().unwrap_or(version).to_owned(),
        fsync: row::get(&said, 1)?,
        full_page_writes: row::get(&said, 2)?,
        standbys: u32::try_from(standbys.len()).unwrap_or(u32::MAX),
        // Where some are demanded no commit is confirmed without them.
        synchronous: if hidden && !synchronous && !demanded { None } else { Some(synchronous || demanded) },
        superuser: row::get(&said, 4)?,
        ahead: row::get::<i64>(&clock, 0)? - middle,
    })
}
