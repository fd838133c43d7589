//! Small pieces that the pages are made of.

use askama::Template;
use http::page::Visit;
use jiff::Timestamp;
use model::Record;

use crate::seen;

/// A moment. The page's script shows it in the reader's own zone.
#[derive(Template)]
#[template(source = r#"<time datetime="{{ exact }}">{{ text }}</time>"#, ext = "html")]
pub(super) struct When {
    exact: String,
    text: String,
}

impl From<Timestamp> for When {
    fn from(at: Timestamp) -> Self {
        When { exact: format!("{at:.3}"), text: at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string() }
    }
}

/// A message in a list.
pub(super) struct Row {
    pub(super) seq: i64,
    pub(super) at: When,
    /// What it is for, and the class of its colour.
    pub(super) kind: String,
    pub(super) tone: &'static str,
    pub(super) key: String,
    pub(super) sender: String,
    pub(super) id: Option<String>,
    /// The message that it is about.
    pub(super) about: Option<String>,
}

impl Row {
    pub(super) fn new(v: &Visit, record: &Record) -> Self {
        let (id, about) = seen::ids(&record.message);
        let tone = match record.code.as_str() {
            "log" => "warn",
            "unreadable" => "bad",
            "reply" => "good",
            _ => "idle",
        };
        Row {
            seq: record.seq,
            at: record.at.into(),
            kind: v.t(&format!("bus-kind-{}", record.code)),
            tone,
            key: record.what.clone().unwrap_or_default(),
            sender: record.who.clone(),
            id: id.map(str::to_owned),
            about: about.map(str::to_owned),
        }
    }
}
