//! What backends answer: how to connect, what was exported, how long the rest takes. Pure; they are not believed blindly.

use model::{Outcome, OutcomeKind, Step};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::hidden::Hidden;

/// Bytes of an address.
const URL: usize = 2_000;
/// Rows of a connection.
const ROWS: usize = 50;
/// Characters of a label, and of a value.
const TEXT: (usize, usize) = (200, 2_000);
/// Files of an export.
const FILES: usize = 200;
/// Nobody knows what will be after so many seconds: a week.
const FARTHEST: u64 = 7 * 24 * 3600;

/// What it takes to connect to a school's server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Where its site is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The port on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Whatever else a school needs: addresses, names, passwords.
    #[serde(default)]
    pub rows: Vec<Row>,
}

/// A line of what it takes to connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What it is.
    pub label: String,
    /// What it says.
    pub value: Hidden,
    /// It is shown to those only who ask for it.
    pub secret: bool,
}

/// A file that was exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// Where it lies, below the folder of the export.
    pub path: String,
    /// The name under which it is downloaded.
    pub name: String,
}

/// What the backends of a job have answered together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The last word of the last of them.
    pub message: Option<String>,
    /// How to connect.
    pub connection: Option<Connection>,
    /// What was exported.
    pub exported: Vec<Exported>,
    /// So many seconds until the school is open, as far as they know.
    pub eta_seconds: Option<u64>,
}

impl Answer {
    /// Of the steps of a job. `export_dir` is the folder in which exports are believed to be.
    pub fn of(steps: &[(Step, Option<Outcome>)], export_dir: &str) -> Self {
        let mut answer = Answer::default();
        let done = steps
            .iter()
            .filter_map(|(_, outcome)| outcome.as_ref())
            .filter(|outcome| outcome.kind == OutcomeKind::Done);
        for outcome in done {
            answer.message = outcome.message.clone().or(answer.message);
            let Some(data) = outcome.data.as_ref().and_then(|answer| answer.get("data")) else { continue };
            answer.connection = data.get("connection").and_then(connection).or(answer.connection);
            answer.eta_seconds = data
                .get("eta_seconds")
                .and_then(Value::as_u64)
                .map(|eta| eta.min(FARTHEST))
                .or(answer.eta_seconds);
            let downloads = data.get("downloads").and_then(Value::as_array).into_iter().flatten();
            for exported in downloads.filter_map(|said| exported(said, export_dir)).take(FILES) {
                let known = |other: &Exported| other.path == exported.path || other.name == exported.name;
                if !answer.exported.iter().any(known) {
                    answer.exported.push(exported);
                }
            }
        }
        answer
    }
}

pub(crate) fn connection(said: &Value) -> Option<Connection> {
    let said = said.as_object()?;
    let text = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
    let rows = said.get("rows").and_then(Value::as_array).into_iter().flatten();
    let port = said.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
    let connection = Connection {
        url: text("url").filter(|url| is_site(url)),
        host: text("host").filter(|host| is_line(host, URL)),
        port: port.filter(|port| *port != 0),
        rows: rows.filter_map(row).take(ROWS).collect(),
    };
    // A port alone leads nowhere.
    let leads = connection.url.is_some() || connection.host.is_some() || !connection.rows.is_empty();
    leads.then_some(connection)
}

fn row(said: &Value) -> Option<Row> {
    let label = said.get("label").and_then(Value::as_str).filter(|label| is_line(label, TEXT.0))?;
    let value = match said.get("value")? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let secret = said.get("secret").is_some_and(|secret| *secret != Value::Bool(false) && !secret.is_null());
    is_line(&value, TEXT.1).then(|| Row { label: label.to_owned(), value: Hidden::new(value), secret })
}

/// An address that a page may link to.
pub(crate) fn is_site(url: &str) -> bool {
    let place = url.strip_prefix("http://").or(url.strip_prefix("https://"));
    place.is_some_and(|place| !place.is_empty() && !place.starts_with('/'))
        && is_line(url, URL)
        && !url.contains(char::is_whitespace)
}

pub(crate) fn is_line(text: &str, longest: usize) -> bool {
    !text.is_empty() && text.chars().count() <= longest && !text.chars().any(char::is_control)
}

/// A path inside of the folder, absolute or not; one that leads out of it, or has odd parts, is none.
fn exported(said: &Value, folder: &str) -> Option<Exported> {
    let (path, name) = match said {
        Value::String(path) => (path.as_str(), None),
        said => (said.get("path")?.as_str()?, said.get("name").and_then(Value::as_str)),
    };
    let inside = match path.strip_prefix(folder) {
        Some(rest) => rest.strip_prefix('/')?,
        None => path,
    };
    let sound = |part: &str| is_line(part, 255) && part != "." && part != ".." && !part.contains('\\');
    if !inside.split('/').all(sound) {
        return None;
    }
    let own = inside.rsplit('/').next().unwrap_or(inside);
    let name = name.filter(|name| sound(name) && !name.contains('/')).unwrap_or(own);
    Some(Exported { path: inside.to_owned(), name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use model::OnError;
    use serde_json::json;

    use super::*;

    fn of(answers: &[Value]) -> Answer {
        let step = |data: &Value| {
            let step = Step::new(0, "50library".to_owned(), OnError::Stop);
            (step, Some(Outcome { data: Some(json!({ "status": 0, "data": data })), ..Outcome::done() }))
        };
        Answer::of(&answers.iter().map(step).collect::<Vec<_>>(), "/data/exports/0750655E/1")
    }

    #[test]
    fn a_connection_is_read_as_far_as_it_is_sound() {
        let said = json!({"connection": {
            "url": "http://127.0.0.1:8080/0750655E/", "host": "127.0.0.1", "port": 8080,
            "rows": [{"label": "Password", "value": "s3cret", "secret": true}, {"label": "Seats", "value": 12}, {"label": 7}],
        }, "eta_seconds": 30});
        let answer = of(&[said]);
        let connection = answer.connection.clone().unwrap();
        assert_eq!(connection.port, Some(8080));
        assert_eq!(connection.rows.iter().map(|row| row.secret).collect::<Vec<_>>(), [true, false]);
        assert_eq!((connection.rows[1].value.expose(), answer.eta_seconds), ("12", Some(30)));
        assert!(!format!("{answer:?}").contains("s3cret"));
    }

    #[test]
    fn what_would_harm_a_page_is_left_out() {
        for url in
            ["javascript:alert(1)", "http://a\nb", "ftp://x", "", "http://a b", "https:///x", "http://"]
        {
            for port in [json!(99_999), json!(0), json!(-1), json!("80"), json!(8.5)] {
                let said = json!({"connection": {"url": url, "host": "h", "port": port}});
                let connection = of(&[said]).connection.unwrap();
                assert_eq!((connection.url, connection.port), (None, None), "{url:?} {port}");
            }
        }
        let many: Vec<_> = (0..1000).map(|n| json!({"label": format!("{n}"), "value": "x"})).collect();
        assert_eq!(of(&[json!({"connection": {"rows": many}})]).connection.unwrap().rows.len(), ROWS);
        let nothing = [
            json!({"connection": "x"}),
            json!({"connection": {"url": 7, "host": "", "port": 80, "rows": [7, {"label": "x"}]}}),
            json!({"connection": {}, "eta_seconds": -1}),
            json!(7),
            json!({"downloads": {"a": 1}, "eta_seconds": "soon"}),
        ];
        assert_eq!(of(&nothing), Answer::default());
        let known = json!({"connection": {"host": "a"}});
        assert_eq!(of(&[known, nothing[1].clone()]).connection.unwrap().host.unwrap(), "a");
    }

    #[test]
    fn the_last_backend_that_says_something_counts() {
        let first = json!({"connection": {"host": "a"}});
        let answer = of(&[first, json!({"connection": {"host": "b"}}), json!({})]);
        assert_eq!(answer.connection.unwrap().host.unwrap(), "b");
    }

    #[test]
    fn exports_lie_in_their_folder() {
        let said = json!({"downloads": [
            "base.zip", "/data/exports/0750655E/1/more/other.zip", {"path": "x.db", "name": "Catalogue.db"},
            "../secret", "/etc/passwd", "/data/exports/0750655E/10/a.zip", "a//b", "", "a\u{0}b", "base.zip",
            {"path": "y.db", "name": "../y"}, {"path": "z.db", "name": "base.zip"},
        ]});
        let exported: Vec<_> = of(&[said]).exported.into_iter().map(|one| (one.path, one.name)).collect();
        let wanted = [
            ("base.zip", "base.zip"),
            ("more/other.zip", "other.zip"),
            ("x.db", "Catalogue.db"),
            ("y.db", "y.db"),
        ];
        assert_eq!(exported, wanted.map(|(path, name)| (path.to_owned(), name.to_owned())));
    }
}
