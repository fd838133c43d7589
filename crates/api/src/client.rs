//! The client of the API, over the hub's Unix socket or over TCP.

mod call;
mod endpoint;
mod stream;

use std::io;
use std::path::PathBuf;

use axum::body::{Body, Bytes};
use axum::http::Method;
use futures_util::Stream;
use futures_util::stream::try_unfold;
use model::JobId;

use crate::dto::{
    Aside, AsideMany, AsideRefusals, Backend, BatchLine, CancelReport, Causes, CheckReport, Decide, Decided,
    DeliveriesSettled, DeliveryPage, DeliveryQuery, DropDeliveries, Event, EventQuery, Exported, Failsafe,
    Filter, HeldJobs, JobPage, JobQuery, LetterCauses, MadeLink, MadeToken, Me, NewLink, NewToken, News,
    Nodes, Pong, Readiness, RecordPage, RecordQuery, RefusalQuery, Refused, ReloadReport, Replay, ReplayMany,
    Replayed, ReplayedMany, Resend, ResubmitMany, ResubmittedMany, Setting, Status, Story, Submitted,
    TokenView, Waited,
};
use crate::error::Error;
use endpoint::Endpoint;
use http::Query;
pub use stream::Listener;

/// What is said beside a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Submission {
    /// The action of a document that does not name one.
    pub action: Option<String>,
    /// The caller's own id of the request: handing it in twice makes one job.
    pub id: Option<String>,
    /// Wait so many seconds (at most 3600) for the result.
    pub wait: Option<u32>,
}

/// Talks to a hub. Each call makes a connection of its own.
#[derive(Clone, Debug)]
pub struct Client {
    endpoint: Endpoint,
}

impl Client {
    /// A client of the hub that listens on a socket of this machine.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Client { endpoint: Endpoint::Socket(socket.into()) }
    }

    /// A client of the hub at a URL, `https://hub.example.org`, for the holder of a token.
    pub fn remote(url: &str, token: &str) -> Result<Self, Error> {
        Ok(Client { endpoint: Endpoint::server(url, token)? })
    }

    // === submitting ===

    /// Hands a document in.
    pub async fn submit(
        &self,
        document: impl Into<Bytes>,
        submission: &Submission,
    ) -> Result<Submitted, Error> {
        let mut query = Query::new("/api/v1/jobs");
        query.add("action", submission.action.as_ref());
        query.add("wait", submission.wait);
        let mut request =
            Client::request(Method::POST, &query.finish()).header("content-type", "application/json");
        if let Some(id) = &submission.id {
            request = request.header("idempotency-key", format!("\"{id}\""));
        }
        self.ask(request, Body::from(document.into())).await
    }

    /// Hands documents in, one on each line, in pieces of any size. The answers come in the order of the lines, while
    /// later lines are still being sent. `action` is that of documents that do not name one.
    pub async fn batch<S>(
        &self,
        lines: S,
        action: Option<&str>,
    ) -> Result<impl Stream<Item = Result<BatchLine, Error>> + use<S>, Error>
    where
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        let mut query = Query::new("/api/v1/jobs/batch");
        query.add("action", action);
        let request =
            Client::request(Method::POST, &query.finish()).header("content-type", "application/x-ndjson");
        let answer = self.send(request, Body::from_stream(lines)).await?;
        Ok(stream::lines(answer, &self.endpoint))
    }

    // === jobs ===

    /// A page of jobs, in the order that is asked for.
    pub async fn jobs(&self, jobs: &JobQuery) -> Result<JobPage, Error> {
        let mut query = Query::new("/api/v1/jobs");
        jobs.write(&mut query);
        self.get(&query.finish()).await
    }

    /// Everything about a job.
    pub async fn job(&self, job: JobId) -> Result<Story, Error> {
        self.get(&format!("/api/v1/jobs/{job}")).await
    }

    /// Waits until the job has ended, at most so many seconds (3600).
    pub async fn wait(&self, job: JobId, seconds: u32) -> Result<Waited, Error> {
        self.get(&format!("/api/v1/jobs/{job}/wait?seconds={seconds}")).await
    }

    /// All jobs that fit, newest first, with their masked documents if wanted.
    pub async fn export(
        &self,
        filter: &Filter,
        documents: bool,
    ) -> Result<impl Stream<Item = Result<Exported, Error>> + use<>, Error> {
        let mut query = Query::new("/api/v1/jobs/export");
        filter.write(&mut query);
        query.add("documents", documents.then_some(true));
        let answer = self.send(Client::request(Method::GET, &query.finish()), Body::empty()).await?;
        Ok(stream::lines(answer, &self.endpoint))
    }

    /// Runs a job again.
    pub async fn retry(&self, job: JobId, replay: &Replay) -> Result<Replayed, Error> {
        self.post_json(&format!("/api/v1/jobs/{job}/retry"), replay).await
    }

    /// Runs many jobs again, in their old order.
    pub async fn retry_many(&self, many: &ReplayMany) -> Result<ReplayedMany, Error> {
        self.post_json("/api/v1/jobs/retry", many).await
    }

    /// Dead letters by what they have in common; those on a backend, or all.
    pub async fn causes(&self, backend: Option<&str>, limit: u32) -> Result<Causes, Error> {
        let mut query = Query::new("/api/v1/jobs/causes");
        query.add("backend", backend);
        query.add("limit", Some(limit));
        self.get(&query.finish()).await
    }

    /// Sets failed jobs aside.
    pub async fn set_aside(&self, many: &AsideMany) -> Result<Aside, Error> {
        self.post_json("/api/v1/jobs/aside", many).await
    }

    /// Cancels a job.
    pub async fn cancel(&self, job: JobId) -> Result<CancelReport, Error> {
        self.post(&format!("/api/v1/jobs/{job}/cancel")).await
    }

    /// What happens, and how far running attempts say that they have come, until the hub stops.
    pub async fn news(&self, events: &EventQuery) -> Result<Listener, Error> {
        let mut query = Query::new("/api/v1/events");
        events.write(&mut query);
        let answer = self.send(Client::request(Method::GET, &query.finish()), Body::empty()).await?;
        Ok(Listener::new(answer, &self.endpoint))
    }

    /// Only the events of them: what can be read again later.
    pub async fn events(
        &self,
        events: &EventQuery,
    ) -> Result<impl Stream<Item = Result<Event, Error>> + use<>, Error> {
        let listener = self.news(events).await?;
        Ok(try_unfold(listener, |mut listener| async {
            loop {
                match listener.next().await? {
                    Some(News::Event(event)) => return Ok(Some((event, listener))),
                    Some(News::Progress(_)) => {}
                    None => return Ok(None),
                }
            }
        }))
    }

    // === refusals ===

    /// A page of what could not be accepted, newest first.
    pub async fn refusals(&self, which: &RefusalQuery, records: &RecordQuery) -> Result<RecordPage, Error> {
        let mut query = Query::new("/api/v1/refusals");
        which.write(&mut query);
        records.write(&mut query);
        self.get(&query.finish()).await
    }

    /// A refusal.
    pub async fn refusal(&self, record: i64) -> Result<Refused, Error> {
        self.get(&format!("/api/v1/refusals/{record}")).await
    }

    /// Those that nothing has settled, by what they have in common.
    pub async fn refusal_causes(&self) -> Result<LetterCauses, Error> {
        self.get("/api/v1/refusals/causes").await
    }

    /// Hands a refused message in again.
    pub async fn resubmit(&self, record: i64) -> Result<Submitted, Error> {
        self.post(&format!("/api/v1/refusals/{record}/resubmit")).await
    }

    /// Hands many in again.
    pub async fn resubmit_many(&self, many: &ResubmitMany) -> Result<ResubmittedMany, Error> {
        self.post_json("/api/v1/refusals/resubmit", many).await
    }

    /// Sets refused messages aside.
    pub async fn set_aside_refusals(&self, many: &AsideRefusals) -> Result<Aside, Error> {
        self.post_json("/api/v1/refusals/aside", many).await
    }

    // === deliveries ===

    /// A page of what left, is to leave, or could not, newest first.
    pub async fn deliveries(
        &self,
        which: &DeliveryQuery,
        records: &RecordQuery,
    ) -> Result<DeliveryPage, Error> {
        let mut query = Query::new("/api/v1/deliveries");
        which.write(&mut query);
        records.write(&mut query);
        self.get(&query.finish()).await
    }

    /// Those that were given up, by what they have in common.
    pub async fn delivery_causes(&self) -> Result<LetterCauses, Error> {
        self.get("/api/v1/deliveries/causes").await
    }

    /// Sends those again that were given up.
    pub async fn retry_deliveries(&self, which: &Resend) -> Result<DeliveriesSettled, Error> {
        self.post_json("/api/v1/deliveries/retry", which).await
    }

    /// Drops them for good.
    pub async fn drop_deliveries(&self, which: &DropDeliveries) -> Result<DeliveriesSettled, Error> {
        self.post_json("/api/v1/deliveries/drop", which).await
    }

    // === the failsafe ===

    /// Caps, how much of them is used, and what is held.
    pub async fn failsafe(&self) -> Result<Failsafe, Error> {
        self.get("/api/v1/failsafe").await
    }

    /// A set and the first of its jobs.
    pub async fn held(&self, set: &str) -> Result<HeldJobs, Error> {
        self.get(&format!("/api/v1/failsafe/{}", escaped(set))).await
    }

    /// Decides on the jobs of a set.
    pub async fn decide(&self, set: &str, approve: bool, decision: &Decide) -> Result<Decided, Error> {
        let verb = if approve { "approve" } else { "reject" };
        self.post_json(&format!("/api/v1/failsafe/{}/{verb}", escaped(set)), decision).await
    }

    // === access ===

    /// Who this client is to the hub.
    pub async fn me(&self) -> Result<Me, Error> {
        self.get("/api/v1/me").await
    }

    /// All tokens.
    pub async fn tokens(&self) -> Result<Vec<TokenView>, Error> {
        self.get("/api/v1/tokens").await
    }

    /// Makes a token.
    pub async fn make_token(&self, new: &NewToken) -> Result<MadeToken, Error> {
        self.post_json("/api/v1/tokens", new).await
    }

    /// Revokes a token, named by id or name.
    pub async fn revoke_token(&self, token: &str) -> Result<(), Error> {
        let path = format!("/api/v1/tokens/{}", escaped(token));
        self.send(Client::request(Method::DELETE, &path), Body::empty()).await.map(drop)
    }

    /// Makes a link with which somebody signs in.
    pub async fn sign_in_link(&self, link: &NewLink) -> Result<MadeLink, Error> {
        self.post_json("/api/v1/sign-in-links", link).await
    }

    // === the hub ===

    /// All backends, in the order in which they run.
    pub async fn backends(&self) -> Result<Vec<Backend>, Error> {
        self.get("/api/v1/backends").await
    }

    /// Asks a backend whether its target is there.
    pub async fn ping(&self, backend: &str) -> Result<Pong, Error> {
        self.post(&backend_path(backend, "ping")).await
    }

    /// Pauses a backend.
    pub async fn pause(&self, backend: &str) -> Result<(), Error> {
        self.command(&backend_path(backend, "pause")).await
    }

    /// Resumes a backend.
    pub async fn resume(&self, backend: &str) -> Result<(), Error> {
        self.command(&backend_path(backend, "resume")).await
    }

    /// What a reload would find in the folder of backends.
    pub async fn check(&self) -> Result<CheckReport, Error> {
        self.get("/api/v1/backends/check").await
    }

    /// Has configuration and backends read anew.
    pub async fn reload(&self) -> Result<ReloadReport, Error> {
        self.post("/api/v1/backends/reload").await
    }

    /// The settings as they hold.
    pub async fn settings(&self) -> Result<Vec<Setting>, Error> {
        self.get("/api/v1/settings").await
    }

    /// The hubs on the journal.
    pub async fn nodes(&self) -> Result<Nodes, Error> {
        self.get("/api/v1/nodes").await
    }

    /// Has a hub lay down its work, also when nobody else could work where that is to be forced.
    pub async fn drain(&self, life: &str, force: bool) -> Result<(), Error> {
        let forced = if force { "?force=true" } else { "" };
        self.command(&format!("{}{forced}", node_path(life, "drain"))).await
    }

    /// Lets a hub take work again that was drained.
    pub async fn take_work_again(&self, life: &str) -> Result<(), Error> {
        self.command(&node_path(life, "resume")).await
    }

    /// How the hub is.
    pub async fn status(&self) -> Result<Status, Error> {
        self.get("/api/v1/status").await
    }

    /// Whether the hub can take work.
    pub async fn ready(&self) -> Result<Readiness, Error> {
        let request = Client::request(Method::GET, "/readyz");
        let answer = self.open(request, Body::empty()).await?;
        self.read(answer).await
    }
}

fn backend_path(backend: &str, verb: &str) -> String {
    format!("/api/v1/backends/{}/{verb}", escaped(backend))
}

fn node_path(life: &str, verb: &str) -> String {
    format!("/api/v1/nodes/{}/{verb}", escaped(life))
}

/// A name as a part of a path.
fn escaped(name: &str) -> percent_encoding::PercentEncode<'_> {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC)
}
