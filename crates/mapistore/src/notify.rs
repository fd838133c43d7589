//! Something has arrived for somebody who is registered: the processes that have registered him are told.

use std::sync::Arc;
use std::time::Duration;

use engine::clock::within;
use engine::port::{BoxFuture, Call, Control};
use futures_util::future::join_all;
use mapistore_wire::{self as wire, Notify as Ask, code};
use model::{Code, Notice, Outcome};
use module::Native;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::oneshot;
use utoipa::ToSchema;

use crate::live::{Live, Place};
use crate::registry::Process;
use crate::session::{Answer, Unasked};

/// How long a process may take to say what became of it.
const PATIENCE: Duration = Duration::from_secs(10);
/// What others are told of it, by name.
pub const NOTICE: &str = "notify.openchange.message";

/// What has arrived, for whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Notification {
    /// The backend, as processes register users on it.
    pub backend: String,
    /// The user as the backend knows him.
    pub vuser: String,
    /// The folder in which something has arrived; without it `*` stands in the URI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// What has arrived, as the backend names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The URI on which the new one is built, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_uri: Option<String>,
}

/// What became of it in one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Handed {
    /// The process; 0 = one of another namespace.
    pub pid: u32,
    /// Its program.
    pub program: String,
    /// Whether it has taken it.
    pub taken: bool,
    /// What the callback returned; none when nobody was asked, or there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// The same in words, or why there is no answer.
    pub message: String,
    /// The URI that the backend made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}

/// That somebody was told, for those who listen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Told {
    /// What has arrived.
    pub notification: Notification,
    /// System users who are registered so.
    pub users: Vec<String>,
    /// What became of it, process by process.
    pub processes: Vec<Handed>,
}

/// Why nobody can be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreached {
    /// Nobody is registered so.
    #[error("User not registered: nobody is {vuser} on {backend} now")]
    NotRegistered {
        /// The backend.
        backend: String,
        /// The user of it.
        vuser: String,
    },
    /// Those who have registered him are not connected.
    #[error("{vuser} is registered on {backend}, and no process that has registered him is connected")]
    NotConnected {
        /// The backend.
        backend: String,
        /// The user of it.
        vuser: String,
    },
    /// None of them makes URIs.
    #[error("manager interface missing: no process that has registered {vuser} makes URIs for {backend}")]
    NotImplemented {
        /// The backend.
        backend: String,
        /// The user of it.
        vuser: String,
    },
    /// None of those that were asked has taken it.
    #[error("no process has taken it: {}", .0.iter().map(|handed| format!("process {}: {}", handed.pid, handed.message)).collect::<Vec<_>>().join("; "))]
    Failed(Vec<Handed>),
}

impl Unreached {
    /// The same for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Unreached::NotRegistered { .. } => "not_registered",
            Unreached::NotConnected { .. } => "not_connected",
            Unreached::NotImplemented { .. } => "not_implemented",
            Unreached::Failed(_) => "callback_failed",
        }
    }

    /// The number that the C library has for it.
    fn number(&self) -> i32 {
        match self {
            Unreached::NotRegistered { .. } => code::NOT_INITIALIZED,
            Unreached::NotConnected { .. } => code::MSG_SEND,
            Unreached::NotImplemented { .. } => code::NOT_IMPLEMENTED,
            Unreached::Failed(handed) => {
                handed.iter().find_map(|handed| handed.code).unwrap_or(code::MSG_RCV)
            }
        }
    }
}

impl Live {
    /// The processes that can be told, and the system users behind.
    pub fn reach(&self, notification: &Notification) -> Result<(Vec<Process>, Vec<String>), Unreached> {
        let Notification { backend, vuser, .. } = notification;
        let (seen, processes) = {
            let table = self.table();
            (table.of_vuser(backend, vuser), table.processes_of(backend, vuser))
        };
        let named = || (backend.clone(), vuser.clone());
        if seen.is_empty() {
            let (backend, vuser) = named();
            return Err(Unreached::NotRegistered { backend, vuser });
        }
        let sessions = self.sessions();
        let connected = processes.into_iter().filter(|(process, connected)| {
            *connected && sessions.get(process).is_some_and(|session| session.out.is_some())
        });
        let connected: Vec<Process> = connected.map(|(process, _)| process).collect();
        if connected.is_empty() {
            let (backend, vuser) = named();
            return Err(Unreached::NotConnected { backend, vuser });
        }
        let manages =
            |process: &Process| sessions.get(process).is_some_and(|session| session.manages(backend));
        let managers: Vec<Process> = connected.into_iter().filter(manages).collect();
        if managers.is_empty() {
            let (backend, vuser) = named();
            return Err(Unreached::NotImplemented { backend, vuser });
        }
        Ok((managers, seen.iter().map(|seen| seen.triple.user.to_string()).collect()))
    }

    /// Tells all processes that have registered somebody, and says what became of it in each.
    pub async fn hand_over(&self, notification: &Notification) -> Result<Told, Unreached> {
        let (processes, users) = self.reach(notification)?;
        let asked: Vec<_> = {
            let mut sessions = self.sessions();
            let ask = |process: Process| {
                let Some(session) = sessions.get_mut(&process) else {
                    return (process, String::new(), Err(Unasked::Away));
                };
                let user = users.first().map(String::as_str).unwrap_or_default();
                let asked = wire::Triple::new(&notification.backend, user, &notification.vuser)
                    .map_err(wire::WireError::from)
                    .map_err(Unasked::from)
                    .and_then(|triple| {
                        session.ask(Ask {
                            id: self.epoch(),
                            triple,
                            folder: notification.folder.as_deref(),
                            message: notification.message_id.as_deref(),
                            root: notification.root_uri.as_deref(),
                        })
                    });
                (process, session.program.clone(), asked)
            };
            processes.into_iter().map(ask).collect()
        };
        let answers =
            asked.into_iter().map(async |(process, program, asked)| heard(process, program, asked).await);
        let processes: Vec<Handed> = join_all(answers).await;
        if processes.iter().all(|handed| !handed.taken) {
            return Err(Unreached::Failed(processes));
        }
        let told = Told { notification: notification.clone(), users, processes };
        self.ledger().tell(told.clone());
        self.count("notified");
        Ok(told)
    }
}

/// Waits for what a process says of it.
async fn heard(
    process: Process,
    program: String,
    asked: Result<oneshot::Receiver<Answer>, Unasked>,
) -> Handed {
    let none = |message: String| Handed {
        pid: process.pid,
        program: program.clone(),
        taken: false,
        code: None,
        message,
        uri: None,
    };
    match asked {
        Err(why) => none(why.to_string()),
        Ok(answer) => match within(PATIENCE, answer).await {
            Ok(Ok(Answer { code, uri })) => {
                let (taken, message) = (code == code::SUCCESS, code::meaning(code).to_owned());
                Handed { taken, code: Some(code), uri, ..none(message) }
            }
            Ok(Err(_)) => none("the connection was lost before it answered".to_owned()),
            Err(_) => none(format!("it did not answer within {} s", PATIENCE.as_secs())),
        },
    }
}

/// Hands notifications over, as a part of the program among the backends.
pub struct Herald(pub Arc<Place>);

impl Native for Herald {
    fn run(&self, call: Call, _: Control) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            let payload = call.body.get("payload").cloned().unwrap_or_default();
            let notification: Notification = match serde_json::from_value(payload) {
                Ok(notification) => notification,
                Err(error) => {
                    let why = format!("the payload is no notification: {error}");
                    return Outcome::hard(code::INVALID_PARAMETER, model::word::code::INVALID_PAYLOAD, why);
                }
            };
            let Some(live) = self.0.get() else {
                let code = Code::from_static("not_configured");
                return Outcome::hard(code::NOT_INITIALIZED, code, "the registry is not at work here");
            };
            match live.hand_over(&notification).await {
                Ok(told) => {
                    let data = serde_json::to_value(&told).unwrap_or_default();
                    let notice = Notice { name: NOTICE.to_owned(), data: data.clone() };
                    let message = format!("taken by {} of {}", taken(&told.processes), told.processes.len());
                    Outcome {
                        message: Some(message),
                        data: Some(data),
                        notices: vec![notice],
                        ..Outcome::done()
                    }
                }
                Err(why) => {
                    let data = match &why {
                        Unreached::Failed(processes) => Some(json!({ "processes": processes })),
                        _ => None,
                    };
                    let code = Code::from_static(why.code());
                    Outcome { data, ..Outcome::hard(why.number(), code, why.to_string()) }
                }
            }
        })
    }
}

fn taken(processes: &[Handed]) -> usize {
    processes.iter().filter(|handed| handed.taken).count()
}
