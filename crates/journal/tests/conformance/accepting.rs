//! Accepting requests.

use intendant_journal::{Acceptance, EffectSet, Error, Expect, Filter, NewJob, Order, Page, Whose};
use model::{Class, JobState, OutcomeKind};
use zeroize::Zeroizing;

use crate::support::*;

pub async fn a_job_is_what_was_given(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    let given = NewJob {
        deadline: Some(at(9_000)),
        replay_of: Some(id(77)),
        secrets: Some(Zeroizing::new(b"a secret".to_vec())),
        reply: Some(b"an address".to_vec()),
        class: Class::Interactive,
        ..known_as("abc", b"content", job_of("ann", 1))
    };
    let seq = accept(&*journal, given.clone()).await;
    let told = heard.take();
    assert_eq!(told.len(), 1, "one commit, told once");
    assert_eq!(
        told[0].due.iter().map(|d| (d.id, d.seq, &*d.lane, d.class, d.due_at)).collect::<Vec<_>>(),
        [(id(1), seq, "IDENTITY_UPDATE", Class::Interactive, at(1))]
    );
    assert_eq!(told[0].deadlines, [at(9_000)]);
    assert_eq!(told[0].events.len(), 1);
    assert!(told[0].owed.is_empty());

    let prepared = journal.prepare(id(1)).await.unwrap().unwrap();
    let job = prepared.job;
    assert_eq!((job.id, job.seq, job.state, job.head), (given.id, seq, JobState::Queued, true));
    assert_eq!((&job.source, &job.action), (&given.source, &given.action));
    assert_eq!(job.external_id.as_deref(), Some("abc"));
    assert_eq!((&job.subject, job.class), (&given.subject, given.class));
    assert_eq!((job.lane.as_str(), job.due_at), ("IDENTITY_UPDATE", at(1)));
    assert_eq!((job.deadline, job.accepted_at), (given.deadline, given.accepted_at));
    assert_eq!(job.replay_of, given.replay_of);
    assert_eq!((job.started_at, job.attempted_at, job.ended_at), (None, None, None));
    assert_eq!((job.status, job.code.as_ref(), job.message.as_ref()), (0, None, None));
    assert_eq!(prepared.body, given.body);
    assert_eq!(prepared.secrets, given.secrets);
    assert_eq!(prepared.replies, [b"an address".to_vec()]);
    assert_eq!((prepared.steps, job.started_at), (Vec::new(), None));
    assert_eq!(journal.job(id(1)).await.unwrap(), Some(job));
    assert_eq!(journal.job(id(2)).await.unwrap(), None);
    assert_eq!(journal.prepare(id(2)).await.unwrap(), None);
    sound(&*journal).await;
}

pub async fn a_repeated_request_is_known_and_joins_while_it_lives(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let with = |number, address: &str| NewJob {
        reply: Some(address.as_bytes().to_vec()),
        ..known_as("abc", b"content", job_of("ann", number))
    };
    let seq = accept(&*journal, with(1, "first")).await;
    for (number, address) in [(2, "second"), (3, "first"), (4, "second")] {
        match journal.accept(with(number, address), EffectSet::default()).await.unwrap() {
            Acceptance::Known(Some(job), known) => assert_eq!((job.seq, known), (seq, id(1))),
            other => panic!("expected a known job, got {other:?}"),
        }
        assert_eq!(journal.job(id(number)).await.unwrap(), None);
    }
    let replies = journal.prepare(id(1)).await.unwrap().unwrap().replies;
    assert_eq!(replies, [b"first".to_vec(), b"second".to_vec()], "each caller once");

    journal.change(start(1, at(10))).await.unwrap();
    let mut settled = settle(1, 1, OutcomeKind::Done, at(11));
    settled.replies = 2;
    journal.change(settled).await.unwrap();
    match journal.accept(with(5, "third"), EffectSet::default()).await.unwrap() {
        Acceptance::Known(Some(job), _) => assert_eq!(job.state, JobState::Succeeded),
        other => panic!("expected the ended job, got {other:?}"),
    }
    let replies = journal.prepare(id(1)).await.unwrap().unwrap().replies;
    assert_eq!(replies.len(), 2, "an ended job is not joined");
    let all = journal
        .jobs(Filter::default(), Page { after: None, order: Order::Newest, limit: 9 })
        .await
        .unwrap()
        .rows;
    assert_eq!(all.len(), 1);
    sound(&*journal).await;
}

pub async fn a_known_id_with_other_content_is_refused(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    accept(&*journal, known_as("abc", b"content", job(1))).await;
    let reused = known_as("abc", b"other content", job(2));
    let answer = journal.accept(reused, EffectSet::default()).await.unwrap();
    assert_eq!(answer, Acceptance::IdReused(id(1)));
    assert_eq!(journal.job(id(2)).await.unwrap(), None);
}

pub async fn a_row_of_version_0_1_is_recognised_by_what_it_wrote(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    accept(&*journal, known_as("abc", b"as it was", job(1))).await;
    let again = known_or_formerly_as("abc", b"canonical", b"as it was", job(2));
    let answer = journal.accept(again, EffectSet::default()).await.unwrap();
    assert!(matches!(answer, Acceptance::Known(_, job) if job == id(1)), "{answer:?}");
    let other = known_or_formerly_as("abc", b"canonical", b"in another order", job(3));
    let answer = journal.accept(other, EffectSet::default()).await.unwrap();
    assert_eq!(answer, Acceptance::IdReused(id(1)));
}

pub async fn ids_are_unique_within_their_source_only(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    accept(&*journal, known_as("abc", b"content", job(1))).await;
    let elsewhere = NewJob { source: "sesame".to_owned(), ..known_as("abc", b"other", job(2)) };
    accept(&*journal, elsewhere).await;
    accept(&*journal, known_as("abd", b"content", job(3))).await;
}

pub async fn an_id_outlives_its_pruned_job(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    accept(&*journal, known_as("abc", b"content", job(1))).await;
    run(&*journal, 1, OutcomeKind::Done, at(10)).await;
    let mut keep = everything();
    keep.jobs_before = at(100);
    assert_eq!(journal.prune(keep, at(100)).await.unwrap().jobs, 1);
    let again = |number| known_as("abc", b"content", job(number));
    let answer = journal.accept(again(2), EffectSet::default()).await.unwrap();
    assert_eq!(answer, Acceptance::Known(None, id(1)));
    keep.ids_before = at(100);
    assert_eq!(journal.prune(keep, at(100)).await.unwrap().jobs, 0);
    accept(&*journal, again(3)).await;
    sound(&*journal).await;
}

pub async fn everything_survives_closing_and_opening(bed: &dyn Bed) {
    let before = {
        let Opened { journal, .. } = bed.open();
        accept(&*journal, known_as("abc", b"content", job_of("ann", 1))).await;
        accept(&*journal, job_of("ann", 2)).await;
        journal.change(start(1, at(10))).await.unwrap();
        journal.close().await;
        journal.id()
    };
    let Opened { journal, .. } = bed.open();
    assert_eq!(journal.id(), before);
    assert_eq!(the_job(&*journal, 1).await.state, JobState::Running);
    assert!(!the_job(&*journal, 2).await.head);
    assert_eq!(journal.open_attempts(Whose::Gone).await.unwrap().len(), 1);
    let last = the_job(&*journal, 2).await.seq;
    assert!(accept(&*journal, job_of("ann", 3)).await > last);
    journal.change(to(1, Expect::Orphan(0, 1), JobState::Queued, at(11))).await.unwrap();
    journal.change(restart(1, 2, at(12))).await.unwrap();
    journal.change(settle(1, 2, OutcomeKind::Done, at(13))).await.unwrap();
    assert!(the_job(&*journal, 2).await.head);
    sound(&*journal).await;
}

pub async fn what_nobody_waits_for_is_written_all_the_same(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    drop(journal.accept(job(1), EffectSet::default()));
    // Later writes are later commits.
    let second = accept(&*journal, job(2)).await;
    assert!(the_job(&*journal, 1).await.seq < second);
    assert_eq!(heard.due().iter().map(|(id, ..)| *id).collect::<Vec<_>>(), [id(1), id(2)]);
}

pub async fn each_opening_is_a_life_of_its_own(bed: &dyn Bed) {
    let lived = async |bed: &dyn Bed| {
        let Opened { journal, .. } = bed.open();
        journal.close().await;
        journal.life().clone()
    };
    let (first, second) = (lived(bed).await, lived(bed).await);
    assert_ne!(first, second);
    assert_eq!(first.seat(), second.seat(), "whoever comes next knows that the one before is over");
    assert_ne!(lived(&*bed.another()).await.seat(), first.seat());
    assert!(first.to_string().starts_with(&format!("{}.", first.seat())) && !first.to_string().contains('/'));
}

pub async fn a_closed_journal_says_so(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let queued = journal.accept(job(1), EffectSet::default());
    journal.close().await;
    assert_eq!(queued.await.unwrap(), Acceptance::New, "what was queued is written");
    assert!(matches!(journal.accept(job(2), EffectSet::default()).await, Err(Error::Closed)));
    assert!(matches!(journal.job(id(1)).await, Err(Error::Closed)));
    journal.close().await;
}

pub async fn a_job_is_not_replayed_twice(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let replay = |number, of| NewJob { replay_of: Some(id(of)), ..job(number) };
    let offer = async |number, of| journal.accept(replay(number, of), EffectSet::default()).await.unwrap();
    accept(&*journal, job(1)).await;
    run(&*journal, 1, OutcomeKind::Hard, at(10)).await;
    assert!(offer(2, 1).await == Acceptance::New);
    assert_eq!(offer(3, 1).await, Acceptance::Replayed(id(2), JobState::Queued));
    run(&*journal, 2, OutcomeKind::Hard, at(20)).await;
    // The replay has failed, too, and is replayed itself: that counts for both.
    assert!(offer(4, 2).await == Acceptance::New);
    for of in [1, 2] {
        assert_eq!(offer(5, of).await, Acceptance::Replayed(id(4), JobState::Queued));
    }
    run(&*journal, 4, OutcomeKind::Done, at(30)).await;
    assert_eq!(offer(6, 1).await, Acceptance::Replayed(id(4), JobState::Succeeded));
    assert_eq!(journal.job(id(6)).await.unwrap(), None);
    sound(&*journal).await;
}
