//! What the orchestrator sees of this worker: answers, events, states, with both lines of BullMQ.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use journal::RecordFilter;
use model::word::code;
use model::{JobState, OnError, Outcome, RecordKind};
use serde_json::{Value, json};
use support::{Bed, Fake, LONG_MS, Plan, call, entry, object_id, orchestrator, redis, sync};
use testkit::bullmq::Version;

fn add(n: u32, name: &str, data: &Value) -> Value {
    json!({ "name": name, "data": data, "opts": { "jobId": object_id(n), "attempts": 1 }, "ms": LONG_MS })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_synchronisation_is_answered_as_the_original_answers_it() {
    for version in Version::ALL {
        let (redis, fake) = (redis(), support::done());
        let bed = Bed::new(Plan::new(&redis, vec![entry("10ldap", &fake, OnError::Stop)])).await;
        let mut node = orchestrator(version, &redis);

        let answer = node.ask("ask", add(1, "IDENTITY_UPDATE", &sync("someone"))).unwrap();
        let id = object_id(1);
        let expected = json!({
            "jobId": id,
            "status": 0,
            "data": [{ "backend": "10ldap", "status": 0, "output": { "status": 0, "message": "synced" } }],
            "jobName": "IDENTITY_UPDATE",
            "options": { "async": true, "updateStatus": true, "task": "t1" },
        });
        assert_eq!(answer.to_string(), expected.to_string(), "members in their order");

        // The script saw the whole document, with nulls as it expects them.
        let mut seen = sync("someone");
        seen["payload"]["identity"]["identity"]["cn"] = json!("");
        assert_eq!(fake.bodies()[0].to_string(), seen.to_string());

        assert_eq!(node.ask("state", json!({ "id": id })).unwrap(), "completed");
        let completed = node.ask("completed", json!({})).unwrap();
        assert_eq!(
            (completed[0]["id"].as_str(), &completed[0]["returnvalue"]),
            (Some(id.as_str()), &expected)
        );
        let events = node.ask("events", json!({ "id": id })).unwrap();
        let names: Vec<_> = events.as_array().unwrap().iter().map(|e| e["event"].as_str().unwrap()).collect();
        assert_eq!(names, ["added", "waiting", "active", "completed"]);
        assert_eq!(events[2]["prev"], "waiting");
        bed.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_completed_jobs_whose_message_names_the_backend() {
    let redis = redis();
    let fails = Fake::new(|call| match call.body["concernedTo"].as_str() {
        Some("bad") => Outcome {
            data: Some(json!({ "status": 4, "message": "no such user", "more": true })),
            ..Outcome::hard(4, code::FAILED, "no such user")
        },
        _ => Outcome::done(),
    });
    let after = support::done();
    for (queue_is_shared, on_error) in [OnError::Stop, OnError::Continue].into_iter().enumerate() {
        let plan = Plan::new(&redis, vec![entry("a", &fails, on_error), entry("b", &after, OnError::Stop)]);
        let bed = Bed::new(plan).await;
        let mut node = orchestrator(Version::V5, &redis);
        let number = u32::try_from(queue_is_shared).unwrap() + 1;
        let answer = node.ask("ask", add(number, "IDENTITY_UPDATE", &sync("bad"))).unwrap();
        assert_eq!(answer["status"], 4);
        assert_eq!(answer["data"][0]["error"]["message"], "a: no such user");
        assert_eq!(answer["data"][0]["error"]["more"], true);
        let asked = answer["data"].as_array().unwrap().len();
        assert_eq!(asked, if on_error == OnError::Stop { 1 } else { 2 });
        assert_eq!(node.ask("counts", json!({})).unwrap()["failed"], 0);
        bed.stop().await;
        call(&redis, &["DEL", "intendant:bull:sesame:served-by"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_actions_and_unreadable_jobs_are_answered_and_listed() {
    let (redis, fake) = (redis(), support::done());
    let bed = Bed::new(Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)])).await;
    let mut node = orchestrator(Version::V6, &redis);

    let unknown = node.ask("ask", add(1, "NEVER_HEARD_OF", &sync("x"))).unwrap();
    assert_eq!((&unknown["status"], &unknown["jobName"]), (&json!(1), &json!("NEVER_HEARD_OF")));
    let message = unknown["data"][0]["error"]["message"].as_str().unwrap();
    assert!(message.contains("no active backend maps NEVER_HEARD_OF"), "{message}");

    let no_object = node.ask("ask", add(2, "IDENTITY_UPDATE", &json!([1, 2]))).unwrap();
    assert_eq!(no_object["status"], 1);
    let secret = json!({ "payload": { "password": "s3cret" }, "options": { "disableLogs": true } });
    let unfit = node.ask("ask", add(3, "IDENTITY_DELETE", &secret)).unwrap();
    assert_eq!((&unfit["status"], &unfit["options"]["disableLogs"]), (&json!(1), &json!(true)));
    let kept = format!("bull:sesame:{}", object_id(3));
    bed.until("the secret to leave the queue", async || {
        !call(&redis, &["HGETALL", &kept]).contains("s3cret")
    })
    .await;

    let of_refusals = RecordFilter::of(RecordKind::Refusal);
    let refusals = bed.hub.journal().records(of_refusals, None, 10).await.unwrap().rows;
    let codes: Vec<_> = refusals.iter().map(|refusal| refusal.code.as_str()).collect();
    assert_eq!(codes, ["invalid_payload", "invalid_payload"]);
    assert_eq!(refusals[0].who, "main");

    // The next job is handled as if nothing had been.
    assert_eq!(node.ask("ask", add(4, "IDENTITY_UPDATE", &sync("x"))).unwrap()["status"], 0);
    // Handed in again it is refused again: its decoder reads what was kept.
    let again = bed.hub.resubmit(refusals[0].seq, &engine::Actor("test".into())).await.unwrap();
    assert!(matches!(again, engine::Accepted::Refused(_)), "{again:?}");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_itself_answers_from_memory_although_every_slot_is_busy() {
    let (redis, gate) = (redis(), std::sync::Arc::new(tokio::sync::Semaphore::new(0)));
    let fake = Fake::gated(&gate);
    let mut slow = entry("slow", &fake, OnError::Stop);
    slow.concurrency = Some(1);
    let bed = Bed::new(Plan::new(&redis, vec![slow])).await;
    let mut node = orchestrator(Version::V5, &redis);
    let jobs: Vec<Value> = (0..50).map(|n| add(n, "IDENTITY_UPDATE", &sync(&format!("i{n}")))).collect();
    node.ask("addBulk", json!({ "jobs": jobs })).unwrap();
    bed.until("the slot to be taken", async || fake.count() == 1).await;

    let options = json!({ "options": { "async": false, "timeoutDiscard": true, "syncTimeout": 15000 } });
    let dump = node.ask("ask", add(100, "DUMP_PACKAGE_CONFIG", &options)).unwrap();
    assert_eq!((&dump["status"], &dump["data"][0]["version"]), (&json!(0), &json!("9.9.9")));
    assert_eq!(dump["options"], options["options"]);
    let list = node.ask("ask", add(101, "LIST_BACKENDS", &json!({}))).unwrap();
    assert_eq!(list["data"], json!([{ "name": "ldap", "path": "/b" }]));
    assert_eq!(bed.jobs().await.len(), 50, "they are not journaled");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_leave_redis_with_the_answer_and_not_before() {
    let (redis, gate) = (redis(), std::sync::Arc::new(tokio::sync::Semaphore::new(0)));
    let fake = Fake::gated(&gate);
    let bed = Bed::new(Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)])).await;
    let mut node = orchestrator(Version::V6, &redis);
    let data = json!({
        "concernedTo": "x",
        "payload": { "uid": "x", "oldPassword": "0ld-s3cret", "newPassword": "n3w-s3cret" },
        "options": { "async": false, "timeoutDiscard": true, "disableLogs": true },
    });
    let id = object_id(1);
    let asked = node.begin("ask", add(1, "IDENTITY_PASSWORD_CHANGE", &data)).unwrap();
    bed.until("the backend to be asked", async || fake.count() == 1).await;
    assert_eq!(fake.bodies()[0]["payload"]["newPassword"], "n3w-s3cret");
    let stored = || call(&redis, &["HGETALL", &format!("bull:sesame:{id}")]);
    assert!(stored().contains("n3w-s3cret"), "another worker could still run it");

    gate.add_permits(1);
    let answer = node.end(&asked).unwrap().unwrap();
    assert_eq!((&answer["status"], &answer["options"]["disableLogs"]), (&json!(0), &json!(true)));
    bed.until("the mask", async || !stored().contains("s3cret")).await;
    assert_eq!(
        node.ask("job", json!({ "id": id })).unwrap()["data"].as_str().map(|d| d.contains("\"uid\":\"x\"")),
        Some(true)
    );
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_does_not_overtake_the_orchestrator_s_own_notes() {
    let (redis, fake) = (redis(), support::done());
    let bed = Bed::new(Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)])).await;
    let mut node = orchestrator(Version::V5, &redis);
    for n in 1..=5 {
        node.ask("ask", add(n, "IDENTITY_UPDATE", &sync("x"))).unwrap();
        let job = node.ask("job", json!({ "id": object_id(n) })).unwrap();
        let took = job["finishedOn"].as_i64().unwrap() - job["timestamp"].as_i64().unwrap();
        assert!(took >= 10, "answered after {took} ms");
    }
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_waits_for_any_more_never_starts() {
    let (redis, fake) = (redis(), support::done());
    let mut node = orchestrator(Version::V5, &redis);
    let mut data = sync("x");
    data["options"] = json!({ "async": false, "timeoutDiscard": true, "syncTimeout": 1 });
    let id = node.ask("add", add(1, "IDENTITY_UPDATE", &data)).unwrap();
    support::until("the wait to be over", async || {
        let job = node.ask("job", json!({ "id": id })).unwrap();
        let now: i64 = call(&redis, &["TIME"]).lines().next().unwrap().parse().unwrap();
        now * 1000 > job["timestamp"].as_i64().unwrap() + 1
    })
    .await;
    let bed = Bed::new(Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)])).await;
    let answer = node.ask("wait", json!({ "id": id, "ms": LONG_MS })).unwrap();
    assert_eq!((answer["status"].as_i64(), fake.count()), (Some(1), 0));
    // Under this name the orchestrator leaves the person as they were.
    assert_eq!(answer["jobName"], "DUMP_PACKAGE_CONFIG");
    assert_eq!(bed.job(id.as_str().unwrap()).await.unwrap().code.unwrap().as_str(), "expired");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sets_a_password_does_not_wait_for_an_update_that_keeps_failing() {
    let redis = redis();
    let fake = Fake::new(|call| match &*call.action {
        "IDENTITY_UPDATE" => Outcome::soft(75, code::FAILED, "the directory is read-only for a while"),
        _ => Outcome::done(),
    });
    let mut kept = entry("a", &fake, OnError::Stop);
    // As the source has it.
    kept.actions.values_mut().for_each(|mapping| mapping.retry = None);
    let bed = Bed::new(Plan::new(&redis, vec![kept])).await;
    let mut node = orchestrator(Version::V5, &redis);
    let update = node.ask("add", add(1, "IDENTITY_UPDATE", &sync("x"))).unwrap();
    bed.state(&object_id(1), JobState::Retrying).await;
    let data = json!({
        "concernedTo": "x",
        "payload": { "uid": "x", "newPassword": "n3w-s3cret" },
        "options": { "async": false, "timeoutDiscard": true, "syncTimeout": 50_000 },
    });
    let changed = node.ask("ask", add(2, "IDENTITY_PASSWORD_CHANGE", &data)).unwrap();
    assert_eq!((&changed["status"], &changed["jobName"]), (&json!(0), &json!("IDENTITY_PASSWORD_CHANGE")));
    let failed = node.ask("wait", json!({ "id": update, "ms": LONG_MS })).unwrap();
    assert_eq!((&failed["status"], &failed["jobName"]), (&json!(75), &json!("IDENTITY_UPDATE")));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_ids_counted_ids_priorities_and_delays_are_taken_too() {
    let (redis, fake) = (redis(), support::done());
    let bed = Bed::new(Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)])).await;
    let mut node = orchestrator(Version::V6, &redis);
    for opts in [json!({}), json!({ "jobId": "nightly" }), json!({ "priority": 5 }), json!({ "delay": 100 })]
    {
        let job = json!({ "name": "IDENTITY_UPDATE", "data": sync("x"), "opts": opts, "ms": LONG_MS });
        assert_eq!(node.ask("ask", job).unwrap()["status"], 0, "{opts}");
    }
    // Gone from the queue, a chosen id may come again: it is another job.
    node.ask("remove", json!({ "id": "nightly" })).unwrap();
    let job = json!({ "name": "IDENTITY_UPDATE", "data": sync("x"), "opts": { "jobId": "nightly" }, "ms": LONG_MS });
    assert_eq!(node.ask("ask", job).unwrap()["status"], 0);
    assert_eq!(fake.count(), 5);

    // While the queue is paused nothing is taken, and everything afterwards.
    node.ask("pause", json!({})).unwrap();
    let asked = node.begin("ask", add(9, "IDENTITY_UPDATE", &sync("x"))).unwrap();
    bed.until("the job to wait", async || node.ask("counts", json!({})).unwrap()["wait"] == 1).await;
    assert_eq!(fake.count(), 5);
    node.ask("resume", json!({})).unwrap();
    assert_eq!(node.end(&asked).unwrap().unwrap()["status"], 0);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_one_person_keep_their_order_and_redis_keeps_only_so_many() {
    let redis = redis();
    let fake = support::done();
    let mut plan = Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)]);
    plan.settings.keep_count = 10;
    let bed = Bed::new(plan).await;
    let mut node = orchestrator(Version::V5, &redis);
    let data = |n: u32| {
        let mut data = sync(&format!("i{}", n % 3));
        data["payload"]["n"] = json!(n);
        data
    };
    let jobs: Vec<Value> = (0..300).map(|n| add(n, "IDENTITY_UPDATE", &data(n))).collect();
    node.ask("addBulk", json!({ "jobs": jobs })).unwrap();
    bed.until("all of them", async || {
        let counts = node.ask("counts", json!({})).unwrap();
        fake.count() == 300 && counts["active"] == 0
    })
    .await;
    let bodies = fake.bodies();
    for person in ["i0", "i1", "i2"] {
        let seen: Vec<u64> = bodies
            .iter()
            .filter(|body| body["concernedTo"] == person)
            .map(|body| body["payload"]["n"].as_u64().unwrap())
            .collect();
        assert_eq!(seen.len(), 100);
        assert!(seen.is_sorted(), "{person}: {seen:?}");
    }
    let counts = node.ask("counts", json!({})).unwrap();
    assert_eq!((&counts["completed"], &counts["failed"]), (&json!(10), &json!(0)));
    assert!(bed.jobs().await.iter().all(|job| job.state == JobState::Succeeded));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_stays_as_long_as_whoever_added_it_says() {
    let (redis, fake) = (redis(), support::done());
    let bed = Bed::new(Plan::new(&redis, vec![entry("10ldap", &fake, OnError::Stop)])).await;
    let mut node = orchestrator(Version::V6, &redis);
    for (n, keep) in [(1, json!(true)), (2, json!({ "count": 1 })), (3, json!({ "count": 1 }))] {
        let mut job = add(n, "IDENTITY_UPDATE", &sync("someone"));
        job["opts"]["removeOnComplete"] = keep;
        assert_eq!(node.ask("ask", job).unwrap()["status"], 0, "each is answered");
    }
    for (n, state) in [(1, Value::Null), (2, Value::Null), (3, json!("completed"))] {
        assert_eq!(node.ask("state", json!({ "id": object_id(n) })).unwrap(), state, "job {n}");
    }
    assert_eq!(bed.jobs().await.len(), 3);
    bed.stop().await;
}
