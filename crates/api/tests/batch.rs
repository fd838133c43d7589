//! Many documents in one request.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::collections::HashMap;

use axum::body::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::BodyLimits;
use intendant_api::Client;
use intendant_api::dto::{Acceptance, BatchLine};
use model::Seq;
use serde_json::json;
use support::{Bed, Plan, document, entry, head, in_time, parse_problem, raw};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

async fn batch(client: &Client, text: impl Into<Bytes>) -> Vec<BatchLine> {
    let chunks = [Ok(text.into())];
    let answers = client.batch(stream::iter(chunks), None).await.unwrap();
    in_time(answers.try_collect()).await.unwrap()
}

/// The number of a line and the code with which it was refused.
fn told(line: &BatchLine) -> (u64, Option<&str>) {
    match line {
        BatchLine::Accepted { line, .. } => (*line, None),
        BatchLine::Refused { line, problem } => (*line, Some(problem.code.as_str())),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_lines_are_answered_in_order_and_keep_the_order_of_each_subject() {
    let bed = Bed::done().await;
    let line = |number: usize| {
        let mut line = document(&format!("s{}", number % 40));
        line["id"] = json!(format!("n-{number}"));
        line.to_string()
    };
    let text = (0..2000).map(line).collect::<Vec<_>>().join("\n");
    // In pieces that do not care where lines end.
    let pieces: Vec<_> = text.as_bytes().chunks(777).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let answers = bed.client.batch(stream::iter(pieces), None).await.unwrap();
    let answers: Vec<_> = in_time(answers.try_collect()).await.unwrap();
    assert_eq!(answers.len(), 2000);
    let mut last: HashMap<usize, Seq> = HashMap::new();
    for (place, answer) in answers.iter().enumerate() {
        let BatchLine::Accepted { line, submitted } = answer else { panic!("{answer:?}") };
        assert_eq!((*line, submitted.accepted), (place as u64 + 1, Acceptance::New));
        let job = bed.hub.job(submitted.job.unwrap()).await.unwrap();
        assert_eq!(job.external_id, Some(format!("n-{place}")));
        let before = last.insert(place % 40, job.seq);
        assert!(
            before.is_none_or(|before| before < job.seq),
            "line {line} was accepted before an earlier one"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_line_stops_nobody() {
    let limits = BodyLimits { document: 2000, ..BodyLimits::default() };
    let bed = Bed::new(Plan { bodies: limits, ..Plan::new(vec![entry("00done", support::done())]) }).await;
    let good = document("a").to_string();
    let long = json!({"action": "DO", "payload": {"a": "x".repeat(3000)}}).to_string();
    let mut text =
        format!("{good}\r\n\n  \nnot json\n{long}\n{{\"action\":\"STRICT\"}}\n{good}\n").into_bytes();
    text.extend(b"\xff\xff\n");
    text.extend(good.as_bytes());
    let answers = batch(&bed.client, text).await;
    let told: Vec<_> = answers.iter().map(told).collect();
    let expected = [
        (1, None),
        (4, Some("unreadable")),
        (5, Some("too_large")),
        (6, Some("invalid_payload")),
        (7, None),
        (8, Some("unreadable")),
        (9, None),
    ];
    assert_eq!(told, expected);
    let BatchLine::Refused { problem, .. } = &answers[1] else { panic!() };
    let kept = bed.client.refusal(problem.record.unwrap()).await.unwrap();
    assert_eq!(kept.size, "not json".len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_batch_is_fine() {
    let bed = Bed::done().await;
    assert_eq!(batch(&bed.client, "").await, []);
    assert_eq!(batch(&bed.client, "\n\n").await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_while_later_lines_are_not_sent_yet() {
    let bed = Bed::done().await;
    let mut stream = UnixStream::connect(&bed.socket).await.unwrap();
    let head = head(
        "POST",
        "/api/v1/jobs/batch",
        &["Content-Type: application/x-ndjson", "Transfer-Encoding: chunked"],
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let (read, mut write) = stream.split();
    let mut read = BufReader::new(read).lines();
    for number in 1..=3 {
        let line = format!("{}\n", document("a"));
        write.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes()).await.unwrap();
        let answer = loop {
            let text = in_time(read.next_line()).await.unwrap().unwrap();
            if text.starts_with('{') {
                break text;
            }
        };
        assert!(answer.starts_with(&format!("{{\"line\":{number},\"accepted\":\"new\"")), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_broke_off_is_not_accepted() {
    let bed = Bed::done().await;
    let line = document("a").to_string();
    let head =
        head("POST", "/api/v1/jobs/batch", &["Content-Type: application/x-ndjson", "Content-Length: 5000"]);
    // A whole line, then one that looks whole, and no end of the body.
    let mut stream = UnixStream::connect(&bed.socket).await.unwrap();
    stream.write_all(format!("{head}{line}\n{line}").as_bytes()).await.unwrap();
    let mut read = BufReader::new(stream).lines();
    loop {
        let text = in_time(read.next_line()).await.unwrap().unwrap();
        if text.starts_with("{\"line\":1,") {
            break;
        }
    }
    drop(read);
    // The server has seen the end when it has nothing left to serve.
    let mut bed = bed;
    bed.stop_serving().await;
    let jobs = bed.hub.journal().tallies().await.unwrap();
    assert_eq!(jobs.iter().map(|tally| tally.jobs).sum::<u64>(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_media_type_is_415() {
    let bed = Bed::done().await;
    let answer =
        raw(&bed.socket, head("POST", "/api/v1/jobs/batch", &["Content-Type: application/json"])).await;
    let (status, problem) = parse_problem(&answer);
    assert_eq!((status, &*problem.detail), (415, "send the body with `Content-Type: application/x-ndjson`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_can_be_given_for_all_lines() {
    let bed = Bed::done().await;
    let chunks = [Ok(Bytes::from_static(b"{\"payload\":{}}\n{\"payload\":{}}\n"))];
    let answers = bed.client.batch(stream::iter(chunks), Some("DO")).await.unwrap();
    let accepted = answers.filter(|line| {
        let fine = matches!(line, Ok(BatchLine::Accepted { .. }));
        async move { fine }
    });
    assert_eq!(in_time(accepted.count()).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_a_batch_and_says_from_which_line_on_nothing_was_read() {
    let mut bed = Bed::done().await;
    let (mut send, lines) = one_by_one();
    let mut answers = Box::pin(bed.client.batch(lines, None).await.unwrap());
    send(&format!("{}\n", document("a")));
    assert_eq!(told(&in_time(answers.next()).await.unwrap().unwrap()), (1, None));
    bed.stop_serving().await;
    assert_eq!(told(&in_time(answers.next()).await.unwrap().unwrap()), (2, Some("stopping")));
    assert!(in_time(answers.next()).await.is_none());
}

/// Lines that are sent one by one.
fn one_by_one()
-> (impl FnMut(&str), impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send + 'static) {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel::<Bytes>();
    let stream = stream::unfold(receiver, |mut receiver| async {
        let piece = receiver.recv().await?;
        Some((Ok(piece), receiver))
    });
    (move |text: &str| sender.send(Bytes::copy_from_slice(text.as_bytes())).unwrap(), stream)
}
