//! The name under which the journal knows a BullMQ job.
//!
//! The orchestrator's ids (24 hexadecimal digits, time and chance in them) never come again for another job. Counted
//! ids and those that somebody chose may, once their job is gone from Redis; there the time of adding tells them
//! apart. A job that another worker took over and lost again is done anew, under the next number.

/// Between the id and what was added to it.
const BETWEEN: &str = "::";

/// The name of a job that was added at `timestamp`, for the `round`th time (from 1) that it is ours to do.
pub(crate) fn external_id(id: &str, timestamp: Option<i64>, round: u32) -> String {
    let added = timestamp.unwrap_or(0);
    match round {
        0 | 1 if is_object_id(id) => id.to_owned(),
        0 | 1 => format!("{id}{BETWEEN}{added}"),
        _ => format!("{id}{BETWEEN}{added}.{round}"),
    }
}

/// The id of the job that the journal knows under this name.
pub(crate) fn job_of(external_id: &str) -> &str {
    external_id.rsplit_once(BETWEEN).map_or(external_id, |(id, _)| id)
}

fn is_object_id(id: &str) -> bool {
    id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}
