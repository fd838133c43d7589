use model::plan::{Stand, closing, next};
use model::{JobState, Next, OnError, OutcomeKind, StepState};
use proptest::prelude::*;

fn stands() -> impl Strategy<Value = Vec<Stand>> {
    let stand =
        (0..StepState::ALL.len(), any::<bool>(), any::<bool>()).prop_map(|(state, stop, tried)| Stand {
            state: StepState::ALL[state],
            on_error: if stop { OnError::Stop } else { OnError::Continue },
            tried,
        });
    proptest::collection::vec(stand, 0..7)
}

fn fresh(on_error: OnError) -> Stand {
    Stand { state: StepState::Pending, on_error, tried: false }
}

/// What the engine does with a plan: runs what `next` says, with these outcomes, at most so many rounds.
struct Run {
    steps: Vec<Stand>,
    attempts: Vec<u32>,
    ran: Vec<usize>,
    rounds: u32,
}

impl Run {
    fn new(steps: Vec<Stand>) -> Self {
        Run { attempts: vec![0; steps.len()], steps, ran: Vec::new(), rounds: 1 }
    }

    fn finish(&mut self, max_rounds: u32, mut outcome: impl FnMut(usize) -> OutcomeKind) -> JobState {
        loop {
            match next(&self.steps) {
                Next::Run(place) => {
                    self.ran.push(place);
                    self.attempts[place] += 1;
                    let step = &mut self.steps[place];
                    match outcome(place) {
                        OutcomeKind::Done => step.state = StepState::Succeeded,
                        OutcomeKind::Hard => step.state = StepState::Failed,
                        OutcomeKind::Soft => (step.state, step.tried) = (StepState::Pending, true),
                    }
                }
                Next::Retry if self.rounds < max_rounds => {
                    self.rounds += 1;
                    self.steps.iter_mut().for_each(|step| step.tried = false);
                }
                Next::Retry => {
                    self.close();
                    return JobState::Failed;
                }
                Next::End(state) => {
                    self.close();
                    return state;
                }
            }
        }
    }

    fn close(&mut self) {
        for (step, attempts) in self.steps.iter_mut().zip(&self.attempts) {
            if let Some(state) = closing(*step, *attempts) {
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
    fn an_ended_step_is_never_run(steps in stands()) {
        if let Next::Run(place) = next(&steps) {
            prop_assert!(!steps[place].state.is_terminal());
            prop_assert!(!steps[place].tried);
        }
    }

    #[test]
    fn nothing_runs_behind_a_failed_or_waiting_stop(steps in stands()) {
        if let Next::Run(place) = next(&steps) {
            for before in &steps[..place] {
                let open = !matches!(before.state, StepState::Succeeded | StepState::Skipped);
                prop_assert!(!(open && before.on_error == OnError::Stop), "{before:?} is before {place}");
            }
        }
    }

    #[test]
    fn a_job_succeeds_only_with_every_step(steps in stands()) {
        let all = steps.iter().all(|s| matches!(s.state, StepState::Succeeded | StepState::Skipped));
        let some = steps.iter().any(|s| s.state == StepState::Succeeded);
        prop_assert_eq!(next(&steps) == Next::End(JobState::Succeeded), all && some);
    }

    #[test]
    fn a_retry_has_something_to_retry(steps in stands()) {
        if next(&steps) == Next::Retry {
            prop_assert!(steps.iter().any(|s| !s.state.is_terminal() && s.tried));
        }
    }

    #[test]
    fn every_job_ends_and_its_steps_with_it(
        stops in proptest::collection::vec(any::<bool>(), 0..6),
        script in proptest::collection::vec(0..3_u8, 0..64),
        rounds in 1..5_u32,
    ) {
        let steps = stops.iter().map(|stop| fresh(if *stop { OnError::Stop } else { OnError::Continue }));
        let mut run = Run::new(steps.collect());
        let mut script = script.into_iter();
        let state = run.finish(rounds, |_| match script.next() {
            Some(0) => OutcomeKind::Soft,
            Some(1) => OutcomeKind::Hard,
            _ => OutcomeKind::Done,
        });
        prop_assert!(state.is_terminal());
        prop_assert!(run.states().iter().all(|s| s.is_terminal()));
        prop_assert!(run.attempts.iter().all(|n| *n <= rounds));
        if run.states().contains(&StepState::Failed) {
            prop_assert_eq!(state, JobState::Failed);
        }
        for (state, attempts) in run.states().iter().zip(&run.attempts) {
            prop_assert_eq!(*state == StepState::Skipped, *attempts == 0);
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
    let interrupted = Stand { state: StepState::Running, ..fresh(OnError::Stop) };
    assert_eq!(next(&[interrupted]), Next::Run(0));
}

#[test]
fn a_job_without_a_step_that_succeeded_fails() {
    let skipped = Stand { state: StepState::Skipped, ..fresh(OnError::Stop) };
    assert_eq!(next(&[]), Next::End(JobState::Failed));
    assert_eq!(next(&[skipped]), Next::End(JobState::Failed));
}
