//! What is kept of a message that passes: as it came, with its secrets masked, and in clear what it can be found by.
//! Pure.

use jiff::Timestamp;
use journal::NewRecord;
use model::{Code, RecordKind, json, take_secrets};
use serde_json::{Value, json};

use crate::envelope::{Kind, Message, Poison};
use crate::raw::{Body, RawMessage};

/// What stands for an id that is not there.
pub(crate) const NONE: &str = "-";
/// Ids and names in clear are not longer, in characters.
const LONGEST: usize = 255;

/// The record of a message. `pointers` lead to secrets in what a backend would be given.
pub(crate) fn record(mut raw: RawMessage, pointers: &[String], at: Timestamp) -> NewRecord {
    let read = raw.decode();
    mask(&mut raw, read.as_ref().ok(), pointers);
    let message = read.as_ref().ok();
    let text = |text: Option<&String>| text.map_or_else(|| NONE.to_owned(), |text| short(text));
    let ids = [message.and_then(|m| m.id.as_ref()), message.and_then(|m| m.correlation_id.as_ref())];
    NewRecord {
        kind: RecordKind::Message,
        at,
        who: text(message.and_then(|m| m.sender.as_ref()).or(raw.properties.app_id.as_ref())),
        what: Some(short(&raw.routing_key)),
        code: word(&read),
        message: ids.map(text).join(" "),
        body: raw.to_bytes(),
    }
}

/// What a message is for, as a code.
fn word(read: &Result<Message, Poison>) -> Code {
    Code::from_static(match read.as_ref().map(|message| message.kind) {
        Ok(Kind::Event) => "event",
        Ok(Kind::Request) => "request",
        Ok(Kind::Reply) => "reply",
        Ok(Kind::Log) => "log",
        Err(_) => "unreadable",
    })
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

/// Masks what is secret in the body, as far as it is JSON.
fn mask(raw: &mut RawMessage, message: Option<&Message>, pointers: &[String]) {
    let bytes = raw.body.bytes();
    if json::weight(&bytes) > json::room(bytes.len()) {
        raw.body = Body::Body("(not shown: it has too many values to be searched for secrets)".to_owned());
        return;
    }
    let Ok(mut body) = serde_json::from_slice::<Value>(&bytes) else { return };
    let is_envelope = message.is_some_and(|message| message.created.is_some());
    let mut found = take_secrets(&mut body, &[]);
    if !pointers.is_empty() {
        let data = if is_envelope { body.get_mut("data") } else { Some(&mut body) };
        if let Some(data) = data {
            let mut asked = json!({ "payload": data.take() });
            found = take_secrets(&mut asked, pointers);
            *data = asked.get_mut("payload").map(Value::take).unwrap_or_default();
        }
    }
    drop(found);
    raw.body = Body::Body(body.to_string());
}

/// The ids of a record: the message's own, and of the one that it is about.
pub(crate) fn ids(message: &str) -> (Option<&str>, Option<&str>) {
    let mut parts = message.split(' ').map(|id| Some(id).filter(|id| *id != NONE && !id.is_empty()));
    (parts.next().flatten(), parts.next().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::Properties;

    fn raw(key: &str, headers: Value, body: &str) -> RawMessage {
        let Value::Object(headers) = headers else { unreachable!("an object") };
        let properties = Properties {
            message_id: Some("m-1".to_owned()),
            correlation_id: Some("about".to_owned()),
            app_id: Some("gram".to_owned()),
            headers,
            ..Properties::default()
        };
        let body = Body::new(body.as_bytes().to_vec());
        RawMessage {
            exchange: "e".to_owned(),
            routing_key: key.to_owned(),
            redelivered: false,
            properties,
            body,
        }
    }

    fn kept(record: &NewRecord) -> String {
        String::from_utf8(record.body.clone()).unwrap()
    }

    #[test]
    fn a_message_of_version_2_is_found_by_what_is_in_clear() {
        let raw =
            raw("reply.a.b", json!({"soa-version": "2.0", "x": 1}), r#"{"password": "hunter2", "n": 1}"#);
        let record = record(raw, &[], Timestamp::UNIX_EPOCH);
        assert_eq!((record.who.as_str(), record.code.as_str()), ("gram", "reply"));
        assert_eq!(record.what.as_deref(), Some("reply.a.b"));
        assert_eq!(ids(&record.message), (Some("m-1"), Some("about")));
        assert!(!kept(&record).contains("hunter2") && kept(&record).contains("soa-version"));
    }

    #[test]
    fn secrets_of_the_action_are_masked_too_in_both_versions() {
        let pointers = ["/payload/pin".to_owned()];
        let v2 = raw("request.a", json!({"soa-version": "2.0"}), r#"{"pin": "4711-4711"}"#);
        assert!(!kept(&record(v2, &pointers, Timestamp::UNIX_EPOCH)).contains("4711"));
        let v1 = r#"{"event_uuid": "88d818a1-c77c-44e6-ad0c-8aa893468e94", "event_name": "request.a",
            "event_creation_time": "2016-05-29T15:03:50+00:00", "event_sender_id": "zeus", "data": {"pin": "4711-4711"}}"#;
        let record = record(raw("request.a", json!({}), v1), &pointers, Timestamp::UNIX_EPOCH);
        assert!(!kept(&record).contains("4711"), "{}", kept(&record));
        assert_eq!((record.who.as_str(), record.code.as_str()), ("zeus", "request"));
        assert!(record.message.starts_with("88d818a1"));
    }

    #[test]
    fn what_cannot_be_read_is_kept_as_it_came() {
        let record = record(raw("request.a", json!({}), "{ cut"), &[], Timestamp::UNIX_EPOCH);
        assert_eq!((record.code.as_str(), record.who.as_str()), ("unreadable", "gram"));
        assert_eq!(ids(&record.message), (None, None));
        assert!(kept(&record).contains("{ cut"));
    }
}
