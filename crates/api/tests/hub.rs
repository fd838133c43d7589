//! Backends and the hub itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use engine::port::{BackendEntry, Standing};
use intendant_api::Installation;
use intendant_api::dto::{self, Decide, HeldSet, Severity};
use journal::RecordFilter;
use model::{ActionSpec, Destructive, FailsafeRule, JobState, OutcomeKind};
use support::{Bed, Disk, LONG, Plan, document, entry, head, in_time, parse_problem, problem, raw};

#[tokio::test(flavor = "multi_thread")]
async fn backends_are_listed_as_they_stand() {
    let broken = BackendEntry {
        standing: Standing::Broken,
        trouble: Some("/etc/intendant/10bad/config.yml: line 3".to_owned()),
        ..entry("10bad", support::done())
    };
    let bed = Bed::with(vec![entry("00 né", support::done()), broken]).await;
    bed.client.pause("00 né").await.unwrap();
    let backends = bed.client.backends().await.unwrap();
    assert_eq!((backends[0].name.as_str(), backends[0].paused), ("00 né", true));
    assert_eq!(backends[0].actions, ["DO", "IDENTITY_UPDATE", "PING_TARGET", "STRICT"]);
    assert_eq!(backends[1].standing, dto::Standing::Broken);
    assert!(backends[1].trouble.as_ref().unwrap().contains("line 3"));
    bed.client.resume("00 né").await.unwrap();
    assert!(!bed.client.backends().await.unwrap()[0].paused);
    assert_eq!(problem(bed.client.pause("nope").await).status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_backend_holds_its_jobs_until_it_is_resumed() {
    let bed = Bed::done().await;
    bed.client.pause("00done").await.unwrap();
    let job = bed.job(&document("a")).await;
    let waiting = bed.client.job(job).await.unwrap().waiting_on;
    assert_eq!((waiting.on.as_str(), waiting.backend.as_deref()), ("pause", Some("00done")));
    let oldest = bed.client.status().await.unwrap().oldest_waiting.unwrap();
    assert_eq!(oldest.job, job);
    bed.client.resume("00done").await.unwrap();
    assert_eq!(bed.client.wait(job, 30).await.unwrap().job.state, JobState::Succeeded);
    assert_eq!(bed.client.status().await.unwrap().oldest_waiting, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_is_pinged_beside_all_jobs() {
    let bed = Bed::done().await;
    let pong = bed.client.ping("00done").await.unwrap();
    assert_eq!((pong.kind, pong.message.as_deref()), (OutcomeKind::Done, Some("done")));
    assert_eq!(problem(bed.client.ping("nope").await).status, 404);
    assert_eq!(bed.client.status().await.unwrap().jobs.iter().map(|tally| tally.jobs).sum::<u64>(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_is_reported_or_refused_in_its_own_words() {
    let disk = Arc::new(Disk::default());
    let installation = Arc::clone(&disk) as Arc<dyn Installation>;
    let bed = Bed::new(Plan { installation, ..Plan::new(vec![]) }).await;
    let report = bed.client.reload().await.unwrap();
    assert_eq!((report.backends, report.needs_restart), (4, vec!["data".to_owned()]));
    let audit =
        bed.hub.journal().records(RecordFilter::of(model::RecordKind::Audit), None, 1).await.unwrap().rows;
    let uid = rustix::process::geteuid().as_raw();
    assert_eq!((&*audit[0].who, audit[0].code.as_str()), (&*format!("uid:{uid}"), "reloaded"));

    disk.wrong.store(true, Ordering::SeqCst);
    let refused = problem(bed.client.reload().await);
    assert_eq!((refused.status, refused.code.as_str()), (422, "bad_configuration"));
    assert_eq!(&*refused.detail, "intendant.yml:3: unknown key \"tiemout\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_what_a_reload_would_find_and_leaves_no_trace() {
    let disk = Arc::new(Disk::default());
    let installation = Arc::clone(&disk) as Arc<dyn Installation>;
    let bed = Bed::new(Plan { installation, ..Plan::new(vec![]) }).await;
    let report = bed.client.check().await.unwrap();
    assert_eq!((report.backends, report.counted()), (1, (0, 1)));
    assert_eq!((report.problems[0].line, report.problems[0].severity), (Some(2), Severity::Warning));
    disk.wrong.store(true, Ordering::SeqCst);
    let refused = problem(bed.client.check().await);
    assert_eq!((refused.status, refused.code.as_str()), (422, "bad_configuration"));
    let audit = bed.hub.journal().records(RecordFilter::of(model::RecordKind::Audit), None, 1).await.unwrap();
    assert!(audit.rows.is_empty(), "{audit:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_counts() {
    let bed = Bed::done().await;
    for who in ["a", "b", "c"] {
        bed.ended(&document(who)).await;
    }
    let status = bed.client.status().await.unwrap();
    assert_eq!((status.version.as_str(), status.journal), ("1.2.3", bed.hub.journal().id()));
    let succeeded = status.jobs.iter().find(|tally| tally.state == JobState::Succeeded).unwrap();
    assert_eq!(succeeded.jobs, 3);
    assert_eq!(status.oldest_waiting, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_follows_the_journal_and_health_does_not() {
    let bed = Bed::done().await;
    assert!(bed.client.ready().await.unwrap().ready);
    in_time(bed.hub.stop(LONG)).await;
    let ready = bed.client.ready().await.unwrap();
    assert!(!ready.ready);
    assert_eq!((ready.parts[0].name.as_str(), ready.parts[0].ready), ("journal", false));
    let answer = raw(&bed.socket, head("GET", "/readyz", &[])).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let answer = raw(&bed.socket, head("GET", "/healthz", &[])).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_stops_says_so_and_when_to_come_back() {
    let bed = Bed::done().await;
    in_time(bed.hub.stop(LONG)).await;
    let refused =
        problem(bed.client.submit(document("a").to_string(), &support::Submission::default()).await);
    assert_eq!((refused.status, refused.code.as_str(), refused.retry_after), (503, "stopping", Some(5)));
    let answer = raw(&bed.socket, head("GET", "/api/v1/jobs", &[])).await;
    assert!(answer.to_lowercase().contains("retry-after: 5\r\n"), "{answer}");
    assert_eq!(parse_problem(&answer).0, 503);
}

/// The hub with a failsafe that lets one deletion through, and sixty people who are held by it.
async fn sixty_held(bed: &Bed) -> HeldSet {
    let destructive = ActionSpec { destructive: Some(Destructive::Delete), ..ActionSpec::default() };
    let failsafe = FailsafeRule {
        sources: vec!["*".to_owned()],
        window: Duration::from_hours(1),
        delete: Some(1),
        disable: None,
    };
    bed.hub.reload(
        engine::port::Catalogue { entries: vec![entry("00done", support::done())] },
        engine::ActionTable::new([("DO".to_owned(), destructive)]).unwrap(),
        engine::Limits { failsafe, ..engine::Limits::default() },
    );
    bed.ended(&document("first")).await;
    for n in 0..60 {
        bed.job(&document(&format!("p{n}"))).await;
    }
    loop {
        if let Some(set) = bed.client.failsafe().await.unwrap().sets.pop().filter(|set| set.jobs == 60) {
            return set;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_of_more_than_fifty_names_their_number() {
    let bed = Bed::done().await;
    let set = sixty_held(&bed).await;
    let decide =
        async |expected| bed.client.decide(&set.name, true, &Decide { through: set.through, expected }).await;
    for (expected, status, code) in [(None, 422, "number_needed"), (Some(59), 409, "other_number")] {
        let told = problem(decide(expected).await);
        assert_eq!((told.status, told.code.as_str(), told.expected), (status, code, Some(60)));
        assert!(
            told.detail.contains("delete 60") && told.detail.contains("`expected`: 60"),
            "{}",
            told.detail
        );
    }
    assert!(bed.client.held(&set.name).await.unwrap().set.decision.is_none(), "nothing was decided");
    assert_eq!(decide(Some(60)).await.unwrap().jobs, 60);
    let again = problem(decide(None).await);
    assert_eq!((again.status, again.code.as_str()), (409, "decided"), "what was decided is told as such");
}
