//! Requests that follow from a job: those that are accepted are seen by all reactors, those that are not by people and by
//! whoever asked for them.

use std::sync::{Arc, Mutex};

use engine::port::{Moment, Reactor, View};
use engine::{Actor, Setup, Why};
use journal::RecordFilter;
use model::effect::EntityContent;
use model::word::code;
use model::{Effects, Entity, EntityKey, EntityWrite, JobState, OnError, RecordKind, Request};
use serde_json::{Value, json};

use crate::support::{Bed, Fake, QUICK, entry, request, setup};

/// Leads a subject from `DO` to what it says, by an entity that knows how far it has come.
struct Lifecycle {
    then: Request,
    told: Mutex<Vec<(Moment, String)>>,
}

fn key() -> EntityKey {
    EntityKey { kind: "lifecycle".to_owned(), key: "alice".to_owned() }
}

fn moves(to: &str, seen: &[Entity]) -> EntityWrite {
    let content = EntityContent { state: to.to_owned(), label: String::new(), body: Value::Null };
    EntityWrite { key: key(), expected_rev: seen.first().map_or(0, |seen| seen.rev), content: Some(content) }
}

impl Reactor for Lifecycle {
    fn entities(&self, _view: &View<'_>, _moment: Moment) -> Vec<EntityKey> {
        vec![key()]
    }

    fn react(&self, view: &View<'_>, moment: Moment, seen: &[Entity]) -> Effects {
        self.told.lock().unwrap().push((moment, view.job.action.clone()));
        match (moment, view.job.action.as_str()) {
            (Moment::Settled, "DO") => Effects {
                entities: vec![moves("asked", seen)],
                follow_ups: vec![self.then.clone()],
                ..Effects::default()
            },
            (Moment::Accepted, "UNDO") => {
                Effects { entities: vec![moves("under way", seen)], ..Effects::default() }
            }
            _ => Effects::default(),
        }
    }

    fn refused(&self, _view: &View<'_>, request: &Request, why: &Why, seen: &[Entity]) -> Effects {
        let stuck = format!("stuck at {}: {}", request.action, why.code);
        Effects { entities: vec![moves(&stuck, seen)], ..Effects::default() }
    }
}

fn parts(then: Request) -> (Arc<Lifecycle>, Setup) {
    let lifecycle = Arc::new(Lifecycle { then, told: Mutex::default() });
    let mut parts = setup(vec![entry("b", Fake::done(), OnError::Stop, QUICK)]);
    parts.reactors = vec![Arc::<Lifecycle>::clone(&lifecycle)];
    (lifecycle, parts)
}

async fn state(bed: &Bed) -> String {
    bed.hub.journal().entity(key()).await.unwrap().unwrap().state
}

/// Does not fit its schema.
fn misfit() -> Request {
    Request::new("test", "STRICT", json!({ "concernedTo": "alice", "payload": 7 }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reactors_see_that_a_request_which_follows_was_accepted() {
    let (lifecycle, parts) = parts(request("UNDO", "alice"));
    let bed = Bed::new(parts).await;
    let id = bed.accept(request("DO", "alice")).await;
    assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    bed.until(async || lifecycle.told.lock().unwrap().contains(&(Moment::Settled, "UNDO".to_owned()))).await;
    assert!(lifecycle.told.lock().unwrap().contains(&(Moment::Accepted, "UNDO".to_owned())));
    assert_eq!(state(&bed).await, "under way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_follows_and_is_refused_is_seen_by_people() {
    let (_, parts) = parts(misfit());
    let bed = Bed::new(parts).await;
    let id = bed.accept(request("DO", "alice")).await;
    assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    let refusals = bed.hub.journal().records(RecordFilter::of(RecordKind::Refusal), None, 9).await.unwrap();
    let [refusal] = &refusals.rows[..] else { panic!("{refusals:?}") };
    assert_eq!((refusal.who.as_str(), refusal.what.as_deref()), ("follow-up/test", Some("STRICT")));
    assert_eq!(refusal.code, code::INVALID_PAYLOAD);
    // As it is, it is refused again.
    let again = bed.hub.resubmit(refusal.seq, &Actor("admin".to_owned())).await.unwrap();
    assert!(
        matches!(&again, engine::Accepted::Refused(why) if why.code == code::INVALID_PAYLOAD),
        "{again:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asked_for_a_request_that_is_refused_is_told() {
    let (_, parts) = parts(misfit());
    let bed = Bed::new(parts).await;
    let id = bed.accept(request("DO", "alice")).await;
    assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    assert_eq!(state(&bed).await, "stuck at STRICT: invalid_payload");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_follow_from_each_other_for_ever_are_refused_in_the_end() {
    let (_, mut parts) = parts(misfit());
    parts.reactors = vec![Arc::new(Endless)];
    let bed = Bed::new(parts).await;
    let id = bed.accept(request("DO", "alice")).await;
    bed.ended(id).await;
    let refusals = bed.hub.journal().records(RecordFilter::of(RecordKind::Refusal), None, 9).await.unwrap();
    assert_eq!(refusals.rows.iter().map(|row| row.code.clone()).collect::<Vec<_>>(), [code::TOO_LARGE]);
}

/// Wants the same again for each job that is accepted.
struct Endless;

impl Reactor for Endless {
    fn react(&self, _view: &View<'_>, moment: Moment, _entities: &[Entity]) -> Effects {
        let follow_ups = if moment == Moment::Accepted { vec![request("DO", "alice")] } else { Vec::new() };
        Effects { follow_ups, ..Effects::default() }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_follows_under_an_id_of_another_one_is_refused() {
    let id = Some("one".to_owned());
    let other = Request { external_id: id.clone(), ..request("UNDO", "bob") };
    let (_, parts) = parts(Request { external_id: id, ..request("UNDO", "alice") });
    let bed = Bed::new(parts).await;
    bed.accept(other).await;
    let cause = bed.accept(request("DO", "alice")).await;
    assert_eq!(bed.ended(cause).await.state, JobState::Succeeded);
    let refusals = bed.hub.journal().records(RecordFilter::of(RecordKind::Refusal), None, 9).await.unwrap();
    assert_eq!(refusals.rows.iter().map(|row| row.code.clone()).collect::<Vec<_>>(), [code::ID_REUSED]);
    assert_eq!(state(&bed).await, "stuck at UNDO: id_reused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_follows_and_was_accepted_before_is_no_new_job_for_anybody() {
    let again = Request { external_id: Some("one".to_owned()), ..request("UNDO", "alice") };
    let (_, parts) = parts(again.clone());
    let bed = Bed::new(parts).await;
    let before = bed.accept(again).await;
    bed.ended(before).await;
    let cause = bed.accept(request("DO", "alice")).await;
    assert_eq!(bed.ended(cause).await.state, JobState::Succeeded);
    assert_eq!(state(&bed).await, "asked", "nothing follows from a job that there is not");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_requests_that_follow_and_are_the_same_one_is_a_job() {
    let (_, mut parts) = parts(misfit());
    parts.reactors = vec![Arc::new(Twice), Arc::new(Lifecycle { then: misfit(), told: Mutex::default() })];
    let bed = Bed::new(parts).await;
    let cause = bed.accept(request("NOW", "alice")).await;
    bed.ended(cause).await;
    assert_eq!(state(&bed).await, "under way");
    let filter = journal::Filter { action: Some("UNDO".to_owned()), ..journal::Filter::default() };
    assert_eq!(bed.hub.journal().count(filter, None, 9).await.unwrap().jobs, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_whose_reactor_never_agrees_with_the_journal_is_given_up() {
    let (_, mut parts) = parts(misfit());
    parts.reactors = vec![Arc::new(Mistaken)];
    let bed = Bed::new(parts).await;
    let refused = bed.hub.accept(request("DO", "alice"), Effects::default()).await;
    assert!(matches!(&refused, Err(engine::Error::Contended { key, .. }) if key == "alice"), "{refused:?}");
}

/// Writes over what is not there.
struct Mistaken;

impl Reactor for Mistaken {
    fn react(&self, _view: &View<'_>, _moment: Moment, _entities: &[Entity]) -> Effects {
        Effects {
            entities: vec![EntityWrite { expected_rev: 7, ..moves("moved", &[]) }],
            ..Effects::default()
        }
    }
}

/// Wants the same twice.
struct Twice;

impl Reactor for Twice {
    fn react(&self, view: &View<'_>, moment: Moment, _entities: &[Entity]) -> Effects {
        let undo = Request { external_id: Some("one".to_owned()), ..request("UNDO", "bob") };
        let wanted = moment == Moment::Settled && view.job.action == "NOW";
        let follow_ups = if wanted { vec![undo.clone(), undo] } else { Vec::new() };
        Effects { follow_ups, ..Effects::default() }
    }
}
