//! A message as it lies in a deferred queue, and what it says when it comes back. Pure.

use std::time::Duration;

use jiff::Timestamp;
use model::{Job, JobId, Step, StepState};
use serde_json::{Map, Value};

use crate::envelope::{ErrorEntry, SHORT, SOFTFAIL_COUNT};
use crate::raw::{Body, RawMessage};
use crate::settings::Settings;
use crate::tell::{number_of, time, uuid_of};

/// The header of a deferred message: the job that the journal had of it, if it is still there.
const JOB: &str = "deferred-job";
/// And its routing key: two keys that differ in their punctuation share a queue.
const KEY: &str = "deferred-key";
/// What the broker adds on the way through a deferred queue.
const BROKERS: &str = "x-";

impl Settings {
    /// The exchange that leads into the deferred queues.
    pub(crate) fn delay_entry(&self) -> String {
        format!("{}_delayed_in_x", self.application_id)
    }

    /// The queue of deferred messages under a routing key.
    pub(crate) fn deferred_queue(&self, routing_key: &str) -> String {
        let named = |key: &str| format!("{}_{}_deferred_q", self.application_id, key.replace('.', "-"));
        let name = named(routing_key);
        if name.len() <= SHORT {
            return name;
        }
        named(&uuid_of(blake3::Hasher::new().update(routing_key.as_bytes())).to_string())
    }
}

/// The message as it is deferred: with the failures of its job so far.
pub(super) fn copy(raw: &RawMessage, settings: &Settings, job: &Job, steps: &[Step]) -> RawMessage {
    let mut copy = raw.clone();
    let headers = &mut copy.properties.headers;
    headers.retain(|name, _| !name.starts_with(BROKERS));
    headers.insert(JOB.to_owned(), job.id.to_string().into());
    headers.insert(KEY.to_owned(), raw.routing_key.clone().into());
    let failed = steps.iter().filter(|step| step.state == StepState::Pending && step.tried > 0);
    let Some((message, step)) = raw.decode().ok().zip(failed.max_by_key(|step| step.tried)) else {
        return copy;
    };
    let softfails = message.tried_before().saturating_add(step.tried);
    headers.insert(SOFTFAIL_COUNT.to_owned(), softfails.into());
    if let Body::Body(text) = &raw.body
        && let Ok(Value::Object(mut envelope)) = serde_json::from_str(text)
        && message.version == crate::envelope::Version::V1
    {
        add(&mut envelope, entry(settings, job, step, softfails));
        copy.body = Body::Body(Value::Object(envelope).to_string());
    }
    copy
}

/// Version 1 carries its failures along.
fn add(envelope: &mut Map<String, Value>, entry: ErrorEntry) {
    let Ok(entry) = serde_json::to_value(entry) else { return };
    let errors = envelope.entry("errors").or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(errors) = errors {
        errors.push(entry);
        let count = errors.len();
        envelope.insert("errors_count".to_owned(), count.into());
    }
}

fn entry(settings: &Settings, job: &Job, step: &Step, softfails: u32) -> ErrorEntry {
    ErrorEntry {
        error_type: ErrorEntry::SOFT.to_owned(),
        error_uuid: number_of(job.id, softfails.into()).to_string(),
        error_sender: settings.application_id.clone(),
        error_code: step.code.as_ref().map(ToString::to_string),
        error_message: step.message.clone().unwrap_or_default(),
        timestamp: time(job.attempted_at.unwrap_or(job.accepted_at)),
        error_debug: None,
    }
}

/// How long a message stays in its queue that is wanted again at this time: a little less than that, and never longer than
/// the queue keeps any.
pub(super) fn pause(settings: &Settings, now: Timestamp, until: Option<Timestamp>) -> Duration {
    const EARLY: Duration = Duration::from_secs(1);
    let wanted = until.and_then(|until| Duration::try_from(until.duration_since(now)).ok());
    let wanted = wanted.map_or(settings.deferred, |wanted| wanted.saturating_sub(EARLY));
    wanted.clamp(EARLY.min(settings.deferred), settings.deferred)
}

/// The job of a message that comes back from a deferred queue, which is as it was before afterwards.
pub(crate) fn come_back(raw: &mut RawMessage, settings: &Settings) -> Option<JobId> {
    // Whoever may publish could say such a thing too.
    if raw.exchange != settings.delay_exit() {
        return None;
    }
    let headers = &mut raw.properties.headers;
    if let Some(Value::String(key)) = headers.remove(KEY) {
        raw.routing_key = key;
    }
    headers.remove(JOB)?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use model::{Class, JobState, OnError, Seq};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::envelope::Properties;
    use crate::settings::{Access, Address};

    fn settings() -> Settings {
        let address = Address::new("amqp://h", Access::default()).unwrap();
        Settings { application_id: "gdd".to_owned(), ..Settings::new("main", address) }
    }

    fn raw(key: &str, headers: Value, body: &Value) -> RawMessage {
        let Value::Object(headers) = headers else { unreachable!() };
        RawMessage {
            exchange: "gdd.request".to_owned(),
            routing_key: key.to_owned(),
            redelivered: true,
            properties: Properties { headers, ..Properties::default() },
            body: Body::Body(body.to_string()),
        }
    }

    fn job() -> Job {
        let now = Timestamp::UNIX_EPOCH;
        Job {
            id: JobId(Uuid::from_u128(7)),
            seq: Seq(1),
            source: "main".to_owned(),
            external_id: None,
            action: "request.a".to_owned(),
            subject: None,
            class: Class::Bulk,
            state: JobState::Retrying,
            head: true,
            lane: String::new(),
            due_at: now,
            deadline: None,
            not_before: None,
            dry_run: false,
            status: 0,
            code: None,
            message: None,
            accepted_at: now,
            started_at: None,
            attempted_at: None,
            ended_at: None,
            replay_of: None,
            cancelled_by: None,
            failed: None,
        }
    }

    fn failed(tried: u32) -> Step {
        Step { tried, message: Some("down".to_owned()), ..Step::new(0, "google".to_owned(), OnError::Stop) }
    }

    #[test]
    fn a_message_comes_back_as_it_was() {
        let settings = settings();
        let sent = raw("request.a.b", json!({ "soa-version": "2.0", "x-death": [{}] }), &json!({ "n": 1 }));
        let mut back = copy(&sent, &settings, &job(), &[failed(0)]);
        back.exchange = settings.delay_exit();
        back.routing_key = "request.a-b".to_owned();
        assert_eq!(come_back(&mut back, &settings), Some(job().id));
        assert_eq!((back.routing_key.as_str(), &back.body), ("request.a.b", &sent.body));
        assert_eq!(back.properties.headers, *json!({ "soa-version": "2.0" }).as_object().unwrap());
        // From anywhere else it is somebody's own.
        let mut forged = copy(&sent, &settings, &job(), &[]);
        assert_eq!(come_back(&mut forged, &settings), None);
    }

    #[test]
    fn its_failures_go_with_it() {
        let headers = json!({ "soa-version": "2.0", "softfail-count": 3 });
        let sent = raw("request.a", headers, &json!({ "n": 1 }));
        let copied = copy(&sent, &settings(), &job(), &[failed(2)]);
        assert_eq!(copied.decode().unwrap().tried_before(), 5);
        assert_eq!(copied.body, sent.body);

        let v1 = json!({
            "event_uuid": "88d818a1-c77c-44e6-ad0c-8aa893468e94", "event_name": "request.a",
            "event_creation_time": "2016-05-29T15:03:50+00:00", "event_sender_id": "zeus", "data": { "n": 1 },
        });
        let copied = copy(&raw("request.a", json!({}), &v1), &settings(), &job(), &[failed(2)]);
        let read = copied.decode().unwrap();
        assert_eq!((read.tried_before(), read.errors.len(), &read.data), (2, 1, &json!({ "n": 1 })));
        assert_eq!(
            (read.errors[0].error_message.as_str(), read.errors[0].error_sender.as_str()),
            ("down", "gdd")
        );
    }

    #[test]
    fn it_comes_back_a_little_before_it_is_wanted_and_never_later_than_the_queue_keeps_it() {
        let (settings, now) = (settings(), Timestamp::UNIX_EPOCH);
        let at = |seconds: i64| Timestamp::from_second(seconds).ok();
        assert_eq!(pause(&settings, now, at(60)), Duration::from_secs(59));
        assert_eq!(pause(&settings, now, at(1)), Duration::from_secs(1));
        assert_eq!(pause(&settings, now, at(86_400)), settings.deferred);
        assert_eq!(pause(&settings, now, None), settings.deferred);
    }

    #[test]
    fn queues_have_the_names_of_the_original() {
        let name = settings().deferred_queue("request.googleapps.user.update");
        assert_eq!(name, "gdd_request-googleapps-user-update_deferred_q");
        assert!(settings().deferred_queue(&"x".repeat(255)).len() <= SHORT);
    }
}
