//! Failures that are counted over all hubs of a journal: see [`crate::state::failures`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use model::{Breaker, BreakerRule, Entity, JobId};

use super::{Finding, Slots, Use};
use crate::state::copies::Follower;
use crate::state::failures::read;

/// All hubs know of so many jobs that have failed on a backend, or a few more. Of others each counts those it has seen itself.
const MOST: usize = 1000;

/// What this hub knows of failures on backends, and has to tell of them.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// Those of which all hubs know.
    known: BTreeMap<String, BTreeSet<JobId>>,
    /// Those seen here of which the others are to know.
    untold: BTreeMap<String, BTreeSet<JobId>>,
    /// The backends that have answered here since: what is known of them is to be forgotten.
    answered: BTreeSet<String>,
}

impl Use {
    /// Has the others count a failure as well, if it counts. Says whether there is anything to be told.
    pub(super) fn count_for_all(&mut self, backend: &str, job: JobId) -> bool {
        let breaker = self.gates.get(backend).map(|gate| &gate.breaker);
        let counts = matches!(breaker, Some(Breaker::Closed { failed }) if failed.contains(&job));
        let known = self.failures.known.get(backend);
        if !counts || self.shares.is_none() || known.is_some_and(|it| it.contains(&job) || it.len() >= MOST) {
            return false;
        }
        self.failures.untold.entry(backend.to_owned()).or_default().insert(job)
    }

    /// The backend answered. Says whether there is anything to be told.
    pub(super) fn forget_failures(&mut self, backend: &str) -> bool {
        let Failures { known, untold, answered } = &mut self.failures;
        untold.remove(backend);
        known.contains_key(backend) && answered.insert(backend.to_owned())
    }
}

impl Slots {
    /// Failures seen here of which the others are to know.
    pub(crate) fn untold_failures(&self) -> Vec<(String, BTreeSet<JobId>)> {
        self.lock().failures.untold.iter().map(|(backend, jobs)| (backend.clone(), jobs.clone())).collect()
    }

    /// All hubs know of these now. Says until when the backend is left alone, when that begins with them.
    pub(crate) fn told_failures(
        &self,
        backend: &str,
        jobs: &BTreeSet<JobId>,
        rule: &BreakerRule,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let mut used = self.lock();
        if let Some(untold) = used.failures.untold.get_mut(backend) {
            untold.retain(|job| !jobs.contains(job));
            if untold.is_empty() {
                used.failures.untold.remove(backend);
            }
        }
        let until = used.gates.get_mut(backend)?.breaker.counted(rule, now)?;
        used.found(backend, Finding::Failing);
        Some(until)
    }

    /// The backends that have answered here although failures of them are known.
    pub(crate) fn answers(&self) -> BTreeSet<String> {
        self.lock().failures.answered.clone()
    }

    /// All hubs know that it has answered.
    pub(crate) fn told_answer(&self, backend: &str) {
        self.lock().failures.answered.remove(backend);
    }

    /// Whether others are to be told of anything, of failures or of breakers.
    pub(crate) fn has_to_tell(&self) -> bool {
        let used = self.lock();
        let Failures { untold, answered, .. } = &used.failures;
        !(untold.is_empty() && answered.is_empty() && used.breakers.findings.is_empty())
    }

    /// Whether others count what fails here.
    pub(super) fn is_one_of_many(&self) -> bool {
        self.hubs.load(Ordering::Relaxed) > 1
    }
}

/// The failures that all hubs count.
pub(crate) struct SharedFailures(pub(crate) Slots);

impl Follower for SharedFailures {
    fn told(&self, backend: &str, now: Option<&Entity>) {
        let mut used = self.0.lock();
        let has_answered = used.failures.answered.contains(backend);
        let (jobs, forgotten) = (read(now), now.is_none());
        let untold = used.failures.untold.get(backend).cloned().unwrap_or_default();
        if let Breaker::Closed { failed } = &mut used.gate(&backend.into()).breaker {
            if forgotten {
                *failed = untold;
            } else if !has_answered {
                failed.extend(&jobs);
            }
        }
        if forgotten {
            used.failures.known.remove(backend);
        } else {
            used.failures.known.insert(backend.to_owned(), jobs);
        }
    }

    /// What is seen from here on is counted.
    fn unreadable(&self, backend: &str) {
        self.told(backend, None);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::sync::Notify;

    use super::*;
    use crate::clock::Clock;
    use crate::state::failures::{content, key_of};

    const RULE: BreakerRule =
        BreakerRule { failures: 3, pause: Duration::from_hours(1), longest: Duration::from_hours(1) };

    fn hub(life: &str) -> Slots {
        let slots = Slots::new(10, Arc::new(Notify::new()), Clock::system());
        slots.share_as(life.to_owned());
        slots.set_hubs(3);
        slots
    }

    fn job(number: u128) -> JobId {
        JobId(uuid::Uuid::from_u128(number))
    }

    fn fail(hub: &Slots, number: u128) -> bool {
        hub.failed(&"b".into(), job(number), &RULE, Timestamp::UNIX_EPOCH).is_some()
    }

    /// Tells hubs which jobs have failed; none = that was forgotten.
    fn tell(hubs: &[Slots], jobs: &BTreeSet<JobId>) {
        let content = content("b", jobs);
        let (state, label, body) = (content.state, content.label, content.body);
        let entity = Entity { key: key_of("b"), rev: 1, state, label, body };
        for hub in hubs {
            SharedFailures(hub.clone()).told("b", Some(&entity).filter(|_| !jobs.is_empty()));
        }
    }

    /// A hub writes what it has seen. Says whether the backend is left alone by it.
    fn write(hub: &Slots, all: &mut BTreeSet<JobId>, hubs: &[Slots]) -> bool {
        let [(_, jobs)] = &hub.untold_failures()[..] else { panic!("{:?}", hub.untold_failures()) };
        all.extend(jobs);
        tell(hubs, all);
        let told = hub.told_failures("b", jobs, &RULE, Timestamp::UNIX_EPOCH);
        assert!(hub.untold_failures().is_empty());
        told.is_some()
    }

    #[test]
    fn one_failure_at_each_of_three_hubs_is_enough() {
        let hubs = ["a", "b", "c"].map(hub);
        let mut all = BTreeSet::new();
        assert!(!fail(&hubs[0], 1) && !fail(&hubs[1], 2) && !fail(&hubs[2], 3));
        let opened = [0, 1, 2].map(|place| write(&hubs[place], &mut all, &hubs));
        assert_eq!(opened, [false, false, true]);
        assert!(matches!(&hubs[2].findings()[..], [(_, Finding::Failing(_))]));
        assert!(fail(&hubs[0], 4), "whoever sees one more knows it as well");
    }

    #[test]
    fn an_answer_at_any_hub_begins_the_count_anew() {
        let hubs = ["a", "b"].map(hub);
        let mut all = BTreeSet::new();
        assert!(!fail(&hubs[0], 1) && !write(&hubs[0], &mut all, &hubs));
        assert!(!fail(&hubs[0], 1) && hubs[0].untold_failures().is_empty(), "a job counts once");
        assert!(!fail(&hubs[0], 2));
        assert!(!hubs[1].answered("b"));
        assert_eq!(hubs[1].answers(), BTreeSet::from(["b".to_owned()]));
        tell(&hubs, &BTreeSet::new());
        hubs[1].told_answer("b");
        assert!(!hubs[1].answered("b") && hubs[1].answers().is_empty(), "nothing is known of it any more");
        assert!(!fail(&hubs[0], 3), "two since");
        assert!(fail(&hubs[0], 4));
    }

    #[test]
    fn a_hub_alone_tells_nobody() {
        let alone = hub("a");
        alone.set_hubs(1);
        assert!(!fail(&alone, 1) && !fail(&alone, 2) && !alone.has_to_tell());
        assert!(fail(&alone, 3));
    }
}
