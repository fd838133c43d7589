//! What is asked for: which rows, in which order, how many.

use jiff::Timestamp;
use model::{CauseId, DeliveryState, JobState, RecordKind, Seq, Subject};

/// Whose something is: the attempts under way, and with them the jobs that run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Begun since this journal was opened.
    Ours,
    /// Begun in an earlier life, which is over: nobody leads them any more.
    Gone,
}

/// A filter over what is in clear. Empty = all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Any of these states.
    pub states: Vec<JobState>,
    /// This action.
    pub action: Option<String>,
    /// This subject.
    pub subject: Option<Subject>,
    /// This source, or one of its callers: `http` also stands for `http/token:crm`.
    pub source: Option<String>,
    /// A step on this backend.
    pub backend: Option<String>,
    /// This code.
    pub code: Option<String>,
    /// Accepted at or after. When the clock was set by more than five minutes, a listing by time may leave out what was
    /// accepted just then.
    pub since: Option<Timestamp>,
    /// Accepted before.
    pub until: Option<Timestamp>,
    /// Ended at or after: only jobs that have ended fit.
    pub ended_since: Option<Timestamp>,
    /// Ended before: only jobs that have ended fit.
    pub ended_until: Option<Timestamp>,
    /// Holding this text, whatever case and accents its letters have: in id, external id, subject, action, source, code,
    /// message, or in the name of the subject. A whole id (UUID) leads to its job at once.
    pub text: Option<String>,
    /// All subjects whose name holds the text, where they were looked up ([`Naming::Holds`]): then none is looked at anew for
    /// each job.
    pub named: Option<Vec<Subject>>,
    /// Waiting for this.
    pub waiting: Option<Waiting>,
    /// Only dead letters: those that failed, and that no replay and nobody has settled.
    pub dead: bool,
    /// Failed on this backend: its step is the one that failed.
    pub failed_on: Option<String>,
    /// Dead letters of this cause.
    pub cause: Option<CauseId>,
}

/// Which names, whatever case and accents their letters have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Naming {
    /// Those that hold this text.
    Holds(String),
    /// Those of which it is a whole part.
    Is(String),
}

/// What live jobs that do not run wait for, as far as the journal knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Another job of their subject.
    Subject,
    /// What the jobs of these lanes wait for.
    Lanes {
        /// The lanes.
        lanes: Vec<String>,
        /// Only those due after this time.
        after: Option<Timestamp>,
        /// Only those due at this time or before.
        until: Option<Timestamp>,
    },
}

/// The order of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The last one accepted comes first.
    #[default]
    Newest,
    /// The first one accepted comes first.
    Oldest,
}

/// A page of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Only jobs that come after this one in the listing: the `next` of the page before.
    pub after: Option<Seq>,
    /// In this order.
    pub order: Order,
    /// At most so many.
    pub limit: u32,
}

/// Which records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFilter {
    /// Of this kind.
    pub kind: RecordKind,
    /// The source of a refusal, the actor of an audit record.
    pub who: Option<String>,
    /// What it is about.
    pub what: Option<Match>,
    /// This code.
    pub code: Option<String>,
    /// With this text in who, what or message, whatever case and accents its letters have.
    pub text: Option<String>,
    /// Written at or after.
    pub since: Option<Timestamp>,
    /// Written before.
    pub until: Option<Timestamp>,
    /// Only refusals that were neither handed in again nor set aside.
    pub dead: bool,
}

impl RecordFilter {
    /// All of a kind.
    pub fn of(kind: RecordKind) -> Self {
        RecordFilter {
            kind,
            who: None,
            what: None,
            code: None,
            text: None,
            since: None,
            until: None,
            dead: false,
        }
    }
}

/// How a text is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// It is this.
    Is(String),
    /// It begins with this.
    Begins(String),
}

/// Which deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// In this state.
    pub state: Option<DeliveryState>,
    /// Taken by this courier.
    pub courier: Option<String>,
    /// To this address.
    pub address: Option<String>,
}

/// Which entities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityFilter {
    /// Of this kind.
    pub kind: String,
    /// In any of these states; empty = in any at all.
    pub states: Vec<String>,
    /// With this text in key or label, whatever case and accents its letters have.
    pub text: Option<String>,
}
