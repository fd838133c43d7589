//! The socket: who may, who is too slow, too big or too rude, and how it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use engine::Clock;
use futures_util::StreamExt as _;
use http::listen::Socket;
use http::{BodyLimits, ConnectionLimits, frame};
use intendant_api::Client;
use intendant_api::Error;
use intendant_api::client::Submission;
use intendant_api::dto::EventQuery;
use model::EventsCursor;
use support::{Bed, Fake, Plan, document, entry, head, hear, in_time, parse_problem, problem, raw};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::Semaphore;

const SHORT: Duration = Duration::from_millis(200);

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_is_private_and_goes_with_the_server() {
    let mut bed = Bed::done().await;
    assert_eq!(mode(&bed.socket), 0o600);
    assert_eq!(mode(bed.socket.parent().unwrap()), 0o700);
    bed.stop_serving().await;
    assert!(!bed.socket.exists());
    let error = bed.client.status().await.unwrap_err();
    assert!(matches!(&error, Error::NoHub { .. }));
    assert_eq!(
        error.to_string(),
        format!("no hub is listening on {}: start it with `intendant serve`", bed.socket.display())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_left_behind_is_replaced_and_one_in_use_is_not() {
    let bed = Bed::done().await;
    let error = Socket::bind(&bed.socket).await.unwrap_err();
    assert!(matches!(&error, http::Error::InUse { .. }), "{error}");
    assert!(bed.client.ready().await.unwrap().ready);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stale.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(matches!(Client::new(&path).status().await, Err(Error::NoHub { .. })));
    let socket = Socket::bind(&path).await.unwrap();
    assert_eq!(mode(&path), 0o600);
    drop(socket);
    assert!(!path.exists());
}

/// A script that a killed hub was just starting has the hub's descriptors until it begins.
#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_a_killed_hub_still_holds_for_a_moment_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("held.sock");
    let held = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let mut holder =
        Command::new("sleep").arg("0.2").stdin(std::os::fd::OwnedFd::from(held)).spawn().unwrap();
    let socket = Socket::bind(&path).await.unwrap();
    holder.wait().unwrap();
    drop(socket);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("precious.txt");
    fs::write(&path, "precious").unwrap();
    let error = Socket::bind(&path).await.unwrap_err();
    assert!(error.to_string().contains("exists and is no socket"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    let long = folder.path().join("x".repeat(200));
    let error = Socket::bind(&long).await.unwrap_err();
    assert!(error.to_string().contains("making the socket"), "{error}");
}

/// Runs as another user what speaks to the socket. Only root can become somebody else, and sudo root.
fn as_stranger(socket: &std::path::Path, request: &str) -> std::process::Output {
    const SPEAK: &str =
        "my $s = IO::Socket::UNIX->new($ARGV[0]) or die $!; syswrite $s, $ARGV[1]; print <$s>";
    let root = rustix::process::geteuid().is_root();
    let mut command = Command::new(if root { "setpriv" } else { "sudo" });
    if !root {
        command.args(["-n", "setpriv"]);
    }
    command.args([
        "--reuid",
        "65534",
        "--regid",
        "65534",
        "--clear-groups",
        "perl",
        "-MIO::Socket::UNIX",
        "-e",
        SPEAK,
    ]);
    command.arg(socket).arg(request).stdin(Stdio::null()).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_root_and_our_own_user_are_answered() {
    let bed = Bed::done().await;
    let mut ways = bed.socket.ancestors().skip(1).take(2);
    let (inner, outer) = (ways.next().unwrap(), ways.next().unwrap());
    // With the mode it has, a stranger does not even get in.
    let shut = as_stranger(&bed.socket, "");
    assert!(String::from_utf8_lossy(&shut.stderr).contains("Permission denied"), "{shut:?}");
    // And where somebody opened it by mistake, nothing is told.
    for (path, mode) in [(outer, 0o755), (inner, 0o755), (&*bed.socket, 0o666)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    for path in ["/api/v1/jobs", "/healthz", "/nowhere"] {
        let request = head("GET", path, &[]);
        let socket = bed.socket.clone();
        let answer = tokio::task::spawn_blocking(move || as_stranger(&socket, &request)).await.unwrap();
        let (status, problem) = parse_problem(std::str::from_utf8(&answer.stdout).unwrap());
        assert_eq!((status, problem.code.as_str()), (403, "forbidden"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_heads_are_cut_off_and_hold_nobody() {
    let connections = ConnectionLimits { connections: 4, head: SHORT, ..ConnectionLimits::default() };
    let bed = Bed::new(Plan { connections, ..Plan::new(vec![]) }).await;
    let mut slow = Vec::new();
    for request in
        ["", "GET /api", "GET /healthz HTTP/1.1\r\nHost: hub\r\nX-Slow: ", "GET /healthz HTTP/1.1\r\n"]
    {
        let mut stream = UnixStream::connect(&bed.socket).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    // Every place is taken; the next caller is answered when they are thrown out.
    assert!(in_time(bed.client.ready()).await.unwrap().ready);
    for mut stream in slow {
        let answer = hear(&mut stream).await;
        assert!(!answer.contains("200 OK"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_are_closed() {
    let connections = ConnectionLimits { head: SHORT, ..ConnectionLimits::default() };
    let bed = Bed::new(Plan { connections, ..Plan::new(vec![]) }).await;
    let mut stream = UnixStream::connect(&bed.socket).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: hub\r\n\r\n").await.unwrap();
    assert!(hear(&mut stream).await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_bodies_are_given_up() {
    let bodies = BodyLimits { idle: SHORT, ..BodyLimits::default() };
    let bed = Bed::new(Plan { bodies, ..Plan::new(vec![]) }).await;
    for path in ["/api/v1/jobs", "/api/v1/jobs/01938f00-0000-7000-8000-000000000000/retry"] {
        let head = head("POST", path, &["Content-Type: application/json", "Content-Length: 1000"]);
        let mut stream = UnixStream::connect(&bed.socket).await.unwrap();
        stream.write_all(format!("{head}{{\"action").as_bytes()).await.unwrap();
        let (status, problem) = parse_problem(&hear(&mut stream).await);
        assert_eq!((status, problem.code.as_str()), (408, "timeout"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_announces_too_much_is_refused_unread() {
    let bed = Bed::done().await;
    let headers = ["Content-Type: application/json", "Content-Length: 100000000"];
    let mut stream = UnixStream::connect(&bed.socket).await.unwrap();
    // Not one byte of the body is sent.
    stream.write_all(head("POST", "/api/v1/jobs", &headers).as_bytes()).await.unwrap();
    let (status, problem) = parse_problem(&hear(&mut stream).await);
    assert_eq!((status, problem.code.as_str()), (413, "too_large"));

    // The client sends it all, and still hears the answer.
    let huge = vec![b'x'; 100_000_000];
    let refused = support::problem(in_time(bed.client.submit(huge, &Submission::default())).await);
    assert_eq!((refused.status, refused.record), (413, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_first_whether_to_send_is_told() {
    let bed = Bed::done().await;
    let headers = ["Content-Type: application/json", "Content-Length: 100000000", "Expect: 100-continue"];
    let mut stream = UnixStream::connect(&bed.socket).await.unwrap();
    stream.write_all(head("POST", "/api/v1/jobs", &headers).as_bytes()).await.unwrap();
    assert_eq!(parse_problem(&hear(&mut stream).await).0, 413);

    let headers = ["Content-Type: application/json", "Content-Length: 15", "Expect: 100-continue"];
    let mut stream = UnixStream::connect(&bed.socket).await.unwrap();
    stream.write_all(head("POST", "/api/v1/jobs", &headers).as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    in_time(stream.read_exact(&mut go_on)).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(br#"{"action":"DO"}"#).await.unwrap();
    assert!(hear(&mut stream).await.starts_with("HTTP/1.1 201 Created"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_body_is_refused_at_the_limit() {
    let bodies = BodyLimits { document: 100_000, ..BodyLimits::default() };
    let bed = Bed::new(Plan { bodies, ..Plan::new(vec![]) }).await;
    let mut stream = UnixStream::connect(&bed.socket).await.unwrap();
    let headers = ["Content-Type: application/json", "Transfer-Encoding: chunked"];
    stream.write_all(head("POST", "/api/v1/jobs", &headers).as_bytes()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let sender = tokio::spawn(async move {
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
        let mut sent = 0_u64;
        while write.write_all(chunk.as_bytes()).await.is_ok() {
            sent += 0x1000;
        }
        sent
    });
    let mut answer = Vec::new();
    let _ = in_time(read.read_to_end(&mut answer)).await;
    assert_eq!(parse_problem(std::str::from_utf8(&answer).unwrap()).0, 413);
    // The sender was let go on for a while, so that it could hear the answer, and not for ever.
    let sent = in_time(sender).await.unwrap();
    assert!(sent < 1 << 30, "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_line_of_a_batch_takes_no_memory() {
    let bodies = BodyLimits { document: 10_000, ..BodyLimits::default() };
    let bed = Bed::new(Plan { bodies, ..Plan::new(vec![entry("00done", support::done())]) }).await;
    let piece = axum::body::Bytes::from(vec![b'x'; 100_000]);
    let good = axum::body::Bytes::from(format!("\n{}\n", document("a")));
    let pieces = futures_util::stream::iter(std::iter::repeat_n(piece, 500).chain([good]).map(Ok));
    let answers: Vec<_> = in_time(bed.client.batch(pieces, None).await.unwrap().collect()).await;
    assert_eq!(answers.len(), 2, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_beyond_the_memory_for_them_are_put_off() {
    let bodies = BodyLimits { document: 50_000, memory: 0, ..BodyLimits::default() };
    let gate = Arc::new(Semaphore::new(0));
    let bed = Bed::new(Plan { bodies, ..Plan::new(vec![entry("00gate", Fake::gated(&gate))]) }).await;
    let large = format!("{{\"action\":\"DO\",\"payload\":{{\"a\":\"{}\"}}}}", "x".repeat(40_000));
    let submit = || async { bed.client.submit(large.clone(), &Submission::default()).await };
    let half_sent = Mutex::new(Vec::new());
    let one_more = async || {
        let mut stream = UnixStream::connect(&bed.socket).await.unwrap();
        let head = head("POST", "/api/v1/jobs", &["Content-Type: application/json", "Content-Length: 50000"]);
        stream.write_all(format!("{head}{}", " ".repeat(49_000)).as_bytes()).await.ok();
        half_sent.lock().unwrap().push(stream);
    };
    // There is memory for one of the largest, with what it may become. Of these, the last ones find none, and give back
    // what they had of it: how many of them is a matter of chance.
    for _ in 0..360 {
        one_more().await;
    }
    let until_refused = async {
        loop {
            match submit().await {
                Ok(_) => one_more().await,
                refused => break problem(refused),
            }
        }
    };
    let refused = in_time(until_refused).await;
    assert_eq!((refused.status, refused.code.as_str(), refused.retry_after), (503, "busy", Some(1)));
    // It is given back.
    half_sent.lock().unwrap().clear();
    let accepted = async {
        while submit().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    in_time(accepted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_routes_methods_and_types_are_problems() {
    let bed = Bed::done().await;
    let (status, problem) = parse_problem(&raw(&bed.socket, head("GET", "/nowhere", &[])).await);
    assert_eq!((status, problem.code.as_str()), (404, "no_route"));

    let answer = raw(&bed.socket, head("DELETE", "/api/v1/jobs", &[])).await;
    assert!(answer.to_lowercase().contains("\r\nallow: get,head,post\r\n"), "{answer}");
    assert_eq!(parse_problem(&answer).0, 405);

    let headers = ["Content-Type: text/plain", "Content-Length: 2"];
    let (status, problem) =
        parse_problem(&raw(&bed.socket, head("POST", "/api/v1/jobs", &headers) + "{}").await);
    assert_eq!((status, problem.code.as_str()), (415, "unsupported_media_type"));
    let (status, _) =
        parse_problem(&raw(&bed.socket, head("POST", "/api/v1/jobs", &["Content-Length: 2"]) + "{}").await);
    assert_eq!(status, 415);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_http_is_dropped() {
    let bed = Bed::done().await;
    for rude in [
        "\x16\x03\x01\x02\x00\x01\x00\x01",
        "hello\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ] {
        let answer = raw(&bed.socket, rude).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    assert!(bed.client.ready().await.unwrap().ready);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_panics_costs_its_own_request_only() {
    async fn boom() {
        panic!("C4n4ry in a panic");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("boom.sock");
    let routes = frame(Router::new().route("/boom", get(boom)).route("/fine", get(|| async { "fine" })));
    let socket = Socket::bind(&path).await.unwrap();
    tokio::spawn(async move {
        socket
            .serve(routes, ConnectionLimits::default(), &Clock::system(), Box::pin(std::future::pending()))
            .await;
    });
    let (status, problem) = parse_problem(&raw(&path, head("GET", "/boom", &[])).await);
    assert_eq!((status, problem.code.as_str()), (500, "bug"));
    assert!(!problem.detail.contains("C4n4ry"));
    assert!(raw(&path, head("GET", "/fine", &[])).await.ends_with("fine"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_waits_and_streams_at_once() {
    let gate = Arc::new(Semaphore::new(0));
    let mut bed = Bed::with(vec![entry("00gate", Fake::gated(&gate))]).await;
    let job = bed.job(&document("a")).await;
    let mut events = Box::pin(
        bed.client.events(&EventQuery { after: Some(EventsCursor::default()), job: None }).await.unwrap(),
    );
    in_time(events.next()).await.unwrap().unwrap();
    let (client, waiting) = (bed.client.clone(), bed.client.clone());
    let wait = tokio::spawn(async move { client.wait(job, 3600).await });
    let submission = Submission { wait: Some(3600), ..Submission::default() };
    let submit = tokio::spawn(async move { waiting.submit(document("b").to_string(), &submission).await });
    // Both have been heard when the second job is there.
    while in_time(events.next()).await.unwrap().unwrap().job == Some(job) {}
    bed.stop_serving().await;
    assert_eq!(in_time(submit).await.unwrap().unwrap().result, None);
    // The wait may have come too late to be heard at all; if it was heard, it was answered.
    match in_time(wait).await.unwrap() {
        Ok(waited) => assert_eq!(waited.result, None),
        Err(Error::NoHub { .. } | Error::Lost(_)) => {}
        Err(other) => panic!("{other}"),
    }
    in_time(async { while events.next().await.is_some_and(|event| event.is_ok()) {} }).await;
}
