//! The states of an establishment, as they stand on the wire. Pure.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where an establishment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum State {
    /// It was asked for; its server is being installed.
    #[serde(rename = "START")]
    Start,
    /// The server is there and waits for the school's databases.
    #[serde(rename = "BCDIDBWAIT")]
    DbWait,
    /// The databases were handed over; they are being checked and mounted.
    #[serde(rename = "BCDIDBUPLOADED")]
    Uploaded,
    /// They are mounted; the server is being opened.
    #[serde(rename = "BCDIDBUPLOADEDRIGHT")]
    UploadedRight,
    /// It is open.
    #[serde(rename = "BCDIREADY")]
    Ready,
    /// What is known of the school is being changed.
    #[serde(rename = "BCDIALTER")]
    Alter,
    /// It is being exported and removed.
    #[serde(rename = "BCDIDELETE")]
    Delete,
    /// It is gone; its databases can be downloaded.
    #[serde(rename = "BCDIDELETED")]
    Deleted,
    /// It could not be installed.
    #[serde(rename = "STARTERROR")]
    StartError,
    /// The databases could not be checked, mounted or opened.
    #[serde(rename = "BCDIUPLOADEDERROR")]
    UploadedError,
}

impl State {
    /// All of them, in the order of the work, those of errors last.
    pub const ALL: [State; 10] = [
        State::Start,
        State::DbWait,
        State::Uploaded,
        State::UploadedRight,
        State::Ready,
        State::Alter,
        State::Delete,
        State::Deleted,
        State::StartError,
        State::UploadedError,
    ];

    /// The code on the wire, and the word in the journal.
    pub const fn code(self) -> &'static str {
        match self {
            State::Start => "START",
            State::DbWait => "BCDIDBWAIT",
            State::Uploaded => "BCDIDBUPLOADED",
            State::UploadedRight => "BCDIDBUPLOADEDRIGHT",
            State::Ready => "BCDIREADY",
            State::Alter => "BCDIALTER",
            State::Delete => "BCDIDELETE",
            State::Deleted => "BCDIDELETED",
            State::StartError => "STARTERROR",
            State::UploadedError => "BCDIUPLOADEDERROR",
        }
    }

    /// The state of that code; both spellings of the ready one are understood.
    pub fn of_code(code: &str) -> Option<Self> {
        let spelt = |state: &State| state.code() == code || state.aliases().contains(&code);
        State::ALL.into_iter().find(spelt)
    }

    /// The code as a number, which does not change.
    pub const fn number(self) -> u8 {
        match self {
            State::Start => 10,
            State::DbWait => 20,
            State::Uploaded => 30,
            State::UploadedRight => 40,
            State::Ready => 50,
            State::Alter => 60,
            State::Delete => 70,
            State::Deleted => 80,
            State::StartError => 91,
            State::UploadedError => 92,
        }
    }

    /// Other spellings of the code that callers know.
    pub const fn aliases(self) -> &'static [&'static str] {
        match self {
            State::Ready => &["BCDIREDADY"],
            _ => &[],
        }
    }

    /// The work that goes on in it, if any.
    pub const fn work(self) -> Option<Work> {
        match self {
            State::Start => Some(Work::Create),
            State::Uploaded => Some(Work::Mount),
            State::UploadedRight => Some(Work::Open),
            State::Alter => Some(Work::Alter),
            State::Delete => Some(Work::Delete),
            State::DbWait | State::Ready | State::Deleted | State::StartError | State::UploadedError => None,
        }
    }

    /// Whether something went wrong that somebody has to put right.
    pub const fn is_error(self) -> bool {
        matches!(self, State::StartError | State::UploadedError)
    }
}

/// What backends are asked to do for an establishment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Work {
    /// Install its server.
    Create,
    /// Check and mount its databases.
    Mount,
    /// Open it to readers.
    Open,
    /// Take over what was changed.
    Alter,
    /// Export its databases, then remove it.
    Delete,
}

impl Work {
    /// All of it, in order.
    pub const ALL: [Work; 5] = [Work::Create, Work::Mount, Work::Open, Work::Alter, Work::Delete];

    /// The action of its jobs.
    pub const fn action(self) -> &'static str {
        match self {
            Work::Create => "HOSTING_CREATE",
            Work::Mount => "HOSTING_MOUNT",
            Work::Open => "HOSTING_OPEN",
            Work::Alter => "HOSTING_ALTER",
            Work::Delete => "HOSTING_DELETE",
        }
    }

    /// The work whose jobs have this action.
    pub fn of_action(action: &str) -> Option<Self> {
        Work::ALL.into_iter().find(|work| work.action() == action)
    }

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Work::Create => "create",
            Work::Mount => "mount",
            Work::Open => "open",
            Work::Alter => "alter",
            Work::Delete => "delete",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_and_numbers_are_those_that_were_published() {
        let published = [
            ("START", 10),
            ("BCDIDBWAIT", 20),
            ("BCDIDBUPLOADED", 30),
            ("BCDIDBUPLOADEDRIGHT", 40),
            ("BCDIREADY", 50),
            ("BCDIALTER", 60),
            ("BCDIDELETE", 70),
            ("BCDIDELETED", 80),
            ("STARTERROR", 91),
            ("BCDIUPLOADEDERROR", 92),
        ];
        assert_eq!(State::ALL.map(|state| (state.code(), state.number())), published);
        for state in State::ALL {
            assert_eq!(State::of_code(state.code()), Some(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.code());
        }
        assert_eq!(State::of_code("BCDIREDADY"), Some(State::Ready));
        assert_eq!(State::of_code("bcdiready"), None);
    }

    #[test]
    fn each_work_belongs_to_one_state_and_one_action() {
        let works: BTreeSet<_> = State::ALL.into_iter().filter_map(State::work).collect();
        assert_eq!(works, Work::ALL.into());
        for work in Work::ALL {
            assert_eq!(Work::of_action(work.action()), Some(work));
            assert_eq!(work.action(), format!("HOSTING_{}", work.word().to_uppercase()));
        }
    }
}
