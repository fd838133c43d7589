//! Moves that fit.

use intendant_journal::{
    AttemptEnd, AttemptStart, Change, EffectSet, Error, Expect, NewJob, NewStep, OpenAttempt, Scrub,
    StepChange, Whose,
};
use model::{Code, JobState, OnError, OutcomeKind, StepState};
use zeroize::Zeroizing;

use crate::support::*;

pub async fn a_start_is_durable_before_anything_runs(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    accept(&*journal, job_of("ann", 1)).await;
    heard.take();
    let mut change = start(1, at(10));
    change.to.lane = Some("@00dummy".to_owned());
    journal.change(change).await.unwrap();
    assert_eq!(heard.due(), [], "a running job is not to be taken up");
    let job = the_job(&*journal, 1).await;
    assert_eq!((job.state, job.head, job.started_at), (JobState::Running, true, Some(at(10))));
    assert_eq!((job.lane.as_str(), job.attempted_at), ("@00dummy", None));
    let steps = journal.steps(id(1)).await.unwrap();
    assert_eq!(steps.len(), 1);
    assert_eq!((steps[0].index, steps[0].backend.as_str()), (0, "00dummy"));
    assert_eq!((steps[0].state, steps[0].attempts), (StepState::Running, 1));
    assert_eq!(
        journal.open_attempts(Whose::Ours).await.unwrap(),
        [OpenAttempt {
            job: id(1),
            step: 0,
            backend: Some("00dummy".to_owned()),
            number: 1,
            started_at: at(10)
        }]
    );
    let attempts = journal.attempts(id(1)).await.unwrap();
    assert_eq!((attempts.len(), attempts[0].0.started_at, attempts[0].0.ended_at), (1, at(10), None));

    journal.change(settle(1, 1, OutcomeKind::Done, at(20))).await.unwrap();
    let job = the_job(&*journal, 1).await;
    assert_eq!((job.state, job.head), (JobState::Succeeded, false));
    assert_eq!((job.attempted_at, job.ended_at), (Some(at(20)), Some(at(20))));
    let attempts = journal.attempts(id(1)).await.unwrap();
    let (attempt, output) = &attempts[0];
    assert_eq!((attempt.number, attempt.kind, attempt.ended_at), (1, Some(OutcomeKind::Done), Some(at(20))));
    assert_eq!(output.as_deref(), Some(&b"output 1"[..]));
    assert_eq!(journal.open_attempts(Whose::Ours).await.unwrap(), []);
    sound(&*journal).await;
}

pub async fn a_retry_keeps_its_place_and_its_history(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    accept(&*journal, job_of("ann", 1)).await;
    accept(&*journal, job_of("ann", 2)).await;
    journal.change(start(1, at(10))).await.unwrap();
    heard.take();
    journal.change(retry(1, 1, at(20), at(500))).await.unwrap();
    let told = heard.take();
    assert_eq!((told[0].due[0].id, &*told[0].due[0].lane), (id(1), "@00dummy"));
    let job = the_job(&*journal, 1).await;
    assert_eq!((job.state, job.head, job.due_at), (JobState::Retrying, true, at(500)));
    assert!(!the_job(&*journal, 2).await.head);
    assert_eq!(journal.steps(id(1)).await.unwrap()[0].state, StepState::Pending);

    journal.change(restart(1, 2, at(500))).await.unwrap();
    journal.change(settle(1, 2, OutcomeKind::Done, at(510))).await.unwrap();
    let job = the_job(&*journal, 1).await;
    assert_eq!((job.started_at, job.attempted_at), (Some(at(10)), Some(at(510))));
    let kinds: Vec<_> =
        journal.attempts(id(1)).await.unwrap().into_iter().map(|(a, _)| (a.number, a.kind)).collect();
    assert_eq!(kinds, [(1, Some(OutcomeKind::Soft)), (2, Some(OutcomeKind::Done))]);
    let prepared = journal.prepare(id(1)).await.unwrap().unwrap();
    assert_eq!((prepared.job.started_at, prepared.steps[0].attempts), (Some(at(10)), 2));
    sound(&*journal).await;
}

pub async fn a_step_and_the_next_one_are_one_move(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    accept(&*journal, job(1)).await;
    let plan = ["00dummy", "10ldif", "20google"]
        .map(|backend| NewStep { backend: backend.to_owned(), on_error: OnError::Continue });
    let broken = StepChange {
        index: 2,
        status: 1,
        code: Some(Code::from_static("backend_broken")),
        message: Some("its config.yml cannot be read".to_owned()),
        ..step(StepState::Failed)
    };
    let first = Change { plan: plan.to_vec(), steps: vec![broken.clone()], ..start(1, at(10)) };
    journal.change(first).await.unwrap();
    let next = Change {
        ended: Some(ended(1, OutcomeKind::Done)),
        steps: vec![step(StepState::Succeeded)],
        started: Some(AttemptStart { step: 1, number: 1 }),
        ..to(1, Expect::Running(0, 1), JobState::Running, at(20))
    };
    journal.change(next).await.unwrap();
    let steps = journal.steps(id(1)).await.unwrap();
    assert_eq!(
        steps.iter().map(|s| (s.state, s.attempts)).collect::<Vec<_>>(),
        [(StepState::Succeeded, 1), (StepState::Running, 1), (StepState::Failed, 0),]
    );
    assert_eq!((steps[2].status, &steps[2].code, &steps[2].message), (1, &broken.code, &broken.message));
    let open = journal.open_attempts(Whose::Ours).await.unwrap();
    assert_eq!((open.len(), open[0].step, open[0].backend.as_deref()), (1, 1, Some("10ldif")));
    let job = the_job(&*journal, 1).await;
    assert_eq!((job.started_at, job.attempted_at), (Some(at(10)), Some(at(20))));
    sound(&*journal).await;
}

pub async fn an_answer_holds_the_last_attempt_of_each_step(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    accept(&*journal, job(1)).await;
    assert_eq!(journal.answer(id(9)).await.unwrap(), None);
    let answer = async || journal.answer(id(1)).await.unwrap().unwrap();
    assert_eq!(answer().await.steps, []);
    journal.change(start(1, at(10))).await.unwrap();
    assert_eq!(answer().await.steps[0].1, None, "it has not ended");
    journal.change(retry(1, 1, at(20), at(30))).await.unwrap();
    journal.change(restart(1, 2, at(30))).await.unwrap();
    journal.change(settle(1, 2, OutcomeKind::Done, at(40))).await.unwrap();
    let answer = answer().await;
    assert_eq!(answer.job, the_job(&*journal, 1).await);
    let (step, last) = &answer.steps[0];
    assert_eq!(journal.steps(id(1)).await.unwrap(), std::slice::from_ref(step));
    assert_eq!(journal.attempts(id(1)).await.unwrap().last(), last.as_ref());
    assert_eq!(last.as_ref().unwrap().0.number, 2);
}

pub async fn an_attempt_that_is_left_has_no_end(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    accept(&*journal, job(1)).await;
    journal.change(start(1, at(10))).await.unwrap();
    heard.take();
    journal.change(to(1, Expect::Running(0, 1), JobState::Queued, at(20))).await.unwrap();
    assert_eq!(heard.due().len(), 1);
    assert_eq!(journal.open_attempts(Whose::Ours).await.unwrap(), []);
    assert_eq!(journal.steps(id(1)).await.unwrap()[0].state, StepState::Pending);
    journal.change(restart(1, 2, at(30))).await.unwrap();
    let ends: Vec<_> =
        journal.attempts(id(1)).await.unwrap().into_iter().map(|(a, o)| (a.number, a.ended_at, o)).collect();
    assert_eq!(ends, [(1, None, None), (2, None, None)]);
    assert_eq!(journal.open_attempts(Whose::Ours).await.unwrap().len(), 1);
    sound(&*journal).await;
}

pub async fn a_plan_may_fail_without_an_attempt(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    accept(&*journal, job(1)).await;
    let change = Change {
        plan: start(1, at(10)).plan,
        steps: vec![step(StepState::Failed)],
        ..to(1, Expect::Ready, JobState::Failed, at(10))
    };
    journal.change(change).await.unwrap();
    let job = the_job(&*journal, 1).await;
    assert_eq!((job.state, job.started_at, job.attempted_at), (JobState::Failed, None, None));
    assert_eq!(journal.attempts(id(1)).await.unwrap(), []);
    sound(&*journal).await;
}

pub async fn secrets_go_when_they_are_told_to(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let with = |number| NewJob { secrets: Some(Zeroizing::new(b"a secret".to_vec())), ..job(number) };
    for number in 1..=2 {
        accept(&*journal, with(number)).await;
        journal.change(start(number, at(10))).await.unwrap();
        assert!(journal.prepare(id(number)).await.unwrap().unwrap().secrets.is_some());
    }
    journal.change(settle(1, 1, OutcomeKind::Done, at(20))).await.unwrap();
    assert_eq!(journal.prepare(id(1)).await.unwrap().unwrap().secrets, None);
    let mut failed = settle(2, 1, OutcomeKind::Hard, at(20));
    failed.to.scrub = Scrub::Until(at(5_000));
    journal.change(failed).await.unwrap();
    assert!(journal.prepare(id(2)).await.unwrap().unwrap().secrets.is_some());
    sound(&*journal).await;
}

pub async fn a_cancel_is_remembered(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    accept(&*journal, job(1)).await;
    let ask = |number| journal.ask_cancel(id(number), "alice".to_owned(), EffectSet::default());
    assert!(matches!(ask(1).await, Err(Error::Fenced(_))), "it does not run yet");
    assert!(matches!(ask(9).await, Err(Error::Missing(_))));
    journal.change(start(1, at(10))).await.unwrap();
    ask(1).await.unwrap();
    assert_eq!(the_job(&*journal, 1).await.cancelled_by.as_deref(), Some("alice"));
    // It goes back to no queue, and ends.
    let waits = journal.change(retry(1, 1, at(20), at(500_000))).await;
    assert!(matches!(waits, Err(Error::Cancelled(job)) if job == id(1)), "{waits:?}");
    journal.change(settle(1, 1, OutcomeKind::Hard, at(30))).await.unwrap();
    sound(&*journal).await;
}

pub async fn a_hurried_retry_is_due(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    accept(&*journal, job(1)).await;
    assert!(matches!(journal.hurry(id(1), at(5), EffectSet::default()).await, Err(Error::Fenced(_))));
    journal.change(start(1, at(10))).await.unwrap();
    journal.change(retry(1, 1, at(20), at(500_000))).await.unwrap();
    heard.take();
    journal.hurry(id(1), at(30), EffectSet::default()).await.unwrap();
    assert_eq!(heard.due(), [(id(1), at(30), model::Class::Bulk)]);
    journal.hurry(id(1), at(90), EffectSet::default()).await.unwrap();
    assert_eq!(the_job(&*journal, 1).await.due_at, at(30), "it is never put off");
}

/// What is in one journal can be carried into any other.
pub async fn steps_and_attempts_are_numbered_within_the_same_bounds_everywhere(bed: &dyn Bed) {
    const STEPS: u16 = 256;
    let Opened { journal, .. } = bed.open();
    let plan = |steps: u16| {
        let step = |place| NewStep { backend: format!("{place}"), on_error: OnError::Continue };
        Change { plan: (0..steps).map(step).collect(), ..start(1, at(10)) }
    };
    accept(&*journal, job(1)).await;
    let too_many = async |change: Change| match journal.change(change).await {
        Err(Error::TooMany(why)) => why,
        other => panic!("expected too many, got {other:?}"),
    };
    assert!(too_many(plan(STEPS + 1)).await.contains("at most 256 steps"));
    assert_eq!(the_job(&*journal, 1).await.state, JobState::Queued, "nothing of it was written");
    journal.change(plan(STEPS)).await.unwrap();
    let all = |index| StepChange { index, ..step(StepState::Succeeded) };
    let mut end = settle(1, 1, OutcomeKind::Done, at(20));
    end.steps = (0..=STEPS).map(all).collect();
    too_many(end.clone()).await;
    // Each of them goes along the diagram.
    let next = |place: u16| Change {
        ended: Some(AttemptEnd { step: place, ..ended(1, OutcomeKind::Done) }),
        steps: vec![all(place)],
        started: Some(AttemptStart { step: place + 1, number: 1 }),
        ..to(1, Expect::Running(place, 1), JobState::Running, at(15))
    };
    for place in 0..STEPS - 1 {
        journal.change(next(place)).await.unwrap();
    }
    let last = STEPS - 1;
    end.expect = Expect::Running(last, 1);
    end.ended = Some(AttemptEnd { step: last, ..ended(1, OutcomeKind::Done) });
    end.steps = vec![all(last)];
    journal.change(end).await.unwrap();
    let attempts = journal.attempts(id(1)).await.unwrap();
    assert_eq!((attempts.len(), attempts[255].0.step), (usize::from(STEPS), last));
    let steps = journal.steps(id(1)).await.unwrap();
    assert_eq!((steps.len(), steps[255].backend.as_str()), (usize::from(STEPS), "255"));

    accept(&*journal, job(2)).await;
    journal.change(start(2, at(30))).await.unwrap();
    journal.change(retry(2, 1, at(40), at(50))).await.unwrap();
    // The last number there is would be one, but is not the next.
    fenced(&*journal, restart(2, 65_535, at(50))).await;
    assert!(too_many(restart(2, 65_536, at(50))).await.contains("less than 65536 attempts"));
    journal.change(restart(2, 2, at(50))).await.unwrap();
    sound(&*journal).await;
}
