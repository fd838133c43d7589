use jiff::Timestamp;
use model::plan::{closing, next};
use model::{JobState, Next, OnError, OutcomeKind, Step, StepState};
use proptest::prelude::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Steps in any state; those that wait for a retry are due before, at or after 2.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let due = proptest::option::of((0..5_i64).prop_map(at));
    let step = (0..StepState::ALL.len(), any::<bool>(), due).prop_map(|(state, stop, due_at)| Step {
        state: StepState::ALL[state],
        due_at,
        ..fresh(if stop { OnError::Stop } else { OnError::Continue })
    });
    proptest::collection::vec(step, 0..7)
}

fn fresh(on_error: OnError) -> Step {
    Step::new(0, "b".to_owned(), on_error)
}

fn waits(on_error: OnError, second: i64) -> Step {
    Step { attempts: 1, tried: 1, due_at: Some(at(second)), ..fresh(on_error) }
}

/// What the engine does with a plan: runs what `next` says, with these outcomes. A step that fails softly is tried again
/// when so many seconds went by, at most so many times.
struct Run {
    steps: Vec<Step>,
    ran: Vec<usize>,
    now: Timestamp,
}

impl Run {
    fn new(steps: Vec<Step>) -> Self {
        Run { steps, ran: Vec::new(), now: at(0) }
    }

    fn finish(&mut self, tries: u32, mut outcome: impl FnMut(usize) -> OutcomeKind) -> JobState {
        loop {
            match next(&self.steps, self.now) {
                Next::Run(place) => {
                    self.ran.push(place);
                    let step = &mut self.steps[place];
                    step.attempts += 1;
                    step.due_at = None;
                    match outcome(place) {
                        OutcomeKind::Done => step.state = StepState::Succeeded,
                        OutcomeKind::Soft | OutcomeKind::Wait if step.attempts < tries => {
                            step.due_at = Some(at(self.now.as_second() + 10));
                        }
                        OutcomeKind::Soft | OutcomeKind::Hard | OutcomeKind::Wait => {
                            step.state = StepState::Failed;
                        }
                    }
                }
                Next::Wait(_, until) => {
                    assert!(until > self.now);
                    self.now = until;
                }
                Next::End(state) => {
                    self.close();
                    return state;
                }
            }
        }
    }

    fn close(&mut self) {
        for step in &mut self.steps {
            if let Some(state) = closing(step) {
                step.state = state;
            }
        }
    }

    fn states(&self) -> Vec<StepState> {
        self.steps.iter().map(|step| step.state).collect()
    }
}

proptest! {
    #[test]
    fn an_ended_step_is_never_run_and_a_retry_not_before_its_time(steps in steps()) {
        if let Next::Run(place) = next(&steps, at(2)) {
            prop_assert!(!steps[place].state.is_terminal());
            prop_assert!(steps[place].due_at.is_none_or(|due| due <= at(2)));
        }
    }

    #[test]
    fn nothing_runs_behind_a_failed_or_waiting_stop(steps in steps()) {
        if let Next::Run(place) | Next::Wait(place, _) = next(&steps, at(2)) {
            for before in &steps[..place] {
                let open = !matches!(before.state, StepState::Succeeded | StepState::Skipped);
                prop_assert!(!(open && before.on_error == OnError::Stop), "{before:?} is before {place}");
            }
        }
    }

    #[test]
    fn a_job_succeeds_only_with_every_step(steps in steps()) {
        let all = steps.iter().all(|s| matches!(s.state, StepState::Succeeded | StepState::Skipped));
        let some = steps.iter().any(|s| s.state == StepState::Succeeded);
        prop_assert_eq!(next(&steps, at(2)) == Next::End(JobState::Succeeded), all && some);
    }

    #[test]
    fn what_is_waited_for_is_the_first_retry(steps in steps()) {
        if let Next::Wait(place, until) = next(&steps, at(2)) {
            prop_assert!(until > at(2));
            prop_assert_eq!(steps[place].due_at, Some(until));
            prop_assert!(!steps[place].state.is_terminal());
        }
    }

    #[test]
    fn every_job_ends_and_its_steps_with_it(
        stops in proptest::collection::vec(any::<bool>(), 0..6),
        script in proptest::collection::vec(0..3_u8, 0..64),
        tries in 1..5_u32,
    ) {
        let steps = stops.iter().map(|stop| fresh(if *stop { OnError::Stop } else { OnError::Continue }));
        let mut run = Run::new(steps.collect());
        let mut script = script.into_iter();
        let state = run.finish(tries, |_| match script.next() {
            Some(0) => OutcomeKind::Soft,
            Some(1) => OutcomeKind::Hard,
            _ => OutcomeKind::Done,
        });
        prop_assert!(state.is_terminal());
        prop_assert!(run.states().iter().all(|s| s.is_terminal()));
        prop_assert!(run.steps.iter().all(|step| step.attempts <= tries));
        if run.states().contains(&StepState::Failed) {
            prop_assert_eq!(state, JobState::Failed);
        }
        for step in &run.steps {
            prop_assert_eq!(step.state == StepState::Skipped, step.attempts == 0);
        }
    }
}

#[test]
fn soft_with_stop_holds_the_rest_until_it_succeeds() {
    let mut run = Run::new(vec![fresh(OnError::Stop), fresh(OnError::Continue)]);
    let mut soft = true;
    let state = run.finish(3, |place| {
        if place == 0 && std::mem::take(&mut soft) { OutcomeKind::Soft } else { OutcomeKind::Done }
    });
    assert_eq!((state, run.ran), (JobState::Succeeded, vec![0, 0, 1]));
}

#[test]
fn soft_with_stop_skips_the_rest_when_it_fails_for_good() {
    let mut run = Run::new(vec![fresh(OnError::Stop), fresh(OnError::Continue)]);
    let state = run.finish(2, |_| OutcomeKind::Soft);
    assert_eq!((state, run.states()), (JobState::Failed, vec![StepState::Failed, StepState::Skipped]));
    assert_eq!(run.ran, [0, 0]);
}

#[test]
fn soft_with_continue_lets_the_rest_run_and_repeats_only_itself() {
    let mut run = Run::new(vec![fresh(OnError::Continue), fresh(OnError::Continue)]);
    let mut soft = true;
    let state = run.finish(3, |place| {
        if place == 0 && std::mem::take(&mut soft) { OutcomeKind::Soft } else { OutcomeKind::Done }
    });
    assert_eq!((state, run.ran), (JobState::Succeeded, vec![0, 1, 0]));
}

#[test]
fn hard_with_stop_skips_the_rest_and_hard_with_continue_does_not() {
    for (on_error, states) in [
        (OnError::Stop, [StepState::Failed, StepState::Skipped]),
        (OnError::Continue, [StepState::Failed, StepState::Succeeded]),
    ] {
        let mut run = Run::new(vec![fresh(on_error), fresh(OnError::Continue)]);
        let state = run.finish(3, |place| if place == 0 { OutcomeKind::Hard } else { OutcomeKind::Done });
        assert_eq!((state, run.states()), (JobState::Failed, states.to_vec()));
    }
}

#[test]
fn an_interrupted_step_runs_again() {
    let interrupted = Step { state: StepState::Running, ..fresh(OnError::Stop) };
    assert_eq!(next(&[interrupted], at(0)), Next::Run(0));
}

#[test]
fn a_job_without_a_step_that_succeeded_fails() {
    let skipped = Step { state: StepState::Skipped, ..fresh(OnError::Stop) };
    assert_eq!(next(&[], at(0)), Next::End(JobState::Failed));
    assert_eq!(next(&[skipped], at(0)), Next::End(JobState::Failed));
}

#[test]
fn a_retry_delays_no_step_that_was_not_tried_yet() {
    let steps = [waits(OnError::Continue, 1), fresh(OnError::Stop)];
    assert_eq!(next(&steps, at(2)), Next::Run(1));
}

#[test]
fn each_retry_has_its_own_time() {
    let steps = [waits(OnError::Continue, 9), waits(OnError::Continue, 5), waits(OnError::Stop, 7)];
    assert_eq!(next(&steps, at(2)), Next::Wait(1, at(5)));
    assert_eq!(next(&steps, at(5)), Next::Run(1));
    assert_eq!(next(&[waits(OnError::Stop, 9), waits(OnError::Stop, 5)], at(7)), Next::Wait(0, at(9)));
}
