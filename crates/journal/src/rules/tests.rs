//! What the rules promise for any standing and any move.

use jiff::{SignedDuration, Timestamp};
use model::{Class, JobId, JobState, OutcomeKind, StepState};
use proptest::prelude::*;
use uuid::Uuid;

use super::fence::{self, Open, Stored, fence};
use super::order::{First, HURRY, arrive, believed, leave};
use super::retention::{Candidate, choose};
use super::steps;
use crate::api::Whose;
use crate::change::{AttemptEnd, AttemptStart, Change, EffectSet, Expect, JobChange, Retention, Scrub};
use crate::error::Error;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + millis).unwrap()
}

fn job_state() -> impl Strategy<Value = JobState> {
    prop::sample::select(JobState::ALL.to_vec())
}

prop_compose! {
    /// A job as it can stand: it has an open attempt exactly while it runs.
    fn standing()(state in job_state(), head: bool, steps in 0..3_i64, replies in 0..3_usize, cancelled: bool,
                  step in 0..2_u16, number in 1..3_u32, ours: bool) -> Stored {
        let whose = if ours { Whose::Ours } else { Whose::Gone };
        let open = (state == JobState::Running).then_some(Open { step, number, at: at(0), whose });
        Stored { state, head, steps, replies, cancelled, open }
    }
}

prop_compose! {
    fn change()(to in job_state(), expect in 0..4_u8, replies in 0..3_usize, step in 0..2_u16, number in 1..3_u32,
                ends: bool, starts: bool) -> Change {
        let expect = match expect {
            0 => Expect::Ready,
            1 => Expect::Waiting,
            2 => Expect::Orphan(step, number),
            _ => Expect::Running(step, number),
        };
        let end = AttemptEnd {
            step, number, kind: OutcomeKind::Done, status: 0, code: None, message: None, output: Vec::new(),
        };
        Change {
            job: JobId(Uuid::from_u128(1)),
            at: at(9),
            expect,
            replies,
            plan: Vec::new(),
            ended: ends.then_some(end),
            steps: Vec::new(),
            started: starts.then_some(AttemptStart { step, number: number + 1 }),
            to: JobChange {
                state: to, lane: None, due_at: at(9), status: 0, code: None, message: None, scrub: Scrub::Keep, cause: None,
            },
            events: Vec::new(),
            effects: EffectSet::default(),
        }
    }
}

proptest! {
    #[test]
    fn what_has_ended_never_moves(was in standing(), change in change()) {
        if was.state.is_terminal() {
            prop_assert!(fence(&was, &change).is_err());
        }
    }

    #[test]
    fn only_the_head_starts_and_only_the_open_attempt_ends(was in standing(), change in change()) {
        if fence(&was, &change).is_ok() {
            prop_assert!(change.started.is_none() || was.head);
            if let Some(end) = &change.ended {
                prop_assert_eq!(was.open.map(|open| (open.step, open.number)), Some((end.step, end.number)));
            }
        }
    }

    #[test]
    fn who_runs_a_job_moves_it_and_others_only_take_back_what_is_nobodys(was in standing(), change in change()) {
        if let (Ok(()), Some(open)) = (fence(&was, &change), was.open) {
            let takes_back = matches!(change.expect, Expect::Orphan(..));
            prop_assert_eq!(open.whose, if takes_back { Whose::Gone } else { Whose::Ours });
            let after = fence::open(&was, &change);
            prop_assert!(after == was.open || after.is_none_or(|open| open.whose == Whose::Ours));
        }
    }

    #[test]
    fn a_job_runs_exactly_as_long_as_an_attempt_is_open(was in standing(), change in change()) {
        if fence(&was, &change).is_ok() {
            let open = fence::open(&was, &change);
            prop_assert_eq!(open.is_some(), change.to.state == JobState::Running);
            // An attempt is closed, or it is the one that goes on.
            prop_assert!(was.open.is_none() || fence::closed(&was, &change) == was.open || open == was.open);
        }
    }

    #[test]
    fn nobody_who_waits_for_a_job_is_left_without_its_end(was in standing(), change in change()) {
        if fence(&was, &change).is_ok() && change.to.state.is_terminal() {
            prop_assert!(was.replies <= change.replies);
        }
    }

    #[test]
    fn a_cancelled_job_does_not_wait_again(was in standing(), change in change()) {
        if was.cancelled && matches!(change.to.state, JobState::Queued | JobState::Retrying) {
            prop_assert!(fence(&was, &change).is_err());
        }
    }

    #[test]
    fn an_arrival_makes_nobody_wait_longer_and_hurries_a_retry_only(
        state in job_state(), interactive: bool, urgent: bool, due in -20_000..20_000_i64,
        attempted in prop::option::of(-20_000..20_000_i64),
    ) {
        let class = |urgent| if urgent { Class::Interactive } else { Class::Bulk };
        let first = First { state, class: class(urgent), due_at: at(due), attempted_at: attempted.map(at), not_before: None };
        let arrival = arrive(&first, class(interactive), at(0));
        if let Some(hurried) = arrival.hurry {
            prop_assert!(state == JobState::Retrying && hurried < first.due_at);
            let soonest = attempted.map_or(at(0), |last| (at(last).min(at(0)) + HURRY).max(at(0)));
            prop_assert!(hurried >= soonest);
        }
        prop_assert_eq!(arrival.lend, interactive.then_some(Class::Interactive));
        prop_assert!(!arrival.tell || state != JobState::Running);
    }

    #[test]
    fn who_comes_next_is_due_at_once_unless_it_waits_for_a_retry_or_was_put_off(
        state in job_state(), due in -9..9_i64, not_before in prop::option::of(-9..9_i64),
    ) {
        let due = not_before.map_or(due, |not_before| due.max(not_before));
        let not_before_at = not_before.map(at);
        let next = First { state, class: Class::Bulk, due_at: at(due), attempted_at: None, not_before: not_before_at };
        let due_at = leave(&next, at(0));
        prop_assert!(due_at <= next.due_at);
        let put_off = not_before.is_some_and(|not_before| not_before > 0);
        prop_assert_eq!(due_at <= at(0), due <= 0 || (state == JobState::Queued && !put_off));
        if put_off && state == JobState::Queued {
            prop_assert_eq!(Some(due_at), not_before_at, "not before, and no later");
        }
    }

    #[test]
    fn a_clock_that_ran_ahead_makes_nobody_wait_longer_than_its_rule(
        state in job_state(), ahead in 0..90_i64, pause in 0..900_i64, put_off in prop::option::of(0..9_000_i64), told: bool,
    ) {
        const DAY: i64 = 24 * 3_600_000;
        let attempted = at(ahead * DAY);
        let not_before = put_off.map(|days| at(days * DAY));
        let due_at = (attempted + SignedDuration::from_millis(pause)).max(not_before.unwrap_or(attempted));
        let first = First { state, class: Class::Bulk, due_at, attempted_at: Some(attempted), not_before };
        let believed = believed(&first, told, at(0));
        prop_assert!(believed <= due_at);
        match not_before {
            _ if told || state == JobState::Retrying => {
                prop_assert!(believed.duration_since(at(0)) <= due_at.duration_since(attempted));
            }
            Some(time) => prop_assert_eq!(believed, time.min(at(366 * DAY)).max(at(0)).min(due_at)),
            None => prop_assert_eq!(believed, at(0)),
        }
    }

    #[test]
    fn a_step_goes_along_the_diagram_and_starts_from_waiting_only(index in 0..StepState::ALL.len(), number in 1..9_u32) {
        let to = StepState::ALL[index];
        for from in StepState::ALL {
            prop_assert_eq!(steps::to_move(to).states().any(|state| state == from), from.may_become(to));
        }
        let start = steps::to_start(number);
        prop_assert_eq!(start.states().collect::<Vec<_>>(), [StepState::Pending]);
        prop_assert_eq!(start.attempts, Some(number - 1));
    }

    #[test]
    fn retention_takes_what_is_too_old_or_too_much_and_never_what_lives(
        jobs in prop::collection::vec((0..1000_i64, prop::option::of(0..1000_i64)), 0..20), excess in 0..6_u64,
    ) {
        let keep = Retention {
            jobs_before: at(500), jobs_max: 0, ids_before: at(0), records_before: at(0), records_max: 0,
            messages_before: at(0), messages_max: 0, events_max: 0, bytes_max: 0,
        };
        let mut accepted: Vec<_> = jobs.iter().map(|(at, _)| *at).collect();
        accepted.sort_unstable();
        let found: Vec<_> = accepted.into_iter().zip(&jobs).zip(1..).map(|((accepted, (_, lasted)), seq)| Candidate {
            seq, accepted_at: at(accepted), ended_at: lasted.map(|lasted| at(accepted + lasted)),
        }).collect();
        let choice = choose(found.clone(), excess, &keep, at(5000));
        let gone: Vec<_> =
            found.iter().zip(&choice.goes).filter(|(_, goes)| **goes).map(|(job, _)| *job).collect();
        prop_assert!(gone.iter().all(|job| job.ended_at.is_some()), "what lives stays");
        let old = |job: &Candidate| job.ended_at.is_some_and(|ended| ended < keep.jobs_before);
        let too_much = gone.iter().filter(|job| !old(job)).count() as u64;
        prop_assert!(too_much <= excess, "no more than there are too many");
        for (job, goes) in found.iter().zip(choice.goes.iter().copied().chain(std::iter::repeat(false))) {
            prop_assert!(goes || !old(job), "what is too old goes: {:?}", job);
        }
        prop_assert!(choice.all_seen || choice.goes.len() == found.len());
    }
}

#[test]
fn a_plan_is_frozen_once_and_starts_with_the_first_attempt() {
    let was =
        Stored { state: JobState::Queued, head: true, steps: 0, replies: 0, cancelled: false, open: None };
    let mut move_ = Change {
        job: JobId(Uuid::from_u128(1)),
        at: at(0),
        expect: Expect::Ready,
        replies: 0,
        plan: vec![crate::NewStep { backend: "b".to_owned(), on_error: model::OnError::Stop }],
        ended: None,
        steps: Vec::new(),
        started: Some(AttemptStart { step: 0, number: 1 }),
        to: JobChange {
            state: JobState::Running,
            lane: None,
            due_at: at(0),
            status: 0,
            code: None,
            message: None,
            scrub: Scrub::Keep,
            cause: None,
        },
        events: Vec::new(),
        effects: EffectSet::default(),
    };
    assert!(steps::freeze(&was, &move_).is_ok());
    assert!(matches!(steps::freeze(&Stored { steps: 1, ..was }, &move_), Err(Error::Fenced(_))));
    move_.started = Some(AttemptStart { step: 0, number: 2 });
    assert!(steps::freeze(&was, &move_).is_err(), "not with a later attempt");
    move_.started = Some(AttemptStart { step: 1, number: 1 });
    assert!(steps::freeze(&was, &move_).is_err(), "not with a step that is not there");
    assert_eq!(SignedDuration::from_secs(10), HURRY);
}
