//! What could not be accepted, as it is kept.

pub(crate) mod secrets;

use jiff::Timestamp;
use journal::NewRecord;
use model::{RecordKind, Refusal};

/// The record of a refusal. Its body is the message as it came.
pub(crate) fn record(refusal: Refusal, at: Timestamp) -> NewRecord {
    NewRecord {
        kind: RecordKind::Refusal,
        at,
        who: refusal.source,
        what: refusal.action.or(refusal.external_id),
        code: refusal.code,
        message: refusal.message,
        body: refusal.raw,
    }
}
