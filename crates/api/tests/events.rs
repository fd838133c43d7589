//! The stream of events: nothing lost, nothing twice, whatever happens in between.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::{Stream, StreamExt as _};
use intendant_api::Error;
use intendant_api::dto::{Event, EventQuery, News};
use model::{EventKind, EventsCursor, Outcome, Progress};
use serde_json::json;
use support::{Bed, Fake, document, entry, head, in_time, parse_problem, raw};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::Semaphore;

async fn listen(
    bed: &Bed,
    after: Option<EventsCursor>,
) -> impl Stream<Item = Result<Event, Error>> + Unpin + use<> {
    Box::pin(bed.client.events(&EventQuery { after, job: None }).await.unwrap())
}

async fn take(events: &mut (impl Stream<Item = Result<Event, Error>> + Unpin), many: usize) -> Vec<Event> {
    in_time(events.take(many).map(Result::unwrap).collect()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_live_from_now_on() {
    let bed = Bed::done().await;
    bed.ended(&document("before")).await;
    let mut events = listen(&bed, None).await;
    let job = bed.ended(&document("a")).await;
    let seen = take(&mut events, 4).await;
    let kinds: Vec<_> = seen.iter().map(|event| (event.kind, event.job)).collect();
    let expected =
        [EventKind::Accepted, EventKind::StepStarted, EventKind::StepSucceeded, EventKind::Succeeded];
    assert_eq!(kinds, expected.map(|kind| (kind, Some(job))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_resumes_without_gap_or_repetition() {
    let bed = Bed::done().await;
    // Written all the while.
    let (client, jobs) = (bed.client.clone(), 400);
    let writer = tokio::spawn(async move {
        let lines = (0..jobs).map(|n| Ok(format!("{}\n", document(&format!("s{n}"))).into()));
        let answers =
            client.batch(futures_util::stream::iter(lines.collect::<Vec<_>>()), None).await.unwrap();
        answers.count().await
    });
    let (mut seen, mut last) = (Vec::new(), EventsCursor::default());
    while seen.len() < jobs * 4 {
        // A stream that is left after some events, and taken up again where it was.
        let query = EventQuery { after: Some(last.clone()), job: None };
        let mut listener = bed.client.news(&query).await.unwrap();
        for _ in 0..97.min(jobs * 4 - seen.len()) {
            if let News::Event(event) = in_time(listener.next()).await.unwrap().unwrap() {
                seen.push(event.seq);
            }
        }
        last = listener.seen().unwrap().clone();
    }
    assert_eq!(in_time(writer).await.unwrap(), jobs);
    let kept: Vec<_> = bed
        .hub
        .journal()
        .events(EventsCursor::default(), 100_000)
        .await
        .unwrap()
        .rows
        .iter()
        .map(|event| event.seq)
        .collect();
    assert_eq!(seen, kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_falls_far_behind_misses_nothing() {
    let bed = Bed::done().await;
    let mut events = listen(&bed, None).await;
    // More than the hub keeps for slow readers, while nobody reads.
    let jobs = 1500;
    let lines: Vec<_> = (0..jobs).map(|n| Ok(format!("{}\n", document(&format!("s{n}"))).into())).collect();
    let answers = bed.client.batch(futures_util::stream::iter(lines), None).await.unwrap();
    assert_eq!(in_time(answers.count()).await, jobs);
    let seen = take(&mut events, jobs * 4).await;
    let kept = bed.hub.journal().events(EventsCursor::default(), 100_000).await.unwrap().rows;
    assert!(seen.iter().map(|event| event.seq).eq(kept.iter().map(|event| event.seq)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_can_be_about_one_job() {
    let bed = Bed::done().await;
    bed.ended(&document("other")).await;
    let job = bed.ended(&document("a")).await;
    bed.ended(&document("other")).await;
    let query = EventQuery { after: Some(EventsCursor::default()), job: Some(job) };
    let mut events = Box::pin(bed.client.events(&query).await.unwrap());
    let seen = take(&mut events, 4).await;
    assert!(seen.iter().all(|event| event.job == Some(job)));
    assert_eq!(seen[3].kind, EventKind::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_server_sent_events_and_last_event_id_counts() {
    let bed = Bed::done().await;
    bed.ended(&document("a")).await;
    let mut stream = UnixStream::connect(&bed.socket).await.unwrap();
    let head = head("GET", "/api/v1/events", &["Last-Event-ID: 3"]);
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    while !answer.contains("\ndata:") {
        let mut piece = [0; 1024];
        let length = in_time(stream.read(&mut piece)).await.unwrap();
        answer += std::str::from_utf8(&piece[..length]).unwrap();
    }
    assert!(answer.to_lowercase().contains("content-type: text/event-stream"), "{answer}");
    assert!(answer.contains("\nid: 3\n\n"), "where it begins: {answer}");
    let frame = &answer[answer.rfind("id: ").unwrap()..];
    assert!(frame.starts_with("id: 4\ndata: {\"seq\":\"4\","), "{frame}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_running_attempt_reports_is_told_to_those_who_follow_it() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let backend = Fake::with(move |_, control| {
        let gate = Arc::clone(&held);
        Box::pin(async move {
            control.progress.report(Progress { eta_seconds: Some(9), ..Progress::of(3, 4).saying("copies") });
            gate.acquire().await.unwrap().forget();
            Outcome::done()
        })
    });
    let bed = Bed::with(vec![entry("00gate", backend)]).await;
    let everything = EventQuery { after: Some(EventsCursor::default()), job: None };
    let mut all = bed.client.news(&everything).await.unwrap();
    let (other, job) = (bed.job(&document("other")).await, bed.job(&document("a")).await);
    let mut told = BTreeSet::new();
    while told.len() < 2 {
        if let News::Progress(said) = in_time(all.next()).await.unwrap().unwrap() {
            told.insert(said.job);
        }
    }
    assert_eq!(told, BTreeSet::from([other, job]));

    let story = bed.client.job(job).await.unwrap();
    let said = serde_json::to_value(story.progress.unwrap()).unwrap();
    let expected = json!({
        "kind": "progress", "at": said["at"], "job": job, "step": 0, "attempt": 1, "backend": "00gate",
        "done": 3, "of": 4, "message": "copies", "eta_seconds": 9,
    });
    assert_eq!(said, expected);

    // Whoever may follow one job hears of no other.
    let one = EventQuery { after: Some(EventsCursor::default()), job: Some(job) };
    let mut one = bed.client.news(&one).await.unwrap();
    gate.add_permits(2);
    bed.client.wait(job, 60).await.unwrap();
    bed.client.wait(other, 60).await.unwrap();
    loop {
        match in_time(one.next()).await.unwrap().unwrap() {
            News::Progress(said) => assert_eq!(said.job, job),
            News::Event(event) if event.kind == EventKind::Succeeded => break,
            News::Event(event) => assert_eq!(event.job, Some(job)),
        }
    }
    assert_eq!(bed.client.job(job).await.unwrap().progress, None);
    // What was said is no event: nothing of it can be read again.
    let mut again = bed.client.news(&everything).await.unwrap();
    for _ in 0..8 {
        assert!(matches!(in_time(again.next()).await.unwrap().unwrap(), News::Event(_)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_from_another_journal_begins_now() {
    let bed = Bed::done().await;
    bed.ended(&document("a")).await;
    let mut events = listen(&bed, Some("1000000".parse().unwrap())).await;
    let mut same = listen(&bed, Some("1000000,3:120".parse().unwrap())).await;
    let job = bed.job(&document("b")).await;
    assert_eq!(take(&mut events, 1).await[0].job, Some(job));
    assert_eq!(take(&mut same, 1).await[0].job, Some(job));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_knows_nobody_who_wrote_this_journal_skips_nothing() {
    let bed = Bed::done().await;
    let first = bed.ended(&document("a")).await;
    let mut events = listen(&bed, Some("3:120".parse().unwrap())).await;
    assert_eq!(take(&mut events, 1).await[0].job, Some(first));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hears_of_nothing_knows_where_to_go_on() {
    let mut bed = Bed::done().await;
    bed.ended(&document("a")).await;
    let mut listener = bed.client.news(&EventQuery::default()).await.unwrap();
    assert_eq!(listener.seen(), None);
    bed.stop_serving().await;
    assert_eq!(in_time(listener.next()).await.unwrap(), None);
    let last = bed.hub.journal().last_event().await.unwrap();
    assert_eq!((listener.seen(), last.number(0)), (Some(&last), 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_refused() {
    let bed = Bed::done().await;
    for id in ["x", "3:", "1,2"] {
        let answer =
            raw(&bed.socket, head("GET", "/api/v1/events", &[&*format!("Last-Event-ID: {id}")])).await;
        assert_eq!(parse_problem(&answer).0, 400, "{id}");
    }
    for query in ["job=x", "after=x", "after=1,2", "after="] {
        let answer = raw(&bed.socket, head("GET", &format!("/api/v1/events?{query}"), &[])).await;
        assert_eq!(parse_problem(&answer).0, 400, "{query}");
    }
}
