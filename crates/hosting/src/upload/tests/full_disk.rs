//! A disk that fills up. The test mounts a small file system in memory, and so has to run as root.

use std::fs;
use std::path::{Path, PathBuf};

use testkit::disk::Disk;

use super::bed::{Bed, archive, sha256};
use crate::upload::Limits;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const PROGRAM: (&str, &str) = ("accept", "application/json");

/// A server of uploads on a disk of so many MiB.
async fn small(mebibytes: u32, limits: Limits) -> (Disk, Bed) {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::mount(folder.path(), mebibytes).unwrap();
    (disk, Bed::at(folder, limits).await)
}

/// All that there is below a folder.
fn all(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> =
        paths.flat_map(|path| if path.is_dir() { all(&path) } else { vec![path] }).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_begin_on_a_full_disk_leaves_nothing_and_can_be_tried_again() {
    let (disk, bed) = small(8, Limits { reserve: 0, ..Limits::default() }).await;
    let (session, ticket) = (bed.session().await, bed.ticket().await);
    let before = all(bed.folder());
    disk.fill(0).unwrap();
    bed.life.0.lock().unwrap().standing.generation = 2;
    let other = bed.ticket().await;
    bed.life.0.lock().unwrap().standing.generation = 1;
    assert_eq!(bed.create(&session, "base.txt", 10).await.code(), "room");
    let refused = bed.ask("POST", &ticket, &[PROGRAM], b"").await;
    assert_eq!((refused.status, refused.code().as_str()), (507, "room"), "{refused:?}");
    // One that would begin a set of its own.
    bed.life.0.lock().unwrap().standing.generation = 2;
    assert_eq!(bed.ask("POST", &other, &[PROGRAM], b"").await.status, 507);
    disk.empty().unwrap();
    assert_eq!(all(bed.folder()), before);
    assert_eq!(fs::read_dir(bed.folder().join("sets")).unwrap().count(), 1);
    assert_eq!(bed.ask("POST", &other, &[PROGRAM], b"").await.status, 201, "it was not used up");
    bed.life.0.lock().unwrap().standing.generation = 1;
    assert_eq!(bed.ask("POST", &ticket, &[PROGRAM], b"").await.status, 201);
    assert_eq!(bed.create(&session, "base.txt", 10).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_before_a_disk_was_full_is_kept_and_the_rest_comes_when_there_is_room() {
    let (_disk, bed) = small(24, Limits { reserve: 1 << 20, ..Limits::default() }).await;
    let session = bed.session().await;
    let refused = bed.create(&session, "large.zip", 24 << 20).await;
    assert_eq!((refused.status, refused.code().as_str()), (507, "room"), "said before a byte was sent");
    let content = archive(&vec![7; 14 << 20]);
    let file = bed.create(&session, "base.zip", content.len()).await.header("location").to_owned();
    assert_eq!(
        bed.create(&session, "other.zip", 12 << 20).await.code(),
        "room",
        "the rest is promised to the first"
    );
    // Somebody else takes the room that was promised.
    fs::write(bed.folder().join("other"), vec![0; 12 << 20]).unwrap();
    let full = bed.patch(&file, 0, &content, &[]).await;
    assert_eq!((full.status, full.code().as_str()), (507, "room"));
    assert!(full.json()["detail"].as_str().unwrap().contains("is not lost"));
    let have: usize = bed.head(&file).await.header("upload-offset").parse().unwrap();
    assert!(have >= 8 << 20 && have < content.len(), "{have}");
    let again = bed.patch(&file, have as u64, &content[have..], &[]).await;
    assert_eq!(again.status, 507);
    fs::remove_file(bed.folder().join("other")).unwrap();
    let have: usize = bed.head(&file).await.header("upload-offset").parse().unwrap();
    let rest = bed.patch(&file, have as u64, &content[have..], &[]).await;
    assert_eq!((rest.status, rest.header("upload-offset")), (204, content.len().to_string().as_str()));
    assert_eq!(bed.ask("POST", &format!("{session}/finish"), &[FORM, PROGRAM], b"").await.status, 204);
    assert_eq!(bed.life.0.lock().unwrap().handed[0][0].sha256, sha256(&content));
    assert_eq!(bed.left().len(), 1, "the file, and nothing beside it");
}
