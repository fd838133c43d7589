//! Posting, and what to make of the answer.

use std::time::Duration;

use engine::Clock;
use engine::port::Delivered;
use jiff::{SignedDuration, Timestamp};
use model::Delivery;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, StatusCode, redirect};

use crate::hook::Hook;

/// How long the other side may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Pauses between tries, in seconds: more than three days in all. After the last one it is given up, and listed with
/// the dead letters.
const PAUSES: [i64; 12] = [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 86_400];
/// No pause is longer, also when the other side asks for one.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_hours(24);
/// What waits for longer than all pauses take is given up with the one that was tried.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_hours(4 * 24);
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

pub(crate) struct Post {
    client: Client,
    clock: Clock,
}

impl Post {
    pub(crate) fn new(clock: Clock) -> Result<Self, reqwest::Error> {
        // Whoever came first has installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(PATIENCE)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("intendant/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Post { client, clock })
    }

    /// Posts a delivery. The same one has the same id each time.
    pub(crate) async fn send(&self, hook: &Hook, delivery: &Delivery) -> Delivered {
        let now = self.clock.now();
        let (id, timestamp) = (delivery.id.0.to_string(), now.as_second());
        let body = delivery.body.to_string();
        let signature = hook.key.sign(&id, timestamp, body.as_bytes());
        let request = self
            .client
            .post(&hook.url)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(body);
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Delivered::Done,
            Ok(answer) => refused(answer.status(), answer.headers(), delivery.attempts, now),
            // Without the URL: it may hold a secret of the other side.
            Err(error) => again(delivery.attempts, now, None, cause(&error.without_url())),
        }
    }
}

fn refused(status: StatusCode, headers: &HeaderMap, tries: u32, now: Timestamp) -> Delivered {
    if status == StatusCode::GONE {
        return Delivered::Never("the other side does not want it any more (410 Gone)".to_owned());
    }
    let asked = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let pause = asked.map(|seconds: u32| SignedDuration::from_secs(seconds.into()).min(LONGEST));
    again(tries, now, pause, format!("the other side answered {status}"))
}

/// Once more after a pause, unless it was tried often enough.
fn again(tries: u32, now: Timestamp, asked: Option<SignedDuration>, why: String) -> Delivered {
    let pause = usize::try_from(tries).ok().and_then(|tries| PAUSES.get(tries));
    let Some(pause) = pause else {
        return Delivered::Never(format!("{why}; it was tried {} times", tries + 1));
    };
    let pause = SignedDuration::from_secs(*pause).max(asked.unwrap_or_default());
    Delivered::Later(now.checked_add(pause).ok(), why)
}

/// The last cause says what happened; what stands before it says only that something did.
pub(crate) fn cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    format!("it could not be posted: {last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_given_up_after_days_and_not_before() {
        let now = Timestamp::UNIX_EPOCH;
        let at = |tries| match again(tries, now, None, "no".to_owned()) {
            Delivered::Later(at, _) => at,
            _ => None,
        };
        assert_eq!(at(0), now.checked_add(SignedDuration::from_secs(5)).ok());
        assert!((0..12).all(|tries| at(tries).is_some()) && at(12).is_none());
        assert!(PAUSES.iter().sum::<i64>() > 3 * 86_400);
    }

    #[test]
    fn the_other_side_may_ask_for_a_pause_or_for_silence() {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, "100".parse().unwrap())]);
        let now = Timestamp::UNIX_EPOCH;
        let Delivered::Later(Some(at), _) = refused(StatusCode::SERVICE_UNAVAILABLE, &headers, 0, now) else {
            panic!("not later")
        };
        assert_eq!(at.as_second(), 100);
        assert!(matches!(refused(StatusCode::GONE, &headers, 0, now), Delivered::Never(_)));
    }
}
