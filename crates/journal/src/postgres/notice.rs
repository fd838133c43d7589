//! Telling each other that there is something to read: LISTEN and NOTIFY, each on a session of its own, off the way of those who
//! write. It only makes things faster: what is not heard, or not said, is found by the next look.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use super::database::Database;
use super::pause::pause;
use super::row;
use super::session::Session;
use crate::error::Error;

/// What is to be said is gathered for so long.
const GATHER: Duration = Duration::from_millis(5);
/// Whoever has heard something looks at it at once, and the next time after so long.
const REST: Duration = Duration::from_millis(15);
/// A session that could not be opened is tried again after this time.
const AGAIN: Duration = Duration::from_secs(1);

/// What those who write and those who tell and hear have in common.
#[derive(Debug, Default)]
pub(super) struct Notices {
    /// There is something to be said.
    say: Notify,
    /// The process of the server that says it for us: what it says is no news.
    own: AtomicI32,
}

impl Notices {
    /// Tells the others that there is something to read.
    pub(super) fn say(&self) {
        self.say.notify_one();
    }
}

/// The statement that tells those on the same journal, within a transaction or by itself.
pub(super) async fn statement(session: &Session) -> Result<String, Error> {
    Ok(format!("NOTIFY {}", channel(session).await?))
}

/// The name under which those on this journal, and nobody else in its database, hear each other.
async fn channel(session: &Session) -> Result<String, Error> {
    let pens: i64 = row::get(&session.one("SELECT 'pen'::regclass::oid::bigint", &[]).await?, 0)?;
    Ok(format!("intendant_{pens}"))
}

/// Tells and hears for as long as this is kept. Whoever looks is told by `look`.
pub(super) fn exchange(database: &Database, notices: &Arc<Notices>, look: &Arc<Notify>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(tell(database.clone(), Arc::clone(notices)));
    tasks.spawn(listen(database.clone(), Arc::clone(notices), Arc::clone(look)));
    tasks
}

async fn tell(database: Database, notices: Arc<Notices>) {
    let mut teller = None;
    loop {
        notices.say.notified().await;
        pause(GATHER).await;
        let told = async {
            let (session, statement) = match teller.take() {
                Some(teller) => teller,
                None => teller_of(&database, &notices).await?,
            };
            session.client().batch_execute(&statement).await?;
            teller = Some((session, statement));
            Ok::<_, Error>(())
        };
        if let Err(error) = told.await {
            tracing::debug!(%error, "the other hubs are not told that there is something to read: they look for themselves");
        }
    }
}

/// A session to tell on: nobody waits for the disk, since nothing is written.
async fn teller_of(database: &Database, notices: &Notices) -> Result<(Arc<Session>, String), Error> {
    let session = Session::open(database).await?;
    session.client().batch_execute("SET synchronous_commit = off").await?;
    let own = row::get(&session.one("SELECT pg_backend_pid()", &[]).await?, 0)?;
    notices.own.store(own, Ordering::Relaxed);
    let statement = statement(&session).await?;
    Ok((session, statement))
}

async fn listen(database: Database, notices: Arc<Notices>, look: Arc<Notify>) {
    loop {
        if let Err(error) = hear(&database, &notices, &look).await {
            tracing::debug!(%error, "it is not heard when other hubs tell that there is something to read");
        }
        pause(AGAIN).await;
    }
}

/// Hears until the session ends.
async fn hear(database: &Database, notices: &Notices, look: &Notify) -> Result<(), Error> {
    // What comes while some are waiting already is one of them.
    let (said, mut heard) = mpsc::channel(1);
    let session = Session::open_to_hear(database, said).await?;
    session.client().batch_execute(&format!("LISTEN {}", channel(&session).await?)).await?;
    // Something may have been told before.
    look.notify_one();
    while let Some(by) = heard.recv().await {
        if by != notices.own.load(Ordering::Relaxed) {
            look.notify_one();
            pause(REST).await;
        }
    }
    Ok(())
}
