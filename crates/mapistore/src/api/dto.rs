//! What goes over the wire.

use http::{Problem, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::live::Live;
use crate::registry::{Filter, Held, Holder, Seen, Triple};

/// A page of those who are registered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistrationPage {
    /// They may be fewer than asked for although there are more.
    pub registrations: Vec<Registration>,
    /// After which the listing goes on; none = this was all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many are registered in all.
    pub in_all: u64,
    /// How many processes are connected.
    pub processes: u64,
    /// How often somebody was to go who was not there, since start.
    pub below_zero: u64,
    /// What was left out because there is no more room, since start.
    pub no_room: u64,
}

/// Somebody who is registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Registration {
    /// The backend.
    pub backend: String,
    /// The system user.
    pub user: String,
    /// The user as the backend knows him.
    pub vuser: String,
    /// By how many references, in all.
    pub count: u64,
    /// Since when; none = that is being written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// Whether any process that has registered him makes URIs for the backend: without that he is not notified.
    pub manager: bool,
    /// Who has registered him.
    pub holders: Vec<HolderView>,
}

/// Somebody who has registered a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HolderView {
    /// The process; none = those who write a queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The queue: `a` or `b`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The program, as it calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The user under whom it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// By how many references.
    pub count: u64,
    /// Whether it is connected; one that is not is waited for until the grace is over.
    pub connected: bool,
}

/// Who is registered as a user of a backend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Registered {
    /// The backend.
    pub backend: String,
    /// The user of the backend.
    pub vuser: String,
    /// System users.
    pub users: Vec<String>,
}

impl RegistrationPage {
    /// A part of the table.
    pub fn of(live: &Live, filter: &Filter, after: Option<&Triple>, limit: usize) -> Self {
        let (found, in_all, processes, anomalies) = {
            let table = live.table();
            (table.list(filter, after, limit), table.len(), table.connected(), table.anomalies)
        };
        let whole = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        RegistrationPage {
            registrations: found.rows.iter().map(|seen| Registration::of(live, seen)).collect(),
            next: found.next.map(|triple| name(&triple)),
            in_all: whole(in_all),
            processes: whole(processes),
            below_zero: anomalies.below_zero,
            no_room: anomalies.no_room,
        }
    }
}

impl Registration {
    fn of(live: &Live, seen: &Seen) -> Self {
        let Triple { backend, vuser, user } = &*seen.triple;
        let sessions = live.sessions();
        let manages = |held: &Held| match held.holder {
            Holder::Process(process) => {
                sessions.get(&process).is_some_and(|session| session.manages(backend))
            }
            Holder::Queue(_) | Holder::Unseen => false,
        };
        let holder = |held: &Held| {
            let nobody = HolderView {
                pid: None,
                queue: None,
                program: None,
                uid: None,
                count: held.count,
                connected: held.connected,
            };
            match held.holder {
                Holder::Process(process) => {
                    let session = sessions.get(&process);
                    HolderView {
                        pid: Some(process.pid),
                        program: session.map(|session| session.program.clone()),
                        uid: session.map(|session| session.uid),
                        ..nobody
                    }
                }
                Holder::Queue(queue) => {
                    HolderView { queue: Some(queue.as_str().to_owned()), connected: true, ..nobody }
                }
                Holder::Unseen => nobody,
            }
        };
        Registration {
            backend: backend.to_string(),
            user: user.to_string(),
            vuser: vuser.to_string(),
            count: seen.count,
            since: live.ledger().since(&seen.triple).map(Time),
            manager: seen.held.iter().any(manages),
            holders: seen.held.iter().map(holder).collect(),
        }
    }
}

/// A place in the listing, as it is written: names may contain anything.
pub(crate) fn name(triple: &Triple) -> String {
    let Triple { backend, vuser, user } = triple;
    serde_json::to_string(&[backend, vuser, user]).unwrap_or_default()
}

/// The same, read back.
pub(crate) fn place(text: &str) -> Result<Triple, Problem> {
    let names: Option<[String; 3]> = serde_json::from_str(text).ok();
    let triple = names.and_then(|[backend, vuser, user]| Triple::new(&backend, &user, &vuser));
    triple
        .ok_or_else(|| Problem::bad_request("the parameter after must be what an earlier page gave as next"))
}
