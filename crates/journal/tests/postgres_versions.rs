//! Hubs on one journal that are not the same: of two versions, where what the newer one has added is no hindrance to the older
//! one, whether it works already or comes back; and with other backends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "other hubs are waited for")]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use intendant_journal::{Committed, EffectSet, Report};
use support::database::{Schema, sql};
use support::hubs::{Hub, run_somewhere, spread, until};
use support::*;

/// Jobs that run, entities, events and deliveries, at each hub in turn.
async fn work(hubs: &[Hub], from: u64) {
    for (number, hub) in (from..).zip(hubs.iter().cycle()).take(12) {
        let name = format!("person-{number}");
        let effects = EffectSet {
            entities: vec![entity(&name, 0, Some("there"))],
            deliveries: vec![delivery(number, at(1))],
            ..EffectSet::default()
        };
        hub.journal.accept(known_as(&name, b"content", job_of(&name, number)), effects).await.unwrap();
        run_somewhere(hubs, number).await;
        for other in hubs {
            let tells = |told: Committed| told.entities.iter().any(|(key, _)| key.key == name);
            until("it is told to all", async || other.heard.take().into_iter().any(tells)).await;
        }
    }
    sound(&*hubs[0].journal).await;
}

/// What a newer version may do while an older one works: tables have more columns and indexes, and there are more tables.
fn add(schema: &Schema) {
    let tables = sql(
        schema.url(),
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace",
    );
    assert!(tables.len() > 10, "{tables:?}");
    for table in tables {
        let more = format!(
            "ALTER TABLE {table} ADD COLUMN added text NOT NULL DEFAULT 'newer';
             CREATE INDEX {table}_added ON {table} (added)"
        );
        sql(schema.url(), &more);
    }
    sql(schema.url(), "CREATE TABLE added (n bigint PRIMARY KEY)");
    let versions =
        sql(schema.url(), "UPDATE schema SET version = version + 1 RETURNING version, readable_from");
    assert_eq!(versions.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_newer_version_adds_is_no_hindrance() {
    let schema = Schema::new();
    let mut hubs = vec![Hub::beside(&schema), Hub::beside(&schema)];
    spread(&schema, 2).await;
    work(&hubs, 1).await;
    add(&schema);
    work(&hubs, 101).await;
    // One is stopped, and comes back as it was.
    hubs.pop().unwrap().journal.close().await;
    hubs.push(Hub::beside(&schema));
    spread(&schema, 2).await;
    work(&hubs, 201).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_begins_while_another_one_changes_the_tables_waits_for_it() {
    let schema = Schema::new();
    Hub::beside(&schema).end().await;
    // As one that brings large tables up to date: for longer than anybody waits for rows.
    let url = schema.url().to_owned();
    let (begun, begins) = std::sync::mpsc::channel();
    let changing = tokio::task::spawn_blocking(move || {
        begun.send(()).unwrap();
        sql(&url, "BEGIN; SELECT pg_advisory_xact_lock(1231975524); SELECT pg_sleep(4); COMMIT")
    });
    begins.recv().unwrap();
    let locks =
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 1231975524 AND granted";
    until("it changes them", async || sql(schema.url(), locks) == ["1"]).await;
    let hub = Hub::beside(&schema);
    assert!(changing.is_finished(), "it did not wait");
    changing.await.unwrap();
    accept(&*hub.journal, job(1)).await;
    sound(&*hub.journal).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_that_were_told_something_else_are_found() {
    let schema = Schema::new();
    let report = |backend: &str| Report {
        key: "theirs".to_owned(),
        backends: [("10ldap".to_owned(), backend.to_owned())].into(),
        settings: [("breaker.failures".to_owned(), "five".to_owned())].into(),
    };
    let (first, second) = (Hub::beside(&schema), Hub::beside(&schema));
    assert!(first.leads());
    let (leads, works) = (first.journal.hubs().unwrap(), second.journal.hubs().unwrap());
    let see_each_other = async || leads.now().all.len() == 2 && works.now().all.len() == 2;
    until("they see each other", see_each_other).await;
    // Of one that has not said anything yet nothing is known.
    works.compare(&report("other")).await.unwrap();
    assert!(works.differences().is_empty());
    leads.compare(&report("as it is")).await.unwrap();
    works.compare(&report("other")).await.unwrap();
    let other = second.journal.life().to_string();
    for hubs in [&leads, &works] {
        let differences = hubs.differences();
        assert_eq!(differences.keys().collect::<Vec<_>>(), [&other]);
        assert_eq!(differences[&other].backends, ["10ldap"]);
        assert!(differences[&other].settings.is_empty());
    }
    works.compare(&report("as it is")).await.unwrap();
    assert!(works.differences().is_empty());
    leads.compare(&report("as it is")).await.unwrap();
    assert!(leads.differences().is_empty());
    // A life that is over says nothing any more.
    works.compare(&report("other")).await.unwrap();
    second.end().await;
    leads.compare(&report("as it is")).await.unwrap();
    assert!(leads.differences().is_empty());
}
