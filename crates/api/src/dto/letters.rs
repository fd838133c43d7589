//! Refusals and deliveries that were given up: what they have in common, and what is to become of them.

use model::{CauseId, Code};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use http::Time;

/// A cause of refusals, or of deliveries that were given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LetterCause {
    /// Its name, as the filter `cause` takes it.
    #[schema(value_type = String, example = "5f0c3d1e9a7b2468")]
    pub id: CauseId,
    /// The source of the refusals, the courier of the deliveries.
    pub by: String,
    /// The code; deliveries have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub code: Option<Code>,
    /// The message with names and numbers left out.
    pub message: String,
    /// How many have it.
    pub letters: u64,
    /// When the first of them came.
    pub first: Time,
    /// When the last one did.
    pub last: Time,
    /// The whole message of the last one.
    pub sample: String,
}

/// Refusals that nothing has settled, or deliveries that were given up, by cause: those of most first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LetterCauses {
    /// How many were looked at: the newest.
    pub looked_at: u64,
    /// There are older ones that were not.
    pub more: bool,
    /// The causes.
    pub causes: Vec<LetterCause>,
}

impl From<engine::LetterCauses> for LetterCauses {
    fn from(told: engine::LetterCauses) -> Self {
        let cause = |group: engine::LetterCause| {
            let engine::LetterCause { id, cause, letters, first, last, sample } = group;
            let model::Cause { backend, code, shape } = cause;
            let (by, message) = (backend.unwrap_or_default(), shape);
            LetterCause { id, by, code, message, letters, first: Time(first), last: Time(last), sample }
        };
        let engine::LetterCauses { causes, looked_at, more } = told;
        LetterCauses { looked_at, more, causes: causes.into_iter().map(cause).collect() }
    }
}

/// Which refusals are handed in again: those that came first before the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ResubmitMany {
    /// These.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<i64>,
    /// All instead that nothing has settled, or all of this source, code and cause.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// With `all`: those of this source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// With `all`: those of this code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// With `all`: those of this cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub cause: Option<CauseId>,
}

/// What became of refusals that were handed in again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResubmittedMany {
    /// So many were accepted.
    pub accepted: u64,
    /// So many were refused once more.
    pub refused: u64,
    /// The first thousand of those.
    pub refusals: Vec<RefusedAgain>,
    /// So many were not looked at, because the journal could not be written: ask again.
    pub left: u64,
}

/// A message that was refused once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedAgain {
    /// Its record.
    pub record: i64,
    /// Why.
    pub why: String,
}

impl From<engine::Resubmitted> for ResubmittedMany {
    fn from(told: engine::Resubmitted) -> Self {
        let engine::Resubmitted { accepted, refused, refusals, left } = told;
        let again = |(record, why)| RefusedAgain { record, why };
        ResubmittedMany { accepted, refused, refusals: refusals.into_iter().map(again).collect(), left }
    }
}

/// Which of the deliveries that were given up are sent again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Resend {
    /// These.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<Uuid>,
    /// All of them, instead.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// Of all those taken by this courier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub courier: Option<String>,
    /// Of all those to this address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Of all those of this cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub cause: Option<CauseId>,
}

/// Which of them are dropped for good, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DropDeliveries {
    /// These.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<Uuid>,
    /// All of them, instead.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// Of all those taken by this courier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub courier: Option<String>,
    /// Of all those to this address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Of all those of this cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub cause: Option<CauseId>,
    /// Why nobody has to be told any more: up to 1000 letters, kept in the audit.
    #[schema(min_length = 1, max_length = 1000, example = "that server is gone")]
    pub reason: String,
}

impl DropDeliveries {
    /// The same without the reason: which, and why.
    pub(crate) fn split(self) -> (Resend, String) {
        let DropDeliveries { ids, all, courier, address, cause, reason } = self;
        (Resend { ids, all, courier, address, cause }, reason)
    }
}

/// For how many deliveries it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveriesSettled {
    /// So many.
    pub deliveries: u64,
}
