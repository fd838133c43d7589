//! What a reactor wants to keep under a name that no journal can hold.

use std::sync::Arc;

use engine::Accepted;
use engine::port::{Moment, Reactor, View};
use model::effect::EntityContent;
use model::word::code;
use model::{Effects, Entity, EntityKey, EntityWrite, JobState, OnError};
use serde_json::Value;

use crate::support::{Bed, Fake, QUICK, entry, request, setup};

/// Keeps two things when a job comes to this moment, one of them under a name that is too long.
struct Namer(Moment);

fn key(key: &str) -> EntityKey {
    EntityKey { kind: "thing".to_owned(), key: key.to_owned() }
}

fn long() -> EntityKey {
    key(&"x".repeat(2_000))
}

impl Reactor for Namer {
    fn react(&self, _view: &View<'_>, moment: Moment, _seen: &[Entity]) -> Effects {
        let content = EntityContent { state: "new".to_owned(), label: String::new(), body: Value::Null };
        let write = |key| EntityWrite { key, expected_rev: 0, content: Some(content.clone()) };
        let entities = if moment == self.0 { vec![write(long()), write(key("short"))] } else { Vec::new() };
        Effects { entities, ..Effects::default() }
    }
}

async fn bed(moment: Moment) -> Bed {
    let mut parts = setup(vec![entry("b", Fake::done(), OnError::Stop, QUICK)]);
    parts.reactors = vec![Arc::new(Namer(moment))];
    Bed::new(parts).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_job_does_not_wait_for_what_cannot_be_kept() {
    let bed = bed(Moment::Settled).await;
    let id = bed.accept(request("DO", "alice")).await;
    assert_eq!(bed.ended(id).await.state, JobState::Succeeded);
    assert!(bed.hub.journal().entity(key("short")).await.unwrap().is_some(), "the rest is kept");
    assert_eq!(bed.hub.journal().entity(long()).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_cannot_be_kept_is_refused() {
    let bed = bed(Moment::Accepted).await;
    let answer = bed.hub.accept(request("DO", "alice"), Effects::default()).await.unwrap();
    assert!(matches!(&answer, Accepted::Refused(why) if why.code == code::INVALID_PAYLOAD), "{answer:?}");
}
