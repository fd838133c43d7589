//! What keeps work from its backends for a time: their own word, a rate, windows; and requests for later.

use std::sync::Arc;
use std::time::Duration;

use engine::port::{Backend, BackendEntry, Bounds, BoxFuture, Call, Control, Mapping};
use engine::{Accepted, Hub};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::{
    Effects, JobId, JobState, OnError, Outcome, Rate, Request, Until, Wait, WaitFor, WaitingOn, Windows,
};
use serde_json::json;

use crate::until;

/// Does what it is asked, except in the attic.
struct Maid;

impl Backend for Maid {
    fn run(&self, call: Call, _: Control) -> BoxFuture<'_, Outcome> {
        let outcome = if call.subject.is_some_and(|subject| subject.as_str() == "room:attic") {
            let wait = Wait { until: Until::After(Duration::from_hours(1)), scope: WaitFor::Job };
            Outcome::wait(wait, "somebody sleeps there")
        } else {
            Outcome::done()
        };
        Box::pin(std::future::ready(outcome))
    }
}

/// Backends for one action each.
pub(crate) fn backends() -> Vec<BackendEntry> {
    let mapping = Mapping { on_error: OnError::Stop, retry: None, limit: None };
    let entry = |name: &str, action: &str, bounds| BackendEntry {
        bounds,
        ..BackendEntry::new(name, Arc::new(Maid), [(action.to_owned(), mapping)])
    };
    let hour = (Timestamp::now().to_zoned(TimeZone::UTC).hour() + 12) % 24;
    let windows = Windows::parse(&[format!("* {hour} * * *")], TimeZone::UTC).unwrap();
    vec![
        entry("maid", "ROOM_CLEAN", Bounds::default()),
        entry("plumber", "ROOM_MEND", Bounds { rate: Rate::parse("1/h", None), ..Bounds::default() }),
        entry("guard", "ROOM_GUARD", Bounds { windows: Some(Arc::new(windows)), ..Bounds::default() }),
    ]
}

/// Each wait is told with its kind, and holds no slot.
pub(crate) async fn are_told(hub: &Hub) {
    let waits = async |id, kind: fn(&WaitingOn) -> bool| {
        until("the wait", async || kind(&hub.story(id).await.unwrap().waiting_on)).await;
    };
    let attic = accept(hub, "ROOM_CLEAN", "attic", None).await;
    waits(attic, |on| matches!(on, WaitingOn::Wait { message, .. } if message.contains("sleeps"))).await;
    let cellar = accept(hub, "ROOM_CLEAN", "cellar", None).await;
    until("the end", async || hub.job(cellar).await.unwrap().state == JobState::Succeeded).await;

    accept(hub, "ROOM_MEND", "attic-2", None).await;
    let second = accept(hub, "ROOM_MEND", "cellar-2", None).await;
    waits(second, |on| matches!(on, WaitingOn::Rate { backend, .. } if backend == "plumber")).await;

    let guarded = accept(hub, "ROOM_GUARD", "hall", None).await;
    waits(guarded, |on| matches!(on, WaitingOn::Window { backend, until: Some(_) } if backend == "guard"))
        .await;

    let later = hub.now() + Duration::from_hours(1);
    let tomorrow = accept(hub, "ROOM_CLEAN", "kitchen", Some(later)).await;
    waits(tomorrow, |on| matches!(on, WaitingOn::NotBefore { .. })).await;

    until("rest", async || hub.running() == 0).await;
    let held: Vec<_> = hub.backends().into_iter().filter(|backend| backend.running > 0).collect();
    assert_eq!(held, [], "what waits holds no slot");
}

async fn accept(hub: &Hub, action: &str, room: &str, not_before: Option<Timestamp>) -> JobId {
    let subject = model::Subject::new("room", room);
    let request = Request { subject, not_before, ..Request::new("agency", action, json!({ "payload": {} })) };
    match hub.accept(request, Effects::default()).await.unwrap() {
        Accepted::New(id) => id,
        other => panic!("not a new job: {other:?}"),
    }
}
