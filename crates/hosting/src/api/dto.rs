//! What goes over the wire.

use http::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::establishment::{Establishment, OperationState};
use crate::settings::Settings;
use crate::state::Work;
use crate::values::{Contact, Version};

/// What a client says of a school that it asks for.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct NewEstablishment {
    /// The school's number (RNE).
    #[schema(example = "0750655E", pattern = "^[0-9]{7}[A-Za-z]$")]
    pub rne: String,
    /// The licence stamp that the library server prints.
    #[schema(example = "Lycée Jean Moulin", min_length = 1, max_length = 200)]
    pub griffe: String,
    /// The licence code that goes with it.
    #[schema(example = "4711-0815", min_length = 1, max_length = 100)]
    pub code: String,
    /// Which server.
    pub version: Version,
    /// Who is told what happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
}

/// What a client changes; what it does not say stays.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct EstablishmentChange {
    /// The licence stamp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub griffe: Option<String>,
    /// The licence code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Which server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// Who is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
}

/// The answer to a client that has asked for a school.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Made {
    /// Its number.
    #[schema(example = "0750655E")]
    pub rne: String,
    /// Where it stands.
    #[schema(example = "START")]
    pub state: String,
    /// The key of the establishment: keep it, it is asked for from now on.
    pub key: String,
}

/// An establishment.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct EstablishmentView {
    /// Its number.
    #[schema(example = "0750655E")]
    pub rne: String,
    /// Where it stands.
    #[schema(example = "BCDIREADY")]
    pub state: String,
    /// The same as a number.
    #[schema(example = 50)]
    pub state_number: u8,
    /// Other spellings of the state.
    pub state_aliases: Vec<String>,
    /// Since when.
    pub since: Time,
    /// The licence stamp.
    pub griffe: String,
    /// Which server.
    pub version: Version,
    /// The states it has come to, oldest first.
    pub history: Vec<Passed>,
    /// What was done for it last, or is.
    pub last_operation: Option<LastOperation>,
    /// Seconds until it is open, once the databases were handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eta_seconds: Option<u64>,
    /// How to connect, while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<Connect>,
    /// The programs that the school installs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_download: Vec<ClientDownload>,
    /// What was exported, once it is removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub downloads: Vec<Download>,
    /// What went wrong, in the states of errors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<WhatFailed>,
}

/// A state that was come to.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Passed {
    /// Which.
    #[schema(example = "START")]
    pub state: String,
    /// When.
    pub at: Time,
}

/// Something that was done, or is.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct LastOperation {
    /// What.
    pub kind: Work,
    /// How it stands.
    pub state: OperationState,
    /// What was said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Since when it stands so.
    pub at: Time,
}

/// How to connect.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct Connect {
    /// Where its site is.
    pub url: Option<String>,
    /// The machine.
    pub host: Option<String>,
    /// The port on it.
    pub port: Option<u16>,
    /// Whatever else it takes.
    pub rows: Vec<RowView>,
}

/// A line of what it takes to connect.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct RowView {
    /// What it is.
    pub label: String,
    /// What it says.
    pub value: String,
    /// Show it to those only who ask for it.
    pub secret: bool,
}

/// A program that the school installs.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct ClientDownload {
    /// For which system.
    #[schema(example = "windows")]
    pub system: String,
    /// For which server.
    pub version: Version,
    /// Where it is.
    pub url: String,
    /// Bytes, where it lies here.
    pub size: Option<u64>,
    /// SHA-256 in hexadecimal digits, where it lies here.
    pub sha256: Option<String>,
}

/// A file that was exported.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Download {
    /// Its name.
    #[schema(example = "0750655E.zip")]
    pub name: String,
    /// Bytes, once they were counted.
    pub size: Option<u64>,
    /// SHA-256 in hexadecimal digits, once that is known.
    pub sha256: Option<String>,
    /// A signed link.
    pub url: String,
    /// How long it is there.
    pub expires_at: Time,
}

/// What went wrong.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct WhatFailed {
    /// In words.
    pub message: String,
    /// When.
    pub at: Time,
    /// It can be tried again as it is: by the same POST, another upload, or an operator.
    pub can_retry: bool,
}

/// A link to the upload page.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct TicketView {
    /// Where it leads, once.
    pub url: String,
    /// Until when it can be opened.
    pub expires_at: Time,
}

/// A page of establishments.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct EstablishmentPage {
    /// The establishments, by number.
    pub establishments: Vec<EstablishmentRow>,
    /// After which the listing goes on; absent = this was all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Those between them that cannot be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<api::dto::Damaged>,
}

/// An establishment in a list.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct EstablishmentRow {
    /// Its number.
    pub rne: String,
    /// Where it stands.
    pub state: String,
    /// The same as a number.
    pub state_number: u8,
    /// Since when.
    pub since: Time,
    /// The licence stamp.
    pub griffe: String,
    /// Which server.
    pub version: Version,
    /// What was done for it last, or is.
    pub last_operation: Option<LastOperation>,
}

impl EstablishmentRow {
    /// Of an establishment.
    pub fn new(of: &Establishment, settings: &Settings) -> Self {
        EstablishmentRow {
            rne: of.rne.to_string(),
            state: settings.code(of.state).to_owned(),
            state_number: of.state.number(),
            since: Time(of.kept.since),
            griffe: of.kept.values.griffe.clone(),
            version: of.kept.values.version,
            last_operation: last(of),
        }
    }
}

/// What was done for it last.
pub(super) fn last(of: &Establishment) -> Option<LastOperation> {
    of.kept.last.as_ref().map(|last| LastOperation {
        kind: last.work,
        state: last.state,
        message: last.message.clone(),
        at: Time(last.at),
    })
}

impl EstablishmentView {
    /// Of an establishment, without what has to be asked for or signed.
    pub(super) fn new(of: &Establishment, settings: &Settings) -> Self {
        let kept = &of.kept;
        let failed = of.error().map(|last| WhatFailed {
            message: last.message.clone().unwrap_or_default(),
            at: Time(last.at),
            can_retry: true,
        });
        EstablishmentView {
            rne: of.rne.to_string(),
            state: settings.code(of.state).to_owned(),
            state_number: of.state.number(),
            state_aliases: settings.aliases(of.state).into_iter().map(str::to_owned).collect(),
            since: Time(kept.since),
            griffe: kept.values.griffe.clone(),
            version: kept.values.version,
            history: kept
                .history
                .iter()
                .map(|passed| Passed { state: settings.code(passed.state).to_owned(), at: Time(passed.at) })
                .collect(),
            last_operation: last(of),
            eta_seconds: None,
            connection: None,
            client_download: Vec::new(),
            downloads: Vec::new(),
            error: failed,
        }
    }
}

impl From<&crate::answer::Connection> for Connect {
    fn from(said: &crate::answer::Connection) -> Self {
        let row = |row: &crate::answer::Row| RowView {
            label: row.label.clone(),
            value: row.value.expose().to_owned(),
            secret: row.secret,
        };
        Connect {
            url: said.url.clone(),
            host: said.host.clone(),
            port: said.port,
            rows: said.rows.iter().map(row).collect(),
        }
    }
}
