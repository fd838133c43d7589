//! What a hostile stranger, or a mistaken friend, sends. Each is refused with its sentence, and nothing is left of it.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use super::bed::{Bed, SITE, answer, archive};
use crate::upload::{ArchiveLimits, Limits};

const PART: (&str, &str) = ("content-type", "application/offset+octet-stream");
const TUS: (&str, &str) = ("tus-resumable", "1.0.0");

#[tokio::test]
async fn names_are_refused_before_a_byte_is_sent() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    let long = format!("{}.zip", "x".repeat(5_000));
    for (name, code) in [
        ("facture.pdf.exe", "extension"),
        ("shell.php.zip", "double_extension"),
        ("base.zip\0.exe", "name_hidden"),
        ("base\u{202e}piz.exe", "name_hidden"),
        ("../../etc/cron.d/x.zip", "name_folder"),
        ("/etc/passwd.zip", "name_folder"),
        ("..\\base.zip", "name_folder"),
        ("C:\\base.zip", "name_folder"),
        ("CON.zip", "name_reserved"),
        ("aux.mdb", "name_reserved"),
        (long.as_str(), "name_length"),
        ("", "name_length"),
        (".htaccess.zip", "name_reserved"),
        ("-rf.zip", "name_reserved"),
        ("logo.svg", "extension"),
        ("page.html", "extension"),
        ("rapport.docx", "extension"),
        ("photo.png", "extension"),
        ("base.tar", "extension"),
    ] {
        let refused = bed.create(&session, name, 10).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, code), "{name:?}");
        let sentence = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(sentence.ends_with('.') && !sentence.contains('⟦') && !sentence.contains('\0'), "{sentence}");
    }
    assert_eq!(bed.left(), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn contents_that_are_not_what_the_name_says_are_refused() {
    const EICAR: &[u8] = br"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";
    let bed = Bed::new().await;
    let session = bed.session().await;
    let mut tar = vec![b'a'; 1024];
    tar[257..262].copy_from_slice(b"ustar");
    // A picture of 60,000 by 60,000 points.
    let flood = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60\x08\x06\0\0\0";
    for (name, content, code) in [
        ("base.zip", &b"MZ\x90\0 not an archive"[..], "active"),
        ("base.mdb", archive(b"x").as_slice(), "content"),
        ("base.zip", b"\0\x01\0\0Standard Jet DB\0 no archive", "content"),
        ("notes.txt", b"%PDF-1.7\n/*\nalert(1)//*/", "active"),
        ("image.xml", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "active"),
        ("image.bdd", b"<html><script>alert(1)</script>", "active"),
        ("plan.bdd", flood, "active"),
        ("document.xml", b"<!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><x>&f;</x>", "entities"),
        ("liens.bdd", &tar, "other_archive"),
        ("base.zip", b"Rar!\x1a\x07\x01\0", "other_archive"),
        ("base.zip", b"PK\x03\x04 and then nothing", "archive_broken"),
        ("virus.zip", EICAR, "content"),
    ] {
        let refused = bed.send(&session, name, content).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, code), "{name} {refused:?}");
    }
    // A file that became something else, when its beginning was there, is refused then and not at its end.
    let large = bed.create(&session, "large.bdd", 1 << 30).await.header("location").to_owned();
    let refused = bed.patch(&large, 0, &[b"\x7fELF".as_slice(), &[0; 8_000]].concat(), &[]).await;
    assert_eq!((refused.status, refused.code().as_str()), (422, "active"));
    assert_eq!(bed.head(&large).await.status, 422, "it stays refused");
    assert_eq!(bed.left(), Vec::<std::path::PathBuf>::new());
    // What was refused is told to whoever looks later, and nothing of it is handed over.
    let listed = bed.ask("GET", &format!("{session}/files"), &[], b"").await.json();
    assert!(listed["files"].as_array().unwrap().iter().all(|file| file["state"] == "refused"), "{listed}");
}

#[tokio::test]
async fn archives_that_would_do_harm_are_refused() {
    let archive_limits = ArchiveLimits { entries: 50, unpacked: 1 << 30, ratio: 100, nested: 2 };
    let bed = Bed::with(Limits { reserve: 0, archive: archive_limits, ..Limits::default() }).await;
    let session = bed.session().await;
    for (what, code) in [
        ("bomb", "archive_ratio"),
        ("huge", "archive_unpacked"),
        ("slip", "archive_name"),
        ("link", "archive_link"),
        ("twice", "archive_twice"),
        ("locked", "archive_encrypted"),
        ("nested", "archive_nested"),
        ("many", "archive_entries"),
        ("lzma", "archive_method"),
        ("stub", "archive_broken"),
    ] {
        let refused = bed.send(&session, &format!("{what}.zip"), &packed_by_python(what)).await;
        let expected = if what == "stub" { "active" } else { code };
        assert_eq!((refused.status, refused.code().as_str()), (422, expected), "{what} {refused:?}");
    }
    assert_eq!(bed.send(&session, "good.zip", &packed_by_python("good")).await.status, 204);
    assert_eq!(bed.left().len(), 1, "only what was taken");
}

/// An archive that another program packed.
fn packed_by_python(what: &str) -> Vec<u8> {
    const CODE: &str = r"
import io, sys, zipfile, warnings
warnings.simplefilter('ignore')
out = io.BytesIO()
z = zipfile.ZipFile(out, 'w', zipfile.ZIP_LZMA if sys.argv[1] == 'lzma' else zipfile.ZIP_DEFLATED)
def member(name, mode=0o100644):
    info = zipfile.ZipInfo(name); info.external_attr = mode << 16; info.create_system = 3; info.compress_type = z.compression
    return info
what = sys.argv[1]
if what in ('good', 'lzma', 'stub', 'locked'): z.writestr(member('base.mdb'), b'notices' * 1000)
if what == 'bomb': z.writestr(member('base.mdb'), bytes(64 << 20))
if what == 'huge': z.writestr(member('base.mdb'), bytes(1 << 20))
if what == 'slip': z.writestr(member('../../evil.mdb'), b'x')
if what == 'link': z.writestr(member('base.mdb', 0o120777), b'/etc/passwd')
if what == 'twice': z.writestr(member('base.mdb'), b'x'); z.writestr(member('BASE.mdb'), b'y')
if what == 'nested': [z.writestr(member(f'{n}.zip'), b'x') for n in range(3)]
if what == 'many': [z.writestr(member(f'{n}.txt'), b'x') for n in range(60)]
z.close()
made = bytearray(out.getvalue())
if what == 'locked':
    made[6] |= 1; made[made.rfind(b'PK\1\2') + 8] |= 1
if what == 'huge':
    at = made.rfind(b'PK\1\2'); made[at + 24:at + 28] = made[22:26] = (0xfffffff0).to_bytes(4, 'little')
if what == 'stub': made = bytearray(b'MZ self-extracting') + made
sys.stdout.buffer.write(made)
";
    let made = std::process::Command::new("python3").args(["-c", CODE, what]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    made.stdout
}

#[tokio::test]
async fn what_another_program_packs_as_a_stream_is_taken() {
    // With data descriptors, and with an entry that begins with Zip64.
    let code = "import sys,zipfile,io\n\
        class Stream(io.RawIOBase):\n \
         def writable(self): return True\n \
         def write(self, b): sys.stdout.buffer.write(b); return len(b)\n\
        z=zipfile.ZipFile(Stream(),'w',zipfile.ZIP_DEFLATED)\n\
        z.writestr('Élèves/base.mdb', b'x'*100000)\n\
        f=z.open('big.txt','w',force_zip64=True); f.write(b'notices'*99); f.close()\n\
        z.close()";
    let made = std::process::Command::new("python3").args(["-c", code]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let bed = Bed::new().await;
    let session = bed.session().await;
    assert_eq!(bed.send(&session, "base.zip", &made.stdout).await.status, 204);
}

#[tokio::test]
async fn lengths_that_lie_are_refused_and_what_breaks_off_leaves_only_what_came() {
    let bed = Bed::with(Limits { reserve: 0, idle: Duration::from_millis(300), ..Limits::default() }).await;
    let session = bed.session().await;
    let file = bed.create(&session, "base.txt", 1_000).await.header("location").to_owned();
    let longer = bed.patch(&file, 0, &[b'x'; 1_001], &[]).await;
    assert_eq!((longer.status, longer.code().as_str()), (413, "longer"));
    // Chunks without an end.
    let headers = [TUS, PART, ("upload-offset", "0")];
    let mut endless = bed.begin("PATCH", &file, &headers, None).await;
    let chunk = format!("3e8\r\n{}\r\n", "x".repeat(1_000));
    while tokio::time::timeout(Duration::ZERO, endless.readable()).await.is_err() {
        if endless.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    assert_eq!(answer(endless).await.code(), "longer");
    assert_eq!(
        bed.head(&file).await.header("upload-offset"),
        "0",
        "more than was announced is not this file"
    );
    // Nothing comes any more.
    let mut slow = bed.begin("PATCH", &file, &headers, Some(1_000)).await;
    slow.write_all(b"so much").await.unwrap();
    let late = answer(slow).await;
    assert_eq!((late.status, late.code().as_str()), (408, "timeout"));
    assert_eq!(bed.head(&file).await.header("upload-offset"), "7", "what came is kept");
    // Less than was said.
    let headers = [TUS, PART, ("upload-offset", "7")];
    let mut short = bed.begin("PATCH", &file, &headers, Some(993)).await;
    short.write_all(b"and then gone").await.unwrap();
    drop(short);
    bed.written(20).await;
    assert_eq!(bed.head(&file).await.header("upload-offset"), "20");
    for (name, size, code) in [("a.txt", (2 << 30) + 1, "file_size"), ("b.txt", 0, "empty")] {
        assert_eq!(bed.create(&session, name, size).await.code(), code);
    }
}

#[tokio::test]
async fn nobody_takes_more_than_his_part() {
    let limits = Limits { reserve: 0, files: 4, file: 1_000, total: 2_500, ..Limits::default() };
    let bed = Bed::with(limits).await;
    let session = bed.session().await;
    assert_eq!(bed.create(&session, "a.txt", 1_000).await.status, 201);
    assert_eq!(bed.create(&session, "b.txt", 1_000).await.status, 201);
    let total = bed.create(&session, "c.txt", 501).await;
    assert_eq!((total.status, total.code().as_str()), (413, "total"));
    let asked = (0..100).map(|n| (n, &bed, &session));
    let all = asked.map(async |(n, bed, session)| bed.create(session, &format!("{n}.txt"), 10).await);
    let all = futures_util::future::join_all(all).await;
    assert_eq!(all.iter().filter(|answer| answer.status == 201).count(), 2, "at once as one after the other");
    assert!(all.iter().filter(|answer| answer.status != 201).all(|answer| answer.code() == "files"));
    // Parts without an end, from the same school.
    let file = all.iter().find(|answer| answer.status == 201).unwrap().header("location");
    let held: Vec<_> = futures_util::future::join_all(
        (0..20).map(async |_| bed.begin("PATCH", file, &[TUS, PART, ("upload-offset", "0")], Some(10)).await),
    )
    .await;
    testhub::until("most were answered", async || {
        let ready = held.iter().map(|stream| tokio::time::timeout(Duration::ZERO, stream.readable()));
        futures_util::future::join_all(ready).await.iter().filter(|ready| ready.is_ok()).count() >= 19
    })
    .await;
}

#[tokio::test]
async fn a_disk_without_room_is_said_beforehand() {
    let bed = Bed::with(Limits { reserve: u64::MAX / 2, ..Limits::default() }).await;
    let session = bed.session().await;
    let refused = bed.create(&session, "base.txt", 10).await;
    assert_eq!((refused.status, refused.code().as_str()), (507, "room"));
    assert!(refused.json()["detail"].as_str().unwrap().contains("no room"));
    assert_eq!(bed.left(), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn pages_of_other_sites_may_neither_show_nor_use_it_unless_they_are_listed() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    let page = bed.ask("GET", &session, &[("accept", "text/html")], b"").await;
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains(&format!("frame-ancestors 'self' {SITE}")) && policy.contains("connect-src 'self'"),
        "{policy}"
    );
    assert_eq!((page.header("x-frame-options"), page.header("referrer-policy")), ("", "no-referrer"));
    assert_eq!((page.header("set-cookie"), page.header("x-content-type-options")), ("", "nosniff"));
    let files = format!("{session}/files");
    for (origin, allowed) in
        [(SITE, SITE), ("http://evil.example", ""), ("null", ""), ("http://shop.example.evil", "")]
    {
        let asked = [("origin", origin), ("access-control-request-method", "POST")];
        let preflight = bed.ask("OPTIONS", &files, &asked, b"").await;
        assert_eq!(preflight.header("access-control-allow-origin"), allowed, "{origin}");
        assert_eq!(preflight.header("access-control-allow-credentials"), "");
    }
}
