//! Chores: what is done at times, through stops, crashes and clocks that are set.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use engine::{Chore, ChoreView, Clock, Hub, Trouble};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use model::{Effects, EntityKey, EntityWrite, Times};
use tempfile::TempDir;
use testhub::until;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::support::{setup, start_by};

const NAME: &str = "sweeping of the stairs";

fn key() -> EntityKey {
    EntityKey { kind: "stairs".to_owned(), key: "sweep".to_owned() }
}

/// Every night at two, which counts how often it is begun and done, and ends when it may.
#[derive(Clone)]
struct Stairs {
    begun: Arc<AtomicUsize>,
    done: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
    wet: Arc<AtomicUsize>,
}

impl Stairs {
    fn new(permits: usize) -> Self {
        Stairs {
            begun: Arc::default(),
            done: Arc::default(),
            gate: Arc::new(Semaphore::new(permits)),
            wet: Arc::default(),
        }
    }

    fn chore(&self) -> Chore {
        let own = self.clone();
        Chore {
            name: NAME,
            kept: Some(key()),
            times: Times::cron("0 2 * * *", TimeZone::UTC).unwrap(),
            act: Arc::new(move |_| {
                let own = own.clone();
                Box::pin(async move {
                    own.begun.fetch_add(1, Ordering::SeqCst);
                    own.gate.acquire().await.unwrap().forget();
                    if own.wet.load(Ordering::SeqCst) > 0 {
                        own.wet.fetch_sub(1, Ordering::SeqCst);
                        return Err(Trouble::from("the stairs are wet"));
                    }
                    own.done.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                })
            }),
        }
    }

    fn work(&self, hub: &Hub) -> JoinHandle<()> {
        tokio::spawn(self.chore().run(hub.clone()))
    }

    fn counts(&self) -> (usize, usize) {
        (self.begun.load(Ordering::SeqCst), self.done.load(Ordering::SeqCst))
    }
}

fn seen(hub: &Hub) -> Option<ChoreView> {
    hub.chores().into_iter().find(|chore| chore.name == NAME)
}

/// A clock that shows noon, and is set by hours and minutes from there.
#[derive(Clone)]
struct Day {
    clock: Clock,
    noon: SignedDuration,
}

impl Day {
    fn new() -> Self {
        let clock = Clock::system();
        let now = clock.now().to_zoned(TimeZone::UTC);
        let noon = now.date().at(12, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap();
        let day = Day { clock, noon: noon.timestamp().duration_since(now.timestamp()) };
        day.set(SignedDuration::ZERO);
        day
    }

    fn set(&self, ahead: SignedDuration) {
        self.clock.run_ahead(self.noon + ahead);
    }
}

/// It has been looked at and waits for its next time.
async fn rests(hub: &Hub) {
    until("its rest", async || {
        seen(hub).is_some_and(|chore| !chore.running && chore.next.is_some_and(|next| next > hub.now()))
    })
    .await;
}

/// A hub whose chore was counted two days ago: it is due.
async fn owing(stairs: &Stairs, day: &Day) -> (Hub, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let hub = start_by(folder.path(), setup(Vec::new()), &day.clock).await;
    day.set(SignedDuration::from_hours(-48));
    let before = stairs.work(&hub);
    rests(&hub).await;
    before.abort();
    assert_eq!(stairs.counts(), (0, 0), "at the first start nothing was missed");
    day.set(SignedDuration::ZERO);
    (hub, folder)
}

#[tokio::test]
async fn it_is_made_up_once_after_a_kill_between_begin_and_end() {
    let (stairs, day) = (Stairs::new(0), Day::new());
    let (hub, folder) = owing(&stairs, &day).await;
    let killed = stairs.work(&hub);
    until("its begin", async || stairs.counts() == (1, 0)).await;
    let begun = hub.journal().entity(key()).await.unwrap().unwrap();
    assert_eq!(begun.state, "begun", "who does it is written before it is done");
    killed.abort();
    hub.stop(Duration::ZERO).await;
    drop(hub);

    let hub = start_by(folder.path(), setup(Vec::new()), &day.clock).await;
    stairs.gate.add_permits(5);
    let again = stairs.work(&hub);
    rests(&hub).await;
    assert_eq!(stairs.counts(), (2, 1));
    again.abort();
    // Nor after another start.
    hub.stop(Duration::ZERO).await;
    drop(hub);
    let hub = start_by(folder.path(), setup(Vec::new()), &day.clock).await;
    let _third = stairs.work(&hub);
    rests(&hub).await;
    assert_eq!(stairs.counts(), (2, 1));
}

#[tokio::test]
async fn what_owes_nothing_rests_until_its_next_time() {
    let (stairs, day) = (Stairs::new(9), Day::new());
    let folder = tempfile::tempdir().unwrap();
    let hub = start_by(folder.path(), setup(Vec::new()), &day.clock).await;
    let chore = || Chore { kept: None, ..stairs.chore() };
    let work = tokio::spawn(chore().run(hub.clone()));
    rests(&hub).await;
    // Whatever it had left to do now would be done before others have their turn so often.
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stairs.counts(), (1, 1), "it is done at the start, and then at two");
    work.abort();
}

#[tokio::test]
async fn of_two_who_want_to_do_it_one_does() {
    let (stairs, day) = (Stairs::new(0), Day::new());
    let (hub, _folder) = owing(&stairs, &day).await;
    let begun = hub.journal().entity(key()).await.unwrap().unwrap();
    let one = stairs.work(&hub);
    until("its begin", async || stairs.counts().0 == 1).await;
    // Another one that had read it before the first wrote: what it writes over is gone.
    let late = EntityWrite { key: key(), expected_rev: begun.rev, content: None };
    let written = hub.write(Effects { entities: vec![late], ..Effects::default() }, None).await;
    assert!(written.is_err());
    stairs.gate.add_permits(5);
    rests(&hub).await;
    assert_eq!(stairs.counts(), (1, 1));
    one.abort();
}

#[tokio::test]
async fn a_failure_is_seen_until_it_is_done() {
    let (stairs, day) = (Stairs::new(5), Day::new());
    let (hub, _folder) = owing(&stairs, &day).await;
    stairs.wet.store(1, Ordering::SeqCst);
    let work = stairs.work(&hub);
    until("the failure", async || seen(&hub).is_some_and(|chore| chore.failing.is_some())).await;
    let failing = seen(&hub).unwrap();
    assert_eq!(
        failing.failing.as_ref().map(|f| (f.tries, f.error.as_str())),
        Some((1, "the stairs are wet"))
    );
    assert!(failing.next.is_some_and(|next| next > hub.now()), "it is tried again: {failing:?}");
    assert_eq!(hub.journal().entity(key()).await.unwrap().unwrap().state, "failing");

    // A minute later.
    work.abort();
    day.set(SignedDuration::from_mins(2));
    let _again = stairs.work(&hub);
    until("its end", async || stairs.counts() == (2, 1)).await;
    rests(&hub).await;
    assert_eq!(seen(&hub).unwrap().failing, None);
}

#[tokio::test]
async fn a_clock_thirty_days_ahead_and_back_makes_it_up_once_and_it_goes_on() {
    let (stairs, day) = (Stairs::new(9), Day::new());
    let (hub, _folder) = owing(&stairs, &day).await;
    day.set(SignedDuration::from_hours(30 * 24));
    let ahead = stairs.work(&hub);
    rests(&hub).await;
    assert_eq!(stairs.counts(), (1, 1), "thirty nights are made up once");
    ahead.abort();
    day.set(SignedDuration::ZERO);
    let back = stairs.work(&hub);
    let tomorrow = hub.now().checked_add(SignedDuration::from_hours(24)).unwrap();
    until("the next night", async || {
        seen(&hub).is_some_and(|chore| chore.next.is_some_and(|next| next > hub.now() && next <= tomorrow))
    })
    .await;
    back.abort();
    day.set(SignedDuration::from_hours(25));
    let _next = stairs.work(&hub);
    until("the next night's", async || stairs.counts() == (2, 2)).await;
}

#[tokio::test]
async fn the_sweeps_of_the_hub_are_chores_that_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let hub = start_by(folder.path(), setup(Vec::new()), &Clock::system()).await;
    until("the first sweep", async || {
        let chores = hub.chores();
        chores.len() == 6 && chores.iter().all(|chore| chore.last.is_some() && chore.failing.is_none())
    })
    .await;
    assert!(hub.chores().iter().any(|chore| chore.name.contains("old") && chore.times == "every minute"));
}
