//! The register on a real journal: what is asked twice is done once, and what a stop leaves over goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use futures_util::future::join_all;
use intendant_identities::register::{Filter, Selection};
use intendant_identities::state::{Deed, State};
use model::JobState;
use serde_json::json;
use support::{Bed, actor, person};

fn all() -> Selection {
    Selection::Filter(Filter::default())
}

fn one(id: &str) -> Selection {
    Selection::Ids(vec![id.to_owned()])
}

#[tokio::test(flavor = "multi_thread")]
async fn pressing_twice_makes_one_job() {
    let bed = Bed::new().await;
    let ids: Vec<String> = (0..40).map(|n| format!("p{n}")).collect();
    bed.ready(&ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let gate = bed.fake.gate.lock().await;
    let presses = (0..8).map(|_| {
        let register = bed.register.clone();
        tokio::spawn(async move { register.carry_out(all(), Deed::Synchronise, &actor()).await.unwrap() })
    });
    let reports: Vec<_> = join_all(presses).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(reports.iter().map(|report| report.done).sum::<u64>(), 40);
    assert!(reports.iter().all(|report| report.done + report.left == 40));
    let later = bed.register.carry_out(all(), Deed::Synchronise, &actor()).await.unwrap();
    assert_eq!((later.done, later.left, later.examples[0].code.as_str()), (0, 40, "under_way"));
    drop(gate);
    bed.at_rest().await;
    for id in ["p0", "p39"] {
        assert_eq!(bed.register.last_jobs(id, 9).await.unwrap().len(), 1);
        assert_eq!(bed.state(id).await, State::Synchronised);
    }
    assert_eq!(bed.fake.asked.lock().unwrap().len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_fails_is_fixed_and_goes_out_again() {
    let bed = Bed::new().await;
    bed.ready(&["good", "bad"]).await;
    let mut failing = person("bad");
    failing["inetOrgPerson"]["title"] = json!("fail");
    bed.register.put("bad", failing, None, &actor()).await.unwrap();
    assert_eq!(bed.state("bad").await, State::ToValidate, "it was edited");
    let left = bed.register.carry_out(one("bad"), Deed::Synchronise, &actor()).await.unwrap();
    assert_eq!(left.examples[0].code, "not_validated");
    bed.register.move_to(one("bad"), State::ToSynchronise, &actor()).await.unwrap();
    bed.register.carry_out(all(), Deed::Synchronise, &actor()).await.unwrap();
    bed.at_rest().await;
    let bad = bed.register.get("bad").await.unwrap();
    assert_eq!((bad.state, bad.kept.synchronised_at), (State::InError, None));
    let last = bad.kept.last.unwrap();
    assert_eq!((last.state, last.message.as_deref()), (JobState::Failed, Some("the title is not allowed")));
    bed.register.put("bad", person("bad"), None, &actor()).await.unwrap();
    bed.register.move_to(one("bad"), State::ToSynchronise, &actor()).await.unwrap();
    let report = bed.register.carry_out(one("bad"), Deed::Synchronise, &actor()).await.unwrap();
    assert_eq!((report.done, report.jobs.len()), (1, 1));
    bed.at_rest().await;
    let counts = bed.register.counts().await.unwrap();
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [(State::Synchronised, 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_from_the_console_moves_the_identity_too() {
    let bed = Bed::new().await;
    let mut failing = person("a");
    failing["inetOrgPerson"]["title"] = json!("fail");
    bed.register.create(failing, &actor()).await.unwrap();
    bed.register.move_to(one("a"), State::ToSynchronise, &actor()).await.unwrap();
    let report = bed.register.carry_out(one("a"), Deed::Synchronise, &actor()).await.unwrap();
    bed.at_rest().await;
    let mut document = bed.hub.body(report.jobs[0]).await.unwrap();
    document["payload"]["identity"]["identity"]["inetOrgPerson"]["title"] = json!("fine");
    let replay = engine::Replay { document: Some(document), ..engine::Replay::default() };
    let gate = bed.fake.gate.lock().await;
    let job = bed.hub.retry(report.jobs[0], &replay, &actor()).await.unwrap();
    assert_eq!(bed.state("a").await, State::Synchronising);
    drop(gate);
    bed.at_rest().await;
    let identity = bed.register.get("a").await.unwrap();
    assert_eq!((identity.state, identity.kept.last.unwrap().job), (State::Synchronised, job));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stop_leaves_over_goes_on_and_nothing_is_asked_twice() {
    let bed = Bed::new().await;
    bed.ready(&["a", "b"]).await;
    let gate = bed.fake.gate.lock().await;
    let report = bed.register.carry_out(one("a"), Deed::Synchronise, &actor()).await.unwrap();
    bed.hub.stop(std::time::Duration::ZERO).await;
    drop(gate);
    let bed = bed.again().await;
    let left = Selection::Filter(Filter { states: vec![State::ToSynchronise], text: None });
    let again = bed.register.carry_out(left, Deed::Synchronise, &actor()).await.unwrap();
    assert_eq!((again.done, again.left), (1, 0), "only b");
    bed.at_rest().await;
    assert_eq!(bed.register.get("a").await.unwrap().kept.last.unwrap().job, report.jobs[0]);
    for id in ["a", "b"] {
        assert_eq!(bed.state(id).await, State::Synchronised);
        assert_eq!(bed.register.last_jobs(id, 9).await.unwrap().len(), 1, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_were_counted_lose_something() {
    let bed = Bed::new().await;
    bed.ready(&["a", "b"]).await;
    let counted = bed.register.fitting(&all(), Deed::Delete).await.unwrap();
    assert_eq!(counted.iter().collect::<Vec<_>>(), ["a", "b"]);
    bed.ready(&["newcomer"]).await;
    let report = bed.register.carry_out_agreed(all(), Deed::Delete, counted, &actor()).await.unwrap();
    assert_eq!((report.done, report.left), (2, 1));
    assert_eq!((report.examples[0].id.as_str(), report.examples[0].code.as_str()), ("newcomer", "changed"));
    assert_eq!(bed.state("newcomer").await, State::ToSynchronise);
    assert_eq!(bed.state("a").await, State::Deleted, "no backend ever heard of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn access_is_taken_given_back_and_ended() {
    let bed = Bed::new().await;
    bed.ready(&["a", "never"]).await;
    let no = bed.register.carry_out(one("a"), Deed::Disable, &actor()).await.unwrap();
    assert_eq!(no.examples[0].code, "never_synchronised");
    bed.register.carry_out(one("a"), Deed::Synchronise, &actor()).await.unwrap();
    bed.at_rest().await;
    for (deed, disabled, state) in [
        (Deed::Disable, true, State::Synchronised),
        (Deed::Enable, false, State::Synchronised),
        (Deed::Delete, false, State::Deleted),
    ] {
        assert_eq!(bed.register.carry_out(one("a"), deed, &actor()).await.unwrap().done, 1, "{deed:?}");
        bed.at_rest().await;
        let identity = bed.register.get("a").await.unwrap();
        assert_eq!((identity.kept.disabled, identity.state), (disabled, state), "{deed:?}");
    }
    let gone = bed.register.carry_out(one("never"), Deed::Delete, &actor()).await.unwrap();
    assert_eq!((gone.done, gone.jobs.len()), (1, 0), "no backend ever heard of it");
    assert_eq!(bed.state("never").await, State::Deleted);
    let asked: Vec<String> =
        bed.fake.asked.lock().unwrap().iter().map(|(action, _)| action.clone()).collect();
    assert_eq!(asked, ["IDENTITY_UPDATE", "IDENTITY_DISABLE", "IDENTITY_ENABLE", "IDENTITY_DELETE"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_reach_the_backends_and_nothing_else() {
    let bed = Bed::new().await;
    bed.ready(&["a"]).await;
    assert!(bed.register.password("a", "s3cr3t-new", None, &actor()).await.is_err(), "no backend knows it");
    bed.register.carry_out(one("a"), Deed::Synchronise, &actor()).await.unwrap();
    bed.at_rest().await;
    let job = bed.register.password("a", "s3cr3t-new", Some("s3cr3t-old"), &actor()).await.unwrap();
    let ended = bed.hub.wait(job, support::LONG).await.unwrap();
    assert_eq!((ended.state, ended.action.as_str()), (JobState::Succeeded, "IDENTITY_PASSWORD_CHANGE"));
    let (_, asked) = bed.fake.asked.lock().unwrap().last().unwrap().clone();
    assert_eq!(
        (&asked["payload"]["newPassword"], &asked["payload"]["uid"]),
        (&json!("s3cr3t-new"), &json!("a"))
    );
    assert!(!bed.hub.body(job).await.unwrap().to_string().contains("s3cr3t"));
    let identity = bed.register.get("a").await.unwrap();
    assert_eq!(identity.state, State::Synchronised);
    assert!(!format!("{identity:?}").contains("s3cr3t"));
}
