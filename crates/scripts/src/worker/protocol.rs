//! What goes over the pipes of a worker: one JSON object a line. First it says that it is ready; then each request is
//! answered, once, before the next one comes.

use engine::port::Call;
use serde::Serialize;
use serde_json::Value;

use crate::answer::Answer;

/// The version of all this. A worker sees it in its environment, and says which one it speaks.
pub(crate) const VERSION: u64 = 1;

/// One request. The members stand in this order, and `document` last, so that a shell can cut the line in two.
#[derive(Serialize)]
struct Request<'a> {
    /// What the answer must repeat.
    id: &'a str,
    action: &'a str,
    job: String,
    attempt: u32,
    run: &'a str,
    deadline: Option<String>,
    dry_run: bool,
    language: &'a str,
    /// What a script reads on its standard input.
    document: &'a Value,
}

/// The line of a request, which the mark of its attempt names.
pub(crate) fn request(call: &Call, language: &str) -> Result<Vec<u8>, serde_json::Error> {
    let mark = call.mark.to_string();
    let mut line = serde_json::to_vec(&Request {
        id: &mark,
        action: &call.action,
        job: call.mark.job.to_string(),
        attempt: call.mark.attempt,
        run: &mark,
        deadline: call.deadline.map(|deadline| deadline.to_string()),
        dry_run: call.dry_run,
        language,
        document: &call.body,
    })?;
    line.push(b'\n');
    Ok(line)
}

/// What a worker says while it works on a request.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    /// What came of it.
    Answer(Answer),
    /// How far it has come.
    Progress(Value),
}

/// Why a worker cannot be believed any more. What it did of its request is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("it wrote a line of more than {0} bytes")]
    TooLong(usize),
    #[error("it wrote what is not UTF-8")]
    NotText,
    #[error("it wrote a line that is not one JSON object")]
    NoObject,
    #[error("it wrote JSON that is nested deeper than {} levels", crate::answer::DEEPEST)]
    TooDeep,
    #[error("it answered with another `id` than that of the request")]
    OtherId,
    #[error("it answered before it had read the request")]
    Early,
    #[error("it wrote more than one answer")]
    TooMuch,
    #[error("it wrote something before it was asked")]
    Unasked,
    #[error("it wrote half a line and closed its output")]
    HalfLine,
    #[error("it closed its output")]
    Closed,
    #[error(r#"it began with something else than {{"ready": {VERSION}}}"#)]
    NotReady,
    #[error("it speaks version {0} of the protocol, and the hub speaks {VERSION}")]
    Version(u64),
    #[error("it does not read its standard input")]
    Deaf,
}

/// Understands the line by which a worker says that it is ready.
pub(crate) fn ready(line: &[u8]) -> Result<(), Fault> {
    let value = whole(line)?.into_value();
    match value.get("ready").and_then(Value::as_u64) {
        Some(VERSION) => Ok(()),
        Some(other) => Err(Fault::Version(other)),
        None => Err(Fault::NotReady),
    }
}

/// Understands a line of a worker that works on the request of this `id`.
pub(crate) fn heard(line: &[u8], id: &str) -> Result<Heard, Fault> {
    let mut said = whole(line)?;
    match said.take("id") {
        Some(Value::String(named)) if named == id => {}
        _ => return Err(Fault::OtherId),
    }
    Ok(match (said.status(), said.take("progress")) {
        (None, Some(progress)) => Heard::Progress(progress),
        _ => Heard::Answer(said),
    })
}

/// The object that is all of a line.
fn whole(line: &[u8]) -> Result<Answer, Fault> {
    let text = str::from_utf8(line).map_err(|_| Fault::NotText)?;
    let said = Answer::all_of(text.trim().as_bytes()).ok_or(Fault::NoObject)?;
    if said.too_deep { Err(Fault::TooDeep) } else { Ok(said) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(line: &str) -> Result<Value, Fault> {
        heard(line.as_bytes(), "a/1").map(|heard| match heard {
            Heard::Answer(answer) => answer.into_value(),
            Heard::Progress(progress) => json!({ "progress": progress }),
        })
    }

    #[test]
    fn an_answer_repeats_the_id_and_is_the_rest() {
        assert_eq!(
            answer(r#"{"id":"a/1","status":0,"message":"m"}"#),
            Ok(json!({"status": 0, "message": "m"}))
        );
        assert_eq!(answer(r#" {"status":0,"id":"a/1"} "#), Ok(json!({"status": 0})));
        assert_eq!(answer(r#"{"id":"a/1","progress":{"done":1}}"#), Ok(json!({"progress": {"done": 1}})));
        let both = json!({"status": 0});
        assert_eq!(answer(r#"{"id":"a/1","progress":{"done":1},"status":0}"#), Ok(both));
    }

    #[test]
    fn whatever_else_it_writes_is_a_fault() {
        let deep = format!(r#"{{"id":"a/1","status":0,"data":{}1{}}}"#, "[".repeat(500), "]".repeat(500));
        for (line, fault) in [
            (r#"{"id":"a/2","status":0}"#, Fault::OtherId),
            (r#"{"id":1,"status":0}"#, Fault::OtherId),
            (r#"{"status":0}"#, Fault::OtherId),
            ("", Fault::NoObject),
            ("connecting…", Fault::NoObject),
            (r#"{"id":"a/1","status":0"#, Fault::NoObject),
            (r#"{"id":"a/1","status":0}{"id":"a/1","status":0}"#, Fault::NoObject),
            (r#"[{"id":"a/1","status":0}]"#, Fault::NoObject),
            (deep.as_str(), Fault::TooDeep),
        ] {
            assert_eq!(answer(line), Err(fault), "{line:.80}");
        }
        assert_eq!(heard(b"{\"id\":\"a/1\",\"message\":\"\xff\"}", "a/1"), Err(Fault::NotText));
    }

    #[test]
    fn only_a_version_that_both_speak_is_ready() {
        assert_eq!(ready(br#"{"ready":1}"#), Ok(()));
        assert_eq!(ready(br#"{"ready":1,"name":"x"}"#), Ok(()));
        assert_eq!(ready(br#"{"ready":2}"#), Err(Fault::Version(2)));
        assert_eq!(ready(br#"{"ready":true}"#), Err(Fault::NotReady));
        assert_eq!(ready(b"Starting up"), Err(Fault::NoObject));
    }
}
