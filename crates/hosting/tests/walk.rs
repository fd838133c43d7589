//! Random walks of calls, ends of jobs, lost work, cancelled jobs, days that pass, restarts, and crashes between any two
//! writes: whatever comes together, an establishment never stands where the table does not lead, its history is always a legal
//! path, and nothing that somebody has seen is undone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use intendant_hosting::lifecycle::leads;
use intendant_hosting::{Establishment, Settings, State, Work};
use jiff::SignedDuration;
use journal::{Committed, Journal};
use model::{Effects, Outcome};
use serde_json::json;
use support::{Bed, NEIGHBOUR, SCHOOL, document, failed, token};
use tempfile::TempDir;
use testkit::gate::Gate;

/// Steps of a walk, and walks.
const STEPS: usize = 120;
const WALKS: u64 = 3;

/// A small generator: a walk that failed is walked again by its number.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

fn sound(of: &Establishment, before: Option<&Establishment>) {
    let history = &of.kept.history;
    for pair in history.windows(2) {
        assert!(
            leads(pair[0].state, pair[1].state),
            "{:?} → {:?} in {history:?}",
            pair[0].state,
            pair[1].state
        );
    }
    assert_eq!(history.last().unwrap().state, of.state, "the history ends where it stands");
    assert_eq!(of.kept.since, history.last().unwrap().at);
    // Work goes on in the states that have any, and in no other; only a deletion may stand still.
    match of.state.work() {
        Some(work) => assert!(
            of.kept.awaited.as_ref().map_or(of.state == State::Delete, |awaited| awaited.work == work)
        ),
        None => assert!(of.kept.awaited.is_none(), "{of:?}"),
    }
    assert_eq!(of.kept.pending.is_some(), of.state == State::Alter);
    if let Some(before) = before.filter(|before| before.kept.era == of.kept.era) {
        assert!(history.starts_with(&before.kept.history), "the history only grows");
    }
}

/// Something that happens, or is tried: a call, an upload, an end of the next job, jobs that are cancelled. Whether a client
/// was told that a school is there.
async fn happens(bed: &Bed, chance: &mut Chance, step: usize, rne: &str) -> bool {
    let path = format!("/{rne}");
    let work = Work::ALL[chance.below(5)];
    match chance.below(13) {
        0 | 1 => return bed.ask("POST", "", Some(document(rne))).await.0 == 200,
        2 => {
            let mut other = document(rne);
            other["griffe"] = json!(format!("Other {step}"));
            return bed.ask("POST", "", Some(other)).await.0 == 200;
        }
        3 => drop(bed.ask("PUT", &path, Some(json!({"griffe": format!("New {step}")}))).await),
        4 => drop(bed.ask("DELETE", &path, None).await),
        5 | 6 => {
            let what = intendant_hosting::Happening::Upload(support::databases(&format!("set-{step}")));
            drop(bed.host.act(&rne.parse().unwrap(), what, &support::actor(), "uploaded").await);
        }
        7 => {
            let operator = Some(token(http::Scope::OPERATE));
            drop(bed.ask_as(operator, None, "POST", &format!("{path}/retry"), None).await);
        }
        8 => bed.answer(work, failed("no")),
        9 => bed.answer(work, Outcome::done()),
        10 => drop(bed.ask("POST", &format!("{path}/key"), None).await),
        11 => lose(bed, step, rne).await,
        _ => {
            let live = testhub::jobs(&bed.hub).await.into_iter().filter(|job| !job.state.is_terminal());
            for job in live {
                let _ = bed.hub.cancel(job.id, &support::actor()).await;
            }
        }
    }
    false
}

/// What a school waits for is lost, as where a part of the journal is.
async fn lose(bed: &Bed, step: usize, rne: &str) {
    let Some(mut found) = bed.host.find(&rne.parse().unwrap()).await.unwrap() else { return };
    if let Some(awaited) = &mut found.kept.awaited {
        (awaited.id, awaited.job) = (format!("{rne}/lost/{step}"), None);
        let effects = Effects { entities: vec![found.write()], ..Effects::default() };
        // It may have moved on meanwhile.
        let _ = bed.hub.write(effects, None).await;
    }
}

/// How the schools stand, each of them sound, and as it was before or further.
async fn look(bed: &Bed, before: &[Establishment]) -> Vec<Establishment> {
    bed.host.find_lost().await.unwrap();
    let mut now = Vec::new();
    for rne in [SCHOOL, NEIGHBOUR] {
        if let Some(found) = bed.host.find(&rne.parse().unwrap()).await.unwrap() {
            sound(&found, before.iter().find(|before| before.rne == found.rne));
            now.push(found);
        }
    }
    now
}

/// In the end nothing is stuck: all that is asked for comes to rest.
async fn rests(bed: &Bed, walk: u64) {
    let rest = async || {
        testhub::jobs(&bed.hub).await.into_iter().filter(|job| !job.state.is_terminal()).count() == 0
    };
    testhub::until("rest", rest).await;
    assert_eq!(bed.host.find_lost().await.unwrap(), 0);
    for found in bed.host.list(&[], None, None, 10).await.unwrap().establishments {
        assert!(found.state.work().is_none() || found.state == State::Delete, "walk {walk}: {found:?}");
    }
    bed.hub.stop(Duration::ZERO).await;
}

/// Some days pass, as far as the clock says.
async fn days_pass(bed: &Bed, chance: &mut Chance) {
    let hours = 24 * i64::try_from(chance.below(40)).unwrap();
    bed.clock.run_ahead(SignedDuration::from_hours(hours));
    bed.expire().await;
    bed.clock.run_ahead(SignedDuration::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_walk_leaves_the_table() {
    for walk in 0..WALKS {
        let mut chance = Chance(walk + 1);
        let mut bed = Bed::new().await;
        let mut before = Vec::new();
        let mut held = None;
        for step in 0..STEPS {
            let rne = [SCHOOL, NEIGHBOUR][chance.below(2)];
            match chance.below(14) {
                0 => {
                    // Answers wait, or come.
                    held = match held.take() {
                        None => Some(bed.answers.hold().await),
                        Some(_) => None,
                    };
                }
                1 => {
                    bed = bed.again().await;
                    days_pass(&bed, &mut chance).await;
                }
                _ => drop(happens(&bed, &mut chance, step, rne).await),
            }
            before = look(&bed, &before).await;
        }
        drop(held);
        rests(&bed, walk).await;
    }
}

/// So many commits are still told to the hub. The one after them is on disk, and nobody ever learns of it; no other follows.
static FUSE: AtomicI64 = AtomicI64::new(i64::MAX);

fn is_last(_: &Committed) -> bool {
    FUSE.fetch_sub(1, Ordering::SeqCst) == 0
}

/// Now and then decides after which commit the hub is gone.
fn lay_fuse(chance: &mut Chance) {
    let commits = i64::try_from(chance.below(7)).unwrap();
    let laid = |left: i64| (left > 7).then_some(commits);
    if chance.below(3) == 0 {
        let _ = FUSE.fetch_update(Ordering::SeqCst, Ordering::SeqCst, laid);
    }
}

/// Waits until it is.
async fn is_gone() {
    testhub::until("a crash", async || FUSE.load(Ordering::SeqCst) < 0).await;
}

/// What lies on the disk, as a hub that starts after a crash finds it.
fn left(by: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    let mut names: Vec<_> = std::fs::read_dir(by).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    // The file of the journal before its log.
    names.sort();
    for name in names.into_iter().filter(|name| !name.to_string_lossy().ends_with("-shm")) {
        if by.join(&name).is_file() {
            std::fs::copy(by.join(&name), to.join(&name)).unwrap();
        }
    }
}

/// Hubs that are gone: nothing of them goes on, and what they hold is held for good.
#[derive(Default)]
struct Graves {
    journals: Vec<Arc<dyn Journal>>,
    beds: Vec<Bed>,
    folders: Vec<Arc<TempDir>>,
}

/// A hub on what another one has left. It may be gone before it has started, and then the next one is.
async fn after(mut lost: Arc<TempDir>, settings: &Settings, graves: &mut Graves, chance: &mut Chance) -> Bed {
    loop {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        left(&lost.path().join("data"), &folder.path().join("data"));
        FUSE.store(i64::MAX, Ordering::SeqCst);
        lay_fuse(chance);
        let gate = Arc::new(Gate::default());
        gate.close();
        let opened = testhub::open_behind(&gate, is_last, &folder.path().join("data"));
        graves.journals.push(Arc::clone(&opened.0));
        graves.folders.push(Arc::clone(&folder));
        tokio::select! {
            bed = Bed::over(opened, Arc::clone(&folder), settings.clone(), Arc::default()) => return bed,
            () = is_gone() => lost = folder,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_crash_between_two_writes_leaves_the_table() {
    // What is dropped is waited for, and a hub that is gone never ends.
    let graves: &mut Graves = Box::leak(Box::default());
    for walk in 0..WALKS {
        let mut chance = Chance(100 + walk);
        let empty = Arc::new(tempfile::tempdir().unwrap());
        std::fs::create_dir(empty.path().join("data")).unwrap();
        let settings = support::settings(empty.path());
        let mut bed = after(Arc::clone(&empty), &settings, graves, &mut chance).await;
        let mut before = Vec::new();
        for step in 0..STEPS {
            lay_fuse(&mut chance);
            let (rne, days) = ([SCHOOL, NEIGHBOUR][chance.below(2)], chance.below(12) == 0);
            let mut is_told = false;
            let goes_on = async {
                is_told = happens(&bed, &mut chance, step, rne).await;
                if days {
                    days_pass(&bed, &mut chance).await;
                }
                look(&bed, &before).await
            };
            let looked = tokio::select! {
                looked = goes_on => Some(looked),
                () = is_gone() => None,
            };
            if let Some(now) = looked {
                before = now;
                continue;
            }
            let next = after(Arc::clone(&bed.folder), &settings, graves, &mut chance).await;
            graves.beds.push(std::mem::replace(&mut bed, next));
            if is_told && !days {
                let found = bed.host.find(&rne.parse().unwrap()).await.unwrap();
                assert!(found.is_some(), "a client was told that {rne} is there");
            }
        }
        // It may have gone after the last look at it, and the next one at once.
        while FUSE.swap(i64::MAX, Ordering::SeqCst) < 0 {
            let next = after(Arc::clone(&bed.folder), &settings, graves, &mut chance).await;
            graves.beds.push(std::mem::replace(&mut bed, next));
        }
        rests(&bed, walk).await;
    }
    assert!(graves.beds.len() > 10, "{}", graves.beds.len());
    for folder in &graves.folders {
        std::fs::remove_dir_all(folder.path()).unwrap();
    }
}
