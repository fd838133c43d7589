//! Caps on destructive jobs: what exceeds them is held until somebody decides.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{Bed, Fake, LONG, QUICK, entry, mapping, request, setup};
use engine::port::Catalogue;
use engine::{ActionTable, Actor, Error, HeldSet, Setup, Verdict};
use journal::RecordFilter;
use model::word::code;
use model::{
    ActionSpec, Destructive, FailsafeRule, JobId, JobState, OnError, RecordKind, Request, WaitingOn,
};
use tokio::sync::Semaphore;

fn actor() -> Actor {
    Actor("alice".into())
}

fn actions() -> ActionTable {
    let spec = |destructive| ActionSpec { destructive: Some(destructive), ..ActionSpec::default() };
    let named = |name: &str, destructive| (name.to_owned(), spec(destructive));
    ActionTable::new([named("DEL", Destructive::Delete), named("DIS", Destructive::Disable)]).unwrap()
}

fn caps(delete: u32) -> FailsafeRule {
    FailsafeRule {
        sources: vec!["test".to_owned()],
        window: Duration::from_hours(1),
        delete: Some(delete),
        disable: Some(1),
    }
}

/// A hub with these backends, which map everything, and room for so many deletions.
fn guarded(backends: &[(&str, &Arc<Fake>)], delete: u32) -> Setup {
    let entries = backends.iter().map(|(name, fake)| {
        let fake: Arc<Fake> = Arc::clone(fake);
        let mut entry = entry(name, fake, OnError::Stop, QUICK);
        for action in ["DEL", "DIS"] {
            entry.actions.insert(action.to_owned(), mapping(OnError::Stop, None));
        }
        entry
    });
    let mut parts = setup(entries.collect());
    parts.actions = actions();
    parts.limits.failsafe = caps(delete);
    parts
}

/// The set in which this job is held, once it is.
async fn held(bed: &Bed, job: JobId) -> String {
    bed.until(async || bed.job(job).await.code == Some(code::FAILSAFE_HELD)).await;
    match bed.hub.story(job).await.unwrap().waiting_on {
        WaitingOn::Failsafe { failsafe } => failsafe,
        other => panic!("not held: {other:?}"),
    }
}

async fn look(bed: &Bed, set: &str) -> HeldSet {
    bed.hub.held_set(set).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tripping_holds_exactly_what_matches_and_an_approval_works_once() {
    let fake = Fake::done();
    let bed = Bed::new(guarded(&[("b", &fake)], 2)).await;
    for who in ["a", "b"] {
        let id = bed.accept(request("DEL", who)).await;
        assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    }
    let first = bed.accept(request("DEL", "c")).await;
    let set = held(&bed, first).await;
    let behind = bed.accept(request("DO", "c")).await;
    let second = bed.accept(request("DEL", "d")).await;
    assert_eq!(held(&bed, second).await, set);
    for (action, who) in [("DO", "e"), ("DIS", "f"), ("DO", "a")] {
        let id = bed.accept(request(action, who)).await;
        assert_eq!(bed.ended(id).await.state, JobState::Succeeded, "{action} of {who} is not held");
    }
    let waits = bed.hub.story(behind).await.unwrap().waiting_on;
    assert!(matches!(waits, WaitingOn::Subject { job, .. } if job == first), "{waits:?}");

    let sets = bed.hub.held_sets().await.unwrap();
    assert_eq!(sets.len(), 1);
    let HeldSet { kind, count, cap, jobs, through, .. } = sets[0].clone();
    assert_eq!((kind, count, cap, jobs), (Destructive::Delete, 2, 2, 2));
    let page = bed.hub.held_jobs(&set, None, 1).await.unwrap();
    let rest = bed.hub.held_jobs(&set, Some(page[0].due_at), 9).await.unwrap();
    assert_eq!((page[0].id, rest.len(), rest[0].id), (first, 1, second));
    let held_through = async |through| bed.hub.held_through(&set, through).await.unwrap();
    assert_eq!((held_through(page[0].due_at).await, held_through(through).await), (1, 2));

    let decided = bed.hub.approve(&set, through, &actor()).await.unwrap();
    assert_eq!((decided.jobs, decided.rest), (2, None));
    for id in [first, second, behind] {
        assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    }
    let order = fake.jobs();
    let place = |id| order.iter().position(|job| *job == id).unwrap();
    assert!(place(first) < place(behind), "the subject keeps its order");
    let again = bed.hub.approve(&set, through, &actor()).await.unwrap_err();
    assert!(matches!(&again, Error::Decided { by, .. } if by == "alice"), "{again}");

    let later = bed.accept(request("DEL", "g")).await;
    assert_ne!(held(&bed, later).await, set, "a later arrival forms a new set");

    let audit = RecordFilter { code: Some("approved".into()), ..RecordFilter::of(RecordKind::Audit) };
    let audit = bed.hub.journal().records(audit, None, 9).await.unwrap().rows;
    let (record, changed) = bed.hub.audited(audit[0].seq).await.unwrap();
    assert_eq!((record.who.as_str(), audit.len()), ("alice", 1));
    let named = changed.before.unwrap()["named"].to_string();
    assert!(named.contains(&first.to_string()) && named.contains(&second.to_string()), "{named}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_and_sets_survive_a_restart_and_an_interrupted_start_counts_once() {
    let gate = Arc::new(Semaphore::new(0));
    let (slow, quick) = (Fake::gated(&gate), Fake::done());
    let bed = Bed::new(guarded(&[("b", &slow)], 2)).await;
    let interrupted = bed.accept(request("DEL", "a")).await;
    bed.state(interrupted, JobState::Running).await;
    bed.hub.stop(Duration::ZERO).await;
    let Bed { hub, folder } = bed;
    drop(hub);
    let hub = crate::support::start_in(folder.path(), guarded(&[("b", &quick)], 2)).await;
    let bed = Bed { hub, folder };
    assert_eq!(bed.ended(interrupted).await.state, JobState::Succeeded);
    let counts = vec![(Destructive::Delete, "b".to_owned(), 1)];
    assert_eq!(bed.hub.failsafe().counts, counts, "it was started twice and counts once");
    let second = bed.accept(request("DEL", "b")).await;
    bed.ended(second).await;
    let third = bed.accept(request("DEL", "c")).await;
    let set = held(&bed, third).await;

    let bed = bed.restart(guarded(&[("b", &quick)], 2)).await;
    assert_eq!(bed.hub.failsafe().counts[0].2, 2);
    let fourth = bed.accept(request("DEL", "d")).await;
    assert_eq!(held(&bed, fourth).await, set, "the set is still open");
    let seen = look(&bed, &set).await;
    assert_eq!(bed.hub.approve(&set, seen.through, &actor()).await.unwrap().jobs, 2);
    for id in [third, fourth] {
        assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    }
    assert_eq!(bed.hub.failsafe().counts[0].2, 2, "what somebody looked at does not count");
    bed.hub.stop(LONG).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_is_made_for_what_was_seen_and_for_nothing_else() {
    let fake = Fake::done();
    let bed = Bed::new(guarded(&[("b", &fake)], 0)).await;
    let first = bed.accept(request("DEL", "a")).await;
    let set = held(&bed, first).await;
    let seen = look(&bed, &set).await;
    let unseen = bed.accept(request("DEL", "b")).await;
    assert_eq!(held(&bed, unseen).await, set);
    let decided = bed.hub.approve(&set, seen.through, &actor()).await.unwrap();
    assert_eq!(decided.jobs, 1);
    assert_eq!(bed.ended(first).await.state, JobState::Succeeded);
    let rest = decided.rest.unwrap();
    bed.until(async || held(&bed, unseen).await == rest).await;
    let third = bed.accept(request("DEL", "c")).await;
    assert_eq!(held(&bed, third).await, rest, "later arrivals join those left");

    let seen = look(&bed, &rest).await;
    assert_eq!(bed.hub.reject(&rest, seen.through, &actor()).await.unwrap().jobs, 2);
    for id in [unseen, third] {
        let job = bed.ended(id).await;
        assert_eq!(job.state, JobState::Cancelled);
        assert!(job.message.unwrap().contains("rejected by alice"));
    }
    assert_eq!(fake.jobs(), [first]);
    let sets = bed.hub.held_sets().await.unwrap();
    let verdicts: Vec<_> = sets.iter().map(|set| set.decision.as_ref().unwrap().verdict).collect();
    assert_eq!(verdicts, [Verdict::Rejected, Verdict::Approved]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_an_answer_is_told_at_once() {
    let fake = Fake::done();
    let bed = Bed::new(guarded(&[("b", &fake)], 0)).await;
    let deadline = bed.hub.now().checked_add(jiff::SignedDuration::from_mins(10)).unwrap();
    let id = bed.accept(Request { deadline: Some(deadline), ..request("DEL", "a") }).await;
    let job = bed.ended(id).await;
    assert_eq!((job.state, job.code), (JobState::Failed, Some(code::FAILSAFE_HELD)));
    assert_eq!(fake.count(), 0);
    assert!(bed.hub.held_sets().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_backend_of_a_plan_counts_and_other_sources_are_not_guarded() {
    let (one, both) = (Fake::done(), Fake::done());
    let mut parts = guarded(&[("a", &both), ("b", &both), ("c", &one)], 1);
    // DEL runs on a and b, DIS on c.
    parts.catalogue.entries[2].actions.remove("DEL");
    for place in [0, 1] {
        parts.catalogue.entries[place].actions.remove("DIS");
    }
    let bed = Bed::new(parts).await;
    let first = bed.accept(request("DEL", "a")).await;
    bed.ended(first).await;
    let disabled = bed.accept(request("DIS", "b")).await;
    bed.ended(disabled).await;
    let counts: Vec<_> =
        bed.hub.failsafe().counts.into_iter().map(|(kind, backend, n)| (kind.as_str(), backend, n)).collect();
    let expected = [("delete", "a", 1), ("delete", "b", 1), ("disable", "c", 1)];
    assert_eq!(counts, expected.map(|(kind, backend, n)| (kind, backend.to_owned(), n)));
    let second = bed.accept(request("DEL", "c")).await;
    assert!(held(&bed, second).await.starts_with("delete-a-"));
    let elsewhere = bed.accept(Request { source: "sesame".into(), ..request("DEL", "d") }).await;
    assert_eq!(bed.ended(elsewhere).await.state, JobState::Succeeded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_jobs_can_be_cancelled_and_an_empty_set_holds_nobody() {
    let fake = Fake::done();
    let bed = Bed::new(guarded(&[("b", &fake)], 0)).await;
    let first = bed.accept(request("DEL", "a")).await;
    let set = held(&bed, first).await;
    bed.hub.cancel(first, &actor()).await.unwrap();
    assert_eq!(bed.job(first).await.state, JobState::Cancelled);
    assert!(bed.hub.held_sets().await.unwrap().is_empty());
    // Somebody allows more: the set that was left empty is in nobody's way.
    let parts = guarded(&[("b", &fake)], 5);
    let Catalogue { entries } = parts.catalogue;
    bed.hub.reload(Catalogue { entries }, actions(), parts.limits);
    let second = bed.accept(request("DEL", "b")).await;
    assert_eq!(bed.ended(second).await.state, JobState::Succeeded);
    assert!(matches!(bed.hub.held_set(&set).await, Err(Error::Missing(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_approved_still_waits_for_its_backend() {
    let fake = Fake::done();
    let bed = Bed::new(guarded(&[("b", &fake)], 0)).await;
    let id = bed.accept(request("DEL", "a")).await;
    let set = held(&bed, id).await;
    bed.hub.pause("b", &actor()).await.unwrap();
    let seen = look(&bed, &set).await;
    bed.hub.approve(&set, seen.through, &actor()).await.unwrap();
    bed.until(async || {
        let waits = bed.hub.story(id).await.unwrap().waiting_on;
        matches!(waits, WaitingOn::Pause { backend } if backend == "b")
    })
    .await;
    assert_eq!(fake.count(), 0);
    bed.hub.resume("b", &actor()).await.unwrap();
    assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
}
