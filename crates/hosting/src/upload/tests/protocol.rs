use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::io::AsyncWriteExt as _;

use super::bed::{Bed, answer, archive, sha256};

const PART: (&str, &str) = ("content-type", "application/offset+octet-stream");
const TUS: (&str, &str) = ("tus-resumable", "1.0.0");

#[tokio::test]
async fn a_file_comes_in_parts_and_is_what_was_sent() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    let spoken = bed.ask("OPTIONS", &format!("{session}/files"), &[], b"").await;
    assert_eq!((spoken.status, spoken.header("tus-version")), (204, "1.0.0"));
    assert!(spoken.header("tus-extension").contains("creation-with-upload"));
    assert_eq!(spoken.header("tus-max-size"), (2_u64 << 30).to_string());

    let content = archive(&vec![7; 100_000]);
    let created = bed.create(&session, "Élèves.zip", content.len()).await;
    assert_eq!((created.status, created.header("tus-resumable")), (201, "1.0.0"));
    assert!(created.header("upload-expires").ends_with(" GMT"), "{created:?}");
    let file = created.header("location").to_owned();
    assert!(file.starts_with(&session), "{file}");
    let first = bed.patch(&file, 0, &content[..60_000], &[]).await;
    assert_eq!((first.status, first.header("upload-offset")), (204, "60000"));
    let head = bed.head(&file).await;
    assert_eq!((head.status, head.header("upload-offset")), (200, "60000"));
    assert_eq!(head.header("upload-length"), content.len().to_string());
    assert_eq!(
        (head.header("upload-metadata"), head.header("cache-control")),
        ("filename w4lsw6h2ZXMuemlw", "no-store")
    );
    let last = bed.patch(&file, 60_000, &content[60_000..], &[]).await;
    assert_eq!((last.status, last.header("upload-offset")), (204, content.len().to_string().as_str()));
    // Asked again because an answer was lost.
    assert_eq!(bed.head(&file).await.header("upload-offset"), content.len().to_string());
    assert_eq!(bed.patch(&file, content.len() as u64, b"", &[]).await.status, 204);

    let finished =
        bed.ask("POST", &format!("{session}/finish"), &[("accept", "application/json"), FORM], b"").await;
    assert_eq!(finished.status, 204, "{finished:?}");
    let lived = bed.life.0.lock().unwrap();
    let [handed] = lived.handed[0].as_slice() else { panic!("{:?}", lived.handed) };
    assert_eq!((handed.name.as_str(), handed.size, handed.main), ("Élèves.zip", content.len() as u64, true));
    assert_eq!(handed.sha256, sha256(&content));
    assert!(std::fs::read(&handed.path).unwrap() == content && handed.path.is_absolute());
    assert!(!handed.path.to_string_lossy().contains("zip"), "no name of theirs becomes a path");
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn what_is_wrong_is_said_with_the_version_and_a_problem() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    let files = format!("{session}/files");
    let created = bed.create(&session, "base.zip", 100).await;
    let file = created.header("location");
    for (method, path, headers, status, code) in [
        ("POST", files.as_str(), vec![("upload-length", "5")], 412, "tus_version"),
        ("POST", &files, vec![("tus-resumable", "0.2.2")], 412, "tus_version"),
        ("POST", &files, vec![TUS], 400, "tus_length"),
        ("POST", &files, vec![TUS, ("upload-defer-length", "1")], 400, "tus_deferred"),
        (
            "POST",
            &files,
            vec![TUS, ("upload-length", "5"), ("upload-metadata", "filename !")],
            400,
            "tus_metadata",
        ),
        ("PATCH", file, vec![TUS, ("upload-offset", "0")], 415, "tus_media_type"),
        ("PATCH", file, vec![TUS, PART], 400, "tus_offset"),
        ("PATCH", file, vec![TUS, PART, ("upload-offset", "7")], 409, "offset"),
        (
            "PATCH",
            file,
            vec![TUS, PART, ("upload-offset", "0"), ("upload-checksum", "md5 AA==")],
            400,
            "tus_checksum",
        ),
        ("PATCH", &format!("{files}/00"), vec![TUS, PART, ("upload-offset", "0")], 404, "no_file"),
        ("DELETE", &format!("{files}/00"), vec![TUS], 404, "no_file"),
    ] {
        let answer = bed.ask(method, path, &headers, b"").await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{method} {path} {headers:?}");
        assert_eq!(answer.header("tus-resumable"), "1.0.0", "{answer:?}");
        let version = if status == 412 { "1.0.0" } else { "" };
        assert_eq!(answer.header("tus-version"), version, "{answer:?}");
    }
    assert_eq!(bed.head(&format!("{files}/00")).await.status, 404);
}

#[tokio::test]
async fn a_part_that_did_not_arrive_as_it_was_sent_counts_for_nothing() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    let file = bed.create(&session, "base.txt", 10).await.header("location").to_owned();
    let digest = |of: &[u8]| {
        let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, of);
        format!("sha1 {}", BASE64_STANDARD.encode(digest))
    };
    let wrong = bed.patch(&file, 0, b"notice", &[("upload-checksum", &digest(b"other"))]).await;
    assert_eq!((wrong.status, wrong.code().as_str()), (460, "checksum"));
    assert_eq!(bed.head(&file).await.header("upload-offset"), "0");
    let right = bed.patch(&file, 0, b"notice", &[("upload-checksum", &digest(b"notice"))]).await;
    assert_eq!((right.status, right.header("upload-offset")), (204, "6"));
    let sha256 =
        format!("sha256 {}", BASE64_STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, b"s..!")));
    assert_eq!(bed.patch(&file, 6, b"s..!", &[("upload-checksum", &sha256)]).await.status, 204);
}

#[tokio::test]
async fn a_file_comes_along_with_its_announcement_and_can_be_given_up() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    let name = crate::upload::tus::metadata("base.txt");
    let headers = [TUS, PART, ("upload-length", "9"), ("upload-metadata", name.as_str())];
    let created = bed.ask("POST", &format!("{session}/files"), &headers, b"noti").await;
    assert_eq!((created.status, created.header("upload-offset")), (201, "4"), "{created:?}");
    let file = created.header("location").to_owned();
    // Where only the oldest methods pass.
    let headers = [TUS, PART, ("upload-offset", "4"), ("x-http-method-override", "PATCH")];
    assert_eq!(bed.ask("POST", &file, &headers, b"ces").await.header("upload-offset"), "7");
    assert_eq!(bed.ask("DELETE", &file, &[TUS], b"").await.status, 204);
    assert_eq!(bed.head(&file).await.status, 404);
    assert_eq!(bed.left(), Vec::<std::path::PathBuf>::new());
    // An announcement whose answer was lost is the same one, said again.
    let once = bed.create(&session, "base.txt", 9).await;
    let again = bed.create(&session, "BASE.txt", 9).await;
    assert_eq!(once.header("location"), again.header("location"));
    assert_eq!(bed.create(&session, "base.txt", 8).await.code(), "twice");
}

#[tokio::test]
async fn a_newer_request_ends_the_one_of_a_dead_connection() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    let file = bed.create(&session, "base.txt", 100).await.header("location").to_owned();
    let headers = [TUS, PART, ("upload-offset", "0")];
    let mut dead = bed.begin("PATCH", &file, &headers, Some(100)).await;
    dead.write_all(b"what came before").await.unwrap();
    bed.written(16).await;
    assert_eq!(bed.head(&file).await.header("upload-offset"), "16");
    assert_eq!(answer(dead).await.code(), "superseded");
    let rest = bed.patch(&file, 16, &[b'x'; 84], &[]).await;
    assert_eq!((rest.status, rest.header("upload-offset")), (204, "100"));
}

#[tokio::test]
async fn what_breaks_off_goes_on_also_after_a_restart() {
    let mut bed = Bed::new().await;
    let session = bed.session().await;
    let content = archive(&vec![3; 20 << 20]);
    let file = bed.create(&session, "base.zip", content.len()).await.header("location").to_owned();
    let mut cut = bed.begin("PATCH", &file, &[TUS, PART, ("upload-offset", "0")], Some(content.len())).await;
    cut.write_all(&content[..9 << 20]).await.unwrap();
    drop(cut);
    let offset = |answer: &super::bed::Answer| answer.header("upload-offset").parse::<usize>().unwrap();
    bed.written(9 << 20).await;
    assert_eq!(offset(&bed.head(&file).await), 9 << 20);
    // A stop cuts what is under way, and keeps it.
    let mut under_way = bed
        .begin("PATCH", &file, &[TUS, PART, ("upload-offset", "9437184")], Some(content.len() - (9 << 20)))
        .await;
    under_way.write_all(&content[9 << 20..10 << 20]).await.unwrap();
    bed.written(10 << 20).await;
    bed.restart().await;
    assert_eq!(answer(under_way).await.status, 503);
    let have = offset(&bed.head(&file).await);
    assert_eq!(have, 10 << 20);
    let rest = bed.patch(&file, have as u64, &content[have..], &[]).await;
    assert_eq!((rest.status, offset(&rest)), (204, content.len()));
    let finished =
        bed.ask("POST", &format!("{session}/finish"), &[("accept", "application/json"), FORM], b"").await;
    assert_eq!(finished.status, 204, "{finished:?}");
    let lived = bed.life.0.lock().unwrap();
    assert_eq!(
        lived.handed[0][0].sha256,
        sha256(&content),
        "read again, since an earlier life wrote a part of it"
    );
}

#[tokio::test]
async fn after_a_power_cut_only_what_was_flushed_counts() {
    let mut bed = Bed::new().await;
    let session = bed.session().await;
    let file = bed.create(&session, "base.txt", 100).await.header("location").to_owned();
    assert_eq!(bed.patch(&file, 0, &[b'a'; 40], &[]).await.status, 204);
    bed.stop().await;
    // Written and never flushed: it may be there, and may be anything.
    let part = bed.left().into_iter().find(|path| path.extension().is_some_and(|e| e == "part")).unwrap();
    let mut there = std::fs::read(&part).unwrap();
    there.extend([0; 30]);
    std::fs::write(&part, there).unwrap();
    bed.restart().await;
    assert_eq!(bed.head(&file).await.header("upload-offset"), "40");
    assert_eq!(bed.patch(&file, 40, &[b'b'; 60], &[]).await.header("upload-offset"), "100");
    let whole = bed.left().into_iter().find(|path| path.extension().is_none()).unwrap();
    assert_eq!(std::fs::read(whole).unwrap(), [[b'a'; 40].as_slice(), &[b'b'; 60]].concat());
}

#[tokio::test]
async fn a_file_that_is_removed_while_it_comes_leaves_nothing() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    let file = bed.create(&session, "base.txt", 100).await.header("location").to_owned();
    let mut coming = bed.begin("PATCH", &file, &[TUS, PART, ("upload-offset", "0")], Some(100)).await;
    coming.write_all(b"what came before").await.unwrap();
    bed.written(16).await;
    assert_eq!(bed.ask("DELETE", &file, &[TUS], b"").await.status, 204);
    assert_eq!(answer(coming).await.code(), "superseded");
    assert_eq!(bed.left(), Vec::<std::path::PathBuf>::new());
    assert_eq!(bed.patch(&file, 16, b"more", &[]).await.code(), "no_file");
}
