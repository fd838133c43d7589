//! What callers ask for: filters, pages, replays. Read from a query string or a JSON body, and written by the client.

use model::{CauseId, DeliveryState, EventsCursor, JobId, JobState, RecordKind, Seq};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::schema;
use serde_json::{Map, Value};

use http::Problem;
use http::Time;
use http::words;
use http::{Params, Query};

/// Which jobs. Empty = all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Any of these states; in a query string the parameter is repeated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<schema::JobState>)]
    #[param(value_type = Vec<schema::JobState>)]
    pub state: Vec<JobState>,
    /// This action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// This subject: `kind:value`, or what one is called as a whole, such as the account of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// This source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// With a step on this backend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    /// This code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Accepted at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// Accepted before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// Ended at this time or later: only jobs that have ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_since: Option<Time>,
    /// Ended before this time: only jobs that have ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_until: Option<Time>,
    /// With this text in what is in clear: id, the caller's own id, subject and its name, action, source, code, message.
    /// Neither case nor accents matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Waiting for this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_on: Option<WaitingFor>,
    /// Only dead letters: those that failed, and that no replay and nobody has settled.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dead: bool,
    /// Failed on this backend: its step is the one that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_on: Option<String>,
    /// Dead letters of this cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    #[param(value_type = Option<String>)]
    pub cause: Option<CauseId>,
}

words! {
    /// What live jobs wait for.
    WaitingFor, "thing to wait for" {
        /// Another job of their subject.
        Subject = "subject",
        /// Somebody's approval.
        Failsafe = "failsafe",
        /// A paused backend.
        Pause = "pause",
        /// A backend that is left alone because it keeps failing.
        Breaker = "breaker",
        /// A backend that said "not now" to all that need it.
        BackendWait = "backend_wait",
        /// A window of their backend.
        Window = "window",
        /// Their turn on a backend whose rate is bounded.
        Rate = "rate",
        /// The time of their retry.
        Retry = "retry",
        /// A time that their backend said to them, or that their request says.
        Later = "later",
        /// Room on their backend, or in the hub.
        Slot = "slot",
        /// Nothing: they are about to start.
        Nothing = "nothing",
    }
}

words! {
    /// How an export looks.
    ExportFormat, "format" {
        /// A JSON document on each line.
        Ndjson = "ndjson",
        /// A table for spreadsheets.
        Csv = "csv",
    }
}

words! {
    /// In which order jobs are listed.
    JobOrder, "order" {
        /// The last one accepted comes first.
        Newest = "newest",
        /// The first one accepted comes first.
        Oldest = "oldest",
    }
}

impl From<JobOrder> for journal::Order {
    fn from(order: JobOrder) -> Self {
        match order {
            JobOrder::Newest => journal::Order::Newest,
            JobOrder::Oldest => journal::Order::Oldest,
        }
    }
}

impl From<WaitingFor> for engine::WaitsFor {
    fn from(waiting: WaitingFor) -> Self {
        match waiting {
            WaitingFor::Subject => engine::WaitsFor::Subject,
            WaitingFor::Failsafe => engine::WaitsFor::Failsafe,
            WaitingFor::Pause => engine::WaitsFor::Pause,
            WaitingFor::Breaker => engine::WaitsFor::Breaker,
            WaitingFor::BackendWait => engine::WaitsFor::BackendWait,
            WaitingFor::Window => engine::WaitsFor::Window,
            WaitingFor::Rate => engine::WaitsFor::Rate,
            WaitingFor::Retry => engine::WaitsFor::Retry,
            WaitingFor::Later => engine::WaitsFor::Later,
            WaitingFor::Slot => engine::WaitsFor::Slot,
            WaitingFor::Nothing => engine::WaitsFor::Nothing,
        }
    }
}

impl Filter {
    /// The filter that a query string says, without its question mark. Refused is what is unknown, given twice or
    /// wrongly written: a filter with a typing error must not select everything.
    pub fn from_query(query: &str) -> Result<Self, Problem> {
        let mut params = Params::new(Some(query));
        let filter = Filter::read(&mut params)?;
        params.finish().map(|()| filter)
    }

    /// The query string that says this filter.
    pub fn to_query(&self) -> String {
        let mut query = Query::default();
        self.write(&mut query);
        query.parameters()
    }

    pub(crate) fn read(params: &mut Params) -> Result<Self, Problem> {
        const TIME: &str = "a time such as 2026-11-30T18:00:00Z";
        Ok(Filter {
            state: params.states("state")?,
            action: params.one("action")?,
            subject: params.one("subject")?.filter(|subject| !subject.trim().is_empty()),
            source: params.one("source")?,
            backend: params.one("backend")?,
            code: params.one("code")?,
            since: params.value("since", TIME)?,
            until: params.value("until", TIME)?,
            ended_since: params.value("ended_since", TIME)?,
            ended_until: params.value("ended_until", TIME)?,
            text: params.one("text")?.filter(|text| !text.trim().is_empty()),
            waiting_on: params
                .value("waiting_on", "subject, failsafe, pause, breaker, retry, slot or nothing")?,
            dead: params.flag("dead")?,
            failed_on: params.one("failed_on")?,
            cause: params.value("cause", "the name of a cause, as GET /api/v1/jobs/causes has it")?,
        })
    }

    pub(crate) fn write(&self, query: &mut Query) {
        for state in &self.state {
            query.add("state", Some(state.as_str()));
        }
        query.add("action", self.action.as_ref());
        query.add("subject", self.subject.as_ref());
        query.add("source", self.source.as_ref());
        query.add("backend", self.backend.as_ref());
        query.add("code", self.code.as_ref());
        query.add("since", self.since);
        query.add("until", self.until);
        query.add("ended_since", self.ended_since);
        query.add("ended_until", self.ended_until);
        query.add("text", self.text.as_ref());
        query.add("waiting_on", self.waiting_on);
        query.add("dead", self.dead.then_some(true));
        query.add("failed_on", self.failed_on.as_ref());
        query.add("cause", self.cause);
    }
}

impl Filter {
    /// As journal and engine take it. Refused when nothing is called as the filter says, or several are.
    pub(crate) async fn split(
        self,
        hub: &engine::Hub,
    ) -> Result<(journal::Filter, Option<engine::WaitsFor>), Problem> {
        let subject = match &self.subject {
            Some(text) => Some(hub.subject_meant(text).await?),
            None => None,
        };
        let filter = journal::Filter {
            states: self.state,
            action: self.action,
            subject,
            source: self.source,
            backend: self.backend,
            code: self.code,
            since: self.since.map(|time| time.0),
            until: self.until.map(|time| time.0),
            ended_since: self.ended_since.map(|time| time.0),
            ended_until: self.ended_until.map(|time| time.0),
            text: self.text,
            dead: self.dead,
            failed_on: self.failed_on,
            cause: self.cause,
            ..journal::Filter::default()
        };
        Ok((filter, self.waiting_on.map(Into::into)))
    }
}

/// Rows of a page at most.
const LONGEST_PAGE: u32 = 1000;
/// Rows of a page when nobody says.
pub(crate) const PAGE: u32 = 100;

/// A page of jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobQuery {
    /// Which.
    pub filter: Filter,
    /// In this order; `None` = the newest first.
    pub order: Option<JobOrder>,
    /// Only jobs that come after this place in that order: the `next` of the page before; `None` = from the beginning.
    pub before: Option<Seq>,
    /// At most so many, up to 1000; `None` = 100.
    pub limit: Option<u32>,
}

impl JobQuery {
    pub(crate) fn read(params: &mut Params) -> Result<Self, Problem> {
        Ok(JobQuery {
            filter: Filter::read(params)?,
            order: params.value("order", "newest or oldest")?,
            before: params.value("before", "the `next` of the page before")?.map(Seq),
            limit: params.number("limit", 1..=LONGEST_PAGE)?,
        })
    }

    pub(crate) fn write(&self, query: &mut Query) {
        self.filter.write(query);
        query.add("order", self.order);
        query.add("before", self.before);
        query.add("limit", self.limit);
    }
}

/// A page of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RecordQuery {
    /// Only records before this place; `None` = from the newest.
    pub before: Option<i64>,
    /// At most so many, up to 1000; `None` = 100.
    pub limit: Option<u32>,
}

impl RecordQuery {
    pub(crate) fn read(params: &mut Params) -> Result<Self, Problem> {
        Ok(RecordQuery {
            before: params.value("before", "the `next` of the page before")?,
            limit: params.number("limit", 1..=LONGEST_PAGE)?,
        })
    }

    pub(crate) fn write(&self, query: &mut Query) {
        query.add("before", self.before);
        query.add("limit", self.limit);
    }
}

/// Which refusals.
#[derive(Clone, Debug, Default, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RefusalQuery {
    /// Only those that nothing has settled: neither handed in again nor set aside.
    pub dead: bool,
    /// Of this source.
    pub source: Option<String>,
    /// Of this code.
    pub code: Option<String>,
    /// Of this cause, as `GET /api/v1/refusals/causes` names it: only those that nothing has settled.
    #[param(value_type = Option<String>)]
    pub cause: Option<CauseId>,
}

impl RefusalQuery {
    pub(crate) fn read(params: &mut Params) -> Result<Self, Problem> {
        Ok(RefusalQuery {
            dead: params.flag("dead")?,
            source: params.one("source")?,
            code: params.one("code")?,
            cause: params.value("cause", "the name of a cause, as GET /api/v1/refusals/causes has it")?,
        })
    }

    pub(crate) fn write(&self, query: &mut Query) {
        query.add("dead", self.dead.then_some(true));
        query.add("source", self.source.as_ref());
        query.add("code", self.code.as_ref());
        query.add("cause", self.cause);
    }

    pub(crate) fn filter(self) -> journal::RecordFilter {
        let RefusalQuery { dead, source, code, .. } = self;
        journal::RecordFilter { dead, who: source, code, ..journal::RecordFilter::of(RecordKind::Refusal) }
    }
}

/// Which deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    /// In this state.
    #[param(value_type = Option<schema::DeliveryState>)]
    pub state: Option<DeliveryState>,
    /// Taken by this courier: `webhook`, `sesame`, …
    pub courier: Option<String>,
    /// To this address.
    pub address: Option<String>,
    /// Of this cause, as `GET /api/v1/deliveries/causes` names it: only those that were given up.
    #[param(value_type = Option<String>)]
    pub cause: Option<CauseId>,
}

impl DeliveryQuery {
    pub(crate) fn read(params: &mut Params) -> Result<Self, Problem> {
        Ok(DeliveryQuery {
            state: params.one("state")?.map(|word| delivery_state(&word)).transpose()?,
            courier: params.one("courier")?,
            address: params.one("address")?,
            cause: params.value("cause", "the name of a cause, as GET /api/v1/deliveries/causes has it")?,
        })
    }

    pub(crate) fn write(&self, query: &mut Query) {
        query.add("state", self.state.map(DeliveryState::as_str));
        query.add("courier", self.courier.as_ref());
        query.add("address", self.address.as_ref());
        query.add("cause", self.cause);
    }

    pub(crate) fn filter(self) -> journal::DeliveryFilter {
        let DeliveryQuery { state, courier, address, .. } = self;
        journal::DeliveryFilter { state, courier, address }
    }
}

fn delivery_state(word: &str) -> Result<DeliveryState, Problem> {
    let known = DeliveryState::ALL.map(DeliveryState::as_str);
    let found = DeliveryState::ALL.into_iter().find(|state| state.as_str() == word);
    found.ok_or_else(|| {
        let (word, hint) = (http::suggest::quote(word), http::suggest::hint(word, &known));
        Problem::bad_request(format!("{word} is no state of a delivery: {hint}"))
    })
}

/// Which events.
#[derive(Clone, Debug, Default, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Those behind the id of a server-sent event, given back as it was; `0` = all that are kept, none = from now on.
    #[param(value_type = Option<String>)]
    pub after: Option<EventsCursor>,
    /// Those about this job.
    #[param(value_type = Option<String>, format = "uuid")]
    pub job: Option<JobId>,
}

impl EventQuery {
    pub(crate) fn read(params: &mut Params) -> Result<Self, Problem> {
        Ok(EventQuery {
            after: params.value("after", "the id of an event")?,
            job: params.value("job", "the id of a job")?,
        })
    }

    pub(crate) fn write(&self, query: &mut Query) {
        query.add("after", self.after.as_ref());
        query.add("job", self.job);
    }
}

/// How a job is retried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Replay {
    /// The whole document instead of the old one; a mask that is left as it is keeps its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<Value>,
    /// Values to set in the document, JSON pointer → value; also secrets that are no longer kept.
    pub set: Map<String, Value>,
    /// Replay although a later job of the same subject and action has succeeded.
    pub stale: bool,
}

impl From<Replay> for engine::Replay {
    fn from(replay: Replay) -> Self {
        engine::Replay {
            document: replay.document,
            set: replay.set.into_iter().collect(),
            stale: replay.stale,
        }
    }
}

/// Which jobs are retried, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReplayMany {
    /// Which; without a state those that failed.
    pub filter: Filter,
    /// These jobs, in the place of a filter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, format = "uuid")]
    pub jobs: Vec<JobId>,
    /// Also those of which a later job of the same subject and action has succeeded.
    pub stale: bool,
}

/// Which jobs are cancelled, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CancelMany {
    /// Which; without a state those that have not ended.
    pub filter: Filter,
    /// These jobs, in the place of a filter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, format = "uuid")]
    pub jobs: Vec<JobId>,
}

/// The jobs that are named, or all that fit.
pub(crate) async fn which(
    hub: &engine::Hub,
    filter: Filter,
    jobs: Vec<JobId>,
) -> Result<engine::Which, Problem> {
    if jobs.is_empty() {
        let (filter, waits_for) = filter.split(hub).await?;
        return Ok(engine::Which::All(filter, waits_for));
    }
    if filter != Filter::default() {
        return Err(Problem::bad_request("`jobs` takes the place of `filter`: give one of them"));
    }
    Ok(engine::Which::These(jobs))
}
