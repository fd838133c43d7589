//! What is asked of backends when somebody comes or goes, and when something has arrived for him. Pure.

use model::{ActionSpec, Class, Request, Subject};
use serde_json::{Value, json};

use crate::registry::Triple;

/// The name under which the registry hands in requests.
pub const SOURCE: &str = "registry";
/// Somebody is there who was not.
pub const REGISTERED: &str = "USER_REGISTERED";
/// Somebody is not there any more.
pub const UNREGISTERED: &str = "USER_UNREGISTERED";
/// Something has arrived for somebody who is there.
pub const NOTIFICATION: &str = "USER_NOTIFICATION";
/// Bytes of a subject at most: what is longer cannot be kept.
const LONGEST: usize = 1024;

/// What all of these are about.
pub(crate) const SUBJECT: &str = "mailbox";

/// What is known of these actions.
pub fn actions() -> Vec<(String, ActionSpec)> {
    let told = ActionSpec {
        subject_kind: Some(SUBJECT.to_owned()),
        subject_pointers: Vec::new(),
        optional: true,
        schema: Some(schema(&["status", "backend", "username", "vuser"])),
        ..ActionSpec::default()
    };
    let notification = ActionSpec {
        optional: false,
        class: Class::Interactive,
        schema: Some(schema(&["backend", "vuser"])),
        ..told.clone()
    };
    vec![
        (REGISTERED.to_owned(), told.clone()),
        (UNREGISTERED.to_owned(), told),
        (NOTIFICATION.to_owned(), notification),
    ]
}

fn schema(required: &[&str]) -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object",
        "properties": { "payload": {
            "type": "object",
            "properties": {
                "backend": text, "username": text, "vuser": text, "folder": text, "message_id": text,
                "status": { "enum": ["REGISTER", "UNREGISTER"] },
            },
            "required": required,
        }},
        "required": ["payload"],
    })
}

/// What is told of somebody who has come or gone; `others` = how many other system users are there as the same user of the
/// backend: whoever watches a mailbox stops when the last one has gone.
pub(crate) fn told(triple: &Triple, is_there: bool, others: usize) -> Request {
    let (action, status) = if is_there { (REGISTERED, "REGISTER") } else { (UNREGISTERED, "UNREGISTER") };
    let payload = json!({
        "status": status,
        "backend": triple.backend,
        "username": triple.user,
        "vuser": triple.vuser,
        "others": others,
    });
    let body = json!({ "concernedTo": triple.vuser, "payload": payload, "options": {} });
    Request { subject: subject(&triple.backend, &triple.vuser), ..Request::new(SOURCE, action, body) }
}

/// The mailbox: who else has it does not matter. One whose name is too long for a subject has the beginning of it: then
/// two may be one line, which keeps the order all the same.
pub(crate) fn subject(backend: &str, vuser: &str) -> Option<Subject> {
    let mut value = format!("{backend}/{vuser}");
    let room = LONGEST - SUBJECT.len() - 1;
    while value.len() > room {
        value.pop();
    }
    Subject::new(SUBJECT, &value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_fits_the_action_table_and_names_the_mailbox() {
        let triple = Triple::new("SOGo", "Administrator", "sogo1@example.com").unwrap();
        let request = told(&triple, false, 2);
        assert_eq!(request.subject.unwrap().as_str(), "mailbox:SOGo/sogo1@example.com");
        assert_eq!(request.action, "USER_UNREGISTERED");
        assert_eq!(
            request.body["payload"],
            json!({ "status": "UNREGISTER", "backend": "SOGo", "username": "Administrator",
                    "vuser": "sogo1@example.com", "others": 2 })
        );
        let (_, spec) = actions().into_iter().find(|(name, _)| *name == request.action).unwrap();
        let schema = spec.schema.unwrap();
        for name in schema["properties"]["payload"]["required"].as_array().unwrap() {
            assert!(request.body["payload"][name.as_str().unwrap()].is_string(), "{name}");
        }
    }

    #[test]
    fn a_subject_is_never_longer_than_what_is_kept() {
        let long = subject(&"é".repeat(500), &"v".repeat(1024)).unwrap();
        assert!(long.as_str().len() <= LONGEST);
    }
}
