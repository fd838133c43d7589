//! What a school can do now: upload, connect, download. Asked of the host whenever the page is loaded, and kept nowhere.

use askama::Template;
use http::page::{Visit, When};

use super::super::Pages;
use super::state::is_over;
use crate::answer::Connection;
use crate::state::State;
use crate::tracker::Looked;
use crate::tracker::reported::{Left, Program, Reported};
use crate::upload::size;

/// What can be done.
pub(super) enum Act {
    /// Nothing: it waits.
    Nothing,
    /// The host does not answer: what could be done is not known.
    Missing,
    /// Databases are uploaded, in a frame of the host's own page.
    Upload {
        /// The signed link to that page.
        ticket: String,
    },
    /// The server is used.
    Connect {
        url: Option<String>,
        rows: Vec<Row>,
        /// Some of them are hidden unless somebody asks.
        secret: bool,
        revealed: bool,
        clients: Vec<File>,
    },
    /// The exported databases are downloaded.
    Downloads { files: Vec<File>, until: Option<When> },
}

/// A line of what it takes to connect; no value = it is hidden.
pub(super) struct Row {
    label: String,
    value: Option<String>,
}

/// A file to download.
pub(super) struct File {
    name: String,
    url: String,
    size: Option<String>,
    sum: Option<String>,
}

/// The same on the page.
#[derive(Template)]
#[template(path = "school/act.html")]
pub(super) struct Shown<'p> {
    pub(super) v: &'p Visit,
    pub(super) base: &'p str,
    pub(super) act: &'p Act,
}

impl Act {
    /// `revealed` = with what is hidden.
    pub(super) async fn of(pages: &Pages, v: &Visit, looked: &Looked, revealed: bool) -> Self {
        match (looked.school.known_state(), &looked.said) {
            (Some(State::DbWait | State::UploadedError), Ok(_)) => upload(pages, v, looked).await,
            (Some(State::Ready), Ok(said)) => connect(v, said, revealed),
            (Some(State::Deleted), Ok(said)) => downloads(v, &said.downloads),
            (Some(State::Deleted), Err(_)) if is_over(looked) => downloads(v, &[]),
            (Some(State::DbWait | State::UploadedError | State::Ready | State::Deleted), Err(_)) => {
                Act::Missing
            }
            _ => Act::Nothing,
        }
    }
}

/// The host's own page, which speaks as this one does.
async fn upload(pages: &Pages, v: &Visit, looked: &Looked) -> Act {
    let rne = &looked.school.rne;
    match pages.tracker.ticket(rne).await {
        Ok(ticket) => {
            let mark = if ticket.url.contains('?') { '&' } else { '?' };
            Act::Upload { ticket: format!("{}{mark}lang={}", ticket.url, v.lang.tag()) }
        }
        Err(why) => {
            tracing::warn!("{rne} cannot be led to where it uploads its databases: {why}");
            Act::Missing
        }
    }
}

fn connect(v: &Visit, said: &Reported, revealed: bool) -> Act {
    let clients = said.programs.iter().map(|program| File::program(v, program)).collect();
    let none = Connection::default();
    let Connection { url, host, port, rows } = said.connection.as_ref().unwrap_or(&none);
    let known = |label: &str, value: Option<String>| Some(Row { label: v.t(label), value: Some(value?) });
    let fixed = [
        known("school-connect-site", url.clone()),
        known("school-connect-host", host.clone()),
        known("school-connect-port", port.map(|port| port.to_string())),
    ];
    let free = rows.iter().map(|row| Row {
        label: row.label.clone(),
        value: (revealed || !row.secret).then(|| row.value.expose().to_owned()),
    });
    Act::Connect {
        url: url.clone(),
        rows: fixed.into_iter().flatten().chain(free).collect(),
        secret: rows.iter().any(|row| row.secret),
        revealed,
        clients,
    }
}

fn downloads(v: &Visit, left: &[Left]) -> Act {
    let until = left.iter().filter_map(|file| file.expires_at).min().map(Into::into);
    Act::Downloads { files: left.iter().map(|file| File::left(v, file)).collect(), until }
}

impl File {
    fn program(v: &Visit, said: &Program) -> Self {
        let Program { system, url, size: bytes, sha256 } = said.clone();
        File { name: system, url, size: bytes.map(|bytes| size(v, bytes)), sum: sha256 }
    }

    fn left(v: &Visit, said: &Left) -> Self {
        let Left { name, url, size: bytes, sha256, .. } = said.clone();
        File { name, url, size: bytes.map(|bytes| size(v, bytes)), sum: sha256 }
    }
}
