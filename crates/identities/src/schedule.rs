//! Synchronising by itself, at the times that a cron pattern says.

use std::sync::Arc;

use engine::{Actor, Hub, Trouble};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::{BadTimes, EntityKey, Times};
use module::Chore;

use crate::error::Error;
use crate::register::{Filter, Register, Selection};
use crate::state::{Deed, State};

/// The kind of the entity that keeps when it was done last.
const KIND: &str = "identities_schedule";
/// What the chore is called.
const NAME: &str = "scheduled synchronisation";

/// When identities are synchronised by themselves.
#[derive(Clone, Debug)]
pub struct Schedule {
    times: Option<Times>,
}

/// A pattern or a time zone that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSchedule(pub String);

impl Schedule {
    /// Never.
    pub fn never() -> Self {
        Schedule { times: None }
    }

    /// At the times of a cron pattern (`0 2 * * *`: every night at two) in a time zone, `Europe/Paris`; without one, in
    /// that of the machine.
    pub fn parse(pattern: &str, zone: Option<&str>) -> Result<Self, BadSchedule> {
        let zone = engine::clock::zone(zone).map_err(BadSchedule)?;
        let times = Times::cron(pattern, zone).map_err(|BadTimes(why)| BadSchedule(why))?;
        Ok(Schedule { times: Some(times) })
    }

    /// When it is done next; `None` = never, or it is being done.
    pub fn next(&self, hub: &Hub) -> Option<Timestamp> {
        hub.chores().into_iter().find(|chore| chore.name == NAME)?.next
    }

    /// The synchronisation at these times; `None` = there are none.
    pub fn chore(&self) -> Option<Chore> {
        Some(Chore {
            name: NAME,
            kept: Some(EntityKey { kind: KIND.to_owned(), key: "synchronise".to_owned() }),
            times: self.times.clone()?,
            act: Arc::new(|hub| Box::pin(async { synchronise(&Register::new(hub)).await.map_err(plain) })),
        })
    }
}

/// Keeps what each run came to before its jobs go.
pub(crate) fn history() -> Option<Chore> {
    Some(Chore {
        name: "history of synchronisations",
        kept: None,
        times: Times::cron("17 * * * *", TimeZone::UTC).ok()?,
        act: Arc::new(|hub| Box::pin(async { Register::new(hub).tidy_runs().await.map_err(plain) })),
    })
}

/// Removes files that nobody has imported; `None` = the hub works alone, and has them in memory.
pub(crate) fn files(hub: &Hub) -> Option<Chore> {
    if !hub.is_shared() {
        return None;
    }
    Some(Chore {
        name: "files that wait for an import",
        kept: None,
        times: Times::cron("*/10 * * * *", TimeZone::UTC).ok()?,
        act: Arc::new(|hub| Box::pin(async move { crate::pages::tidy(&hub).await.map_err(plain) })),
    })
}

/// What the hub or its journal says is said by them.
fn plain(error: Error) -> Trouble {
    match error {
        Error::Engine(error) => error.into(),
        Error::Journal(error) => error.into(),
        other => other.into(),
    }
}

async fn synchronise(register: &Register) -> Result<(), Error> {
    let filter = Filter { states: vec![State::ToSynchronise], text: None };
    let actor = Actor("schedule".to_owned());
    let report = register.carry_out(Selection::Filter(filter), Deed::Synchronise, &actor).await?;
    tracing::info!(
        jobs = report.done,
        left = report.left,
        "scheduled synchronisation: {} jobs, {} identities left as they are",
        report.done,
        report.left
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use engine::port::Catalogue;
    use engine::{ActionTable, Setup};

    use super::*;

    #[tokio::test]
    async fn no_file_waits_in_the_journal_of_a_hub_that_works_alone() {
        let folder = tempfile::tempdir().unwrap();
        let setup = Setup::new(Catalogue::default(), ActionTable::new([]).unwrap());
        let hub = testhub::start(testhub::open(folder.path()), setup).await;
        assert!(files(&hub).is_none());
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        let pattern = Schedule::parse("every night", None).unwrap_err().to_string();
        assert!(pattern.contains("every night") && pattern.contains("0 2 * * *"), "{pattern}");
        let zone = Schedule::parse("0 2 * * *", Some("Paris")).unwrap_err().to_string();
        assert!(zone.contains("Europe/Paris"), "{zone}");
    }
}
