//! Synchronising by itself, at the times that a cron pattern says.

use std::ffi::OsString;
use std::str::FromStr as _;
use std::sync::{Arc, PoisonError, RwLock};

use croner::Cron;
use engine::Actor;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::EntityKey;
use module::Chore;

use crate::error::Error;
use crate::register::{Filter, Register, Selection};
use crate::state::{Deed, State};

/// The kind of the entity that keeps when it was done last.
const KIND: &str = "identities_schedule";
/// When identities are synchronised by themselves.
#[derive(Clone, Debug)]
pub struct Schedule {
    pattern: Option<Arc<Cron>>,
    zone: TimeZone,
    next: Arc<RwLock<Option<Timestamp>>>,
}

/// A pattern or a time zone that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSchedule(pub String);

impl Schedule {
    /// Never.
    pub fn never() -> Self {
        Schedule { pattern: None, zone: TimeZone::UTC, next: Arc::default() }
    }

    /// At the times of a cron pattern (`0 2 * * *`: every night at two) in a time zone, `Europe/Paris`; without one, in
    /// that of the machine.
    pub fn parse(pattern: &str, zone: Option<&str>) -> Result<Self, BadSchedule> {
        let cron = Cron::from_str(pattern).map_err(|error| {
            BadSchedule(format!("{pattern:?} is no cron pattern such as \"0 2 * * *\": {error}"))
        })?;
        if first_ever(&cron).is_none() {
            return Err(BadSchedule(format!(
                "{pattern:?} never comes: no day of any year fits it; write one that does, such as \"0 2 * * *\""
            )));
        }
        let zone = match zone {
            None => machine_zone(std::env::var_os("TZ"))?,
            Some(name) => TimeZone::get(name)
                .map_err(|_| BadSchedule(format!("{name:?} is no time zone such as Europe/Paris")))?,
        };
        Ok(Schedule { pattern: Some(Arc::new(cron)), zone, next: Arc::default() })
    }

    /// When it is done next; `None` = never.
    pub fn next(&self) -> Option<Timestamp> {
        *self.next.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first time of the pattern after this one.
    fn after(&self, at: Timestamp) -> Option<Timestamp> {
        let next =
            self.pattern.as_ref()?.find_next_occurrence(&at.to_zoned(self.zone.clone()), false).ok()?;
        Some(next.timestamp())
    }

    /// The synchronisation at these times; `None` = there are none.
    pub fn chore(&self) -> Option<Chore> {
        self.pattern.as_ref()?;
        let (times, told) = (self.clone(), self.clone());
        Some(Chore {
            name: "scheduled synchronisation",
            kept: EntityKey { kind: KIND.to_owned(), key: "synchronise".to_owned() },
            after: Arc::new(move |at| times.after(at)),
            tell: Arc::new(move |next| *told.next.write().unwrap_or_else(PoisonError::into_inner) = next),
            act: Arc::new(|hub| Box::pin(async { synchronise(&Register::new(hub)).await.map_err(plain) })),
        })
    }
}

/// What the hub or its journal says is said by them.
fn plain(error: Error) -> anyhow::Error {
    match error {
        Error::Engine(error) => error.into(),
        Error::Journal(error) => error.into(),
        other => other.into(),
    }
}

/// The first time of a pattern since a year long ago; `None` = there is none in all the years that are looked at.
fn first_ever(cron: &Cron) -> Option<()> {
    let long_ago = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    cron.find_next_occurrence(&long_ago, true).ok().map(drop)
}

/// The time zone of the machine. One that `TZ` names and nobody knows would be UTC in silence.
fn machine_zone(named: Option<OsString>) -> Result<TimeZone, BadSchedule> {
    match (TimeZone::try_system(), named.filter(|name| !name.is_empty())) {
        (Ok(zone), _) => Ok(zone),
        (Err(error), Some(name)) => Err(BadSchedule(format!(
            "TZ={} is no known time zone: correct it, or set identities.time_zone ({error})",
            name.display()
        ))),
        (Err(_), None) => {
            tracing::warn!(
                "this machine names no time zone: identities.schedule is read as UTC, set identities.time_zone"
            );
            Ok(TimeZone::UTC)
        }
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
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_next_time_follows_pattern_and_zone() {
        let nightly = Schedule::parse("0 2 * * *", Some("Europe/Paris")).unwrap();
        assert_eq!(nightly.after(at("2026-11-22T00:30:00Z")), Some(at("2026-11-22T01:00:00Z")));
        assert_eq!(nightly.after(at("2026-11-22T01:00:00Z")), Some(at("2026-11-23T01:00:00Z")), "not twice");
        assert_eq!(nightly.after(at("2026-07-01T12:00:00Z")), Some(at("2026-07-02T00:00:00Z")), "summer");
        assert_eq!(Schedule::never().after(at("2026-07-01T12:00:00Z")), None);
    }

    #[test]
    fn a_pattern_that_never_comes_is_refused_and_a_rare_one_is_not() {
        for never in ["0 2 30 2 *", "0 0 31 4 *", "0 2 31 6,9,11 *"] {
            let error = Schedule::parse(never, Some("UTC")).unwrap_err().to_string();
            assert!(error.contains(never) && error.contains("never comes"), "{error}");
        }
        Schedule::parse("0 2 29 2 *", Some("UTC")).unwrap();
        Schedule::parse("0 2 31 12 *", Some("UTC")).unwrap();
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        let pattern = Schedule::parse("every night", None).unwrap_err().to_string();
        assert!(pattern.contains("every night") && pattern.contains("0 2 * * *"), "{pattern}");
        let zone = Schedule::parse("0 2 * * *", Some("Paris")).unwrap_err().to_string();
        assert!(zone.contains("Europe/Paris"), "{zone}");
    }
}
