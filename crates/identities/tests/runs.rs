//! The history of what was asked for many: what it came to, also after a restart and after its jobs are gone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use intendant_identities::register::{Filter, Selection};
use intendant_identities::state::{Deed, State};
use serde_json::{Value, json};
use support::{Bed, actor, person};

fn waiting() -> Selection {
    Selection::Filter(Filter { states: vec![State::ToSynchronise], text: None })
}

async fn run(bed: &Bed, id: &str) -> Value {
    let (status, run) = bed.ask("GET", &format!("/api/v1/identities/runs/{id}"), None).await;
    assert_eq!(status, 200, "{run}");
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_says_how_many_succeeded_and_why_the_others_failed() {
    let bed = Bed::new().await;
    bed.ready(&["a", "b"]).await;
    for id in ["x", "y"] {
        let mut failing = person(id);
        failing["inetOrgPerson"]["title"] = json!("fail");
        bed.register.put(id, failing, None, &actor()).await.unwrap();
        bed.register
            .move_to(Selection::Ids(vec![id.to_owned()]), State::ToSynchronise, &actor())
            .await
            .unwrap();
    }
    let gate = bed.fake.gate.lock().await;
    let (_, report) = bed.ask("POST", "/api/v1/identities/synchronise", Some(json!({}))).await;
    let id = report["run"].as_str().unwrap();
    let seen = run(&bed, id).await;
    assert_eq!(
        (&seen["stage"], &seen["jobs"], &seen["under_way"]),
        (&json!("under_way"), &json!(4), &json!(4)),
        "{seen}"
    );
    // Another job about one of them is none of this run.
    drop(gate);
    bed.at_rest().await;
    let one = bed
        .register
        .carry_out(Selection::Ids(vec!["a".to_owned()]), Deed::Synchronise, &actor())
        .await
        .unwrap();
    assert_eq!((one.done, one.run), (1, None));
    bed.at_rest().await;
    let seen = run(&bed, id).await;
    assert_eq!(
        (&seen["stage"], &seen["succeeded"], &seen["failed"], &seen["under_way"], &seen["by"]),
        (&json!("ended"), &json!(2), &json!(2), &json!(0), &json!("uid:0")),
        "{seen}"
    );
    let causes = seen["causes"].as_array().unwrap();
    assert_eq!((causes.len(), &causes[0]["count"]), (1, &json!(2)), "{seen}");
    assert!(causes[0]["message"].as_str().unwrap().contains("title is not allowed"), "{seen}");

    let bed = bed.again().await;
    assert_eq!(run(&bed, id).await, seen, "it is kept");
    let later = bed.register.carry_out(waiting(), Deed::Synchronise, &actor()).await.unwrap();
    assert_eq!((later.done, later.run), (0, None), "nothing was asked: there is nothing to tell");
    let (_, runs) = bed.ask("GET", "/api/v1/identities/runs", None).await;
    assert_eq!((runs["runs"].as_array().unwrap().len(), &runs["next"]), (1, &Value::Null), "{runs}");
    assert_eq!(bed.ask("GET", "/api/v1/identities/runs/none", None).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_listed_newest_first_and_two_at_once_are_two() {
    let bed = Bed::new().await;
    bed.ready(&["a", "b", "c", "d"]).await;
    let these = |ids: &[&str]| Selection::Ids(ids.iter().map(|id| (*id).to_owned()).collect());
    let who = actor();
    let (one, two) = tokio::join!(
        bed.register.carry_out(these(&["a", "b"]), Deed::Synchronise, &who),
        bed.register.carry_out(these(&["c", "d"]), Deed::Synchronise, &who),
    );
    let (one, two) = (one.unwrap().run.unwrap(), two.unwrap().run.unwrap());
    assert_ne!(one, two);
    bed.at_rest().await;
    let last =
        bed.register.carry_out(these(&["a", "b"]), Deed::Disable, &actor()).await.unwrap().run.unwrap();
    bed.at_rest().await;
    let (_, page) = bed.ask("GET", "/api/v1/identities/runs?limit=1", None).await;
    assert_eq!(
        (&page["runs"][0]["id"], &page["runs"][0]["deed"]),
        (&json!(last), &json!("disable")),
        "{page}"
    );
    let after = page["next"].as_str().unwrap();
    let (_, rest) = bed.ask("GET", &format!("/api/v1/identities/runs?after={after}"), None).await;
    assert_eq!(rest["runs"].as_array().unwrap().len(), 2, "{rest}");
    for id in [one, two] {
        assert_eq!(run(&bed, &id).await["succeeded"], 2);
    }
}
