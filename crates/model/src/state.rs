//! States of jobs, steps and deliveries, and the moves between them.

use serde::{Deserialize, Serialize};

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Accepted, no step is running, and it is not waiting for a retry.
    Queued,
    /// A step is running.
    Running,
    /// A step failed softly; the job waits for its retry.
    Retrying,
    /// Every step succeeded.
    Succeeded,
    /// A dead letter: given up.
    Failed,
    /// Ended by an operator.
    Cancelled,
    /// Replaced by a newer job of the same subject and action.
    Superseded,
}

impl JobState {
    /// All states, in the order in which they are shown.
    pub const ALL: [JobState; 7] = [
        JobState::Queued,
        JobState::Running,
        JobState::Retrying,
        JobState::Succeeded,
        JobState::Failed,
        JobState::Cancelled,
        JobState::Superseded,
    ];

    /// Whether the job has ended: nothing moves it from here, and its subject is free.
    pub fn is_terminal(self) -> bool {
        match self {
            JobState::Queued | JobState::Running | JobState::Retrying => false,
            JobState::Succeeded | JobState::Failed | JobState::Cancelled | JobState::Superseded => true,
        }
    }

    /// Whether a job may go from this state to that one.
    pub fn may_become(self, next: JobState) -> bool {
        use JobState::{Cancelled, Failed, Queued, Retrying, Running, Succeeded, Superseded};
        match self {
            // To `Retrying`: the backend it waited for takes no part any more, and an earlier step is to be tried again.
            Queued => matches!(next, Running | Retrying | Failed | Cancelled | Superseded),
            // Back to `Queued`: the next step's backend is paused or full, or the hub stops.
            Running => matches!(next, Queued | Retrying | Succeeded | Failed | Cancelled),
            Retrying => matches!(next, Queued | Running | Failed | Cancelled),
            Succeeded | Failed | Cancelled | Superseded => false,
        }
    }

    /// The word, as shown and stored.
    pub fn as_str(self) -> &'static str {
        match self {
            JobState::Queued => "queued",
            JobState::Running => "running",
            JobState::Retrying => "retrying",
            JobState::Succeeded => "succeeded",
            JobState::Failed => "failed",
            JobState::Cancelled => "cancelled",
            JobState::Superseded => "superseded",
        }
    }

    /// The state of that name.
    pub fn from_word(word: &str) -> Option<Self> {
        JobState::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// Where one backend's part of a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// Not run yet, or failed softly and to be run again.
    Pending,
    /// An attempt is under way.
    Running,
    /// The backend said so. Never run again.
    Succeeded,
    /// Given up.
    Failed,
    /// Not run, and not going to be.
    Skipped,
}

impl StepState {
    /// All states, in the order in which they are shown.
    pub const ALL: [StepState; 5] =
        [StepState::Pending, StepState::Running, StepState::Succeeded, StepState::Failed, StepState::Skipped];

    /// Whether the step has ended.
    pub fn is_terminal(self) -> bool {
        match self {
            StepState::Pending | StepState::Running => false,
            StepState::Succeeded | StepState::Failed | StepState::Skipped => true,
        }
    }

    /// Whether a step may go from this state to that one.
    pub fn may_become(self, next: StepState) -> bool {
        use StepState::{Failed, Pending, Running, Skipped, Succeeded};
        match self {
            Pending => matches!(next, Running | Failed | Skipped),
            Running => matches!(next, Pending | Succeeded | Failed | Skipped),
            Succeeded | Failed | Skipped => false,
        }
    }

    /// The word, as shown and stored.
    pub fn as_str(self) -> &'static str {
        match self {
            StepState::Pending => "pending",
            StepState::Running => "running",
            StepState::Succeeded => "succeeded",
            StepState::Failed => "failed",
            StepState::Skipped => "skipped",
        }
    }
}

/// Where a delivery (reply, notification, mail, webhook) stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// To be sent, now or at its due time.
    Pending,
    /// The other side confirmed it.
    Delivered,
    /// Given up: listed with the dead letters.
    Undeliverable,
    /// Given up, and an operator agreed.
    Dropped,
}

impl DeliveryState {
    /// All states, in the order in which they are shown.
    pub const ALL: [DeliveryState; 4] = [
        DeliveryState::Pending,
        DeliveryState::Delivered,
        DeliveryState::Undeliverable,
        DeliveryState::Dropped,
    ];

    /// Whether the delivery has ended. An undeliverable one may be sent again by an operator.
    pub fn is_terminal(self) -> bool {
        match self {
            DeliveryState::Pending => false,
            DeliveryState::Delivered | DeliveryState::Undeliverable | DeliveryState::Dropped => true,
        }
    }

    /// Whether a delivery may go from this state to that one.
    pub fn may_become(self, next: DeliveryState) -> bool {
        use DeliveryState::{Delivered, Dropped, Pending, Undeliverable};
        match self {
            Pending => matches!(next, Pending | Delivered | Undeliverable),
            // What was given up while it was under way may have arrived all the same.
            Undeliverable => matches!(next, Pending | Delivered | Dropped),
            Delivered | Dropped => false,
        }
    }

    /// The word, as shown and stored.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Pending => "pending",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Undeliverable => "undeliverable",
            DeliveryState::Dropped => "dropped",
        }
    }
}
