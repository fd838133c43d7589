//! Reactors and couriers, proven by a small module: it keeps a ledger entity for each subject and one for all, and
//! delivers replies to a Unix socket.

use jiff::ToSpan;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::support::{Bed, Fake, QUICK, entry, request, setup};
use engine::port::{BoxFuture, Courier, Delivered, Moment, Reactor, View};
use engine::{Accepted, Clock, Setup};
use model::effect::EntityContent;
use model::{
    Delivery, DeliveryState, DeliveryTo, Effects, Entity, EntityKey, EntityWrite, JobState, NewDelivery,
    OnError, Outcome, Request,
};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

/// Counts what settled, for each subject and for all.
struct Ledger;

fn key(kind: &str, key: &str) -> EntityKey {
    EntityKey { kind: kind.into(), key: key.into() }
}

impl Ledger {
    fn keys(view: &View<'_>) -> Vec<EntityKey> {
        let subject = view.job.subject.as_ref().map_or("none", |s| s.value());
        vec![key("ledger", subject), key("ledger", "all")]
    }
}

impl Reactor for Ledger {
    fn entities(&self, view: &View<'_>, moment: Moment) -> Vec<EntityKey> {
        if moment == Moment::Settled { Ledger::keys(view) } else { Vec::new() }
    }

    fn react(&self, view: &View<'_>, moment: Moment, entities: &[Entity]) -> Effects {
        if moment != Moment::Settled {
            return Effects::default();
        }
        let write = |key: EntityKey| {
            let old = entities.iter().find(|e| e.key == key);
            let count = old.map_or(0, |e| e.body["count"].as_u64().unwrap()) + 1;
            let content = EntityContent {
                state: "open".into(),
                label: key.key.clone(),
                body: json!({ "count": count }),
            };
            EntityWrite { key, expected_rev: old.map_or(0, |e| e.rev), content: Some(content) }
        };
        let to = |address: &str| DeliveryTo { courier: "socket".into(), address: address.to_owned() };
        let reply = |reply: &serde_json::Value| NewDelivery {
            to: to(reply["socket"].as_str().unwrap()),
            body: json!({ "job": view.job.id }),
            due_at: None,
        };
        Effects {
            entities: Ledger::keys(view).into_iter().map(write).collect(),
            deliveries: view.reply.iter().map(reply).collect(),
            follow_ups: Vec::new(),
        }
    }
}

/// Writes a line with id and body, and waits for `ok`.
struct Socket(Clock);

impl Courier for Socket {
    fn deliver(&self, delivery: Delivery) -> BoxFuture<'_, Delivered> {
        Box::pin(async move {
            match send(&delivery).await {
                Ok(()) => Delivered::Done,
                Err(error) => {
                    let soon = self.0.now().checked_add(30.milliseconds()).unwrap();
                    Delivered::Later(Some(soon), error.to_string())
                }
            }
        })
    }
}

async fn send(delivery: &Delivery) -> std::io::Result<()> {
    let mut stream = UnixStream::connect(&delivery.to.address).await?;
    let line = json!({ "id": delivery.id, "body": delivery.body });
    stream.write_all(format!("{line}\n").as_bytes()).await?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).await?;
    if answer == "ok\n" { Ok(()) } else { Err(std::io::Error::other("not confirmed")) }
}

/// What a listener received: delivery id and job id.
type Received = Arc<Mutex<Vec<(String, String)>>>;

/// Listens on a socket; answers `ok` unless it is told to keep silent.
fn listen(path: &Path, confirm: bool) -> Received {
    let received = Received::default();
    let (listener, heard) = (UnixListener::bind(path).unwrap(), Arc::clone(&received));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            let seen: serde_json::Value = serde_json::from_str(&line).unwrap();
            let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
            heard.lock().unwrap().push((text(&seen["id"]), text(&seen["body"]["job"])));
            if confirm {
                stream.write_all(b"ok\n").await.unwrap();
            }
        }
    });
    received
}

fn parts(backend: Arc<Fake>) -> Setup {
    let mut parts = setup(vec![entry("b", backend, OnError::Stop, QUICK)]);
    parts.reactors = vec![Arc::new(Ledger)];
    parts.couriers.insert("socket".into(), Arc::new(Socket(Clock::system())));
    parts
}

fn with_reply(subject: &str, socket: &Path) -> Request {
    Request { reply: Some(json!({ "socket": socket })), ..request("DO", subject) }
}

async fn count(bed: &Bed, of: &str) -> u64 {
    let entity = bed.hub.journal().entity(key("ledger", of)).await.unwrap();
    entity.map_or(0, |e| e.body["count"].as_u64().unwrap())
}

fn jobs(received: &Received) -> Vec<String> {
    received.lock().unwrap().iter().map(|(_, job)| job.clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entities_and_replies_are_in_the_commit_of_the_transition() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("replies");
    let received = listen(&socket, true);
    let bed = Bed::new(parts(Fake::done())).await;
    let mut ids = Vec::new();
    for n in 0..100 {
        ids.push(bed.accept(with_reply(&format!("s{}", n % 10), &socket)).await);
    }
    for id in &ids {
        bed.ended(*id).await;
    }
    // Many jobs wrote "all" at once: each conflict was read and reacted to again.
    assert_eq!(count(&bed, "all").await, 100);
    assert_eq!(count(&bed, "s3").await, 10);
    bed.until(async || received.lock().unwrap().len() >= 100).await;
    let mut seen = jobs(&received);
    let mut expected: Vec<_> = ids.iter().map(ToString::to_string).collect();
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected, "each caller was answered once");
    let delivered = async || {
        let of_first = bed.hub.journal().deliveries_of(ids[0]).await.unwrap();
        of_first.iter().all(|d| d.state == DeliveryState::Delivered)
    };
    bed.until(delivered).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_caller_that_joined_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let (first, second) = (listen(&one, true), listen(&two, true));
    let gate = Arc::new(Semaphore::new(0));
    let bed = Bed::new(parts(Fake::gated(&gate))).await;
    let with_id = |socket: &Path| Request { external_id: Some("x".into()), ..with_reply("alice", socket) };
    let id = bed.accept(with_id(&one)).await;
    bed.state(id, JobState::Running).await;
    let joined = bed.hub.accept(with_id(&two), Effects::default()).await.unwrap();
    assert!(matches!(joined, Accepted::Known(known, Some(_)) if known == id));
    gate.add_permits(1);
    bed.ended(id).await;
    bed.until(async || !jobs(&first).is_empty() && !jobs(&second).is_empty()).await;
    assert_eq!((jobs(&first), jobs(&second)), (vec![id.to_string()], vec![id.to_string()]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stuck_address_holds_only_itself_and_keeps_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let (up, down) = (folder.path().join("up"), folder.path().join("down"));
    let works = listen(&up, true);
    let bed = Bed::new(parts(Fake::done())).await;
    let mut waiting = Vec::new();
    for n in 0..5 {
        let id = bed.accept(with_reply(&format!("s{n}"), &down)).await;
        bed.ended(id).await;
        waiting.push(id.to_string());
    }
    let free = bed.accept(with_reply("free", &up)).await;
    bed.until(async || jobs(&works) == [free.to_string()]).await;
    let late = listen(&down, true);
    bed.until(async || jobs(&late).len() == 5).await;
    assert_eq!(jobs(&late), waiting);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_was_not_marked_leaves_again_with_the_same_id() {
    let folder = tempfile::tempdir().unwrap();
    let socket: PathBuf = folder.path().join("replies");
    let silent = listen(&socket, false);
    let bed = Bed::new(parts(Fake::done())).await;
    let id = bed.accept(with_reply("alice", &socket)).await;
    bed.ended(id).await;
    bed.until(async || !silent.lock().unwrap().is_empty()).await;
    let bed = bed.restart(parts(Fake::done())).await;
    std::fs::remove_file(&socket).unwrap();
    let heard = listen(&socket, true);
    bed.until(async || !heard.lock().unwrap().is_empty()).await;
    assert_eq!(silent.lock().unwrap()[0], heard.lock().unwrap()[0]);
}

/// Gives up at once.
struct Refuser;

impl Courier for Refuser {
    fn deliver(&self, _: Delivery) -> BoxFuture<'_, Delivered> {
        Box::pin(async { Delivered::Never("no such mailbox".into()) })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_delivered_stays_visible_and_holds_up_nothing() {
    let mut parts = parts(Fake::new(|_| Outcome::done()));
    parts.couriers.insert("socket".into(), Arc::new(Refuser));
    let bed = Bed::new(parts).await;
    let ids = [
        bed.accept(with_reply("alice", Path::new("/x"))).await,
        bed.accept(with_reply("alice", Path::new("/x"))).await,
    ];
    for id in ids {
        let given_up = async || {
            let deliveries = bed.hub.journal().deliveries_of(id).await.unwrap();
            deliveries.iter().any(|d| {
                d.state == DeliveryState::Undeliverable && d.message.as_deref() == Some("no such mailbox")
            })
        };
        bed.until(given_up).await;
    }
}
