//! Finds a script's answer in what it printed: the last JSON object that has a `status`, whatever stands around it.

mod json;

use std::ops::Range;
use std::time::Duration;

use model::{Notice, Until, Wait, WaitFor};
use serde_json::{Map, Value};

use json::Reader;

/// So many objects and lists may stand in one another in an answer.
pub const DEEPEST: usize = json::DEPTH;

/// A JSON object in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    object: Map<String, Value>,
    /// Where it stands in the text.
    pub place: Range<usize>,
    /// Some of it is nested deeper than [`DEEPEST`], and `null` stands for that.
    pub too_deep: bool,
}

/// What a text holds: the answer, or else the last object that at least has a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// An object with a status that can be understood.
    Answer(Answer),
    /// Only an object with a message, or with a status that says nothing.
    Remark(Answer),
    /// Neither.
    Nothing,
}

/// Looks for the answer. Objects inside an object are parts of it. Takes time proportional to the text's length:
/// what was read once is read again at most once for each of the two ways in which quotes can pair up.
pub fn find(text: &[u8]) -> Found {
    let mut reader = Reader::new(text);
    let mut answer = None;
    let mut remark = None;
    let mut at = 0;
    while let Some(start) = next_brace(text, at) {
        at = start + 1;
        let Some((object, end)) = reader.object_at(start) else { continue };
        at = end;
        let found = Answer { object, place: start..end, too_deep: reader.too_deep };
        if found.status().is_some() {
            answer = Some(found);
        } else if found.message().is_some() || found.says("status") || found.says("wait") {
            remark = Some(found);
        }
    }
    answer.map(Found::Answer).or(remark.map(Found::Remark)).unwrap_or(Found::Nothing)
}

fn next_brace(text: &[u8], from: usize) -> Option<usize> {
    text.get(from..)?.iter().position(|b| *b == b'{').map(|offset| from + offset)
}

impl Answer {
    /// The object that this text is, and nothing beside it.
    pub(crate) fn all_of(text: &[u8]) -> Option<Answer> {
        let mut reader = Reader::new(text);
        let (object, end) = reader.object_at(0).filter(|(_, end)| *end == text.len())?;
        Some(Answer { object, place: 0..end, too_deep: reader.too_deep })
    }

    /// Takes a member out of it.
    pub(crate) fn take(&mut self, member: &str) -> Option<Value> {
        self.object.shift_remove(member)
    }

    /// The status: a whole number, or one of the original's names for them. Anything else says nothing.
    pub fn status(&self) -> Option<i32> {
        match self.object.get("status")? {
            Value::Number(number) => whole(number),
            Value::String(name) => named_status(name),
            _ => None,
        }
    }

    /// The backend's own words.
    pub fn message(&self) -> Option<String> {
        match self.object.get("message")? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    /// Whether it asks to be tried again later.
    pub fn wants_retry(&self) -> bool {
        self.object.get("retry") == Some(&Value::Bool(true)) || self.retry_after().is_some()
    }

    /// When it wants to be tried again: seconds, as a number or as digits.
    pub fn retry_after(&self) -> Option<Duration> {
        seconds(self.object.get("retry_after")?)
    }

    /// What it asks for that cannot do it now: `wait`, in seconds, for the job or, with `wait_for`, for all that need its
    /// backend. One that cannot be understood is an error, in words that follow on "the answer's".
    pub fn wait(&self) -> Option<Result<Wait, String>> {
        let asked = self.object.get("wait").filter(|asked| !asked.is_null())?;
        let scope = match self.object.get("wait_for") {
            None | Some(Value::Null) => Some(WaitFor::Job),
            Some(Value::String(word)) if word == "job" => Some(WaitFor::Job),
            Some(Value::String(word)) if word == "backend" => Some(WaitFor::Backend),
            Some(_) => None,
        };
        Some(match (seconds(asked), scope) {
            (Some(pause), Some(scope)) => Ok(Wait { until: Until::After(pause), scope }),
            (None, _) => Err("`wait` is no number of seconds such as 30".to_owned()),
            (_, None) => Err("`wait_for` is neither \"job\" nor \"backend\"".to_owned()),
        })
    }

    fn says(&self, key: &str) -> bool {
        self.object.contains_key(key)
    }

    /// The whole object.
    pub fn into_value(self) -> Value {
        Value::Object(self.object)
    }
}

/// What an answer wants others to know: the members of `notices` that have a name.
pub(crate) fn notices(answer: &Value) -> Vec<Notice> {
    let told = answer.get("notices").and_then(Value::as_array).into_iter().flatten();
    let notice = |told: &Value| {
        let name = told.get("name")?.as_str().filter(|name| !name.is_empty())?;
        Some(Notice { name: name.to_owned(), data: told.get("data").cloned().unwrap_or_default() })
    };
    told.filter_map(notice).collect()
}

/// A span of time in seconds, as a number or as digits: not negative, and thirty days at most.
fn seconds(value: &Value) -> Option<Duration> {
    const LONGEST: f64 = 30.0 * 24.0 * 3600.0;
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(digits) => digits.trim().parse().ok()?,
        _ => return None,
    };
    (seconds >= 0.0).then(|| Duration::try_from_secs_f64(seconds.min(LONGEST)).ok()).flatten()
}

fn whole(number: &serde_json::Number) -> Option<i32> {
    if let Some(number) = number.as_i64() {
        // Beyond the range of a status it is at least not zero.
        return Some(i32::try_from(number).unwrap_or(i32::MAX));
    }
    let float = number.as_f64()?;
    // As in JavaScript, 1.0 is whole.
    (float.fract() == 0.0).then(|| format!("{float:.0}").parse().unwrap_or(i32::MAX))
}

/// The original's names of its codes; it takes them in place of the numbers.
fn named_status(name: &str) -> Option<i32> {
    match name {
        "OK" => Some(0),
        "GENERIC_ERROR" => Some(1),
        "GENERIC_STOPPED" => Some(2),
        "CONNECTION_ERROR" => Some(4),
        "INVALID_LOGIN" => Some(8),
        "INVALID_CREDENTIALS" => Some(16),
        "INVALID_JSON_RESPONSE" => Some(32),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
