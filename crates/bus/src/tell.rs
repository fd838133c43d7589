//! What leaves for a message: replies, notifications, what supervision is told.
//! Pure.

use engine::port::{Moment, View};
use jiff::Timestamp;
use model::{DeliveryTo, JobId, JobState, NewDelivery, Notice, OutcomeKind, StepState};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::envelope::{ErrorEntry, Kind, Message, Version};
use crate::failure::Failure;
use crate::request::{History, Origin};
use crate::route::{Notices, Route, Routes};
use crate::settings::{LogBody, Settings};

/// A message to be published. Without an id it gets that of the delivery that carries it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    /// The exchange.
    pub exchange: String,
    /// The message.
    pub message: Message,
}

/// How a job ended that did not fail.
const GOOD: i64 = 200;
/// What became of a message for which there is nothing to do.
const NOTHING_DONE: i64 = 204;

impl Settings {
    /// What leaves when a job of this source is at this moment.
    pub(crate) fn tell(&self, view: &View<'_>, moment: Moment, routes: &Routes) -> Vec<Outgoing> {
        let Some(origin) = Origin::of_body(view.body) else { return Vec::new() };
        let route = routes.find(&origin.routing_key);
        let history = History::of_replies(view.reply);
        let failure = Failure::of(view, moment);
        let at = view.job.ended_at.or(view.job.attempted_at).unwrap_or(view.job.accepted_at);
        let told = Told { settings: self, origin: &origin, history: &history, at };
        let replies = route.is_none_or(|route| route.spec.reply);
        let sent = route.map(|route| &route.notices);
        let outgoing = match (moment, failure) {
            (Moment::Accepted, _) => Vec::new(),
            (_, Some(failure)) => {
                let entry = told.entry(&failure, error_uuid(view), view.body.get("payload"));
                let reply = replies.then(|| told.failed(&failure)).flatten();
                let notices = if failure.soft { Vec::new() } else { told.notices(view, routes, sent) };
                reply.into_iter().chain(told.log(&failure, entry)).chain(notices).collect()
            }
            (_, None) => {
                let data = answer(view);
                let reply = replies.then(|| told.reply(GOOD, Map::new(), data.clone())).flatten();
                let notify = notified(view, route, routes).map(|key| told.notification(key, data));
                reply.into_iter().chain(notify).chain(told.notices(view, routes, sent)).collect()
            }
        };
        self.named(outgoing, &origin, &moment_of(view, moment, &history))
    }

    /// Where the journal does not last, what leaves of a message has ids that follow from its own: whoever gets them twice
    /// sees that, whatever became of the journal meanwhile.
    fn named(&self, mut told: Vec<Outgoing>, origin: &Origin, moment: &str) -> Vec<Outgoing> {
        let Some(id) = origin.id.as_deref().filter(|_| self.hold.is_some()) else { return told };
        for (place, Outgoing { exchange, message }) in told.iter_mut().enumerate() {
            let mut hasher = blake3::Hasher::new();
            let place = place.to_string();
            for part in
                [&self.application_id, id, moment, exchange, &message.routing_key, &place] as [&str; 6]
            {
                hasher.update(part.as_bytes()).update(b"\0");
            }
            message.id = Some(uuid_of(&hasher).to_string());
        }
        told
    }

    /// What leaves when a job that somebody else asked for has ended.
    pub(crate) fn announce(&self, view: &View<'_>, routes: &Routes) -> Vec<Outgoing> {
        let Some(announced) = routes.announced(&view.job.action) else { return Vec::new() };
        let origin = Origin::of_nobody(self.notifications, &view.job.action);
        let at = view.job.ended_at.unwrap_or(view.job.accepted_at);
        let told = Told { settings: self, origin: &origin, history: &History::default(), at };
        let notify = announced.notify.as_deref().filter(|_| view.job.state == JobState::Succeeded);
        let notify = notify.map(|key| told.notification(key, answer(view)));
        notify.into_iter().chain(told.notices(view, routes, Some(&announced.notices))).collect()
    }

    /// What leaves of a settled job otherwise than its backends told it, or not at all.
    pub(crate) fn amiss(&self, view: &View<'_>, routes: &Routes) -> Vec<Amiss> {
        let origin = Origin::of_body(view.body).filter(|_| view.job.source == self.name);
        let (sent, route, key) = if let Some(origin) = origin {
            let Some(route) = routes.find(&origin.routing_key) else { return Vec::new() };
            (&route.notices, format!("route {}", route.pattern), notified(view, Some(route), routes))
        } else {
            let Some(announced) = routes.announced(&view.job.action) else { return Vec::new() };
            let key = announced.notify.as_deref();
            (&announced.notices, format!("announce.{}", announced.action), key)
        };
        let told = |notice: &Notice| {
            if routes.tell(sent, &notice.name) {
                self.amiss_as(&notice.name, &notice.data)
            } else {
                let (notice, route) = (notice.name.clone(), route.clone());
                Some(if routes.hears(&notice) {
                    Amiss::Returning { notice, route }
                } else {
                    Amiss::Dropped { notice, route }
                })
            }
        };
        let notified = key.filter(|_| view.job.state == JobState::Succeeded);
        let notified = notified.and_then(|key| self.amiss_as(key, &answer(view)));
        notices(view).filter_map(told).chain(notified).collect()
    }

    /// Whether data leaves in another shape under this key.
    fn amiss_as(&self, key: &str, data: &Value) -> Option<Amiss> {
        let fits = data.is_object() || data.is_null() || self.notifications == Version::V2;
        (!fits).then(|| Amiss::Wrapped { key: key.to_owned() })
    }

    /// What leaves for a message that became no job. `number` tells this failure apart from others.
    pub(crate) fn tell_refused(
        &self,
        origin: &Origin,
        history: &History,
        failure: &Failure,
        number: Uuid,
        at: Timestamp,
    ) -> Vec<Outgoing> {
        let told = Told { settings: self, origin, history, at };
        let entry = told.entry(failure, number, None);
        let outgoing = told.failed(failure).into_iter().chain(told.log(failure, entry)).collect();
        self.named(outgoing, origin, "refused")
    }

    /// What leaves for a message with which there is nothing to do here: whoever waits for a reply learns that nothing was
    /// done, and nothing failed.
    pub(crate) fn tell_nothing_done(
        &self,
        origin: &Origin,
        history: &History,
        at: Timestamp,
    ) -> Option<Outgoing> {
        let told = Told { settings: self, origin, history, at }.reply(NOTHING_DONE, Map::new(), json!({}));
        self.named(told.into_iter().collect(), origin, "nothing done").pop()
    }

    /// A message of ours as a delivery. What leaves for one job leaves in order; jobs do not wait for each other.
    pub(crate) fn delivery(&self, outgoing: &Outgoing, job: &str) -> NewDelivery {
        NewDelivery {
            to: DeliveryTo { courier: self.courier(), address: job.to_owned() },
            body: serde_json::to_value(outgoing).unwrap_or_default(),
            due_at: None,
        }
    }
}

/// Something that a backend told and that leaves otherwise, or not at all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Amiss {
    /// A notice that its route does not send on.
    Dropped {
        /// Its name.
        notice: String,
        /// What would send it on.
        route: String,
    },
    /// A notice that would come back as a request.
    Returning {
        /// Its name.
        notice: String,
        /// What would send it on.
        route: String,
    },
    /// Data that is no object, in version 1.
    Wrapped {
        /// The routing key.
        key: String,
    },
}

/// Where something is told from.
struct Told<'a> {
    settings: &'a Settings,
    origin: &'a Origin,
    history: &'a History,
    at: Timestamp,
}

impl Told<'_> {
    fn message(&self, version: Version, kind: Kind, routing_key: &str, data: Value) -> Message {
        Message {
            version,
            id: None,
            kind,
            routing_key: routing_key.to_owned(),
            sender: Some(self.settings.application_id.clone()),
            created: (version == Version::V1).then(|| time(self.at)),
            reply_to: None,
            correlation_id: self.origin.id.clone().or_else(|| self.origin.correlation_id.clone()),
            data,
            errors: Vec::new(),
            softfails: 0,
            headers: self.history.traces(),
        }
    }

    /// The reply to whoever wants one, in the envelope of the request.
    fn reply(&self, status: i64, headers: Map<String, Value>, data: Value) -> Option<Outgoing> {
        let exchange = self.origin.reply_to.clone()?;
        let key = self.origin.routing_key.replacen("request", "reply", 1);
        let mut message = self.message(self.origin.version, Kind::Reply, &key, data);
        // Whoever asked knows nothing of a move.
        message.correlation_id = self.origin.known_as().map(str::to_owned).or(message.correlation_id);
        message.headers.extend(json_headers([
            ("status-code", status.into()),
            ("error-type", Value::Null),
            ("next-try-in", Value::Null),
            ("error-name", Value::Null),
        ]));
        message.headers.extend(headers);
        Some(Outgoing { exchange, message })
    }

    fn failed(&self, failure: &Failure) -> Option<Outgoing> {
        self.reply(failure.status, failure.headers(), failure.body())
    }

    fn notification(&self, key: &str, data: Value) -> Outgoing {
        let data = if data.is_null() { json!({}) } else { data };
        let message = self.message(self.settings.notifications, Kind::Event, key, data);
        Outgoing { exchange: self.settings.event_exchange.clone(), message }
    }

    /// What the backends told, as far as it is sent on.
    fn notices(&self, view: &View<'_>, routes: &Routes, sent: Option<&Notices>) -> Vec<Outgoing> {
        let sent = notices(view).filter(|notice| sent.is_some_and(|sent| routes.tell(sent, &notice.name)));
        sent.map(|notice| self.notification(&notice.name, notice.data.clone())).collect()
    }

    /// A failure as version 1 carries it along.
    fn entry(&self, failure: &Failure, number: Uuid, data: Option<&Value>) -> ErrorEntry {
        let word = if failure.soft { ErrorEntry::SOFT } else { ErrorEntry::HARD };
        // The specification's example repeats the data here. Secrets are masked in what we have of it.
        let debug = data.and_then(Value::as_object).filter(|_| self.origin.version == Version::V1);
        ErrorEntry {
            error_type: word.to_owned(),
            error_uuid: number.to_string(),
            error_sender: self.settings.application_id.clone(),
            error_code: failure.name.clone(),
            error_message: failure.message.clone(),
            timestamp: time(self.at),
            error_debug: debug.cloned(),
        }
    }

    fn log(&self, failure: &Failure, entry: ErrorEntry) -> Option<Outgoing> {
        let key = self.settings.log_key.as_deref().unwrap_or(&self.origin.routing_key);
        let mut message = match self.settings.log {
            LogBody::Off => return None,
            LogBody::Empty => self.message(Version::V2, Kind::Log, key, Value::Null),
            LogBody::Text => {
                let data = json!({
                    "level": failure.level(),
                    "error_message": failure.message,
                    "error_name": failure.name,
                    "routing_key": self.origin.routing_key,
                    "correlation_id": self.origin.id,
                    "sender_id": self.origin.sender,
                });
                let errors = self.history.errors.iter().cloned().chain([entry]).collect();
                Message { errors, ..self.message(Version::V1, Kind::Log, key, data) }
            }
        };
        message.headers.insert("level".to_owned(), failure.level().into());
        message.headers.extend(failure.headers());
        Some(Outgoing { exchange: self.settings.log_exchange.clone(), message })
    }
}

/// Tells what is told of a message at one moment apart from what is told at others. A replay has its own end.
fn moment_of(view: &View<'_>, moment: Moment, history: &History) -> String {
    let replay = view.job.replay_of.map(|_| view.job.id.to_string()).unwrap_or_default();
    match moment {
        Moment::Accepted => "accepted".to_owned(),
        Moment::Soft => {
            let tried: u32 = view.steps.iter().map(|(step, _)| step.tried).sum();
            format!("failed softly {} {replay}", history.tried_before.saturating_add(tried))
        }
        Moment::Settled => format!("settled {replay}"),
    }
}

/// The routing key under which a job's success is told: as its route says, else as its action is announced.
fn notified<'a>(view: &View<'_>, route: Option<&'a Route>, routes: &'a Routes) -> Option<&'a str> {
    let announced = || routes.announced(&view.job.action)?.notify.as_deref();
    route.and_then(|route| route.spec.notify.as_deref()).or_else(announced)
}

/// What the backends told that succeeded.
fn notices<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Notice> {
    let done = view.steps.iter().filter(|(step, _)| step.state == StepState::Succeeded);
    done.filter_map(|(_, outcome)| outcome.as_ref()).flat_map(|outcome| &outcome.notices)
}

/// What a job's backends answered: the `data` of the last one that has some.
fn answer(view: &View<'_>) -> Value {
    let outcomes = view.steps.iter().rev().filter_map(|(_, outcome)| outcome.as_ref());
    let mut answers =
        outcomes.filter(|o| o.kind == OutcomeKind::Done).filter_map(|o| o.data.as_ref()?.get("data"));
    answers.next().cloned().unwrap_or_default()
}

fn json_headers<const N: usize>(headers: [(&str, Value); N]) -> Map<String, Value> {
    headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A time as the bus writes it: whole seconds, with an offset.
pub(crate) fn time(at: Timestamp) -> String {
    let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
    at.to_string().replace('Z', "+00:00")
}

/// The id of a job's failure: the same whenever it is asked for, another with each attempt.
fn error_uuid(view: &View<'_>) -> Uuid {
    let attempts = view.steps.iter().map(|(step, _)| u64::from(step.attempts)).sum();
    number_of(view.job.id, attempts)
}

/// An id for the n-th failure of a job.
pub(crate) fn number_of(job: JobId, failure: u64) -> Uuid {
    let mut hasher = blake3::Hasher::new();
    hasher.update(job.0.as_bytes()).update(&failure.to_be_bytes());
    uuid_of(&hasher)
}

/// An id that follows from what was hashed.
pub(crate) fn uuid_of(hasher: &blake3::Hasher) -> Uuid {
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
