use jiff::SignedDuration;

use super::bed::{Bed, archive};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const PROGRAM: (&str, &str) = ("accept", "application/json");

fn ahead(bed: &Bed, hours: i64) {
    bed.clock.run_ahead(SignedDuration::from_hours(hours));
}

#[tokio::test]
async fn what_nobody_uses_for_a_day_is_removed() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    bed.send(&session, "base.zip", &archive(b"x")).await;
    bed.create(&session, "other.txt", 10).await;
    ahead(&bed, 23);
    assert_eq!((bed.uploads.sweep().await.unwrap(), bed.uploads.sweep().await.unwrap()), (0, 0));
    ahead(&bed, 25);
    assert_eq!(bed.uploads.sweep().await.unwrap(), 0, "a clock that jumped makes everything old at once");
    assert_eq!(bed.left().len(), 2);
    ahead(&bed, 26);
    assert_eq!(bed.uploads.sweep().await.unwrap(), 1);
    assert_eq!(std::fs::read_dir(bed.folder().join("sets")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(bed.folder().join("tickets")).unwrap().count(), 0);
}

#[tokio::test]
async fn what_is_used_between_two_looks_stays() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    ahead(&bed, 23);
    bed.create(&session, "base.txt", 10).await;
    ahead(&bed, 25);
    assert_eq!((bed.uploads.sweep().await.unwrap(), bed.uploads.sweep().await.unwrap()), (0, 0));
}

#[tokio::test]
async fn what_a_school_holds_stays_as_long_as_it_does() {
    let mut bed = Bed::new().await;
    let session = bed.session().await;
    bed.send(&session, "base.zip", &archive(b"x")).await;
    let finish = format!("{session}/finish");
    assert_eq!(bed.ask("POST", &finish, &[FORM, PROGRAM], b"").await.status, 204);
    ahead(&bed, 30 * 24);
    bed.restart().await;
    assert_eq!((bed.uploads.sweep().await.unwrap(), bed.uploads.sweep().await.unwrap()), (0, 0));
    assert_eq!(bed.left().len(), 1);
    bed.life.0.lock().unwrap().standing.sets.clear();
    assert_eq!((bed.uploads.sweep().await.unwrap(), bed.uploads.sweep().await.unwrap()), (0, 1));
    assert_eq!(bed.left().len(), 0);
}

#[tokio::test]
async fn what_an_earlier_key_began_is_removed_at_once() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    let file = bed.create(&session, "base.txt", 10).await.header("location").to_owned();
    bed.life.0.lock().unwrap().standing.generation = 2;
    assert_eq!(bed.uploads.sweep().await.unwrap(), 1);
    assert_eq!(bed.head(&file).await.status, 404);
    assert_eq!(bed.left().len(), 0);
}

#[tokio::test]
async fn what_a_crash_left_in_the_middle_is_made_whole_or_nothing() {
    let mut bed = Bed::new().await;
    let session = bed.session().await;
    let file = bed.create(&session, "base.txt", 7).await.header("location").to_owned();
    bed.patch(&file, 0, b"not", &[]).await;
    let created = bed.create(&session, "whole.txt", 7).await.header("location").to_owned();
    bed.stop().await;
    let id = |file: &str| file.rsplit('/').next().unwrap().to_owned();
    let part = bed.left().into_iter().find(|path| path.ends_with(format!("{}.part", id(&created)))).unwrap();
    // Renamed, and that it is complete was not written down.
    std::fs::write(&part, b"notices").unwrap();
    std::fs::rename(&part, part.with_extension("")).unwrap();
    // Begun, and the set does not know of it.
    std::fs::write(part.with_file_name("ffff.part"), b"x").unwrap();
    // A set without a document.
    std::fs::create_dir(bed.folder().join("sets/0000")).unwrap();
    bed.restart().await;
    assert_eq!(bed.head(&file).await.header("upload-offset"), "3");
    assert_eq!(bed.head(&created).await.header("upload-offset"), "7");
    let listed = bed.ask("GET", &format!("{session}/files"), &[], b"").await.json();
    assert_eq!(
        (&listed["files"][0]["state"], &listed["files"][1]["state"]),
        (&"coming".into(), &"there".into())
    );
    assert!(!bed.folder().join("sets/0000").exists());
}

#[tokio::test]
async fn a_document_that_cannot_be_read_costs_its_own_set_only() {
    let mut bed = Bed::new().await;
    let session = bed.session().await;
    bed.stop().await;
    let bad = bed.folder().join("sets/bad");
    std::fs::create_dir(&bad).unwrap();
    std::fs::write(bad.join("set.json"), "{").unwrap();
    bed.restart().await;
    assert_eq!(bed.ask("GET", &format!("{session}/files"), &[], b"").await.status, 200);
    assert!(bad.exists(), "somebody may want to look at it");
}

#[tokio::test]
async fn that_it_was_handed_over_is_known_when_the_school_holds_it_no_more() {
    let mut bed = Bed::new().await;
    let session = bed.session().await;
    bed.send(&session, "base.zip", &archive(b"x")).await;
    let finish = format!("{session}/finish");
    assert_eq!(bed.ask("POST", &finish, &[FORM, PROGRAM], b"").await.status, 204);
    bed.life.0.lock().unwrap().standing.sets.clear();
    bed.restart().await;
    let page = bed.ask("GET", &session, &[], b"").await;
    assert!(page.body.contains("have been handed over"), "{}", page.body);
    assert_eq!(bed.ask("POST", &finish, &[FORM, PROGRAM], b"").await.status, 204);
    assert_eq!(bed.life.0.lock().unwrap().handed.len(), 1);
}
