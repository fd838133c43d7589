//! People as files bring them: nobody is lost, nobody is somebody else, and what a person decided stays.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use intendant_identities::register::{Filter, Selection};
use intendant_identities::state::{Deed, State};
use serde_json::{Value, json};
use support::{Bed, actor};

fn one(id: &str) -> Selection {
    Selection::Ids(vec![id.to_owned()])
}

/// The lines that could not be used, and why.
fn bad(report: &Value) -> Vec<(u64, String)> {
    let records = report["bad"].as_array().unwrap();
    let line = |bad: &Value| (bad["line"].as_u64().unwrap(), bad["reason"].as_str().unwrap().to_owned());
    records.iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_aside_stays_so_with_its_new_document() {
    let bed = Bed::new().await;
    let person = r#"{"_id":"aside1","inetOrgPerson":{"uid":"aside1","cn":"Person Aside","sn":"Aside"}}"#;
    bed.import("", "a.ndjson", person, "").await;
    bed.register.move_to(one("aside1"), State::NotToSynchronise, &actor()).await.unwrap();
    let changed = person.replace(r#""Aside"}"#, r#""Aside","title":"x"}"#);
    let report = bed.import("?validated=true", "a.ndjson", &changed, "").await;
    assert_eq!(report["changed"], 1, "{report}");
    let left = bed.register.carry_out(one("aside1"), Deed::Synchronise, &actor()).await.unwrap();
    assert_eq!((left.done, left.examples[0].code.as_str()), (0, "set_aside"));
    let identity = bed.register.get("aside1").await.unwrap();
    assert_eq!(identity.state, State::NotToSynchronise);
    assert_eq!(identity.kept.document["inetOrgPerson"]["title"], "x");
    bed.register.move_to(one("aside1"), State::ToSynchronise, &actor()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_deleted_comes_back_with_the_same_file() {
    let bed = Bed::new().await;
    let person = r#"{"_id":"back1","inetOrgPerson":{"uid":"back1","cn":"Person Back","sn":"Back"}}"#;
    bed.import("?validated=true", "b.ndjson", person, "").await;
    for deed in [Deed::Synchronise, Deed::Delete] {
        bed.register.carry_out(one("back1"), deed, &actor()).await.unwrap();
        bed.at_rest().await;
    }
    assert_eq!(bed.state("back1").await, State::Deleted);
    let report = bed.import("?validated=true", "b.ndjson", person, "").await;
    assert_eq!((&report["changed"], &report["unchanged"]), (&json!(1), &json!(0)), "{report}");
    assert_eq!(bed.state("back1").await, State::ToSynchronise);
    let report = bed.import("?validated=true", "b.ndjson", person, "").await;
    assert_eq!(report["unchanged"], 1, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_belongs_to_one_identity() {
    let bed = Bed::new().await;
    let row = |number: u32, uid: &str| format!("employeeNumber,uid,cn,sn\n{number},{uid},ROCHE Jean,ROCHE\n");
    let key = "key: [employeeNumber]";
    assert_eq!(bed.import("", "a.csv", &row(901, "jroche"), key).await["new"], 1);
    let id = bed.register.find(&Filter::default(), None, 9).await.unwrap().identities[0].id.clone();
    let taken = |report: Value| {
        let bad = bad(&report);
        assert!(bad.len() == 1 && bad[0].0 == 2 && bad[0].1.contains(&id), "{report}");
        assert!(bad[0].1.contains("belongs to the identity"), "{report}");
    };
    for query in ["?dry_run=true", ""] {
        taken(bed.import(query, "b.csv", &row(902, "JRoche "), key).await);
    }
    let edited = json!({"inetOrgPerson": {"uid": ["JROCHE"], "cn": "a", "sn": "b"}});
    let said = bed.register.put("other", edited.clone(), None, &actor()).await.unwrap_err();
    assert!(said.to_string().contains(&id), "{said}");

    // It is free once nobody has it.
    let moved = row(901, "jean.roche");
    assert_eq!(bed.import("", "a.csv", &moved, key).await["changed"], 1);
    assert_eq!(bed.import("", "b.csv", &row(902, "jroche"), key).await["new"], 1);
    taken_by_other(&bed, &row(903, "jean.roche")).await;
    bed.register.carry_out(one(&id), Deed::Delete, &actor()).await.unwrap();
    assert_eq!(bed.import("", "c.csv", &row(903, "jean.roche"), key).await["new"], 1);
    bed.register.erase(&id, &actor()).await.unwrap();
}

async fn taken_by_other(bed: &Bed, file: &str) {
    let report = bed.import("", "c.csv", file, "key: [employeeNumber]").await;
    assert_eq!(bad(&report).len(), 1, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_there_is_found_however_many_there_are() {
    let bed = Bed::new().await;
    let rows: String = (0..6001).map(|n| format!("p{n:04},Person{n:04} X,X\n")).collect::<Vec<_>>().concat();
    let report = bed.import("", "people.csv", &format!("uid,cn,sn\n{rows}"), "").await;
    assert_eq!(report["new"], 6001, "{report}");
    for n in [0, 3000, 5999, 6000] {
        let filter = Filter { text: Some(format!("person{n:04}")), ..Filter::default() };
        let found = bed.register.find(&filter, None, 10).await.unwrap();
        assert_eq!((found.identities.len(), found.next), (1, None), "{n}");
    }
    let (status, page) = bed.ask("GET", "/api/v1/identities?text=nobody", None).await;
    assert_eq!((status.as_u16(), &page), (200, &json!({"identities": [], "next": null})));
}

#[tokio::test(flavor = "multi_thread")]
async fn accents_and_blanks_make_nobody_another() {
    let bed = Bed::new().await;
    let report = bed
        .import("", "a.csv", "uid,cn,sn\nren\u{e9}e,REN\u{c9}E,R\nrene\u{301}e,RENE\u{301}E,R\n", "")
        .await;
    assert_eq!(report["new"], 1, "{report}");
    assert_eq!(bad(&report), [(3, "it is the same identity as on line 2".to_owned())]);
    for text in ["ren\u{e9}e", "rene\u{301}e"] {
        let filter = Filter { text: Some(text.to_owned()), ..Filter::default() };
        assert_eq!(bed.register.find(&filter, None, 9).await.unwrap().identities.len(), 1, "{text}");
    }
    let file = concat!(
        r#"{"inetOrgPerson":{"uid":"c1\u0000x","cn":"C One\nuserPassword: x","sn":"One"}}"#,
        "\n",
        r#"{"inetOrgPerson":{"uid":"c2 ","cn":"C Two","sn":"Two"}}"#,
        "\n"
    );
    let report = bed.import("", "b.ndjson", file, "").await;
    assert!(bad(&report).len() == 1 && bad(&report)[0].1.contains("control character"), "{report}");
    let filter = Filter { text: Some("c2".to_owned()), ..Filter::default() };
    let found = bed.register.find(&filter, None, 9).await.unwrap().identities;
    assert_eq!(found[0].kept.document["inetOrgPerson"]["uid"], "c2");
}
