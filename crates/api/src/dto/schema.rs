//! The words of the model as the OpenAPI document shows them. The model itself knows nothing of HTTP.

use std::borrow::Cow;

use http::words::one_of;
use model::{
    DeliveryState as DeliveryStateWord, JobState as JobStateWord, OutcomeKind as OutcomeKindWord,
    Settled as SettledWord, StepState as StepStateWord,
};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

/// Declares a schema that allows some words.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $words:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                one_of($words)
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )*};
}

words! {
    /// [`model::JobState`].
    JobState = &JobStateWord::ALL.map(JobStateWord::as_str);
    /// [`model::StepState`].
    StepState = &StepStateWord::ALL.map(StepStateWord::as_str);
    /// [`model::DeliveryState`].
    DeliveryState = &DeliveryStateWord::ALL.map(DeliveryStateWord::as_str);
    /// [`model::OutcomeKind`].
    OutcomeKind = &OutcomeKindWord::ALL.map(OutcomeKindWord::as_str);
    /// [`model::OnError`].
    OnError = &["stop", "continue"];
    /// [`model::Class`].
    Class = &["interactive", "bulk"];
    /// [`model::Destructive`].
    Destructive = &["delete", "disable"];
    /// [`model::RecordKind`].
    RecordKind = &["refusal", "audit", "message"];
    /// [`model::Settled`].
    Settled = &SettledWord::ALL.map(SettledWord::as_str);
    /// [`model::EventKind`].
    EventKind = &[
        "accepted", "step_started", "step_succeeded", "step_soft", "step_failed", "step_skipped", "requeued",
        "retrying", "succeeded", "failed", "cancelled", "superseded", "refused", "paused", "resumed",
        "undeliverable", "held", "approved", "rejected", "tripped", "recovered",
        "waiting",
    ];
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    /// What the schema allows is what is written.
    fn same<T: Serialize>(schema: RefOr<Schema>, values: &[T]) {
        let schema = serde_json::to_value(schema).unwrap();
        let written = serde_json::to_value(values).unwrap();
        assert_eq!(schema["enum"], written);
    }

    #[test]
    fn the_words_are_those_of_the_model() {
        use model::EventKind as E;
        same(JobState::schema(), &JobStateWord::ALL);
        same(StepState::schema(), &StepStateWord::ALL);
        same(DeliveryState::schema(), &DeliveryStateWord::ALL);
        same(OutcomeKind::schema(), &OutcomeKindWord::ALL);
        same(Settled::schema(), &SettledWord::ALL);
        same(OnError::schema(), &[model::OnError::Stop, model::OnError::Continue]);
        same(Class::schema(), &[model::Class::Interactive, model::Class::Bulk]);
        same(Destructive::schema(), &[model::Destructive::Delete, model::Destructive::Disable]);
        same(
            RecordKind::schema(),
            &[model::RecordKind::Refusal, model::RecordKind::Audit, model::RecordKind::Message],
        );
        let events = [
            E::Accepted,
            E::StepStarted,
            E::StepSucceeded,
            E::StepSoft,
            E::StepFailed,
            E::StepSkipped,
            E::Requeued,
            E::Retrying,
            E::Succeeded,
            E::Failed,
            E::Cancelled,
            E::Superseded,
            E::Refused,
            E::Paused,
            E::Resumed,
            E::Undeliverable,
            E::Held,
            E::Approved,
            E::Rejected,
            E::Tripped,
            E::Recovered,
            E::Waiting,
        ];
        same(EventKind::schema(), &events);
    }
}
