//! Our words as numbers.

use model::{
    Class, DeliveryState, EventKind, JobState, OnError, OutcomeKind, RecordKind, Settled, StepState,
};

/// A word that is stored as a number. The numbers are the file format: they never change.
pub(crate) trait Coded: Copy {
    fn code(self) -> i64;
    fn of_code(code: i64) -> Option<Self>;
}

macro_rules! coded {
    ($type:ident { $($word:ident = $code:literal),+ $(,)? }) => {
        impl Coded for $type {
            fn code(self) -> i64 {
                match self {
                    $($type::$word => $code),+
                }
            }

            fn of_code(code: i64) -> Option<Self> {
                match code {
                    $($code => Some($type::$word),)+
                    _ => None,
                }
            }
        }
    };
}

coded!(JobState {
    Queued = 0,
    Running = 1,
    Retrying = 2,
    Succeeded = 3,
    Failed = 4,
    Cancelled = 5,
    Superseded = 6,
});
coded!(StepState { Pending = 0, Running = 1, Succeeded = 2, Failed = 3, Skipped = 4 });
coded!(DeliveryState { Pending = 0, Delivered = 1, Undeliverable = 2, Dropped = 3 });
coded!(Settled { Replayed = 1, Followed = 2, Aside = 3 });
coded!(Class { Interactive = 0, Bulk = 1 });
coded!(OnError { Stop = 0, Continue = 1 });
coded!(OutcomeKind { Done = 0, Soft = 1, Hard = 2, Wait = 3 });
coded!(RecordKind { Refusal = 0, Audit = 1, Message = 2 });
coded!(EventKind {
    Accepted = 0,
    StepStarted = 1,
    StepSucceeded = 2,
    StepSoft = 3,
    StepFailed = 4,
    StepSkipped = 5,
    Requeued = 6,
    Retrying = 7,
    Succeeded = 8,
    Failed = 9,
    Cancelled = 10,
    Superseded = 11,
    Refused = 12,
    Paused = 13,
    Resumed = 14,
    Undeliverable = 15,
    Held = 16,
    Approved = 17,
    Rejected = 18,
    Tripped = 19,
    Recovered = 20,
    Waiting = 21,
});

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    fn holds<T: Coded + PartialEq + fmt::Debug>(all: &[T]) {
        let mut codes: Vec<i64> = all.iter().map(|w| w.code()).collect();
        for word in all {
            assert_eq!(T::of_code(word.code()), Some(*word));
        }
        codes.dedup();
        assert_eq!(codes.len(), all.len(), "each word has a number of its own");
        assert_eq!(T::of_code(i64::try_from(all.len()).unwrap()), None);
    }

    #[test]
    fn every_word_comes_back() {
        holds(&JobState::ALL);
        holds(&StepState::ALL);
        holds(&DeliveryState::ALL);
        holds(&[Class::Interactive, Class::Bulk]);
        holds(&[OnError::Stop, OnError::Continue]);
        holds(&OutcomeKind::ALL);
        holds(&[RecordKind::Refusal, RecordKind::Audit, RecordKind::Message]);
    }
}
