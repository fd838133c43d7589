//! Accepting requests.

use model::{Class, JobState, OutcomeKind, Seq};

use crate::support::*;

pub async fn a_job_is_what_was_given(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    let given = job_of("ann", 1);
    let seq = accept(&*journal, given.clone()).await;
    assert_eq!(seq, Seq(1));
    let job = the_job(&*journal, 1).await;
    assert_eq!((job.seq, job.state, job.head), (seq, JobState::Queued, true));
    assert_eq!((job.lane.as_str(), job.due_at), ("IDENTITY_UPDATE", at(1)));
    assert_eq!(job.subject, given.subject);
    assert_eq!(heard.due(), [(id(1), at(1), Class::Bulk)]);
    let prepared = journal.prepare(id(1)).await.unwrap().unwrap();
    assert_eq!((prepared.job, prepared.body), (job, given.body));
    run(&*journal, 1, OutcomeKind::Done, at(5)).await;
    let ended = the_job(&*journal, 1).await;
    assert_eq!((ended.state, ended.head, ended.ended_at), (JobState::Succeeded, false, Some(at(5))));
    let attempts = journal.attempts(id(1)).await.unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].1.as_deref(), Some(&b"output 1"[..]));
    assert_eq!(journal.check().await.unwrap(), Vec::<String>::new());
    journal.close().await;
}
