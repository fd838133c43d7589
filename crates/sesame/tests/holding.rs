//! Jobs are ours from the moment they are in the journal until they are answered: through restarts, lost locks, other
//! workers and a second hub.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::sync::Arc;

use intendant_sesame::{Address, Settings, twins};
use model::{JobState, OnError};
use serde_json::{Value, json};
use support::{Bed, Fake, LONG_MS, Plan, call, entry, object_id, orchestrator, redis, sync};
use testkit::bullmq::Version;
use tokio::sync::Semaphore;

fn jobs(count: u32) -> Value {
    let job = |n: u32| {
        json!({
            "name": "IDENTITY_UPDATE",
            "data": sync(&format!("i{n}")),
            "opts": { "jobId": object_id(n), "attempts": 1 },
        })
    };
    json!({ "jobs": (0..count).map(job).collect::<Vec<_>>() })
}

fn ids(count: u32) -> Value {
    json!({ "ids": (0..count).map(object_id).collect::<Vec<_>>(), "ms": LONG_MS })
}

fn closed() -> (Arc<Semaphore>, Arc<Fake>) {
    let gate = Arc::new(Semaphore::new(0));
    let fake = Fake::gated(&gate);
    (gate, fake)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_held_than_allowed() {
    let (redis, (gate, fake)) = (redis(), closed());
    let mut plan = Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)]);
    plan.settings.hold = 10;
    let bed = Bed::new(plan).await;
    let mut node = orchestrator(Version::V6, &redis);
    node.ask("addBulk", jobs(30)).unwrap();
    bed.until("ten to be held", async || fake.count() == 10).await;
    let counts = node.ask("counts", json!({})).unwrap();
    assert_eq!((&counts["active"], &counts["wait"]), (&json!(10), &json!(20)));
    // What is answered from memory needs no room, wherever it waits.
    let dump = json!({ "name": "DUMP_PACKAGE_CONFIG", "data": {}, "opts": { "jobId": "d1" }, "ms": LONG_MS });
    assert_eq!(node.ask("ask", dump).unwrap()["data"][0]["version"], "9.9.9");
    let counts = node.ask("counts", json!({})).unwrap();
    assert_eq!((&counts["active"], &counts["wait"]), (&json!(10), &json!(20)));
    gate.add_permits(30);
    node.ask("waitAll", ids(30)).unwrap();
    bed.stop().await;
}

fn asked(name: &str, id: &str) -> Value {
    json!({ "name": name, "data": { "concernedTo": null }, "opts": { "jobId": id }, "ms": LONG_MS })
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::disallowed_methods, reason = "jobs end one after the other, without a break")]
async fn what_the_daemon_is_asked_overtakes_jobs_that_end_without_a_break() {
    let (redis, (gate, fake)) = (redis(), closed());
    let ping = support::done();
    let mut pinged = entry("b", &ping, OnError::Stop);
    pinged.actions.retain(|action, _| action == "PING_TARGET");
    let mut worked = entry("a", &fake, OnError::Stop);
    worked.actions.remove("PING_TARGET");
    let mut plan = Plan::new(&redis, vec![worked, pinged]);
    plan.settings.hold = 10;
    let bed = Bed::new(plan).await;
    let mut node = orchestrator(Version::V5, &redis);
    let many = 4_000;
    node.ask("addBulk", jobs(many)).unwrap();
    bed.until("ten to be held", async || fake.count() == 10).await;
    let opener = tokio::spawn({
        let gate = Arc::clone(&gate);
        async move {
            loop {
                gate.add_permits(1);
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        }
    });
    for (n, name) in ["DUMP_PACKAGE_CONFIG", "LIST_BACKENDS", "PING_TARGET"].into_iter().enumerate() {
        assert_eq!(node.ask("ask", asked(name, &format!("asked{n}"))).unwrap()["status"], 0, "{name}");
        assert!(fake.count() < many as usize, "{name} was answered after all others");
    }
    assert_eq!(ping.count(), 1);
    opener.abort();
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_daemon_is_asked_is_found_under_any_number_of_jobs() {
    let (redis, (_gate, fake)) = (redis(), closed());
    let mut plan = Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)]);
    plan.settings.hold = 10;
    let mut node = orchestrator(Version::V6, &redis);
    node.ask("addBulk", jobs(20)).unwrap();
    node.ask("add", asked("DUMP_PACKAGE_CONFIG", "d1")).unwrap();
    let job =
        |n: u32| json!({ "name": "IDENTITY_UPDATE", "data": sync("x"), "opts": { "jobId": object_id(n) } });
    node.ask("addBulk", json!({ "jobs": (100..3_200).map(job).collect::<Vec<_>>() })).unwrap();
    let bed = Bed::new(plan).await;
    let waited = node.ask("wait", json!({ "id": "d1", "ms": LONG_MS })).unwrap();
    assert_eq!(waited["status"], 0);
    bed.until("ten to be held", async || fake.count() == 10).await;
    let list = node.ask("ask", asked("LIST_BACKENDS", "d2")).unwrap();
    assert_eq!(
        (&list["status"], fake.count()),
        (&json!(0), 10),
        "and again among those that were added since"
    );
    let counts = node.ask("counts", json!({})).unwrap();
    assert_eq!((&counts["active"], &counts["wait"]), (&json!(10), &json!(3_110)), "nothing else was moved");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_are_renewed_as_long_as_a_script_takes() {
    let (redis, (gate, fake)) = (redis(), closed());
    let bed = Bed::new(Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)]).quick()).await;
    let mut node = orchestrator(Version::V5, &redis);
    node.ask("addBulk", jobs(3)).unwrap();
    bed.until("all to be held", async || fake.count() == 3).await;
    let lock = |n| format!("bull:sesame:{}:lock", object_id(n));
    let left = || call(&redis, &["PTTL", &lock(0)]).parse::<i64>().unwrap();
    let mut lowest = left();
    support::until("a renewal", async || {
        let now = left();
        let renewed = now > lowest;
        lowest = lowest.min(now);
        renewed
    })
    .await;

    // One that ran out although we are there is taken again: the job is still active, and nobody else's.
    call(&redis, &["DEL", &lock(1)]);
    bed.until("the lock to be set anew", async || call(&redis, &["EXISTS", &lock(1)]) == "1").await;
    gate.add_permits(3);
    node.ask("waitAll", ids(3)).unwrap();
    assert_eq!(fake.count(), 3, "nothing ran twice");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_what_is_held_and_runs_only_what_has_not_ended() {
    let (redis, (gate, first)) = (redis(), closed());
    let plan = |fake: &Arc<Fake>| Plan::new(&redis, vec![entry("a", fake, OnError::Stop)]);
    let bed = Bed::new(plan(&first)).await;
    let mut node = orchestrator(Version::V5, &redis);
    node.ask("addBulk", jobs(20)).unwrap();
    bed.until("all to be held", async || first.count() == 20).await;
    gate.add_permits(5);
    bed.until("five to be answered", async || node.ask("counts", json!({})).unwrap()["completed"] == 5).await;
    let folder = bed.stop().await;

    let second = support::done();
    let bed = Bed::start_again(folder, plan(&second)).await;
    node.ask("waitAll", ids(20)).unwrap();
    assert_eq!(second.count(), 15);
    let counts = node.ask("counts", json!({})).unwrap();
    assert_eq!((&counts["completed"], &counts["failed"]), (&json!(20), &json!(0)));
    assert!(bed.jobs().await.iter().all(|job| job.state == JobState::Succeeded));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_and_never_reached_the_journal_is_found_back_in_its_order() {
    let redis = redis();
    let plan = |fake: &Arc<Fake>| Plan::new(&redis, vec![entry("a", fake, OnError::Stop)]);
    let bed = Bed::new(plan(&support::done())).await;
    let serving = || call(&redis, &["GET", "intendant:bull:sesame:served-by"]);
    bed.until("it to serve", async || !serving().is_empty()).await;
    let served_by = serving();
    let [journal, source, life] = served_by.splitn(3, '/').collect::<Vec<_>>()[..] else {
        panic!("{served_by}")
    };
    assert_eq!((source, life), ("main", bed.hub.journal().life().to_string().as_str()));
    let folder = bed.stop().await;

    // Taken by a hub that was killed before it could write anything.
    let mut node = orchestrator(Version::V5, &redis);
    let data = |n: u32| json!({ "concernedTo": "x", "payload": { "n": n } });
    for n in 0..20 {
        let job = json!({ "name": "IDENTITY_UPDATE", "data": data(n), "opts": { "jobId": object_id(n) } });
        node.ask("add", job).unwrap();
        let token = format!("intendant:{journal}");
        assert_eq!(node.ask("grab", json!({ "token": token, "lock": 30_000 })).unwrap(), json!(object_id(n)));
    }
    let fake = support::done();
    let bed = Bed::start_again(folder, plan(&fake)).await;
    node.ask("waitAll", ids(20)).unwrap();
    let bodies = fake.bodies();
    let seen: Vec<u64> = bodies.iter().map(|body| body["payload"]["n"].as_u64().unwrap()).collect();
    assert_eq!(seen, (0..20).collect::<Vec<u64>>());
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_stalled_pass_gave_back_joins_the_job_that_is_known() {
    let (redis, (gate, fake)) = (redis(), closed());
    let bed = Bed::new(Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)])).await;
    let mut node = orchestrator(Version::V6, &redis);
    node.ask("addBulk", jobs(1)).unwrap();
    bed.until("it to run", async || fake.count() == 1).await;
    // What a worker's stalled pass does with a job whose lock is gone.
    let id = object_id(0);
    call(&redis, &["DEL", &format!("bull:sesame:{id}:lock")]);
    call(&redis, &["LREM", "bull:sesame:active", "1", &id]);
    call(&redis, &["RPUSH", "bull:sesame:wait", &id]);
    call(&redis, &["ZADD", "bull:sesame:marker", "0", "0"]);
    bed.until("it to be taken again", async || node.ask("state", json!({ "id": id })).unwrap() == "active")
        .await;
    gate.add_permits(1);
    assert_eq!(node.ask("wait", json!({ "id": id, "ms": LONG_MS })).unwrap()["status"], 0);
    assert_eq!((fake.count(), bed.jobs().await.len()), (1, 1));

    // Once more, although it has ended: the stored answer goes out again, and nothing runs.
    call(&redis, &["ZREM", "bull:sesame:completed", &id]);
    call(&redis, &["HDEL", &format!("bull:sesame:{id}"), "returnvalue", "finishedOn"]);
    call(&redis, &["RPUSH", "bull:sesame:wait", &id]);
    call(&redis, &["ZADD", "bull:sesame:marker", "0", "0"]);
    assert_eq!(node.ask("wait", json!({ "id": id, "ms": LONG_MS })).unwrap()["status"], 0);
    assert_eq!((fake.count(), bed.jobs().await.len()), (1, 1));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_another_worker_has_ends_here_and_is_answered_there() {
    let (redis, (gate, fake)) = (redis(), closed());
    let bed = Bed::new(Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)]).quick()).await;
    let mut node = orchestrator(Version::V5, &redis);
    node.ask("addBulk", jobs(2)).unwrap();
    bed.until("both to run", async || fake.count() == 2).await;
    let id = object_id(0);
    call(&redis, &["SET", &format!("bull:sesame:{id}:lock"), "somebody:1"]);
    bed.state(&id, JobState::Cancelled).await;
    assert_eq!(bed.job(&id).await.unwrap().code.unwrap().as_str(), "taken_over");
    assert_eq!(node.ask("state", json!({ "id": id })).unwrap(), "active", "its answer is the other's matter");
    gate.add_permits(1);
    let other = object_id(1);
    assert_eq!(node.ask("wait", json!({ "id": other, "ms": LONG_MS })).unwrap()["status"], 0);

    // The other worker is lost too: the job comes back, and is done anew.
    call(&redis, &["DEL", &format!("bull:sesame:{id}:lock")]);
    gate.add_permits(1);
    call(&redis, &["LREM", "bull:sesame:active", "1", &id]);
    call(&redis, &["RPUSH", "bull:sesame:wait", &id]);
    call(&redis, &["ZADD", "bull:sesame:marker", "0", "0"]);
    assert_eq!(node.ask("wait", json!({ "id": id, "ms": LONG_MS })).unwrap()["status"], 0);
    assert_eq!(bed.jobs().await.len(), 3);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_worker_takes_over_when_the_hub_is_gone_and_the_hub_notices() {
    let (redis, (_gate, first)) = (redis(), closed());
    let plan = |fake: &Arc<Fake>| Plan::new(&redis, vec![entry("a", fake, OnError::Stop)]).quick();
    let bed = Bed::new(plan(&first)).await;
    let mut node = orchestrator(Version::V5, &redis);
    node.ask("addBulk", jobs(4)).unwrap();
    bed.until("all to be held", async || first.count() == 4).await;
    let folder = bed.stop().await;

    call(&redis, &["DEL", "bull:sesame:stalled-check"]);
    node.ask("work", json!({ "options": { "stalledInterval": 1000, "maxStalledCount": 5 } })).unwrap();
    node.ask("waitAll", ids(4)).unwrap();
    let answer = node.ask("wait", json!({ "id": object_id(0), "ms": LONG_MS })).unwrap();
    assert_eq!(answer["data"][0]["backend"], "node");
    node.ask("rest", json!({})).unwrap();

    let second = support::done();
    let bed = Bed::start_again(folder, plan(&second)).await;
    for n in 0..4 {
        let job = bed.job(&object_id(n)).await.unwrap();
        assert_eq!((job.state, job.code.unwrap().as_str()), (JobState::Cancelled, "taken_over"));
    }
    assert_eq!(second.count(), 0, "not one of them ran a second time");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_number_of_lost_workers_fails_a_job() {
    let redis = redis();
    let mut node = orchestrator(Version::V6, &redis);
    let id = object_id(0);
    node.ask("addBulk", jobs(1)).unwrap();
    // A worker takes it and is lost; the pass of another one condemns it to fail.
    assert_eq!(node.ask("grab", json!({ "token": "lost:1", "lock": 100 })).unwrap(), json!(id));
    call(
        &redis,
        &["HSET", &format!("bull:sesame:{id}"), "stc", "7", "defa", "job stalled more than allowable limit"],
    );
    let fake = support::done();
    let bed = Bed::new(Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)]).quick()).await;
    call(&redis, &["SADD", "bull:sesame:stalled", &id]);
    let answer = node.ask("wait", json!({ "id": id, "ms": LONG_MS })).unwrap();
    assert_eq!((answer["status"].as_i64(), fake.count()), (Some(0), 1));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hubs_one_serves_and_the_other_takes_over() {
    let (redis, (_gate, first)) = (redis(), closed());
    let second = support::done();
    let plan = |fake: &Arc<Fake>| Plan::new(&redis, vec![entry("a", fake, OnError::Stop)]).quick();
    let one = Bed::new(plan(&first)).await;
    one.until("one to serve", async || one.hub.links()[0].connected).await;
    support::until("one to serve", async || {
        !call(&redis, &["GET", "intendant:bull:sesame:served-by"]).is_empty()
    })
    .await;
    let two = Bed::new(plan(&second)).await;
    two.until("two to stand by", async || two.hub.links()[0].note.is_some()).await;
    let mut node = orchestrator(Version::V5, &redis);
    node.ask("addBulk", jobs(6)).unwrap();
    one.until("one to work", async || first.count() == 6).await;
    assert_eq!(second.count(), 0);

    let folder = one.stop().await;
    node.ask("waitAll", ids(6)).unwrap();
    assert_eq!(second.count(), 6);
    assert_eq!(two.hub.links()[0].note, None);

    // Back again, the first one finds that its jobs are done, and stands by.
    let third = support::done();
    let one = Bed::start_again(folder, plan(&third)).await;
    one.until("one to stand by", async || one.hub.links()[0].note.is_some()).await;
    assert!(one.jobs().await.iter().all(|job| job.state == JobState::Cancelled));
    assert_eq!(third.count(), 0);
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hubs_with_copies_of_one_journal_one_serves() {
    let (redis, (gate, first)) = (redis(), closed());
    let second = Fake::done();
    let plan = |fake: &Arc<Fake>| Plan::new(&redis, vec![entry("a", fake, OnError::Stop)]).quick();
    let folder = Bed::new(plan(&first)).await.stop().await;
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(folder.path().join("journal.db"), copy.path().join("journal.db")).unwrap();

    let one = Bed::start_again(folder, plan(&first)).await;
    let life = one.hub.journal().life().to_string();
    one.until("one to serve", async || {
        call(&redis, &["GET", "intendant:bull:sesame:served-by"]).ends_with(&life)
    })
    .await;
    let two = Bed::start_again(copy, plan(&second)).await;
    assert_eq!(one.hub.journal().id(), two.hub.journal().id());
    two.until("two to stand by", async || two.hub.links()[0].note.is_some()).await;
    let note = two.hub.links()[0].note.clone().unwrap();
    assert!(note.contains("of which this hub has a copy, serves sesame"), "{note}");
    let mut node = orchestrator(Version::V6, &redis);
    node.ask("addBulk", jobs(6)).unwrap();
    one.until("one to work", async || first.count() == 6).await;
    gate.add_permits(6);
    node.ask("waitAll", ids(6)).unwrap();
    assert_eq!(second.count(), 0);

    one.stop().await;
    two.until("two to serve", async || two.hub.links()[0].note.is_none()).await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_comes_back_does_not_wait_for_its_own_term() {
    let redis = redis();
    let plan = |fake: &Arc<Fake>| {
        let mut plan = Plan::new(&redis, vec![entry("a", fake, OnError::Stop)]);
        plan.settings.term = std::time::Duration::from_hours(24);
        plan
    };
    let bed = Bed::new(plan(&Fake::done())).await;
    bed.until("it to serve", async || !call(&redis, &["GET", "intendant:bull:sesame:served-by"]).is_empty())
        .await;
    let folder = bed.stop().await;
    let fake = Fake::done();
    let bed = Bed::start_again(folder, plan(&fake)).await;
    let mut node = orchestrator(Version::V6, &redis);
    node.ask("addBulk", jobs(1)).unwrap();
    node.ask("waitAll", ids(1)).unwrap();
    assert_eq!(fake.count(), 1);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_queue_under_two_names_is_served_by_one_of_them() {
    let redis = redis();
    let (gate, fake) = closed();
    let mut plan = Plan::new(&redis, vec![entry("a", &fake, OnError::Stop)]);
    let twin =
        Settings { name: "twin".to_owned(), siblings: vec!["main".to_owned()], ..plan.settings.clone() };
    plan.settings.siblings = vec!["twin".to_owned()];
    plan.more = vec![twin];
    let bed = Bed::new(plan).await;
    let standing = |name: &str| bed.hub.links().into_iter().find(|link| link.name == name).unwrap();
    bed.until("one of them to find out", async || {
        ["main", "twin"]
            .into_iter()
            .any(|name| standing(name).last_error.is_some_and(|e| e.contains("takes nothing")))
    })
    .await;
    let mut node = orchestrator(Version::V5, &redis);
    node.ask("addBulk", jobs(50)).unwrap();
    bed.until("all to run", async || fake.count() == 50).await;
    gate.add_permits(50);
    node.ask("waitAll", ids(50)).unwrap();
    assert_eq!((fake.count(), bed.jobs().await.len()), (50, 50));
    let connected = ["main", "twin"].map(|name| standing(name).connected);
    assert_ne!(connected[0], connected[1], "the other one is not ready");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_queue_is_told_from_two_however_its_address_is_spelled() {
    let (here, there) = (redis(), redis());
    let port = here.address().port();
    let named = |name: &str, uri: &str| Settings::new(name, Address::new(uri, None, None).unwrap());
    let all = |second: &str| [named("main", &format!("redis://127.0.0.1:{port}/0")), named("sesame", second)];
    // Two names of this machine that do not look alike.
    let other = format!("redis://0x7f.1:{port}");
    for same in [other.as_str(), &format!("redis://LOCALHOST:{port}/?db=0")] {
        let found = twins(&all(same)).await.unwrap().to_string();
        assert!(found.contains("sources main and sesame are both queue sesame"), "{found}");
    }
    for apart in
        [format!("redis://127.0.0.1:{port}/1"), there.url().to_owned(), "redis://127.0.0.1:1".to_owned()]
    {
        assert_eq!(twins(&all(&apart)).await, None, "{apart}");
    }
}
