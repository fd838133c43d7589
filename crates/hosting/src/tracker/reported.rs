//! What a host says of a school, as far as it is believed. Pure.

use http::Time;
use jiff::Timestamp;
use serde_json::Value;

use crate::answer::{self, Connection, is_line, is_site};
use crate::state::State;

/// Characters of the code of a state.
const CODE: usize = 100;
/// Steps of a history that are read, the newest.
const STEPS: usize = 500;
/// Files and programs that are read.
const FILES: usize = 200;
/// Characters of a name, and of a message.
const TEXT: (usize, usize) = (255, 1_000);

/// A school as its host describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reported {
    /// Where it stands; the ready state in the spelling that is meant, and codes that nobody knows as they are.
    pub state: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// The states it has come to, oldest first.
    pub history: Vec<Reached>,
    /// The licence stamp.
    pub griffe: Option<String>,
    /// Which server.
    pub version: Option<String>,
    /// Seconds until it is open.
    pub eta_seconds: Option<u64>,
    /// How to connect.
    pub connection: Option<Connection>,
    /// The programs that the school installs.
    pub programs: Vec<Program>,
    /// What was exported.
    pub downloads: Vec<Left>,
    /// What was done for it last.
    pub last: Option<LastWork>,
    /// What went wrong, in the states of errors.
    pub error: Option<String>,
}

/// A state that was come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Which.
    pub state: String,
    /// When, as the host says.
    pub at: Timestamp,
}

/// A program that a school installs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// For which system.
    pub system: String,
    /// Where it is.
    pub url: String,
    /// Bytes.
    pub size: Option<u64>,
    /// SHA-256 in hexadecimal digits.
    pub sha256: Option<String>,
}

/// A file that was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Bytes.
    pub size: Option<u64>,
    /// SHA-256 in hexadecimal digits.
    pub sha256: Option<String>,
    /// How long it is there.
    pub expires_at: Option<Timestamp>,
}

/// What was done for a school last, or is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastWork {
    /// What: `create`, `alter`.
    pub kind: String,
    /// How it stands: `running`, `done`, `failed`, `cancelled`.
    pub state: String,
    /// What was said of it.
    pub message: Option<String>,
}

impl Reported {
    /// Reads an answer; what is odd in it is left out. `None` = it does not say where the school stands.
    pub fn read(said: &Value) -> Option<Self> {
        let list = |name: &str| said.get(name).and_then(Value::as_array).into_iter().flatten();
        let history: Vec<_> = list("history").filter_map(reached).collect();
        Some(Reported {
            state: code(said.get("state")?)?,
            since: time(said, "since"),
            history: history.into_iter().rev().take(STEPS).rev().collect(),
            griffe: text(said, "griffe", TEXT.0),
            version: text(said, "version", TEXT.0),
            eta_seconds: said.get("eta_seconds").and_then(Value::as_u64),
            connection: said.get("connection").and_then(answer::connection),
            programs: list("client_download").filter_map(program).take(FILES).collect(),
            downloads: list("downloads").filter_map(left).take(FILES).collect(),
            last: said.get("last_operation").and_then(last),
            error: said.get("error").and_then(|error| text(error, "message", TEXT.1)),
        })
    }

    /// Whether the change that was made last came to nothing.
    pub fn alter_failed(&self) -> bool {
        self.last.as_ref().is_some_and(|last| last.kind == "alter" && last.state != "done")
    }
}

/// The code of a state: a word, or the number that stands for it.
fn code(said: &Value) -> Option<String> {
    let known = match said {
        Value::String(word) => State::of_code(word),
        Value::Number(number) => {
            State::ALL.into_iter().find(|state| number.as_u64() == Some(state.number().into()))
        }
        _ => return None,
    };
    let shown = || said.as_str().map_or_else(|| said.to_string(), str::to_owned);
    Some(known.map_or_else(shown, |state| state.code().to_owned())).filter(|code| is_line(code, CODE))
}

fn reached(said: &Value) -> Option<Reached> {
    Some(Reached { state: code(said.get("state")?)?, at: time(said, "at")? })
}

fn program(said: &Value) -> Option<Program> {
    Some(Program {
        system: text(said, "system", TEXT.0)?,
        url: url(said)?,
        size: said.get("size").and_then(Value::as_u64),
        sha256: sum(said),
    })
}

fn left(said: &Value) -> Option<Left> {
    Some(Left {
        name: text(said, "name", TEXT.0)?,
        url: url(said)?,
        size: said.get("size").and_then(Value::as_u64),
        sha256: sum(said),
        expires_at: time(said, "expires_at"),
    })
}

fn last(said: &Value) -> Option<LastWork> {
    Some(LastWork {
        kind: text(said, "kind", TEXT.0)?,
        state: text(said, "state", TEXT.0)?,
        message: text(said, "message", TEXT.1),
    })
}

fn text(said: &Value, name: &str, longest: usize) -> Option<String> {
    let line = said.get(name)?.as_str()?.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().take(longest).collect();
    Some(line).filter(|line| is_line(line, longest))
}

/// To the millisecond, as all times are kept.
fn time(said: &Value, name: &str) -> Option<Timestamp> {
    said.get(name)?.as_str()?.parse::<Time>().ok().map(|time| time.0)
}

fn url(said: &Value) -> Option<String> {
    said.get("url")?.as_str().filter(|url| is_site(url)).map(str::to_owned)
}

fn sum(said: &Value) -> Option<String> {
    let sum = said.get("sha256")?.as_str()?;
    (sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| sum.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_spellings_numbers_and_unknown_codes_are_understood() {
        let state = |said: Value| Reported::read(&json!({ "state": said })).map(|said| said.state);
        assert_eq!(state(json!("BCDIREDADY")).as_deref(), Some("BCDIREADY"));
        assert_eq!(state(json!(20)).as_deref(), Some("BCDIDBWAIT"));
        assert_eq!(state(json!("BCDIFROZEN")).as_deref(), Some("BCDIFROZEN"));
        assert_eq!(state(json!(55)).as_deref(), Some("55"));
        for odd in [json!(""), json!(null), json!(["START"]), json!("a\nb"), json!("x".repeat(101))] {
            assert_eq!(state(odd.clone()), None, "{odd}");
        }
        assert_eq!(Reported::read(&json!([])), None);
    }

    #[test]
    fn what_is_odd_is_left_out_and_the_rest_is_read() {
        let said = json!({
            "state": "BCDIREADY", "since": "2026-11-30T18:00:00.1234Z",
            "history": [{"state": "START", "at": "2026-11-30T17:00:00Z"}, {"state": 7}, "x", {"state": "BCDIREADY", "at": "no"}],
            "downloads": [{"name": "a.zip", "url": "javascript:alert(1)"}, {"name": "b.zip", "url": "https://h.example/b"}],
            "client_download": [{"system": "windows", "url": "https://h.example/setup.exe", "sha256": "zz"}],
            "connection": {"url": "https://s.example/", "rows": [{"label": "Password", "value": "x-1", "secret": true}]},
            "last_operation": {"kind": "alter", "state": "failed", "message": "no\nlicence"}, "griffe": 7,
        });
        let read = Reported::read(&said).unwrap();
        assert_eq!(read.history.len(), 1);
        assert_eq!(read.since, Some("2026-11-30T18:00:00.123Z".parse().unwrap()));
        assert_eq!(read.downloads.iter().map(|left| left.name.as_str()).collect::<Vec<_>>(), ["b.zip"]);
        assert_eq!(read.programs[0].sha256, None);
        assert_eq!(read.last.as_ref().unwrap().message.as_deref(), Some("no licence"));
        assert!(read.alter_failed() && read.griffe.is_none());
        assert!(!format!("{read:?}").contains("x-1"));
    }

    #[test]
    fn of_a_history_without_end_the_newest_steps_are_read() {
        let step = |n: i64| json!({"state": "START", "at": Timestamp::from_second(n).unwrap().to_string()});
        let history: Vec<_> = (0..2_000).map(step).collect();
        let read = Reported::read(&json!({"state": "START", "history": history})).unwrap();
        assert_eq!((read.history.len(), read.history[0].at.as_second()), (STEPS, 1_500));
    }
}
