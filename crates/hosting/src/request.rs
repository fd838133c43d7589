//! The requests that are made of backends: always rebuilt from the establishment. Pure.

use std::time::Duration;

use model::{ActionSpec, Destructive, Request, RetryPolicy, Subject};
use serde_json::{Map, Value, json};

use crate::establishment::{Establishment, KIND, UploadSet};
use crate::state::Work;
use crate::values::Values;

/// The source of the jobs.
pub const SOURCE: &str = "hosting";

/// A server that does not answer is asked again, for hours: nobody else would.
pub const RETRY: RetryPolicy = RetryPolicy {
    max: 12,
    initial: Duration::from_secs(15),
    max_delay: Duration::from_mins(30),
    max_age: None,
    jitter: 0.2,
};

/// The entries of the action table.
pub fn actions() -> Vec<(String, ActionSpec)> {
    Work::ALL.map(|work| (work.action().to_owned(), spec(work))).into()
}

fn spec(work: Work) -> ActionSpec {
    ActionSpec {
        subject_kind: Some(KIND.to_owned()),
        secrets: vec!["/payload/establishment/code".to_owned(), "/payload/previous/code".to_owned()],
        destructive: (work == Work::Delete).then_some(Destructive::Delete),
        ..ActionSpec::default()
    }
}

/// The request for the work that is waited for; `None` = none is. `exports` is the folder of all exports.
pub fn request(of: &Establishment, exports: &str) -> Option<Request> {
    let awaited = of.kept.awaited.as_ref()?;
    let (said, before) = match &of.kept.pending {
        Some(pending) => (pending, Some(&of.kept.values)),
        None => (&of.kept.values, None),
    };
    let mut payload = Map::new();
    payload.insert("establishment".to_owned(), establishment(of, said));
    if let Some(before) = before {
        payload.insert("previous".to_owned(), establishment(of, before));
    }
    payload.insert("uploads".to_owned(), uploads(of.kept.upload.as_ref()));
    payload.insert("export_dir".to_owned(), json!(export_dir(of, exports)));
    let body = json!({ "concernedTo": of.rne, "payload": payload, "options": {} });
    Some(Request {
        external_id: Some(awaited.id.clone()),
        subject: Subject::new(KIND, of.rne.as_str()),
        ..Request::new(SOURCE, awaited.work.action(), body)
    })
}

/// Where what is exported of it is to lie.
pub fn export_dir(of: &Establishment, exports: &str) -> String {
    format!("{exports}/{}/{}", of.rne, of.kept.era)
}

fn establishment(of: &Establishment, values: &Values) -> Value {
    let Values { griffe, code, version, contact } = values;
    json!({
        "rne": of.rne, "generation": of.kept.generation, "griffe": griffe, "code": code.expose(), "version": version,
        "contact": contact,
    })
}

fn uploads(set: Option<&UploadSet>) -> Value {
    // Plain data: there is nothing that could fail.
    serde_json::to_value(set.map(|set| &set.files[..]).unwrap_or_default()).unwrap_or_default()
}
