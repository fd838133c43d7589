//! A dead letter as the message that it goes back to the bus as. Pure.

use jiff::Timestamp;
use model::Job;
use serde_json::Value;
use uuid::Uuid;

use crate::envelope::{ErrorEntry, Kind, Message, Version};
use crate::request::{History, ORIGINAL_ID, Origin};
use crate::settings::Settings;
use crate::tell::{number_of, time};

/// The message that a job came from, under a new id that is correlated with the old one, with the failures of others
/// and ours, and with the id by which whoever asked knows it; `None` = the job came from no message. `replies` is what the
/// journal has beside the body.
pub(crate) fn moved(
    settings: &Settings,
    job: &Job,
    body: &Value,
    replies: &[Value],
    id: Uuid,
    now: Timestamp,
) -> Option<Message> {
    let origin = Origin::of_body(body)?;
    let history = History::of_replies(replies);
    let mut errors = history.errors;
    if let Some(why) = &job.message {
        errors.push(ErrorEntry {
            error_type: ErrorEntry::HARD.to_owned(),
            error_uuid: number_of(job.id, u64::MAX).to_string(),
            error_sender: settings.application_id.clone(),
            error_code: job.code.as_ref().map(ToString::to_string),
            error_message: why.clone(),
            timestamp: time(job.ended_at.unwrap_or(now)),
            error_debug: None,
        });
    }
    let first = origin.version == Version::V1;
    let mut headers = history.headers;
    if let Some(known_as) = origin.known_as() {
        headers.insert(ORIGINAL_ID.to_owned(), known_as.into());
    }
    Some(Message {
        version: origin.version,
        id: Some(id.to_string()),
        kind: if origin.routing_key.starts_with("request.") { Kind::Request } else { Kind::Event },
        routing_key: origin.routing_key,
        sender: origin.sender.or_else(|| Some(settings.application_id.clone())),
        created: first.then(|| history.created.unwrap_or_else(|| time(now))),
        reply_to: origin.reply_to,
        correlation_id: origin.id.or(origin.correlation_id),
        data: body.get("payload").cloned().unwrap_or_default(),
        errors,
        softfails: 0,
        headers,
    })
}
