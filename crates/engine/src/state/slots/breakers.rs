//! The breakers of backends that all hubs of a journal share: see [`crate::state::opened`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use model::{Breaker, Entity, EntityWrite};

use super::{Slots, Use};
use crate::port::BackendEntry;
use crate::state::copies::Follower;
use crate::state::opened::{By, Opened, Trial, key_of};

/// Whoever has not said so for so long has no job for a trial any more.
const WANTED: Duration = Duration::from_millis(2500);
/// No ping takes so long.
const PINGED: Duration = Duration::from_mins(2);
/// While somebody tries it is looked at so often at least.
const SOON: Duration = Duration::from_millis(500);

/// What is known of the breakers that all hubs share.
#[derive(Debug, Default)]
pub(super) struct Breakers {
    open: HashMap<String, Part>,
    /// What this hub has found out and not written yet, the last of it for each backend.
    findings: BTreeMap<String, Finding>,
}

/// One that is open.
#[derive(Debug)]
struct Part {
    opened: Opened,
    rev: u64,
    /// When it has become so: this and the next since the hub began.
    since: Duration,
    /// When there was work here last that a trial could be made with.
    wanted: Option<Duration>,
}

impl Part {
    fn is_wanted(&self, now: Duration) -> bool {
        self.wanted.is_some_and(|at| now.saturating_sub(at) < WANTED)
    }
}

/// What a hub has found out about a backend that others are to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It keeps failing.
    Failing(Opened),
    /// It does not answer a ping yet.
    Silent(Opened),
    /// It works.
    Works,
}

impl Use {
    /// Has others told of what was found out, where there are others.
    pub(super) fn found(&mut self, backend: &str, finding: impl FnOnce(Opened) -> Finding) -> bool {
        if self.shares.is_none() {
            return false;
        }
        let open = match self.gates.get(backend).map(|gate| &gate.breaker) {
            Some(Breaker::Open { until, pause }) => Some(Opened::new(*until, *pause)),
            _ => None,
        };
        let finding = open.map_or(Finding::Works, finding);
        self.breakers.findings.insert(backend.to_owned(), finding);
        true
    }

    /// Notes that there is work that a trial could be made with. Says whether that is news.
    pub(super) fn want_trial(&mut self, backend: &str, now: Duration) -> bool {
        let Some(part) = self.breakers.open.get_mut(backend) else { return false };
        let news = !part.is_wanted(now);
        part.wanted = Some(now);
        news
    }

    /// How the breaker of a backend stands, as all know it.
    fn follow_breaker(&mut self, backend: &str) {
        let Some(shares) = &self.shares else { return };
        let breaker = self
            .breakers
            .open
            .get(backend)
            .map(|part| part.opened.seen_by(shares.life()))
            .unwrap_or_default();
        self.gate(&backend.into()).breaker = breaker;
    }
}

impl Slots {
    /// Whether breakers are shared with other hubs.
    pub(crate) fn has_others(&self) -> bool {
        self.lock().shares.is_some()
    }

    /// What this hub has found out and not written yet.
    pub(crate) fn findings(&self) -> Vec<(String, Finding)> {
        let used = self.lock();
        used.breakers.findings.iter().map(|(backend, found)| (backend.clone(), found.clone())).collect()
    }

    /// It was written, or others had found out the same.
    pub(crate) fn told_others(&self, backend: &str, finding: &Finding) {
        let mut used = self.lock();
        if used.breakers.findings.get(backend) != Some(finding) {
            return;
        }
        used.breakers.findings.remove(backend);
        used.follow_breaker(backend);
        drop(used);
        self.freed.notify_one();
    }

    /// The backends that are left alone, each with whoever tries it.
    pub(crate) fn opened(&self) -> Vec<(String, Option<String>)> {
        let used = self.lock();
        let trier = |part: &Part| part.opened.trial.as_ref().map(|trial| trial.life.clone());
        used.breakers.open.iter().map(|(backend, part)| (backend.clone(), trier(part))).collect()
    }

    /// What is to be written so that somebody tries, and one only, whether a backend works again; `over`: lives that are. `None` =
    /// nothing.
    pub(crate) fn next_trial(
        &self,
        entry: &BackendEntry,
        can_be_asked: bool,
        over: &BTreeSet<String>,
    ) -> Option<(EntityWrite, Option<By>)> {
        let used = self.lock();
        let (now, running) = (self.now(), used.running(&entry.name));
        let life = used.shares.as_ref()?.life();
        let part = used.breakers.open.get(&*entry.name)?;
        let long = now.grown.saturating_sub(part.since);
        let is_wanted = part.is_wanted(now.grown);
        let by = match &part.opened.trial {
            None if !part.opened.is_over(now.wall) => return None,
            None if can_be_asked => Some(By::Ping),
            None if is_wanted && running == 0 => Some(By::Job),
            Some(trial) if over.contains(&trial.life) => None,
            Some(trial) if trial.life != life => return None,
            // The job is not there any more.
            Some(trial) if trial.by == By::Job && running == 0 && !is_wanted && long >= WANTED => None,
            Some(trial) if trial.by == By::Ping && long >= PINGED => None,
            None | Some(_) => return None,
        };
        let next = part.opened.tried(by.map(|by| Trial { life: life.to_owned(), by }));
        let content = Some(next.content(&entry.name));
        Some((EntityWrite { key: key_of(&entry.name), expected_rev: part.rev, content }, by))
    }

    /// Whether this hub tries a backend by a ping.
    pub(crate) fn is_pinged_here(&self, backend: &str) -> bool {
        let used = self.lock();
        let (Some(shares), Some(part)) = (&used.shares, used.breakers.open.get(backend)) else {
            return false;
        };
        part.opened.trial.as_ref().is_some_and(|trial| trial.life == shares.life() && trial.by == By::Ping)
    }

    /// After so long the breakers are to be looked at again; `None` = not before something is told.
    pub(crate) fn look_at_breakers(&self) -> Option<Duration> {
        let used = self.lock();
        let now = self.now();
        let pause = |part: &Part| match part.opened.trial {
            None if !part.opened.is_over(now.wall) => {
                Some(Duration::try_from(part.opened.until.duration_since(now.wall)).unwrap_or_default())
            }
            // Whoever has work says so.
            None if !part.is_wanted(now.grown) => None,
            _ => Some(SOON),
        };
        used.breakers.open.values().filter_map(pause).min()
    }
}

/// The breakers that all hubs share.
pub(crate) struct SharedBreakers(pub(crate) Slots);

impl Follower for SharedBreakers {
    fn told(&self, backend: &str, now: Option<&Entity>) {
        let at = self.0.now().grown;
        let mut used = self.0.lock();
        match now {
            Some(entity) => {
                let wanted = used.breakers.open.get(backend).and_then(|part| part.wanted);
                let part = Part { opened: Opened::read(entity), rev: entity.rev, since: at, wanted };
                used.breakers.open.insert(backend.to_owned(), part);
            }
            None => _ = used.breakers.open.remove(backend),
        }
        // What was found out here and is not written yet is newer.
        if !used.breakers.findings.contains_key(backend) {
            used.follow_breaker(backend);
        }
        drop(used);
        self.0.open.notify_one();
        self.0.freed.notify_one();
    }

    /// It gets work, and is found failing anew.
    fn unreadable(&self, backend: &str) {
        tracing::error!("whether {backend} is to be left alone cannot be read: it is given work");
        self.told(backend, None);
    }
}

impl Slots {
    /// Until when the backend is left alone because it keeps failing, for people: where a trial is about to be made that time is
    /// over.
    pub(crate) fn shown_left_alone_until(&self, backend: &str) -> Option<Timestamp> {
        let now = self.clock.now();
        let has_others = self.has_others();
        self.left_alone_until(backend).filter(|until| !has_others || *until > now)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::effect::EntityContent;
    use model::{BreakerRule, JobId, Outcome};
    use tokio::sync::Notify;

    use super::*;
    use crate::clock::Clock;
    use crate::port::{Backend, BoxFuture, Call, Control};

    struct Nothing;

    impl Backend for Nothing {
        fn run(&self, _: Call, _: Control) -> BoxFuture<'static, Outcome> {
            Box::pin(async { Outcome::done() })
        }
    }

    fn entry() -> BackendEntry {
        BackendEntry::new("b", Arc::new(Nothing), [])
    }

    /// It opens with the first failure, and is to be tried at once.
    const RULE: BreakerRule =
        BreakerRule { failures: 1, pause: Duration::ZERO, longest: Duration::from_hours(1) };

    fn hub(life: &str) -> Slots {
        let slots = Slots::new(10, Arc::new(Notify::new()), Clock::system());
        slots.share_as(life.to_owned());
        slots
    }

    fn fail(hub: &Slots) {
        hub.failed(&"b".into(), JobId(uuid::Uuid::from_u128(1)), &RULE, Timestamp::UNIX_EPOCH).unwrap();
    }

    /// Tells hubs what one has written.
    fn tell(hubs: [&Slots; 2], content: EntityContent, rev: u64) {
        let EntityContent { state, label, body } = content;
        let entity = Entity { key: key_of("b"), rev, state, label, body };
        hubs.into_iter().for_each(|hub| SharedBreakers(hub.clone()).told("b", Some(&entity)));
    }

    /// A hub has found the backend failing, and both know it.
    fn opened() -> (Slots, Slots) {
        let (a, b) = (hub("a"), hub("b"));
        fail(&a);
        let [(_, Finding::Failing(opened))] = &a.findings()[..] else { panic!("{:?}", a.findings()) };
        tell([&a, &b], opened.content("b"), 1);
        a.told_others("b", &Finding::Failing(opened.clone()));
        (a, b)
    }

    #[test]
    fn what_one_finds_failing_all_leave_alone_until_one_has_tried() {
        let (a, b) = opened();
        assert!(a.findings().is_empty() && !a.free(&entry()) && !b.free(&entry()));
        assert!(b.next_trial(&entry(), false, &BTreeSet::new()).is_none(), "it has no job to try with");
        a.want(&entry());
        b.want(&entry());
        let trial = |hub: &Slots| hub.next_trial(&entry(), false, &BTreeSet::new()).unwrap();
        let ((of_a, _), (of_b, by)) = (trial(&a), trial(&b));
        assert_eq!(
            (of_a.expected_rev, of_b.expected_rev, by),
            (1, 1, Some(By::Job)),
            "one of them comes through"
        );
        tell([&a, &b], of_b.content.unwrap(), 2);
        assert!(!a.free(&entry()) && b.free(&entry()));
        let running = b.backend(&entry()).unwrap();
        assert!(!b.free(&entry()), "one attempt decides");
        assert!(b.answered("b"));
        drop(running);
        assert_eq!(b.findings(), [("b".to_owned(), Finding::Works)]);
        for hub in [&a, &b] {
            SharedBreakers(hub.clone()).told("b", None);
        }
        b.told_others("b", &Finding::Works);
        assert!(a.free(&entry()) && b.free(&entry()));
    }

    #[test]
    fn one_ping_is_made_for_all_and_lets_no_job_through() {
        let (a, b) = opened();
        let (write, by) = a.next_trial(&entry(), true, &BTreeSet::new()).unwrap();
        tell([&a, &b], write.content.unwrap(), 2);
        assert_eq!((by, a.is_pinged_here("b"), b.is_pinged_here("b")), (Some(By::Ping), true, false));
        assert!(!a.free(&entry()) && !b.free(&entry()));
        assert!(b.next_trial(&entry(), true, &BTreeSet::new()).is_none());
        a.lengthen(&"b".into(), &RULE, Timestamp::now());
        assert!(matches!(&a.findings()[..], [(_, Finding::Silent(_))]));
    }

    #[test]
    fn a_trial_ends_with_the_hub_that_made_it() {
        let (a, b) = opened();
        a.want(&entry());
        let (write, _) = a.next_trial(&entry(), false, &BTreeSet::new()).unwrap();
        tell([&a, &b], write.content.unwrap(), 2);
        b.want(&entry());
        assert!(b.next_trial(&entry(), false, &BTreeSet::new()).is_none());
        let (write, by) = b.next_trial(&entry(), false, &BTreeSet::from(["a".to_owned()])).unwrap();
        assert_eq!((write.expected_rev, by), (2, None));
        tell([&a, &b], write.content.unwrap(), 3);
        assert!(b.next_trial(&entry(), false, &BTreeSet::new()).is_some());
    }

    #[test]
    fn what_is_found_out_here_is_not_undone_by_what_others_knew_before() {
        let (a, b) = opened();
        assert!(b.answered("b"));
        a.want(&entry());
        let (write, _) = a.next_trial(&entry(), false, &BTreeSet::new()).unwrap();
        tell([&a, &b], write.content.unwrap(), 2);
        assert!(b.free(&entry()), "it has just answered");
    }

    #[test]
    fn a_hub_alone_keeps_its_own() {
        let alone = Slots::new(10, Arc::new(Notify::new()), Clock::system());
        fail(&alone);
        assert!(alone.findings().is_empty() && !alone.free(&entry()));
        alone.want(&entry());
        assert!(alone.next_trial(&entry(), false, &BTreeSet::new()).is_none());
        assert!(alone.answered("b") && alone.findings().is_empty() && alone.free(&entry()));
    }
}
