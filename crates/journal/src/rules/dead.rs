//! Dead letters: their causes, and when a failed job is none any more.

use model::{Cause, CauseId, Code, JobState, Settled};

/// So many causes are told apart by their messages; of others only backend and code are.
const CAUSES: i64 = 1000;
/// A replay of a replay of …: so many are followed back.
pub(crate) const REPLAYS: usize = 100;

/// The name of a cause: it follows from what the cause says.
pub fn id_of(cause: &Cause) -> CauseId {
    let mut hash = blake3::Hasher::new();
    for part in [cause.backend.as_deref(), cause.code.as_ref().map(Code::as_str), Some(&*cause.shape)] {
        // No two lists of parts give the same bytes.
        hash.update(&part.map_or(u64::MAX, |part| part.len() as u64).to_le_bytes());
        hash.update(part.unwrap_or_default().as_bytes());
    }
    let mut first = [0; 8];
    hash.finalize_xof().fill(&mut first);
    CauseId(u64::from_le_bytes(first))
}

/// The number of a cause in its table.
pub(crate) fn place(id: CauseId) -> i64 {
    id.0.cast_signed()
}

/// A cause as it is told apart when so many others are known.
pub(crate) fn told_apart(cause: Cause, known: i64) -> Cause {
    if known < CAUSES {
        return cause;
    }
    let code = cause.code.filter(|_| known < 2 * CAUSES);
    Cause { backend: cause.backend, code, shape: model::cause::LEFT_OUT.to_owned() }
}

/// What the end of a replay makes of the job of which it is one, when that stands so (`None` = it is a dead letter);
/// `None` = it stays as it is.
pub(crate) fn settle(replay: JobState, was: Option<Settled>) -> Option<Settled> {
    match (replay, was) {
        // What somebody set aside stays so.
        (_, Some(Settled::Aside | Settled::Replayed)) => None,
        (JobState::Succeeded, _) => Some(Settled::Replayed),
        (JobState::Failed, None) => Some(Settled::Followed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_that_succeeds_settles_and_one_that_fails_takes_the_place() {
        use JobState::{Cancelled, Failed, Succeeded};
        use Settled::{Aside, Followed, Replayed};
        for (replay, was, expected) in [
            (Succeeded, None, Some(Replayed)),
            (Succeeded, Some(Followed), Some(Replayed)),
            (Succeeded, Some(Aside), None),
            (Failed, None, Some(Followed)),
            (Failed, Some(Followed), None),
            (Failed, Some(Replayed), None),
            (Cancelled, None, None),
        ] {
            assert_eq!(settle(replay, was), expected, "{replay:?} {was:?}");
        }
    }
}
