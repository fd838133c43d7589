//! Letters leave through the outbox: by STARTTLS and a password, with the same id each time; what the relay refuses is seen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use engine::port::Catalogue;
use engine::{ActionTable, Hub, Setup};
use intendant_notify::mail::{COURIER, Mail, Relay, Security};
use model::{DeliveryState, DeliveryTo, Effects, NewDelivery, Secret};
use serde_json::{Value, json};
use testkit::smtp::{Manner, Sink};

const PASSWORD: &str = "relay-password-1";

/// The relay in Python, until it is dropped.
struct Strict {
    child: Child,
    lines: BufReader<ChildStdout>,
    port: u16,
}

impl Strict {
    fn start(certificate: &testkit::certificate::Certificate) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/relay.py");
        let mut python = Command::new("python3");
        python.arg(script).args([&certificate.certificate, &certificate.key]).args(["hub", PASSWORD]);
        let mut child = python.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        Strict { child, lines, port: line.trim().parse().unwrap() }
    }

    fn mail(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Strict {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn hub(folder: &Path, relay: Option<Relay>) -> Hub {
    let mut setup = Setup::new(Catalogue::default(), ActionTable::new(Vec::new()).unwrap());
    setup.couriers.insert(COURIER.to_owned(), Arc::new(Mail::new(relay)));
    testhub::start(testhub::open(folder), setup).await
}

fn letter(to: &str) -> Value {
    json!({
        "to": to, "subject": "Le serveur de l’école est prêt", "text": "Bonjour,\n\nil est ouvert : élèves, œuvres.\n.\nFin",
        "html": "<p>Bonjour, il est ouvert.</p>", "language": "fr", "unsubscribe": "https://hub.example/stop/1",
    })
}

async fn write(hub: &Hub, about: &str, letter: Value) {
    let to = DeliveryTo { courier: COURIER.to_owned(), address: about.to_owned() };
    let deliveries = vec![NewDelivery { to, body: letter, due_at: None }];
    hub.write(Effects { deliveries, ..Effects::default() }, None).await.unwrap();
}

async fn outbox(hub: &Hub) -> Vec<model::Delivery> {
    hub.journal().outbox(journal::DeliveryFilter::default(), None, 100).await.unwrap().rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_arrives_encrypted_and_signed_in_and_others_read_it_without_a_defect() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = testkit::certificate::make(folder.path()).unwrap();
    let mut strict = Strict::start(&certificate);
    let authority = std::fs::read(&certificate.certificate).unwrap();
    let account = Some(("hub".to_owned(), Secret::new(PASSWORD.to_owned())));
    let relay = Relay::new(
        "localhost",
        Some(strict.port),
        Security::StartTls,
        account,
        &[authority],
        "École <hub@host.example>",
    );
    let hub = hub(&folder.path().join("data"), Some(relay.unwrap())).await;
    write(&hub, "0750655E", letter("cdi@lycee.example")).await;
    let mail = tokio::task::block_in_place(|| strict.mail());
    assert_eq!(mail["defects"], json!([]), "{mail}");
    assert_eq!(
        (&mail["to"], &mail["subject"]),
        (&json!(["cdi@lycee.example"]), &json!("Le serveur de l’école est prêt"))
    );
    assert!(
        mail["text"].as_str().unwrap().contains("élèves, œuvres.")
            && mail["html"].as_str().unwrap().contains("ouvert"),
        "{mail}"
    );
    assert_eq!(mail["headers"]["Content-Language"], "fr");
    assert_eq!(mail["headers"]["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click");
    let sent = outbox(&hub).await.pop().unwrap();
    assert_eq!(mail["id"], format!("<{}@host.example>", sent.id.0), "a repetition is recognised by it");

    // Refused for good: a dead letter. The address in clear is what it is about.
    write(&hub, "0750654D", letter("refuse@lycee.example")).await;
    testhub::until("the refusal", async || {
        outbox(&hub).await.iter().any(|one| one.state == DeliveryState::Undeliverable)
    })
    .await;
    let failed =
        outbox(&hub).await.into_iter().find(|one| one.state == DeliveryState::Undeliverable).unwrap();
    assert_eq!(failed.to.address, "0750654D");
    let why = failed.message.unwrap();
    assert!(why.contains("for good (550)") && !why.contains("lycee"), "{why}");

    // Refused for now: it waits.
    write(&hub, "0750653C", letter("later@lycee.example")).await;
    let waits = async || {
        outbox(&hub)
            .await
            .iter()
            .any(|one| one.message.as_ref().is_some_and(|why| why.contains("not take it now (451)")))
    };
    testhub::until("the wait", waits).await;
    hub.stop(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_in_clear_unless_somebody_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::start().unwrap();
    let (host, port) = ("127.0.0.1", Some(sink.address().port()));
    let account = || Some(("hub".to_owned(), Secret::new(PASSWORD.to_owned())));
    assert!(
        Relay::new(host, port, Security::None, account(), &[], "a@b.example").is_err(),
        "no password in clear"
    );
    let strict = Relay::new(host, port, Security::StartTls, account(), &[], "a@b.example").unwrap();
    let hub = hub(&folder.path().join("data"), Some(strict)).await;
    write(&hub, "0750655E", letter("cdi@lycee.example")).await;
    testhub::until("the wait", async || outbox(&hub).await[0].message.is_some()).await;
    assert!(sink.mails().is_empty());
    hub.stop(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_hangs_up_gets_it_again_under_the_same_id() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::start().unwrap();
    sink.behave(Manner::HangUp);
    let relay =
        Relay::new("127.0.0.1", Some(sink.address().port()), Security::None, None, &[], "a@b.example")
            .unwrap();
    let hub = hub(&folder.path().join("data"), Some(relay)).await;
    write(&hub, "0750655E", letter("cdi@lycee.example")).await;
    testhub::until("a try", async || outbox(&hub).await[0].attempts > 0).await;
    let id = outbox(&hub).await[0].id;
    sink.behave(Manner::Take);
    let mails = tokio::task::block_in_place(|| sink.wait_for(1, testhub::LONG));
    assert!(mails[0].text.contains(&format!("Message-ID: <{}@b.example>", id.0)), "{}", mails[0].text);
    hub.stop(Duration::ZERO).await;
}
