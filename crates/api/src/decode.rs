//! A request document, from bytes to [`Request`]: pure, the same for the API, for a line of a batch, for a file given
//! to the command and for a refused message that is handed in again.
//!
//! The document is what a backend reads on its standard input (`concernedTo`, `payload`, `options`); beside these
//! members stand those that tell the hub what to do with it, and that no backend sees: `action`, `subject`, `id`,
//! `class`, `deadline`, `not_before`, `dry_run`, `trace`.
//!
//! What is refused is refused in one sentence that never repeats a value: it may be a secret.

mod member;

use std::borrow::Cow;

use engine::Why;
use jiff::Timestamp;
use model::json::{self, Bad};
use model::word::code;
use model::{Request, Subject};
use serde_json::{Map, Value};

use http::suggest::{hint, quote};

/// Members that the hub takes out.
const OURS: [&str; 8] = ["action", "subject", "id", "class", "deadline", "not_before", "dry_run", "trace"];
/// Members that backends read.
const THEIRS: [&str; 3] = ["concernedTo", "payload", "options"];

/// What a caller says beside the document: in headers, parameters or options of the command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// The action of a document that does not name one.
    pub action: Option<String>,
    /// The caller's own id of the request (`Idempotency-Key`).
    pub id: Option<String>,
    /// The caller's trace (`traceparent`), for a document that does not name one.
    pub trace: Option<String>,
}

/// Reads a document that reached `source`. `now` is what a deadline in seconds counts from.
pub fn request(document: &[u8], source: &str, beside: &Beside, now: Timestamp) -> Result<Request, Why> {
    let mut members = match json::read(document).map_err(|bad| not_read(&bad))? {
        Value::Object(members) => members,
        Value::Array(_) => {
            return Err(unreadable(format!("an array, {SHAPE}; send many as one document on each line")));
        }
        _ => return Err(unreadable(format!("a single value, {SHAPE}"))),
    };
    refuse_unknown(&members)?;
    let named = member::action(&mut members)?;
    let id = member::text(&mut members, "id")?;
    let subject = member::text(&mut members, "subject")?;
    let class = member::class(&mut members)?;
    let deadline = member::time(&mut members, "deadline", now)?;
    let not_before = member::time(&mut members, "not_before", now)?;
    let dry_run = member::flag(&mut members, "dry_run")?;
    let trace = member::text(&mut members, "trace")?;
    member::check_body(&members)?;
    let body = Value::Object(members);
    Ok(Request {
        external_id: agree("id", id, beside.id.as_deref())?,
        subject: subject.map(|text| parse_subject(&text)).transpose()?,
        class,
        deadline,
        not_before,
        dry_run,
        trace: trace.or_else(|| beside.trace.clone()),
        ..Request::new(source, action(named, beside.action.as_deref(), &body)?, body)
    })
}

const SHAPE: &str = "where one object is expected: {\"action\", \"concernedTo\", \"payload\", \"options\"}";

/// The document as it is kept when it is refused: with what was said beside it put in, so that it means the same when
/// it is handed in again. One that is no JSON object stays as it is.
pub(crate) fn whole<'d>(document: &'d [u8], beside: &Beside) -> Cow<'d, [u8]> {
    let said = [("action", &beside.action), ("id", &beside.id), ("trace", &beside.trace)];
    if said.iter().all(|(_, value)| value.is_none()) {
        return Cow::Borrowed(document);
    }
    let Ok(Value::Object(mut members)) = json::read(document) else { return Cow::Borrowed(document) };
    for (key, value) in said {
        // A member that is `null` says nothing.
        if let Some(value) = value
            && members.get(key).is_none_or(Value::is_null)
        {
            members.insert(key.to_owned(), Value::from(value.as_str()));
        }
    }
    serde_json::to_vec(&members).map_or(Cow::Borrowed(document), Cow::Owned)
}

fn refuse_unknown(members: &Map<String, Value>) -> Result<(), Why> {
    let known: Vec<&str> = OURS.into_iter().chain(THEIRS).collect();
    match members.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(unreadable(format!("unknown member {}: {}", quote(key), hint(key, &known)))),
        None => Ok(()),
    }
}

/// The first that speaks: the document, what was said beside it, Sesame's own wrapper.
fn action(named: Option<String>, beside: Option<&str>, body: &Value) -> Result<String, Why> {
    if let Some(beside) = beside {
        member::check_action(beside)?;
    }
    if let Some(action) = agree("action", named, beside)? {
        return Ok(action);
    }
    match body.pointer("/payload/identity/action") {
        Some(Value::String(action)) => member::check_action(action).map(|()| action.clone()),
        _ => Err(unreadable(
            "no action: name it in the member \"action\" (IDENTITY_UPDATE, for example), or in /payload/identity/action",
        )),
    }
}

/// What the document and its caller say of the same thing must be the same.
fn agree(what: &str, inside: Option<String>, beside: Option<&str>) -> Result<Option<String>, Why> {
    match (inside, beside) {
        (Some(inside), Some(beside)) if inside != beside => Err(unreadable(format!(
            "the {what} in the document is not the one given beside it: give it once, or the same twice"
        ))),
        (inside, beside) => Ok(inside.or_else(|| beside.map(str::to_owned))),
    }
}

fn parse_subject(text: &str) -> Result<Subject, Why> {
    text.parse().map_err(|_| Why {
        code: code::BAD_SUBJECT,
        message: "the document is refused: \"subject\" must be written kind:value, for example \
                  identity:66c22991bdc3c9a7563a9d4f"
            .to_owned(),
    })
}

fn not_read(bad: &Bad) -> Why {
    Why { code: bad.code(), ..unreadable(bad) }
}

fn unreadable(why: impl std::fmt::Display) -> Why {
    Why { code: code::UNREADABLE, message: format!("the document is refused: {why}") }
}
