//! A client of the tests' own, small enough to see when a connection is closed.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    reason = "each test uses some of it, and what goes wrong ends it"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use intendant_testgoogle::{Google, SCOPE};
use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Answer {
    /// The reason of an error.
    pub(crate) fn reason(&self) -> &str {
        self.body["error"]["errors"][0]["reason"].as_str().unwrap_or_default()
    }
}

/// Asks; `None` = the connection was refused, or closed without an answer.
pub(crate) fn ask(
    root: &str,
    verb: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<Answer> {
    let host = root.trim_start_matches("http://").split('/').next()?;
    let mut stream = TcpStream::connect(host).ok()?;
    let mut request = format!("{verb} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        request.extend([name, ": ", value, "\r\n"]);
    }
    if !body.is_empty() {
        request.extend(["content-length: ", &body.len().to_string(), "\r\n"]);
    }
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head: head.to_owned(), body: serde_json::from_str(body).unwrap_or_default() })
}

/// Asks the directory as its administrator; a path below `users`.
pub(crate) fn users(google: &Google, verb: &str, path: &str, body: &Value) -> Option<Answer> {
    let bearer = format!("Bearer {}", google.token(&[SCOPE]));
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let text = if body.is_null() { String::new() } else { body.to_string() };
    ask(&google.url(), verb, &format!("admin/directory/v1/users{path}"), &headers, &text)
}

/// Posts a form to the token endpoint.
pub(crate) fn token(google: &Google, fields: &[(&str, &str)]) -> Option<Answer> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    ask(&google.url(), "POST", "token", &headers, &form.finish())
}
