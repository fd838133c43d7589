//! Hosts that mean no good, or do no better.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use engine::{AuditEntry, Clock};
use futures_util::stream;
use intendant_hosting::tracker::{Followed, Tracker};
use intendant_hosting::{Hidden, Rne};
use model::Effects;

use super::support::{Bed, NEIGHBOUR, SCHOOL};
use super::watch::{ALWAYS, CLIENT_KEY, Far, contact, mails, rne, tracker};

const SCHOOL_KEY: &str = "school-key-1";

/// A host that answers everything so.
async fn host<A, R>(answer: A) -> Far
where
    A: Fn() -> R + Clone + Send + Sync + 'static,
    R: IntoResponse + Send + 'static,
{
    Far::serve(
        Router::new().fallback(any(move || {
            let answer = answer();
            async move { answer }
        })),
        0,
    )
    .await
}

/// Schools that are followed there, as if they had been for long.
async fn follow(bed: &Bed, numbers: &[&str], host: &str) {
    let school = |number: &&str| {
        let mut school = Followed::new(rne(number), host, bed.clock.now());
        school.kept.contact = Some(contact("fr"));
        school.kept.key = Some(Hidden::new(SCHOOL_KEY));
        school.kept.greet = true;
        school.write()
    };
    let effects = Effects { entities: numbers.iter().map(school).collect(), ..Effects::default() };
    bed.hub.write(effects, None::<AuditEntry>).await.unwrap();
}

async fn trouble(tracker: &Tracker, rne: &Rne) -> String {
    let school = tracker.get(rne).await.unwrap().kept.trouble.map(|trouble| trouble.message);
    let host = tracker.hosts().await.unwrap().pop().unwrap().answering.trouble.map(|trouble| trouble.message);
    school.or(host).unwrap_or_default()
}

type Answer = fn() -> Response;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_answer_is_named_and_nothing_is_believed_or_mailed() {
    let bed = Bed::new().await;
    let endless = || {
        let piece = Ok::<_, Infallible>(Bytes::from(vec![b' '; 64 << 10]));
        Body::from_stream(stream::repeat(piece)).into_response()
    };
    let deep = || (StatusCode::OK, format!("{}{}", "[".repeat(50_000), "]".repeat(50_000))).into_response();
    let html = || (StatusCode::OK, "<html>Welcome</html>").into_response();
    let nothing = || (StatusCode::OK, r#"{"rne": "0750655E"}"#).into_response();
    let echo =
        || (StatusCode::CONFLICT, format!(r#"{{"detail": "{SCHOOL_KEY}, {CLIENT_KEY}"}}"#)).into_response();
    let gone = || StatusCode::NOT_FOUND.into_response();
    let answers: [(Answer, &str); 6] = [
        (endless, "longer than"),
        (deep, "not understood"),
        (html, "not understood"),
        (nothing, "does not say where"),
        (echo, "••••••"),
        (gone, "knows no such school"),
    ];
    let school = rne(SCHOOL);
    for (answer, words) in answers {
        let far = host(answer).await;
        follow(&bed, &[SCHOOL], "bcdi").await;
        let tracker = tracker(&bed, &[("bcdi", &far.url)], ALWAYS);
        tracker.round().await.unwrap();
        let why = trouble(&tracker, &school).await;
        assert!(
            why.contains(words) && !why.contains(SCHOOL_KEY) && !why.contains(CLIENT_KEY),
            "{words}: {why}"
        );
        assert_eq!(tracker.get(&school).await.unwrap().state, "UNSEEN");
        tracker.unfollow(&school, &super::support::actor()).await.unwrap();
    }
    assert!(mails(&bed).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_follows_a_redirection_with_a_key() {
    let bed = Bed::new().await;
    let thief = host(|| StatusCode::OK).await;
    let place = thief.url.clone();
    let far = host(move || (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, place.clone())])).await;
    follow(&bed, &[SCHOOL], "bcdi").await;
    let tracker = tracker(&bed, &[("bcdi", &far.url)], ALWAYS);
    tracker.round().await.unwrap();
    let why = trouble(&tracker, &rne(SCHOOL)).await;
    assert!(why.contains("elsewhere"), "{why}");
    assert_eq!((thief.requests(), far.requests()), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_asks_for_a_pause_gets_it_and_its_schools_are_due_afterwards() {
    let bed = Bed::new().await;
    let far = host(|| (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "600")])).await;
    follow(&bed, &[SCHOOL, NEIGHBOUR], "bcdi").await;
    let tracker = tracker(&bed, &[("bcdi", &far.url)], ALWAYS);
    tracker.round().await.unwrap();
    let asked = far.requests();
    assert!((1..=2).contains(&asked), "{asked}");
    tracker.round().await.unwrap();
    bed.clock.run_ahead(jiff::SignedDuration::from_mins(9));
    tracker.round().await.unwrap();
    assert_eq!(far.requests(), asked, "not within ten minutes");
    bed.clock.run_ahead(jiff::SignedDuration::from_mins(16));
    tracker.round().await.unwrap();
    assert!(far.requests() > asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_key_that_is_refused_is_tried_once_for_all_schools() {
    let bed = Bed::new().await;
    let far = host(|| StatusCode::UNAUTHORIZED).await;
    let numbers: Vec<String> = (0..50_u32).map(number).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    follow(&bed, &numbers, "bcdi").await;
    let tracker = tracker(&bed, &[("bcdi", &far.url)], ALWAYS);
    let round = tracker.round().await.unwrap();
    assert!(far.requests() <= 2 * 8, "{} requests", far.requests());
    assert_eq!(round.failed + round.left, 50);
    let host = tracker.hosts().await.unwrap().pop().unwrap();
    assert!(host.answering.trouble.unwrap().message.contains("client key is refused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_trickles_is_given_up_in_time_and_those_beside_it_are_seen() {
    let bed = Bed::new().await;
    let trickle = || {
        let piece = stream::unfold((), |()| async {
            Clock::system().sleep(Duration::from_millis(200)).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b" ")), ()))
        });
        Body::from_stream(piece).into_response()
    };
    let far = host(trickle).await;
    let good = host(|| r#"{"state": "START"}"#).await;
    follow(&bed, &[SCHOOL], "slow").await;
    follow(&bed, &[NEIGHBOUR], "good").await;
    let tracker = tracker(&bed, &[("good", &good.url), ("slow", &far.url)], ALWAYS);
    tracker.round().await.unwrap();
    assert_eq!(tracker.get(&rne(NEIGHBOUR)).await.unwrap().state, "START");
    assert!(trouble(&tracker, &rne(SCHOOL)).await.contains("no answer in time"));
}

/// The number of a school that fits its letter.
pub fn number(n: u32) -> String {
    let letter = char::from(b"ABCDEFGHJKLMNPRSTUVWXYZ"[n as usize % 23]);
    format!("{n:07}{letter}")
}
