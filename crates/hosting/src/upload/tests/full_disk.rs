//! A disk that fills up. The test mounts a small file system in memory, and so has to run as root.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::bed::{Bed, archive, sha256};
use crate::upload::Limits;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const PROGRAM: (&str, &str) = ("accept", "application/json");

/// Unmounts also when the test fails.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_before_a_disk_was_full_is_kept_and_the_rest_comes_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let mount =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(folder.path()).status();
    assert!(mount.unwrap().success(), "this test mounts a small file system and has to run as root");
    let _mounted = Mounted(folder.path().to_owned());
    let bed = Bed::at(folder, Limits { reserve: 1 << 20, ..Limits::default() }).await;
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
    fs::write(bed.folder().join("filler"), vec![0; 12 << 20]).unwrap();
    let full = bed.patch(&file, 0, &content, &[]).await;
    assert_eq!((full.status, full.code().as_str()), (507, "room"));
    assert!(full.json()["detail"].as_str().unwrap().contains("is not lost"));
    let have: usize = bed.head(&file).await.header("upload-offset").parse().unwrap();
    assert!(have >= 8 << 20 && have < content.len(), "{have}");
    let again = bed.patch(&file, have as u64, &content[have..], &[]).await;
    assert_eq!(again.status, 507);
    fs::remove_file(bed.folder().join("filler")).unwrap();
    let have: usize = bed.head(&file).await.header("upload-offset").parse().unwrap();
    let rest = bed.patch(&file, have as u64, &content[have..], &[]).await;
    assert_eq!((rest.status, rest.header("upload-offset")), (204, content.len().to_string().as_str()));
    assert_eq!(bed.ask("POST", &format!("{session}/finish"), &[FORM, PROGRAM], b"").await.status, 204);
    assert_eq!(bed.life.0.lock().unwrap().handed[0][0].sha256, sha256(&content));
}
