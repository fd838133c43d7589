//! What could not be accepted is kept, shown without its content, and handed in again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use intendant_api::client::Submission;
use intendant_api::dto::{
    Acceptance, AsideMany, AsideRefusals, Filter, JobQuery, RecordQuery, RefusalQuery, ResubmitMany,
};
use model::Outcome;
use model::word::code;
use serde_json::json;
use support::{Bed, Fake, entry, head, problem, raw};

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_has_a_record() {
    let bed = Bed::done().await;
    let cases: [(&[u8], u16, &str); 6] = [
        (b"", 400, "unreadable"),
        (b"[1]", 400, "unreadable"),
        (b"\xff", 400, "unreadable"),
        (b"{\"action\":\"DO\",\"nope\":1}", 400, "unreadable"),
        (b"{\"action\":\"DO\",\"subject\":\"x\"}", 422, "bad_subject"),
        (b"{\"action\":\"STRICT\",\"concernedTo\":\"x\"}", 422, "invalid_payload"),
    ];
    for (document, status, code) in cases {
        let problem = problem(bed.client.submit(document, &Submission::default()).await);
        assert_eq!((problem.status, problem.code.as_str()), (status, code));
        let kept = bed.client.refusal(problem.record.unwrap()).await.unwrap();
        assert_eq!((&kept.record.code, kept.size), (&problem.code, document.len() as u64));
        assert_eq!((kept.record.who.as_str(), &*kept.record.message), ("http", &*problem.detail));
    }
    let page = bed
        .client
        .refusals(&RefusalQuery::default(), &RecordQuery { limit: Some(4), before: None })
        .await
        .unwrap();
    assert_eq!(page.records.len(), 4);
    assert_eq!(page.records[0].what.as_deref(), Some("STRICT"));
    let rest = bed
        .client
        .refusals(&RefusalQuery::default(), &RecordQuery { before: page.next, ..RecordQuery::default() })
        .await
        .unwrap();
    assert_eq!((rest.records.len(), rest.next), (2, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_for_its_time_is_handed_in_again() {
    // Refused now, since its schema wants a uid; nothing that can be repaired without a new table.
    let bed = Bed::done().await;
    let refused = problem(bed.client.submit(r#"{"action":"STRICT"}"#, &Submission::default()).await);
    let record = refused.record.unwrap();
    let again = problem(bed.client.resubmit(record).await);
    assert_eq!((again.status, again.record), (422, Some(record)));

    // The table is mended: the same message is accepted.
    bed.hub.reload(
        engine::port::Catalogue { entries: vec![entry("00done", support::done())] },
        engine::ActionTable::new([]).unwrap(),
        engine::Limits::default(),
    );
    let submitted = bed.client.resubmit(record).await.unwrap();
    assert_eq!(submitted.accepted, Acceptance::New);
    assert_eq!(bed.client.wait(submitted.job.unwrap(), 30).await.unwrap().job.action, "STRICT");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_beside_a_refused_document_is_kept_with_it() {
    let bed = Bed::done().await;
    let beside = Submission { action: Some("STRICT".to_owned()), id: Some("k-7".to_owned()), wait: None };
    let refused = problem(bed.client.submit(r#"{"concernedTo":"x"}"#, &beside).await);
    bed.hub.reload(
        engine::port::Catalogue { entries: vec![entry("00done", support::done())] },
        engine::ActionTable::new([]).unwrap(),
        engine::Limits::default(),
    );
    let job = bed.client.resubmit(refused.record.unwrap()).await.unwrap().job.unwrap();
    let job = bed.client.job(job).await.unwrap().job;
    assert_eq!((job.action.as_str(), job.external_id.as_deref()), ("STRICT", Some("k-7")));
    // The caller, who knows nothing of it, tries again as well: it is the same job.
    let known = bed.client.submit(r#"{"concernedTo":"x"}"#, &beside).await.unwrap();
    assert_eq!((known.accepted, known.job), (Acceptance::Known, Some(job.id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_grouped_and_set_aside_for_a_reason() {
    let bed = Bed::done().await;
    let refused = problem(bed.client.submit("[1]", &Submission::default()).await).record.unwrap();
    bed.hub.reload(
        engine::port::Catalogue {
            entries: vec![entry("00no", Fake::new(|_| Outcome::hard(3, code::FAILED, "no")))],
        },
        engine::ActionTable::new([]).unwrap(),
        engine::Limits::default(),
    );
    let mut jobs = Vec::new();
    for subject in ["ann", "bob"] {
        let document = json!({"action": "DO", "concernedTo": subject}).to_string();
        let job = bed.client.submit(document, &Submission::default()).await.unwrap().job.unwrap();
        bed.client.wait(job, 30).await.unwrap();
        jobs.push(job);
    }
    let told = bed.client.causes(None, 9).await.unwrap();
    assert_eq!((told.jobs, told.refusals, told.causes.len()), (2, 1, 1));
    let cause = &told.causes[0];
    assert_eq!((cause.jobs, cause.backend.as_deref()), (2, Some("00no")));
    assert!(bed.client.causes(Some("elsewhere"), 9).await.unwrap().causes.is_empty());

    let filter = Filter { cause: Some(cause.id), ..Filter::default() };
    let aside =
        AsideMany { filter: filter.clone(), reason: "done by hand".to_owned(), ..AsideMany::default() };
    for (wrong, status) in [
        (AsideMany { reason: String::new(), ..aside.clone() }, 422),
        (AsideMany { jobs: jobs.clone(), ..aside.clone() }, 400),
        (AsideMany { all: true, ..aside.clone() }, 400),
        (AsideMany { filter: Filter::default(), ..aside.clone() }, 400),
    ] {
        assert_eq!(problem(bed.client.set_aside(&wrong).await).status, status, "{wrong:?}");
    }
    let one = AsideMany { filter: Filter::default(), jobs: vec![jobs[0]], ..aside.clone() };
    assert_eq!(bed.client.set_aside(&one).await.unwrap().aside, 1);
    let job = bed.client.job(jobs[0]).await.unwrap().job;
    assert_eq!(job.failed.unwrap().settled, Some(model::Settled::Aside));
    let left = bed.client.jobs(&JobQuery { filter, ..JobQuery::default() }).await.unwrap().jobs;
    assert_eq!(left.iter().map(|job| job.id).collect::<Vec<_>>(), [jobs[1]]);
    assert_eq!(bed.client.set_aside(&aside).await.unwrap().aside, 1);

    let noise =
        AsideRefusals { records: vec![refused], reason: "noise".to_owned(), ..AsideRefusals::default() };
    assert_eq!(
        problem(bed.client.set_aside_refusals(&AsideRefusals { all: true, ..noise.clone() }).await).status,
        400
    );
    assert_eq!(bed.client.set_aside_refusals(&noise).await.unwrap().aside, 1);
    let told = bed.client.causes(None, 9).await.unwrap();
    assert_eq!((told.jobs, told.refusals), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_one_cause_are_handed_in_again_or_set_aside_together() {
    let bed = Bed::done().await;
    for who in ["ann", "bob"] {
        let strict = json!({"action": "STRICT", "concernedTo": who}).to_string();
        problem(bed.client.submit(strict, &Submission::default()).await);
    }
    problem(bed.client.submit("[1]", &Submission::default()).await);
    let told = bed.client.refusal_causes().await.unwrap();
    assert_eq!((told.looked_at, told.more, told.causes.len()), (3, false, 2));
    let (strict, other) = (&told.causes[0], &told.causes[1]);
    assert_eq!((strict.letters, &*strict.by, other.letters), (2, "http", 1));
    let of = |cause| RefusalQuery { cause: Some(cause), ..RefusalQuery::default() };
    let listed = bed.client.refusals(&of(strict.id), &RecordQuery::default()).await.unwrap().records;
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|record| record.code.as_str() == "invalid_payload"));

    bed.hub.reload(
        engine::port::Catalogue { entries: vec![entry("00done", support::done())] },
        engine::ActionTable::new([]).unwrap(),
        engine::Limits::default(),
    );
    let many = ResubmitMany { cause: Some(strict.id), ..ResubmitMany::default() };
    assert_eq!(problem(bed.client.resubmit_many(&many).await).status, 400, "all of them has to be said");
    let done = bed.client.resubmit_many(&ResubmitMany { all: true, ..many }).await.unwrap();
    assert_eq!((done.accepted, done.refused, done.left), (2, 0, 0));
    let rest =
        bed.client.resubmit_many(&ResubmitMany { all: true, ..ResubmitMany::default() }).await.unwrap();
    assert_eq!((rest.accepted, rest.refused, rest.refusals.len()), (0, 1, 1));
    let aside = AsideRefusals { all: true, cause: Some(strict.id), ..AsideRefusals::default() };
    let aside = AsideRefusals { reason: "noise".to_owned(), ..aside };
    assert_eq!(bed.client.set_aside_refusals(&aside).await.unwrap().aside, 0, "none of it is left");
    let aside = AsideRefusals { cause: Some(other.id), ..aside };
    assert_eq!(bed.client.set_aside_refusals(&aside).await.unwrap().aside, 1);
    assert!(bed.client.refusal_causes().await.unwrap().causes.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_refused_document_is_shown() {
    let bed = Bed::done().await;
    let document =
        json!({"action": "STRICT", "payload": {"token": "C4n4ry-2", "list": ["C4n4ry-2"]}, "options": {}});
    let refused = problem(bed.client.submit(document.to_string(), &Submission::default()).await);
    assert!(!serde_json::to_string(&refused).unwrap().contains("C4n4ry-2"));
    for path in ["/api/v1/refusals".to_owned(), format!("/api/v1/refusals/{}", refused.record.unwrap())] {
        let answer = raw(&bed.socket, head("GET", &path, &[])).await;
        assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("C4n4ry-2"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_beside_the_document_are_read_strictly() {
    let bed = Bed::done().await;
    for header in ["Idempotency-Key:", "Idempotency-Key: \"\"", "Idempotency-Key: a\r\nIdempotency-Key: b"] {
        let headers = ["Content-Type: application/json", "Content-Length: 15", header];
        let answer = raw(&bed.socket, head("POST", "/api/v1/jobs", &headers) + r#"{"action":"DO"}"#).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{header}: {answer}");
    }
    let headers = ["Content-Type: application/json", "Content-Length: 15", "Idempotency-Key: bare"];
    let answer = raw(&bed.socket, head("POST", "/api/v1/jobs", &headers) + r#"{"action":"DO"}"#).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let quoted = Submission { id: Some("bare".to_owned()), ..Submission::default() };
    let known = bed.client.submit(r#"{"action":"DO"}"#, &quoted).await.unwrap();
    assert_eq!(known.accepted, Acceptance::Known);
}
