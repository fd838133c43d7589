//! What is kept, made again, and removed: exports, lost work, thirty days, a restart in the middle.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use intendant_hosting::host::Looked;
use intendant_hosting::settings::ClientProgram;
use intendant_hosting::{State, Version, Work};
use jiff::SignedDuration;
use serde_json::{Value, json};
use support::{Bed, NEIGHBOUR, SCHOOL};

const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Bed {
    /// Follows a link, without any key.
    async fn follow(&self, url: &str, more: &[(&str, &str)]) -> (StatusCode, HeaderMap, Vec<u8>) {
        let path = url.strip_prefix("https://hub.example").unwrap_or_else(|| panic!("{url}"));
        let request =
            more.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
        self.send(request.body(Body::empty()).unwrap(), None).await
    }

    async fn removed(&self) -> Value {
        self.open(SCHOOL).await;
        self.ask("DELETE", &format!("/{SCHOOL}"), None).await;
        self.until(SCHOOL, State::Deleted).await;
        self.host.measure(&SCHOOL.parse().unwrap()).await.unwrap();
        self.view(SCHOOL).await["downloads"][0].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_downloaded_by_its_link_whole_and_in_part() {
    let bed = Bed::new().await;
    let download = bed.removed().await;
    let content = b"the databases of 0750655E";
    assert_eq!(
        (download["name"].as_str(), download["size"].as_u64()),
        (Some("base.zip"), Some(content.len() as u64))
    );
    let url = download["url"].as_str().unwrap();
    let (status, headers, bytes) = bed.follow(url, &[]).await;
    assert_eq!((status.as_u16(), bytes.as_slice()), (200, &content[..]));
    assert_eq!(headers["etag"].to_str().unwrap(), format!("\"{}\"", download["sha256"].as_str().unwrap()));
    assert_eq!(headers["content-disposition"], "attachment; filename=\"base.zip\"");
    let tag = headers["etag"].to_str().unwrap().to_owned();
    let (status, _, bytes) = bed.follow(url, &[("range", "bytes=4-12"), ("if-range", &tag)]).await;
    assert_eq!((status.as_u16(), bytes.as_slice()), (206, &content[4..13]));
    assert_eq!(bed.follow(url, &[("range", "bytes=4-12"), ("if-range", "\"other\"")]).await.0, 200);

    for odd in [
        url.replace("signature=", "signature=1"),
        url.replace("era=", "era=1"),
        url.replace("base.zip", "other.zip"),
        url.replace(SCHOOL, "0750654D"),
        url.split('?').next().unwrap().to_owned(),
        url.replace("base.zip", "..%2F..%2Fdata"),
    ] {
        assert_eq!(bed.follow(&odd, &[]).await.0, 403, "{odd}");
    }
    // It lives on when the school begins anew.
    bed.create(SCHOOL).await;
    assert_eq!(bed.follow(url, &[]).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_elsewhere_is_no_export() {
    let bed = Bed::new().await;
    bed.open(SCHOOL).await;
    let outside = bed.folder.path().join("secret.txt");
    std::fs::write(&outside, "secret").unwrap();
    let era = bed.host.get(&SCHOOL.parse().unwrap()).await.unwrap().kept.era;
    let folder = bed.settings.exports().join(SCHOOL).join(era.to_string());
    std::fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(&outside, folder.join("link.zip")).unwrap();
    std::fs::write(folder.join("good.zip"), "good").unwrap();
    let data =
        json!({"data": {"downloads": ["link.zip", "missing.zip", "good.zip", outside.to_str().unwrap()]}});
    bed.answer(Work::Delete, model::Outcome { data: Some(data), ..model::Outcome::done() });
    bed.ask("DELETE", &format!("/{SCHOOL}"), None).await;
    bed.until(SCHOOL, State::Deleted).await;
    let url = bed.view(SCHOOL).await["downloads"][0]["url"].as_str().unwrap().to_owned();
    assert!(url.contains("link.zip"));
    assert_eq!(bed.follow(&url, &[]).await.0, 403, "it leads out of its folder");
    bed.host.measure_all().await.unwrap();
    let names: Vec<_> = bed.view(SCHOOL).await["downloads"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].clone())
        .collect();
    assert_eq!(names, ["good.zip"], "only what is there is named");
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_days_later_nothing_is_left() {
    let bed = Bed::new().await;
    let url = bed.removed().await["url"].as_str().unwrap().to_owned();
    let folder = bed.settings.exports().join(SCHOOL);
    bed.clock.run_ahead(29 * DAY);
    bed.expire().await;
    assert!(folder.exists());
    assert_eq!(
        (bed.state(SCHOOL).await.as_str(), bed.follow(&url, &[]).await.0.as_u16()),
        ("BCDIDELETED", 200)
    );
    bed.clock.run_ahead(31 * DAY);
    assert_eq!(bed.follow(&url, &[]).await.0, 403, "the link is over, swept or not");
    bed.expire().await;
    assert!(!folder.exists());
    assert_eq!(bed.ask("GET", &format!("/{SCHOOL}"), None).await.0, 404);
    // No old key comes back with a new school.
    let key = bed.create(SCHOOL).await;
    assert_eq!(bed.ask_with(&key, "GET", &format!("/{SCHOOL}"), None).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_school_and_its_exports_of_before_are_told_apart() {
    let bed = Bed::new().await;
    bed.removed().await;
    bed.open(SCHOOL).await;
    bed.clock.run_ahead(31 * DAY);
    bed.expire().await;
    assert_eq!(bed.state(SCHOOL).await, "BCDIREADY");
    assert!(!bed.settings.exports().join(SCHOOL).exists(), "the exports of before are gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_runs_ahead_for_a_while_costs_no_export() {
    let bed = Bed::new().await;
    let url = bed.removed().await["url"].as_str().unwrap().to_owned();
    let folder = bed.settings.exports().join(SCHOOL);
    let looked = Looked::default();
    bed.clock.run_ahead(40 * DAY);
    bed.host.expire(&looked).await.unwrap();
    bed.clock.run_ahead(SignedDuration::ZERO);
    bed.host.expire(&looked).await.unwrap();
    bed.clock.run_ahead(40 * DAY);
    bed.host.expire(&looked).await.unwrap();
    bed.clock.run_ahead(DAY);
    bed.host.expire(&looked).await.unwrap();
    assert_eq!(
        (bed.state(SCHOOL).await.as_str(), bed.follow(&url, &[]).await.0.as_u16()),
        ("BCDIDELETED", 200)
    );
    bed.clock.run_ahead(31 * DAY);
    bed.host.expire(&looked).await.unwrap();
    assert!(folder.exists(), "seen once");
    bed.host.expire(&looked).await.unwrap();
    assert!(!folder.exists(), "and once more, an hour later");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_removed_by_a_clock_that_ran_ahead_is_kept_as_long_as_anything_else() {
    let bed = Bed::new().await;
    bed.clock.run_ahead(30 * DAY);
    bed.removed().await;
    bed.clock.run_ahead(SignedDuration::ZERO);
    bed.expire().await;
    let until: jiff::Timestamp =
        bed.view(SCHOOL).await["downloads"][0]["expires_at"].as_str().unwrap().parse().unwrap();
    assert!(until.duration_since(bed.clock.now()) <= 30 * DAY, "{until}");
    bed.clock.run_ahead(29 * DAY);
    bed.expire().await;
    assert_eq!(bed.state(SCHOOL).await, "BCDIDELETED");
    bed.clock.run_ahead(31 * DAY);
    bed.expire().await;
    assert_eq!(bed.ask("GET", &format!("/{SCHOOL}"), None).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_while_a_school_was_mounted_says_nothing_of_how_long_that_takes() {
    let bed = Bed::new().await;
    bed.create(SCHOOL).await;
    bed.until(SCHOOL, State::DbWait).await;
    bed.hang(Work::Mount);
    bed.upload(SCHOOL, "a").await;
    testhub::until("it hangs", async || bed.hangs() == 1).await;
    bed.clock.run_ahead(30 * DAY);
    bed.let_go();
    bed.until(SCHOOL, State::Ready).await;
    bed.create(NEIGHBOUR).await;
    bed.until(NEIGHBOUR, State::DbWait).await;
    let _held = bed.answers.hold().await;
    bed.upload(NEIGHBOUR, "b").await;
    let eta = bed.view(NEIGHBOUR).await["eta_seconds"].as_u64().unwrap();
    assert!(eta <= 900, "{eta}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_that_cannot_be_read_keeps_no_other_from_being_looked_after() {
    let bed = Bed::new().await;
    bed.removed().await;
    bed.open(NEIGHBOUR).await;
    let exports = bed.settings.exports();
    // The row of the first school, by number, is damaged; there is something of it.
    std::fs::create_dir_all(exports.join("0000001B/1")).unwrap();
    let content = model::effect::EntityContent {
        state: "BCDIDELETED".to_owned(),
        label: String::new(),
        body: json!({"odd": 1}),
    };
    let key = model::EntityKey { kind: "establishment".to_owned(), key: "0000001B".to_owned() };
    let write = model::EntityWrite { key, expected_rev: 0, content: Some(content) };
    bed.hub.write(model::Effects { entities: vec![write], ..model::Effects::default() }, None).await.unwrap();
    bed.clock.run_ahead(31 * DAY);
    bed.expire().await;
    assert!(!exports.join(SCHOOL).exists() && exports.join("0000001B/1").exists());
    assert_eq!(bed.host.find_lost().await.unwrap(), 0);
    let (status, page) = bed.ask("GET", "", None).await;
    assert_eq!((status.as_u16(), &page["damaged"][0]["what"]), (200, &json!("0000001B")), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_was_lost_is_made_again() {
    let bed = Bed::new().await;
    let held = bed.answers.gate.lock().await;
    bed.create(SCHOOL).await;
    assert_eq!(bed.host.find_lost().await.unwrap(), 0, "its job lives");
    // As after a journal of which a part was lost: the establishment waits for a job that is not there.
    let rne = SCHOOL.parse().unwrap();
    let mut waiting = bed.host.get(&rne).await.unwrap();
    waiting.kept.awaited.as_mut().unwrap().job = None;
    waiting.kept.awaited.as_mut().unwrap().id = "0750655E/0/0".to_owned();
    let effects = model::Effects { entities: vec![waiting.write()], ..model::Effects::default() };
    bed.hub.write(effects, None).await.unwrap();
    assert_eq!(bed.host.find_lost().await.unwrap(), 1);
    assert_eq!(bed.host.find_lost().await.unwrap(), 0, "made again once");
    drop(held);
    bed.until(SCHOOL, State::DbWait).await;
    assert_eq!(bed.fake.count(), 2, "the one of which nobody waits for the end, and the one that counts");
    let history = bed.view(SCHOOL).await["history"].clone();
    assert_eq!(history.as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_goes_on() {
    let bed = Bed::new().await;
    let answers = std::sync::Arc::clone(&bed.answers);
    let held = answers.gate.lock().await;
    let key = bed.create(SCHOOL).await;
    testhub::until("the start", async || bed.fake.count() == 1).await;
    let bed = bed.again().await;
    assert_eq!((bed.state(SCHOOL).await.as_str(), bed.host.find_lost().await.unwrap()), ("START", 0));
    drop(held);
    bed.until(SCHOOL, State::DbWait).await;
    assert_eq!(bed.ask_with(&key, "GET", &format!("/{SCHOOL}"), None).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_cancelled_is_an_error_that_can_be_tried_again() {
    let bed = Bed::new().await;
    let held = bed.answers.gate.lock().await;
    bed.create(SCHOOL).await;
    testhub::until("the start", async || bed.fake.count() == 1).await;
    let job = testhub::jobs(&bed.hub).await.pop().unwrap();
    bed.hub.cancel(job.id, &support::actor()).await.unwrap();
    bed.until(SCHOOL, State::StartError).await;
    let view = bed.view(SCHOOL).await;
    assert_eq!(view["last_operation"]["state"], "cancelled", "{view}");
    drop(held);
    bed.create(SCHOOL).await;
    bed.until(SCHOOL, State::DbWait).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_for_schools_is_named_and_downloaded() {
    let folder = tempfile::tempdir().unwrap();
    let setup = folder.path().join("setup.exe");
    std::fs::write(&setup, "a program").unwrap();
    let place = setup.display().to_string();
    let bed = Bed::with(|settings| {
        let program = |version, system: &str, place: &str| ClientProgram {
            version,
            system: system.to_owned(),
            place: place.to_owned(),
        };
        settings.clients = vec![
            program(Version::Cl, "windows", &place),
            program(Version::Cl, "linux", "https://shop.example/client"),
            program(Version::Sp, "windows", "/nowhere"),
        ];
    })
    .await;
    bed.open(SCHOOL).await;
    let programs = bed.view(SCHOOL).await["client_download"].clone();
    assert_eq!(programs.as_array().unwrap().len(), 2);
    assert_eq!((&programs[0]["system"], &programs[0]["size"]), (&json!("windows"), &json!(9)));
    assert_eq!(programs[1]["url"], "https://shop.example/client");
    let (status, headers, bytes) = bed.follow(programs[0]["url"].as_str().unwrap(), &[]).await;
    assert_eq!((status.as_u16(), bytes.as_slice()), (200, &b"a program"[..]));
    assert_eq!(headers["content-disposition"], "attachment; filename=\"setup.exe\"");
    // Another file in its place is told as such.
    std::fs::write(&setup, "another program").unwrap();
    let again = bed.view(SCHOOL).await["client_download"][0].clone();
    assert_eq!(again["size"], 15);
    assert_ne!(again["sha256"], programs[0]["sha256"]);
    bed.clock.run_ahead(2 * DAY);
    assert_eq!(bed.follow(programs[0]["url"].as_str().unwrap(), &[]).await.0, 403);
}
