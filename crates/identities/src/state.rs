//! The states of an identity, and what may be done in each. Pure.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where an identity stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Something that backends need is missing.
    ToComplete,
    /// It was imported or edited: somebody looks before it goes out.
    ToValidate,
    /// It goes out with the next synchronisation.
    ToSynchronise,
    /// A job about it is under way.
    Synchronising,
    /// The backends have it as it is.
    Synchronised,
    /// Its last job failed.
    InError,
    /// Somebody set it aside.
    NotToSynchronise,
    /// It is gone from the backends.
    Deleted,
}

impl State {
    /// All of them, in the order of the workflow.
    pub const ALL: [State; 8] = [
        State::ToComplete,
        State::ToValidate,
        State::ToSynchronise,
        State::Synchronising,
        State::InError,
        State::Synchronised,
        State::NotToSynchronise,
        State::Deleted,
    ];

    /// The word for it, as stored and shown to programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::ToComplete => "to_complete",
            State::ToValidate => "to_validate",
            State::ToSynchronise => "to_synchronise",
            State::Synchronising => "synchronising",
            State::Synchronised => "synchronised",
            State::InError => "in_error",
            State::NotToSynchronise => "not_to_synchronise",
            State::Deleted => "deleted",
        }
    }

    /// The state of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        State::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// The number that backends see in a document.
    pub const fn number(self) -> i32 {
        match self {
            State::ToComplete => -2,
            State::ToValidate => 1,
            State::ToSynchronise => 2,
            State::Synchronising => 50,
            State::Synchronised => 99,
            State::InError => -3,
            State::NotToSynchronise | State::Deleted => -99,
        }
    }

    /// Whether a person may move an identity from here to there. Everything else follows from jobs and edits.
    pub fn may_become(self, to: State) -> bool {
        use State as S;
        match to {
            S::ToSynchronise => {
                matches!(
                    self,
                    S::ToValidate | S::InError | S::Synchronised | S::Synchronising | S::NotToSynchronise
                )
            }
            S::ToValidate => {
                matches!(self, S::ToSynchronise | S::InError | S::Synchronised | S::NotToSynchronise)
            }
            S::NotToSynchronise => matches!(
                self,
                S::ToComplete | S::ToValidate | S::ToSynchronise | S::InError | S::Synchronised
            ),
            S::ToComplete | S::Synchronising | S::Synchronised | S::InError | S::Deleted => false,
        }
    }
}

/// What is asked of the backends about an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Have it as it is: creates and modifies.
    Synchronise,
    /// Give access back.
    Enable,
    /// Take access away.
    Disable,
    /// Remove it.
    Delete,
    /// Its owner changes the password.
    PasswordChange,
    /// Somebody sets a new password.
    PasswordReset,
}

impl Deed {
    /// Those that are done to many at once.
    pub const BULK: [Deed; 4] = [Deed::Synchronise, Deed::Enable, Deed::Disable, Deed::Delete];

    /// The action of its jobs.
    pub const fn action(self) -> &'static str {
        match self {
            Deed::Synchronise => "IDENTITY_UPDATE",
            Deed::Enable => "IDENTITY_ENABLE",
            Deed::Disable => "IDENTITY_DISABLE",
            Deed::Delete => "IDENTITY_DELETE",
            Deed::PasswordChange => "IDENTITY_PASSWORD_CHANGE",
            Deed::PasswordReset => "IDENTITY_PASSWORD_RESET",
        }
    }

    /// The deed whose jobs have this action.
    pub fn of_action(action: &str) -> Option<Self> {
        Deed::BULK
            .into_iter()
            .chain([Deed::PasswordChange, Deed::PasswordReset])
            .find(|deed| deed.action() == action)
    }

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Deed::Synchronise => "synchronise",
            Deed::Enable => "enable",
            Deed::Disable => "disable",
            Deed::Delete => "delete",
            Deed::PasswordChange => "password_change",
            Deed::PasswordReset => "password_reset",
        }
    }

    /// The bulk deed of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Deed::BULK.into_iter().find(|deed| deed.as_str() == word)
    }

    /// Whether it is about the password only, and leaves the identity's state as it is.
    pub const fn is_password(self) -> bool {
        matches!(self, Deed::PasswordChange | Deed::PasswordReset)
    }
}

/// What of an identity decides what may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// Its state.
    pub state: State,
    /// The backends know it: a synchronisation succeeded, and no deletion since.
    pub reached: bool,
    /// Access was taken away.
    pub disabled: bool,
}

/// Why something cannot be done just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hindrance {
    /// A job about it is under way.
    UnderWay,
    /// Something is missing in it.
    Incomplete,
    /// Nobody has validated it.
    NotValidated,
    /// It is set aside.
    SetAside,
    /// It is deleted.
    Deleted,
    /// No backend knows it yet.
    NeverSynchronised,
    /// It is so already.
    AlreadySo,
    /// It is not deleted.
    NotDeleted,
    /// From its state there is no way there.
    WrongState,
    /// There is no such identity.
    Missing,
    /// It was changed at the same moment.
    Changed,
}

impl Hindrance {
    /// In words, with the way out.
    pub const fn sentence(self) -> &'static str {
        match self {
            Hindrance::UnderWay => "a job about it is under way: wait for its end",
            Hindrance::Incomplete => "something is missing in it: complete it first",
            Hindrance::NotValidated => "nobody has validated it: set it to synchronise first",
            Hindrance::SetAside => "it is set aside: set it to synchronise first",
            Hindrance::Deleted => "it is deleted: import or edit it to bring it back",
            Hindrance::NeverSynchronised => "no backend knows it yet: synchronise it first",
            Hindrance::AlreadySo => "it is so already",
            Hindrance::NotDeleted => {
                "its data can only be erased once it is deleted: delete it from the backends first"
            }
            Hindrance::WrongState => "its state does not allow it",
            Hindrance::Missing => "there is no such identity",
            Hindrance::Changed => "it was changed at the same moment: look again, then decide",
        }
    }

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Hindrance::UnderWay => "under_way",
            Hindrance::Incomplete => "incomplete",
            Hindrance::NotValidated => "not_validated",
            Hindrance::SetAside => "set_aside",
            Hindrance::Deleted => "deleted",
            Hindrance::NeverSynchronised => "never_synchronised",
            Hindrance::AlreadySo => "already_so",
            Hindrance::NotDeleted => "not_deleted",
            Hindrance::WrongState => "wrong_state",
            Hindrance::Missing => "missing",
            Hindrance::Changed => "changed",
        }
    }
}

impl Situation {
    /// Whether this may be done now, or why not.
    pub fn allows(self, deed: Deed) -> Result<(), Hindrance> {
        use Hindrance as H;
        let known = if self.reached { Ok(()) } else { Err(H::NeverSynchronised) };
        match (deed, self.state) {
            (_, State::Deleted) => Err(H::Deleted),
            (Deed::PasswordChange | Deed::PasswordReset, _) => known,
            (_, State::Synchronising) => Err(H::UnderWay),
            (Deed::Enable, _) if !self.disabled => known.and(Err(H::AlreadySo)),
            (Deed::Disable, _) if self.disabled => known.and(Err(H::AlreadySo)),
            (Deed::Enable | Deed::Disable, _) => known,
            (Deed::Synchronise, State::ToComplete) => Err(H::Incomplete),
            (Deed::Synchronise, State::ToValidate) => Err(H::NotValidated),
            (Deed::Synchronise, State::NotToSynchronise) => Err(H::SetAside),
            (Deed::Synchronise, State::ToSynchronise | State::InError | State::Synchronised)
            | (Deed::Delete, _) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_are_those_of_the_contract() {
        let numbers = State::ALL.map(|state| (state.as_str(), state.number()));
        assert_eq!(
            numbers,
            [
                ("to_complete", -2),
                ("to_validate", 1),
                ("to_synchronise", 2),
                ("synchronising", 50),
                ("in_error", -3),
                ("synchronised", 99),
                ("not_to_synchronise", -99),
                ("deleted", -99),
            ]
        );
        for state in State::ALL {
            assert_eq!(State::from_word(state.as_str()), Some(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        for deed in Deed::BULK {
            assert_eq!(
                (Deed::from_word(deed.as_str()), Deed::of_action(deed.action())),
                (Some(deed), Some(deed))
            );
            assert_eq!(serde_json::to_value(deed).unwrap(), deed.as_str());
        }
        assert_eq!(Deed::of_action("IDENTITY_CREATE"), None, "never sent");
    }

    #[test]
    fn what_may_be_done_in_each_state() {
        let at = |state, reached, disabled| Situation { state, reached, disabled };
        for state in State::ALL {
            let fresh = at(state, false, false);
            assert_eq!(
                fresh.allows(Deed::Synchronise).is_ok(),
                matches!(state, State::ToSynchronise | State::InError | State::Synchronised),
                "{state:?}"
            );
            assert!(fresh.allows(Deed::PasswordReset).is_err(), "no backend knows it: {state:?}");
            let known = at(state, true, false);
            assert_eq!(known.allows(Deed::PasswordReset).is_ok(), state != State::Deleted, "{state:?}");
            let free = !matches!(state, State::Deleted | State::Synchronising);
            assert_eq!(known.allows(Deed::Disable).is_ok(), free, "{state:?}");
            assert_eq!(known.allows(Deed::Delete).is_ok(), free, "{state:?}");
            assert_eq!(at(state, true, true).allows(Deed::Enable).is_ok(), free, "{state:?}");
        }
        let known = at(State::Synchronised, true, false);
        assert_eq!(known.allows(Deed::Enable), Err(Hindrance::AlreadySo));
        assert_eq!(at(State::Synchronising, true, false).allows(Deed::Synchronise), Err(Hindrance::UnderWay));
    }

    #[test]
    fn people_move_what_jobs_do_not() {
        for from in State::ALL {
            for to in State::ALL {
                let allowed = from.may_become(to);
                if from == to || from == State::Deleted {
                    assert!(!allowed, "{from:?} to {to:?}");
                }
                if matches!(to, State::Synchronising | State::Synchronised | State::InError | State::Deleted)
                {
                    assert!(!allowed, "{from:?} to {to:?}");
                }
            }
        }
        for from in [State::ToValidate, State::InError, State::Synchronised, State::Synchronising] {
            assert!(from.may_become(State::ToSynchronise), "{from:?}");
        }
        assert!(!State::ToComplete.may_become(State::ToSynchronise));
    }
}
