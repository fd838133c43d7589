//! The live stream of the pages: not what happened, only that something did, at most about once a second.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use engine::{Clock, Report};
use futures_util::{Stream, StreamExt as _, stream};
use http::page::Form;
use http::{Closing, May, Read};
use model::{EventKind, JobId};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::Console;

/// What a page is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct About {
    /// Words of [`topic`]; `all` is every topic.
    topics: Vec<String>,
    /// The job that the page is about.
    job: Option<String>,
    /// So often it is read again when nothing was told; `None` = [`TICK`].
    tick: Option<Duration>,
}

/// Between two words of a stream.
const PAUSE: Duration = Duration::from_secs(1);
/// Some things change without an event: a connection is lost, a delivery arrives, time passes.
const TICK: Duration = Duration::from_secs(10);
/// A comment is sent after so long a silence.
const ALIVE: Duration = Duration::from_secs(15);

/// `GET /live?on=jobs&on=backends`, or `?job=ID`: says `changed` when a page about that is to be read again. `every=2`: of
/// what changes without an event the page is up to date within so many seconds.
pub(crate) async fn stream(
    State(console): State<Console>,
    _: May<Read>,
    mut closing: Closing,
    query: axum::extract::RawQuery,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let query = Form::of_query(query.0.as_deref().unwrap_or_default());
    let topics = query.all("on").map(str::to_owned).collect();
    let tick = query.get("every").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
    let tick = tick.filter(|tick| (PAUSE..TICK).contains(tick));
    let about = About { topics, job: query.get("job").map(str::to_owned), tick };
    let (events, reports) = (console.hub.events(), console.hub.reports());
    let follow = Follow { events, reports, clock: console.clock, about, spoken: false };
    let words = stream::unfold(follow, |mut follow| async {
        follow.next().await?;
        Some((Ok(Event::default().data("changed")), follow))
    });
    Sse::new(words.take_until(async move { closing.begun().await }))
        .keep_alive(KeepAlive::new().interval(ALIVE))
}

struct Follow {
    events: Receiver<model::Event>,
    /// How far jobs say that they have come.
    reports: Receiver<Arc<Report>>,
    clock: Clock,
    about: About,
    spoken: bool,
}

impl Follow {
    /// Resolves when the page is to be read again; `None` = the hub has stopped.
    async fn next(&mut self) -> Option<()> {
        if self.spoken {
            // What happens meanwhile is one word afterwards.
            self.clock.sleep(PAUSE).await;
        }
        self.spoken = true;
        tokio::select! {
            heard = heard(&mut self.events, |event| self.about.includes(event)) => heard,
            heard = heard(&mut self.reports, |report| self.about.shows(report.mark.job)) => heard,
            () = self.clock.sleep(self.about.tick.unwrap_or(TICK)) => Some(()),
        }?;
        self.drain();
        Some(())
    }

    /// What came at the same moment is in the same word.
    fn drain(&mut self) {
        while matches!(self.events.try_recv(), Ok(_) | Err(TryRecvError::Lagged(_))) {}
        while matches!(self.reports.try_recv(), Ok(_) | Err(TryRecvError::Lagged(_))) {}
    }
}

/// Waits for something that the page is about.
async fn heard<T: Clone>(told: &mut Receiver<T>, about: impl Fn(&T) -> bool) -> Option<()> {
    loop {
        match told.recv().await {
            Ok(told) if about(&told) => return Some(()),
            Ok(_) => {}
            // Too much happened to look at each: something of it will have been ours.
            Err(RecvError::Lagged(_)) => return Some(()),
            Err(RecvError::Closed) => return None,
        }
    }
}

impl About {
    fn includes(&self, event: &model::Event) -> bool {
        let wanted = |topic: &str| self.topics.iter().any(|on| on == topic || on == "all");
        wanted(topic(event)) || event.job.is_some_and(|job| self.is_own(job))
    }

    /// Whether the page shows how far a job has come: a list of jobs, or its own page.
    fn shows(&self, job: JobId) -> bool {
        self.topics.iter().any(|on| on == "jobs" || on == "all") || self.is_own(job)
    }

    fn is_own(&self, job: JobId) -> bool {
        self.job.as_deref() == Some(&*job.to_string())
    }
}

/// What an event is about.
fn topic(event: &model::Event) -> &'static str {
    match event.kind {
        EventKind::Paused | EventKind::Resumed | EventKind::Tripped | EventKind::Recovered => "backends",
        EventKind::Waiting if event.job.is_none() => "backends",
        EventKind::Refused => "refusals",
        EventKind::Undeliverable => "deliveries",
        _ => "jobs",
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn event(kind: EventKind, job: Option<JobId>) -> model::Event {
        model::Event {
            seq: model::EventSeq::new(1),
            at: Timestamp::UNIX_EPOCH,
            kind,
            job,
            step: None,
            attempt: None,
            code: None,
        }
    }

    #[test]
    fn a_page_hears_of_what_it_is_about() {
        let jobs = About { topics: vec!["jobs".to_owned()], ..About::default() };
        assert!(jobs.includes(&event(EventKind::Failed, None)));
        assert!(!jobs.includes(&event(EventKind::Paused, None)));
        let all = About { topics: vec!["all".to_owned()], ..About::default() };
        assert!(all.includes(&event(EventKind::Paused, None)));
    }

    #[test]
    fn a_job_s_page_hears_of_its_own_job_and_lists_of_how_far_any_has_come() {
        let id = JobId::from_parts(Timestamp::UNIX_EPOCH, [1; 10]);
        let other = JobId::from_parts(Timestamp::UNIX_EPOCH, [2; 10]);
        let about = About { job: Some(id.to_string()), ..About::default() };
        assert!(about.includes(&event(EventKind::StepStarted, Some(id))));
        assert!(!about.includes(&event(EventKind::StepStarted, Some(other))));
        assert!(about.shows(id) && !about.shows(other));
        let list = About { topics: vec!["jobs".to_owned()], ..About::default() };
        let backends = About { topics: vec!["backends".to_owned()], ..About::default() };
        assert!(list.shows(id) && !backends.shows(id));
    }
}
