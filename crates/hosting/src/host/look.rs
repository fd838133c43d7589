//! Looking at establishments.

use engine::port::Standing;
use engine::{BackendView, PING};
use journal::{EntityFilter, Spot};
use model::JobState;

use super::Host;
use crate::error::Error;
use crate::establishment::{Establishment, KIND};
use crate::pace::{self, Pace, Rest};
use crate::state::{State, Work};

/// Establishments that are counted for the queue before one.
const QUEUE: usize = 1_000;

/// A page of establishments, by number.
#[derive(Debug, Default)]
pub struct Found {
    /// The establishments.
    pub establishments: Vec<Establishment>,
    /// After which the listing goes on; `None` = this was all.
    pub next: Option<String>,
    /// Those between them that cannot be read, each with why.
    pub damaged: Vec<(String, String)>,
}

/// How long it takes until a school is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eta {
    /// Seconds.
    pub seconds: u64,
}

impl Host {
    /// A page of those in any of these states (all, when none is named) and with this text in number or stamp.
    pub async fn list(
        &self,
        states: &[State],
        text: Option<String>,
        after: Option<String>,
        limit: usize,
    ) -> Result<Found, Error> {
        let states = states.iter().map(|state| state.code().to_owned()).collect();
        let filter = EntityFilter { kind: KIND.to_owned(), states, text };
        let page = self.hub.journal().find_entities(filter, after, limit).await?;
        let mut found = Found { next: page.next, ..Found::default() };
        for entity in page.rows {
            let rne = entity.key.key.clone();
            match Establishment::read(entity) {
                Ok(establishment) => found.establishments.push(establishment),
                Err(why) => found.damaged.push((rne, why)),
            }
        }
        found.damaged.extend(page.damaged.into_iter().filter_map(|row| match row.spot {
            Spot::Entity(_, rne) => Some((rne, row.why)),
            _ => None,
        }));
        Ok(found)
    }

    /// All in these states, a page at a time, as far as `each` goes on.
    pub(super) async fn all(&self, states: &[State], most: usize) -> Result<Vec<Establishment>, Error> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.list(states, None, after, 200).await?;
            all.extend(page.establishments);
            after = page.next;
            if after.is_none() || all.len() >= most {
                return Ok(all);
            }
        }
    }

    /// How many are in each state.
    pub async fn counts(&self) -> Result<Vec<(State, u64)>, Error> {
        let tallies = self.hub.journal().entity_tallies(KIND.to_owned()).await?;
        Ok(tallies.into_iter().filter_map(|(code, n)| Some((State::of_code(&code)?, n))).collect())
    }

    /// How long it takes until a school is open whose databases were handed over.
    pub async fn eta(&self, of: &Establishment) -> Result<Option<Eta>, Error> {
        if !matches!(of.state, State::Uploaded | State::UploadedRight) {
            return Ok(None);
        }
        let now = self.hub.now();
        let pace = Pace::read(self.hub.journal().entity(pace::key()).await?.as_ref());
        let since = |at: jiff::Timestamp| now.duration_since(at).as_secs_f64().max(0.0);
        let job = match of.kept.awaited.as_ref().and_then(|awaited| awaited.job) {
            Some(id) => self.hub.journal().job(id).await?.map(|job| (job, self.hub.report_of(id))),
            None => None,
        };
        let (job, report) = job.map_or((None, None), |(job, report)| (Some(job), report));
        let running = job.filter(|job| job.state == JobState::Running);
        let left = |seconds: u64, at| (float(seconds) - since(at)).max(0.0);
        let said = report.and_then(|report| Some(left(report.progress.eta_seconds?, report.at)));
        let going = running.and_then(|job| job.started_at).map(since);
        let before = if going.is_some() { (0, 0) } else { self.before(of).await? };
        let rest = Rest {
            bytes: of.size(),
            mounted: of.state == State::UploadedRight,
            going,
            said,
            told: of.kept.told.map(|(seconds, at)| left(seconds, at)),
            before,
            at_once: self.at_once(),
        };
        Ok(Some(Eta { seconds: pace::rest(&pace, &rest, self.settings.estimate) }))
    }

    /// How many schools were handed over before this one and are not open yet, and bytes of theirs.
    async fn before(&self, of: &Establishment) -> Result<(u64, u64), Error> {
        let waiting = self.all(&[State::Uploaded, State::UploadedRight], QUEUE).await?;
        let earlier = |other: &&Establishment| other.rne != of.rne && other.kept.since < of.kept.since;
        Ok(waiting.iter().filter(earlier).fold((0, 0), |(n, bytes), other| (n + 1, bytes + other.size())))
    }

    /// Asks the backends that open schools whether they are there: one that stays answers for its schools only once it runs,
    /// and after a restart nobody else would ask it.
    pub async fn wake(&self) -> Result<(), Error> {
        let opens = |backend: &BackendView| {
            let maps = |wanted: &str| backend.actions.iter().any(|action| action == wanted);
            backend.standing == Standing::Active && maps(Work::Open.action()) && maps(PING)
        };
        for backend in self.hub.backends().into_iter().filter(opens) {
            self.hub.ping(&backend.name).await?;
        }
        Ok(())
    }

    /// How many schools are mounted at once: as many as the narrowest backend has slots.
    fn at_once(&self) -> u64 {
        let backends = self.hub.backends().into_iter();
        let mounting = backends.filter(|backend| {
            backend.standing == Standing::Active
                && backend.actions.iter().any(|action| action == Work::Mount.action())
        });
        mounting
            .filter_map(|backend| backend.concurrency)
            .min()
            .and_then(|n| u64::try_from(n).ok())
            .unwrap_or(1)
    }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn float(number: u64) -> f64 {
    number as f64
}
