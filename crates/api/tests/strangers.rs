//! What somebody without any right can do to the hub: nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::net::SocketAddr;

use access::Origin;
use axum::Router;
use http::{Caller, ConnectionLimits, Scope};
use intendant_api::dto::{RecordQuery, RefusalQuery};
use support::{Bed, Plan, ask, in_time, open, parse_problem, raw, rest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// What every answer says to browsers.
const HEADERS: [&str; 6] = [
    "content-security-policy: ",
    "x-content-type-options: nosniff",
    "referrer-policy: same-origin",
    "cache-control: ",
    "cross-origin-opener-policy: same-origin",
    "cross-origin-resource-policy: same-origin",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_what_browsers_heed() {
    let bed = Bed::done().await;
    let site = bed.serve(Router::new(), ConnectionLimits::default()).await;
    let form = "Content-Type: application/x-www-form-urlencoded";
    let long = "x".repeat(20_000);
    let asked = [
        ("GET", "/look", "", "", 405),
        ("GET", "/nowhere", "", "", 404),
        ("GET", "/assets/nothing.css", "", "", 404),
        ("POST", "/look", "X: y", "lang=fr", 415),
        ("POST", "/look", form, "lang=fr", 303),
        ("POST", "/look", form, long.as_str(), 413),
        ("POST", "/look", "Sec-Fetch-Site: cross-site", "lang=fr", 403),
        ("POST", "/look", "Content-Encoding: gzip", "lang=fr", 415),
        ("GET", "/", "Authorization: Bearer itd_nobody_knows", "", 401),
        ("GET", "/api/v1/jobs", "Authorization: Basic YTpi", "", 401),
    ];
    for (method, path, headers, body, status) in asked {
        for kind in ["Accept: */*", "Accept: text/html"] {
            let headers = format!("{kind}\r\n{headers}").trim_end().to_owned();
            let answer = ask(&site, method, path, &headers, body).await;
            // Who is not known is sent to sign in, where a person asks.
            let wanted = if status == 401 && kind.contains("html") && !path.starts_with("/api") {
                303
            } else {
                status
            };
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {wanted} ")),
                "{method} {path} {headers}: {answer}"
            );
            said(&answer);
        }
    }
    let allow = ask(&site, "GET", "/look", "Accept: text/html", "").await;
    assert!(allow.to_lowercase().contains("\r\nallow: post"), "{allow}");
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_none_are_answered_like_all_others() {
    let bed = Bed::done().await;
    let host = bed.url.strip_prefix("http://").unwrap();
    let many = "X-Many: y\r\n".repeat(200);
    let wrong = [
        ("rubbish\r\n\r\n".to_owned(), 400),
        ("GET /healthz HTTP/9.9\r\n\r\n".to_owned(), 400),
        (format!("GET /healthz HTTP/1.1\r\nHost: h\r\n{many}\r\n"), 431),
    ];
    for (head, status) in wrong {
        // As the first request of a connection, and as its second.
        for before in ["", "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"] {
            let mut stream = TcpStream::connect(host).await.unwrap();
            if !before.is_empty() {
                stream.write_all(before.as_bytes()).await.unwrap();
                support::until(&mut stream, "\"ok\"}").await;
            }
            let _ = stream.write_all(head.as_bytes()).await;
            let answer = rest(stream).await;
            assert!(answer.contains("bad_head"), "{before:?}, then {:?}: {answer}", &head[..20]);
            let (found, problem) = parse_problem(&answer);
            assert_eq!((found, problem.code.as_str()), (status, "bad_head"), "{answer}");
            said(&answer);
        }
    }
}

fn said(answer: &str) {
    let head = answer.split("\r\n\r\n").next().unwrap().to_lowercase();
    for header in HEADERS {
        assert_eq!(head.matches(&format!("\r\n{header}")).count(), 1, "{header}: {head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_of_one_address_are_bounded_and_hold_nobody_else() {
    let connections = ConnectionLimits { of_one: 16, ..ConnectionLimits::default() };
    let bed = Bed::new(Plan { connections, ..Plan::new(vec![]) }).await;
    let host: SocketAddr = bed.url.strip_prefix("http://").unwrap().parse().unwrap();
    let mut half = Vec::new();
    for _ in 0..4 {
        let mut stream = TcpStream::connect(host).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nX-Slow: ").await.unwrap();
        half.push(stream);
    }
    let mut fifth = TcpStream::connect(host).await.unwrap();
    let _ = fifth.write_all(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(!rest(fifth).await.contains("200 OK"), "it is closed");

    // Somebody else is answered, and so is whoever asks over the socket.
    let other = TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = other.connect(host).await.unwrap();
    other.write_all(b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(rest(other).await.starts_with("HTTP/1.1 200"));
    assert!(in_time(bed.client.ready()).await.unwrap().ready);
    // And the address itself, as soon as it lets go.
    drop(half);
    in_time(async { while try_health(&bed.url).await.is_none() {} }).await;
}

async fn try_health(url: &str) -> Option<()> {
    let mut stream = TcpStream::connect(url.strip_prefix("http://")?).await.ok()?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    answer.starts_with("HTTP/1.1 200").then_some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_proved_who_he_is_has_more_places() {
    let connections = ConnectionLimits { of_one: 16, ..ConnectionLimits::default() };
    let bed = Bed::new(Plan { connections, ..Plan::new(vec![]) }).await;
    let new = intendant_api::dto::NewToken {
        name: "t".to_owned(),
        scopes: vec![Scope::READ.to_string()],
        expires_at: None,
    };
    let token = bed.access.make_token(new, &Caller::of_socket(0)).await.unwrap().secret;
    let mut streams = Vec::new();
    for _ in 0..10 {
        let headers = format!("Authorization: Bearer {token}");
        let mut stream = open(&bed.url, "GET", "/api/v1/events", &headers, "").await;
        support::until(&mut stream, "event-stream").await;
        streams.push(stream);
    }
    assert!(try_health(&bed.url).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_megabytes_are_refused_at_once() {
    let bed = Bed::done().await;
    let here = Origin::at("127.0.0.1".parse().unwrap(), false);
    for n in 0..100 {
        let name = format!("{n}{}", "x".repeat(4 << 20));
        let problem = bed.access.sign_in(&name, "a password", &here).await.unwrap_err();
        assert!([401, 429].contains(&problem.status), "{problem:?}");
    }
    let elsewhere = Origin::at("192.0.2.1".parse().unwrap(), false);
    assert_eq!(bed.access.sign_in("nobody", "a password", &elsewhere).await.unwrap_err().status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_bodies_are_refused_at_every_door_and_not_kept() {
    let bed = Bed::done().await;
    let packed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00";
    let ways = [("/api/v1/jobs", "application/json"), ("/api/v1/jobs/batch", "application/x-ndjson")];
    for (path, kind) in ways {
        for coding in ["gzip", "GZIP", "br", "identity, gzip"] {
            let (kind, length) =
                (format!("Content-Type: {kind}"), format!("Content-Length: {}", packed.len()));
            let headers = [kind.as_str(), length.as_str(), &format!("Content-Encoding: {coding}")];
            let request = [support::head("POST", path, &headers).into_bytes(), packed.to_vec()].concat();
            let (status, problem) = parse_problem(&raw(&bed.socket, request).await);
            assert_eq!((status, problem.code.as_str()), (415, "content_encoding"));
            assert!(problem.detail.contains(coding), "{problem:?}");
        }
    }
    let plain = "Content-Type: application/json\r\nContent-Encoding: identity";
    let answer = ask(&bed.url, "POST", "/api/v1/jobs", plain, "{}").await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let kept = bed.client.refusals(&RefusalQuery::default(), &RecordQuery::default()).await.unwrap();
    assert!(kept.records.is_empty(), "{kept:?}");
}
