//! Request documents of the API and the command.

use api::decode::{Beside, request};
use jiff::Timestamp;
use model::Request;
use serde_json::{Value, json};

/// A document that is understood means the same when it is written out again; one that is not is refused in words.
pub(crate) fn run(bytes: &[u8]) {
    match request(bytes, "http", &Beside::default(), Timestamp::UNIX_EPOCH) {
        Ok(taken) => {
            let again = serde_json::to_vec(&written(&taken)).expect("a JSON value can be written");
            let again = request(&again, "http", &Beside::default(), Timestamp::UNIX_EPOCH);
            assert_eq!(again.as_ref(), Ok(&taken), "written out, it means something else");
        }
        Err(why) => assert!(!why.message.is_empty(), "refused without a word"),
    }
}

/// The document that says all that the request says.
fn written(request: &Request) -> Value {
    let said = json!({
        "action": request.action,
        "id": request.external_id,
        "subject": request.subject.as_ref().map(ToString::to_string),
        "class": request.class,
        "deadline": request.deadline,
        "trace": request.trace,
    });
    let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let said = members(&said).into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(members(&request.body).into_iter().chain(said).collect())
}
