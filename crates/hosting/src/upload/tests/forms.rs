//! The page without a script.

use super::bed::{Answer, Bed, archive, sha256};

const MULTIPART: (&str, &str) = ("content-type", "multipart/form-data; boundary=rim");

fn form(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, content) in files {
        body.extend(format!("--rim\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n").into_bytes());
        body.extend(*content);
        body.extend(b"\r\n");
    }
    body.extend(b"--rim--\r\n");
    body
}

async fn send(bed: &Bed, session: &str, files: &[(&str, &[u8])]) -> Answer {
    bed.ask("POST", session, &[MULTIPART], &form(files)).await
}

#[tokio::test]
async fn files_are_sent_put_in_order_and_handed_over_by_plain_forms() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    let large = archive(&vec![5; 3 << 20]);
    let sent =
        send(&bed, &session, &[("CDI.zip", &large), ("", b""), ("notices.txt", b"Titre;Auteur\r\n")]).await;
    assert_eq!(sent.status, 303, "{sent:?}");
    let page = bed.ask("GET", sent.header("location"), &[], b"").await;
    for shown in ["CDI.zip", "notices.txt", "Main database", "3\u{a0}MiB", "Make it the main one"] {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    let value = page.body.split("name=\"file\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let first = bed.ask("POST", &format!("{session}/order"), &form, format!("file={value}").as_bytes()).await;
    assert_eq!(first.status, 303);
    assert_eq!(bed.ask("POST", &format!("{session}/finish"), &form, b"").await.status, 303);
    let lived = bed.life.0.lock().unwrap();
    let names: Vec<_> =
        lived.handed[0].iter().map(|file| (file.name.as_str(), file.sha256.clone())).collect();
    assert_eq!(names, [("notices.txt", sha256(b"Titre;Auteur\r\n")), ("CDI.zip", sha256(&large))]);
}

#[tokio::test]
async fn what_is_wrong_with_one_is_said_and_the_others_are_taken() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    let files: [(&str, &[u8]); 5] = [
        ("page.html", b"<p>"),
        ("a.txt", b"notices"),
        ("program.bdd", b"MZ\x90\0\x03"),
        ("empty.txt", b""),
        ("b.txt", b"more"),
    ];
    let sent = send(&bed, &format!("{session}?lang=fr"), &files).await;
    assert_eq!(sent.status, 422);
    assert!(sent.body.contains("«\u{a0}page.html\u{a0}» n’est pas accepté"), "{}", sent.body);
    assert!(
        sent.body.contains("«\u{a0}program.bdd\u{a0}» n’est pas une base mais un programme"),
        "{}",
        sent.body
    );
    assert!(sent.body.contains("a.txt") && sent.body.contains("b.txt"), "{}", sent.body);
    assert_eq!(bed.left().len(), 2);
}

#[tokio::test]
async fn a_form_that_breaks_off_leaves_no_half_a_file() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    let body = form(&[("base.txt", &vec![b'x'; 100_000])]);
    let mut stream = bed.begin("POST", &session, &[MULTIPART], Some(body.len())).await;
    tokio::io::AsyncWriteExt::write_all(&mut stream, &body[..50_000]).await.unwrap();
    testhub::until("it has begun", async || !bed.left().is_empty()).await;
    drop(stream);
    testhub::until("nothing is left", async || bed.left().is_empty()).await;
}

#[tokio::test]
async fn what_a_name_says_is_shown_and_not_believed() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    let sent = send(&bed, &session, &[("<script>alert(1)</script>.txt", b"notices")]).await;
    assert_eq!(sent.status, 422, "it contains a folder: </");
    let sent = send(&bed, &session, &[("<img src=x onerror=alert(1)>.txt", b"notices")]).await;
    assert_eq!(sent.status, 303);
    let page = bed.ask("GET", &session, &[], b"").await;
    assert!(
        !page.body.contains("<img") && page.body.contains("&#60;img") || page.body.contains("&lt;img"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn the_page_speaks_the_language_of_whoever_looks_and_needs_no_cookie_for_it() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    let french = bed.ask("GET", &session, &[("accept-language", "fr-FR,fr;q=0.9")], b"").await;
    assert!(
        french.body.contains("lang=\"fr\"") && french.body.contains("Déposer les bases du CDI"),
        "{}",
        french.body
    );
    let english = bed.ask("GET", &format!("{session}?lang=en"), &[("accept-language", "fr")], b"").await;
    assert!(english.body.contains("Upload the library"), "{}", english.body);
    assert!(!english.body.contains('⟦') && !french.body.contains('⟦'), "{} {}", english.body, french.body);
    assert!(english.body.contains("Up to 20 files, each of 2\u{a0}GiB at most"), "{}", english.body);
}
