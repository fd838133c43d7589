//! Alerts of a hub with a real journal, over a mail server.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use engine::port::Catalogue;
use engine::{ActionTable, Clock, Hub, Setup};
use http::page::Lang;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use testkit::disk::Disk;
use testkit::smtp::{Mail as Received, Manner, Sink};

use super::{Alerts, Quiet, Settings};
use crate::mail::{COURIER, Mail, Relay, Security};

fn settings() -> Settings {
    Settings {
        to: vec!["admin@host.example".to_owned(), "Élodie <second@host.example>".to_owned()],
        lang: Lang::Fr,
        after: Duration::from_mins(5),
        dead_letters: 0,
        quiet: None,
        digest: None,
    }
}

struct Bed {
    hub: Hub,
    alerts: Alerts,
    clock: Clock,
    /// Minutes by which it runs ahead.
    ahead: AtomicI64,
}

impl Bed {
    async fn new(folder: &Path, sink: &Sink, settings: Settings, clock: Clock) -> Self {
        let at = sink.address();
        let relay =
            Relay::new(&at.ip().to_string(), Some(at.port()), Security::None, None, &[], "hub@host.example");
        let mail = Arc::new(Mail::new(Some(relay.unwrap())));
        let mut setup = Setup::new(Catalogue::default(), ActionTable::new(Vec::new()).unwrap());
        setup.couriers.insert(COURIER.to_owned(), Arc::clone(&mail) as _);
        let (journal, wires) = testhub::open(folder);
        let hub = Hub::start(journal, wires, clock.clone(), setup).await.unwrap();
        let alerts = Alerts::new(settings, mail, clock.clone());
        alerts.reached_at(Some("https://hub.example"));
        Bed { hub, alerts, clock, ahead: AtomicI64::new(0) }
    }

    /// A look every minute.
    async fn minutes(&self, minutes: usize) {
        for _ in 0..minutes {
            let ahead = self.ahead.fetch_add(1, Ordering::SeqCst) + 1;
            self.clock.run_ahead(SignedDuration::from_mins(ahead));
            self.alerts.look(&self.hub).await.unwrap();
        }
    }
}

/// The mails, once there are so many.
async fn mails(sink: &Sink, count: usize) -> Vec<Received> {
    testhub::until("the mails", async || sink.mails().len() >= count).await;
    sink.mails()
}

/// A source that is away.
fn away(hub: &Hub) -> Arc<engine::Link> {
    let link = hub.link("daily", "queue");
    link.down(hub.now(), "connection refused".to_owned());
    link
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_told_once_also_over_a_restart_and_once_more_when_it_is_over() {
    let (folder, sink) = (tempfile::tempdir().unwrap(), Sink::start().unwrap());
    let bed = Bed::new(folder.path(), &sink, settings(), Clock::system()).await;
    away(&bed.hub);
    bed.alerts.look(&bed.hub).await.unwrap();
    bed.minutes(4).await;
    assert_eq!(sink.mails(), [], "what mends itself soon is nobody's concern");
    bed.minutes(2).await;
    let told = mails(&sink, 2).await;
    let to: Vec<_> = told.iter().flat_map(|mail| &mail.to).collect();
    assert_eq!(to.len(), 2);
    assert!(to.iter().any(|to| to.contains("second@host.example")), "{to:?}");
    let text = &told[0].text;
    assert!(text.contains("https://hub.example/") && text.contains("Content-Language: fr"), "{text}");
    bed.hub.stop(Duration::ZERO).await;

    // A machine that was started again has its own time.
    let bed = Bed::new(folder.path(), &sink, settings(), Clock::system()).await;
    let link = away(&bed.hub);
    bed.minutes(10).await;
    bed.hub.unlink(&link);
    bed.minutes(7).await;
    let told = mails(&sink, 4).await;
    let over = told.iter().filter(|mail| mail.text.contains("rentr=C3=A9") || mail.text.contains("rentr"));
    assert_eq!((told.len(), over.count()), (4, 2), "{told:?}");
    bed.hub.stop(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quiet_hours_keep_a_mail_back_and_a_digest_tells_all() {
    let (folder, sink) = (tempfile::tempdir().unwrap(), Sink::start().unwrap());
    let clock = Clock::system();
    // From now on for half an hour.
    let time = |ahead: i64| {
        let at = clock.now() + SignedDuration::from_mins(ahead);
        at.to_zoned(TimeZone::UTC).time().strftime("%H:%M").to_string()
    };
    let hours = format!("{}-{}", time(0), time(30));
    let quiet = Some(Quiet::read(&hours, TimeZone::UTC).unwrap());
    let bed = Bed::new(folder.path(), &sink, Settings { quiet, ..settings() }, clock).await;
    away(&bed.hub);
    bed.minutes(20).await;
    bed.alerts.digest(&bed.hub).await.unwrap();
    assert!(mails(&sink, 2).await[0].text.contains("daily"), "the digest comes when it was asked for");
    bed.minutes(12).await;
    let told = mails(&sink, 4).await;
    assert_eq!(told.len(), 4, "{told:?}");
    bed.hub.stop(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_says_what_the_relay_makes_of_it() {
    let (folder, sink) = (tempfile::tempdir().unwrap(), Sink::start().unwrap());
    let bed = Bed::new(folder.path(), &sink, settings(), Clock::system()).await;
    assert_eq!(bed.alerts.test().await, Ok(()));
    assert_eq!(sink.mails().len(), 2, "it has arrived when that is said");
    sink.behave(Manner::Refuse("550 no such user".to_owned()));
    let why = bed.alerts.test().await.unwrap_err();
    assert!(why.contains("admin@host.example: the relay refuses the letter for good (550)"), "{why}");
    bed.hub.stop(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_that_cannot_be_written_is_told_past_it_and_so_is_its_end() {
    let (folder, sink) = (tempfile::tempdir().unwrap(), Sink::start().unwrap());
    let disk = Disk::mount(folder.path(), 8).unwrap();
    let bed = Bed::new(folder.path(), &sink, settings(), Clock::system()).await;
    disk.fill(0).unwrap();
    away(&bed.hub);
    testhub::until("a full disk to be told of", async || {
        // What it has seen cannot be kept.
        let _ = bed.alerts.look(&bed.hub).await;
        sink.mails().len() >= 2
    })
    .await;
    bed.minutes(3).await;
    assert_eq!(sink.mails().len(), 2, "it is told of once");
    disk.empty().unwrap();
    testhub::until("its end to be told of", async || {
        let _ = bed.alerts.look(&bed.hub).await;
        sink.mails().len() >= 4
    })
    .await;
    bed.hub.stop(Duration::ZERO).await;
}
