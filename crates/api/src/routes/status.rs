//! How the hub is.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::Class;

use super::Api;
use crate::dto::{Health, Link, Oldest, Part, Readiness, Status, Tally};
use http::Problem;
use http::{May, Read};

/// `GET /status`.
#[utoipa::path(
    get,
    path = "/status",
    tag = "hub",
    operation_id = "status",
    responses((status = 200, description = "Done", body = Status)),
    security(("token" = ["read"])),
)]
pub(super) async fn status(State(api): State<Api>, _: May<Read>) -> Result<Json<Status>, Problem> {
    let journal = api.hub.journal();
    let tallies = journal.tallies().await?;
    Ok(Json(Status {
        version: api.version.to_owned(),
        journal: journal.id(),
        started_at: api.started_at.into(),
        uptime: u64::try_from(api.hub.now().duration_since(api.started_at).as_secs()).unwrap_or(0),
        jobs: tallies.into_iter().map(|tally| Tally { state: tally.state, jobs: tally.jobs }).collect(),
        running: api.hub.running(),
        oldest_waiting: api.oldest_waiting().await?,
        links: api.hub.links().into_iter().map(Link::from).collect(),
    }))
}

impl Api {
    /// Of the jobs that nothing holds but a slot or a pause, the one that is due for the longest time.
    async fn oldest_waiting(&self) -> Result<Option<Oldest>, Problem> {
        let journal = self.hub.journal();
        let now = self.hub.now();
        let mut oldest: Option<Oldest> = None;
        for lane in journal.lanes().await? {
            for class in [Class::Interactive, Class::Bulk] {
                let first = journal.due(lane.clone(), class, 1).await?.rows.pop();
                let first = first.filter(|due| due.due_at <= now);
                let first = first.map(|due| Oldest { job: due.id, due_at: due.due_at.into() });
                oldest = oldest.into_iter().chain(first).min_by_key(|waiting| waiting.due_at);
            }
        }
        Ok(oldest)
    }
}

/// What of the journal cannot be read, as a part that does not count: all the rest is served.
fn damaged(rows: &[journal::Damaged]) -> Option<Part> {
    let first = rows.first()?;
    let why = format!("{} cannot be read; the first, {first}", rows.len());
    Some(Part { name: "journal rows".to_owned(), ready: false, optional: true, why: Some(why) })
}

/// The database went back: that work goes on does not make it good.
fn lost(commits: u64) -> Option<Part> {
    let why = format!(
        "the database has lost {commits} commits that it had confirmed, since this hub was started: what was acknowledged \
         then is not known any more; the log says when, and starting the hub anew ends this word"
    );
    let part = Part { name: "journal history".to_owned(), ready: false, optional: true, why: Some(why) };
    (commits > 0).then_some(part)
}

/// `GET /healthz`: the process answers.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "hub",
    operation_id = "health",
    responses((status = 200, description = "Done", body = Health)),
    security(()),
)]
pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok".to_owned() })
}

/// No more of those that run for too long are named: one is enough to look.
const SHOWN: usize = 10;

/// Work is taken, and waits.
fn short(why: String) -> Part {
    Part { name: "machine".to_owned(), ready: false, optional: true, why: Some(why) }
}

fn long(run: engine::LongRun) -> Part {
    let engine::LongRun { job, backend, since } = run;
    let why = format!(
        "job {job} has been running on it since {since} and has no time limit: look at it, or end it with \
         `intendant jobs cancel {job}`"
    );
    Part { name: format!("backend {backend}"), ready: false, optional: true, why: Some(why) }
}

/// A backend said: not now. Work waits for it.
fn held(backend: &engine::BackendView) -> Option<Part> {
    let (until, said) = backend.held.as_ref()?;
    let why = format!("it wants not to be asked until {until:.0}: {said}");
    Some(Part { name: format!("backend {}", backend.name), ready: false, optional: true, why: Some(why) })
}

fn failing(chore: engine::ChoreView) -> Option<Part> {
    let engine::Failing { tries, error } = chore.failing?;
    let why = format!("{error} (tried {tries} times, and again)");
    Some(Part { name: format!("chore {}", chore.name), ready: false, optional: true, why: Some(why) })
}

/// `GET /readyz`: 200 when the hub can take work, 503 with the part that is not ready otherwise.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "hub",
    operation_id = "ready",
    responses(
        (status = 200, description = "Done", body = Readiness),
        (status = 503, description = "Not ready", body = Readiness),
    ),
    security(()),
)]
pub(super) async fn ready(State(api): State<Api>) -> (StatusCode, Json<Readiness>) {
    let journal = api.hub.journal();
    // Where it is known that it cannot be written nobody waits until reading fails as well.
    let answers = async {
        journal.writable().await?;
        journal.last_event().await
    };
    let why = answers.await.err().map(|error| error.to_string());
    let part = Part { name: "journal".to_owned(), ready: why.is_none(), optional: false, why };
    let mut parts = vec![part];
    parts.extend(damaged(&journal.damaged()));
    parts.extend(lost(api.lost_commits));
    parts.extend(api.hub.links().into_iter().map(Part::from));
    parts.extend(api.hub.shortage().map(short));
    parts.extend(api.hub.long_runs().into_iter().take(SHOWN).map(long));
    parts.extend(api.hub.backends().iter().filter_map(held));
    parts.extend(api.hub.chores().into_iter().filter_map(failing).take(SHOWN));
    let ready = parts.iter().all(|part| part.ready || part.optional);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, parts }))
}
