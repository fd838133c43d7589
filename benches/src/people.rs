//! A hub with many people and jobs: how long a person waits for searches, pages and lists, over HTTP to the program itself.
//!
//! `cargo xtask bench people [PEOPLE] [JOBS]`; without numbers 100,000 and 1,000,000.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use engine::port::{Backend, BackendEntry, BoxFuture, Call, Catalogue, Control, Mapping};
use engine::{Accepted, Clock, Hub, wiring};
use futures_util::future::try_join_all;
use hyper::body::Bytes;
use identities::identity::{Identity, Stamp};
use jiff::Timestamp;
use journal::{EffectSet, Journal, Key, Options};
use model::word::code;
use model::{Effects, OnError, Outcome, Refusal, Request, Subject};
use serde_json::{Map, Value, json};

use crate::bed;
use crate::http::{Connection, at};
use crate::process::program;

const PEOPLE: u64 = 100_000;
const JOBS: u64 = 1_000_000;
/// One job of so many fails.
const FAILS: u64 = 50;
const REFUSALS: u64 = 2_000;
/// Written at once.
const CHUNK: u64 = 500;
const LOOKS: usize = 100;
/// What searches and lists may take, and the overview, in milliseconds.
const GOAL: f64 = 300.0;
const OVERVIEW: f64 = 100.0;

const GIVEN: [&str; 8] = ["Zoé", "Élodie", "Jean-François", "Anaïs", "Gaëlle", "Loïc", "Marie", "Noël"];
const FAMILY: [&str; 8] =
    ["Lefèvre", "Müller", "Dupont", "Français", "Bérénice", "O’Neil", "Nguyễn", "Gonçalves"];

pub(crate) fn run(people: Option<u64>, jobs: Option<u64>) -> Result<()> {
    let (people, jobs) = (people.unwrap_or(PEOPLE), jobs.unwrap_or(JOBS));
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let folder = tempfile::tempdir()?;
        let began = Instant::now();
        fill(folder.path(), people, jobs).await?;
        println!("{people} people and {jobs} jobs written in {:.0} s", began.elapsed().as_secs_f64());
        let mut hub = Serving::start(folder.path())?;
        let told = measure(&mut hub, folder.path(), people).await;
        println!("resident at the end: {:.0} MiB", bed::resident(&hub.0.id().to_string()));
        told
    })
}

fn id(n: u64) -> String {
    format!("66c22991bdc3c9a7{n:08x}")
}

fn pick<'a>(all: &[&'a str], n: u64) -> &'a str {
    usize::try_from(n).ok().and_then(|n| all.get(n % all.len())).copied().unwrap_or_default()
}

fn family(n: u64) -> String {
    format!("{} {}", pick(&FAMILY, n / 8), n / 64)
}

fn person(n: u64, at: Timestamp) -> Identity {
    let (given, family) = (pick(&GIVEN, n), family(n));
    let document = json!({ "_id": id(n), "inetOrgPerson": {
        "cn": format!("{family} {given}"), "displayName": format!("{given} {family}"), "givenName": given,
        "sn": family, "uid": format!("u{n}"), "mail": format!("u{n}@example.org"), "employeeNumber": n.to_string(),
        "employeeType": "TAIGA",
    }});
    let document: Map<String, Value> = document.as_object().cloned().unwrap_or_default();
    Identity::new(id(n), document, Stamp { by: "bench".to_owned(), at })
}

/// Fails now and then, in a few ways.
struct Moody;

impl Backend for Moody {
    fn run(&self, call: Call, _: Control) -> BoxFuture<'_, Outcome> {
        let n = call.body.get("n").and_then(Value::as_u64).unwrap_or_default() % FAILS;
        let who = call.subject.map(|subject| subject.to_string()).unwrap_or_default();
        Box::pin(async move {
            match n {
                0 if who.ends_with(['0', '4', '8', 'c']) => {
                    Outcome::hard(53, code::FAILED, format!("no room for {who}: quota of 12 MB"))
                }
                0 => Outcome::hard(32, code::FAILED, format!("no such entry uid={who},ou=people")),
                _ => Outcome::done(),
            }
        })
    }
}

/// Writes the journal that is then served.
async fn fill(folder: &Path, people: u64, jobs: u64) -> Result<()> {
    let key = Key::load_or_create(&folder.join("key"))?;
    let data = folder.join("data");
    fs::create_dir_all(&data)?;
    let (observer, wires) = wiring();
    let journal = journal::open(Options::new(&data, key), observer)?;
    write_people(&journal, people).await?;
    let mapping = Mapping { on_error: OnError::Stop, retry: None, limit: None };
    let entry = BackendEntry::new("10dir", Arc::new(Moody), [("IDENTITY_UPDATE".to_owned(), mapping)]);
    let setup = bed::setup(Catalogue { entries: vec![entry] })?;
    let hub = Hub::start(journal, wires, Clock::system(), setup).await?;
    let next = Arc::new(AtomicU64::new(0));
    let all = (0..512).map(|_| tokio::spawn(submit(hub.clone(), Arc::clone(&next), people, jobs)));
    for one in try_join_all(all).await? {
        one?;
    }
    for n in 0..REFUSALS {
        let refusal = Refusal {
            source: "http".to_owned(),
            external_id: None,
            action: None,
            code: code::UNREADABLE,
            message: format!("line {n} is no JSON document: a brace is missing at column {n}"),
            raw: b"{".to_vec(),
        };
        hub.refuse(refusal).await?;
    }
    while hub.running() > 0 || waiting(&hub).await? > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    hub.stop(Duration::from_secs(30)).await;
    Ok(())
}

async fn write_people(journal: &Arc<dyn Journal>, people: u64) -> Result<()> {
    for from in (0..people).step_by(usize::try_from(CHUNK)?) {
        let now = Timestamp::now();
        let entities = (from..people.min(from + CHUNK)).map(|n| person(n, now).write()).collect();
        journal.apply(EffectSet { entities, ..EffectSet::default() }, None, now).await?;
    }
    Ok(())
}

async fn submit(hub: Hub, next: Arc<AtomicU64>, people: u64, jobs: u64) -> Result<()> {
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= jobs {
            return Ok(());
        }
        // A step that meets everybody, in no order that a page could know.
        let about = n.wrapping_mul(7919) % people.max(1);
        let request = Request {
            subject: Subject::new("identity", &id(about)),
            ..Request::new("bench", "IDENTITY_UPDATE", json!({ "n": n }))
        };
        match hub.accept(request, Effects::default()).await? {
            Accepted::New(_) => {}
            other => bail!("not accepted: {other:?}"),
        }
    }
}

async fn waiting(hub: &Hub) -> Result<u64> {
    let tallies = hub.journal().tallies().await?;
    Ok(tallies.iter().filter(|tally| !tally.state.is_terminal()).map(|tally| tally.jobs).sum())
}

/// The program, until it is dropped.
struct Serving(Child);

impl Serving {
    fn start(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder.join("backends"))?;
        let at = |name: &str| folder.join(name).display().to_string();
        let text = format!(
            "data:\n  folder: {}\nkey: file:{}\nsocket: {}\nbackends:\n  folder: {}\nhttp:\n  listen: 127.0.0.1:0\nlog:\n  level: error\nretention:\n  jobs: 10000000\n",
            at("data"),
            at("key"),
            at("hub.sock"),
            at("backends")
        );
        fs::write(folder.join("intendant.yml"), text)?;
        let serve = command(folder)?.arg("serve").stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        Ok(Serving(serve))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(folder: &Path) -> Result<Command> {
    let mut command = Command::new(program()?);
    command.arg("--config").arg(folder.join("intendant.yml"));
    Ok(command)
}

/// What a command prints as JSON, as soon as the hub answers.
async fn said(folder: &Path, arguments: &[&str]) -> Result<Value> {
    let deadline = Instant::now() + Duration::from_mins(2);
    loop {
        let told = command(folder)?.args(arguments).stderr(Stdio::null()).output()?;
        if told.status.success() {
            return Ok(serde_json::from_slice(&told.stdout)?);
        }
        ensure!(Instant::now() < deadline, "the hub does not answer");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Where the hub listens: the one port that the process has open.
fn address(pid: u32) -> Result<String> {
    let mut inodes = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        let link = fs::read_link(entry?.path()).unwrap_or_default();
        let link = link.display().to_string();
        inodes
            .extend(link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')).map(str::to_owned));
    }
    let table = fs::read_to_string(format!("/proc/{pid}/net/tcp"))?;
    let mut listening = table.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
        let port = u16::from_str_radix(local.split_once(':')?.1, 16).ok()?;
        (*state == "0A" && inodes.iter().any(|one| one == inode)).then_some(port)
    });
    let port = listening.next_back().context("the hub does not listen")?;
    Ok(format!("127.0.0.1:{port}"))
}

/// What is looked at, how long it may take in milliseconds, and the path of each look.
type Look<'a> = (&'static str, f64, Box<dyn Fn(usize) -> String + 'a>);

async fn measure(hub: &mut Serving, folder: &Path, people: u64) -> Result<()> {
    let began = Instant::now();
    let made = said(folder, &["token", "make", "bench", "--scope", "admin", "--json"]).await?;
    let resident = bed::resident(&hub.0.id().to_string());
    println!("answers {:.1} s after its start; resident: {resident:.0} MiB", began.elapsed().as_secs_f64());
    let secret = made.get("secret").and_then(Value::as_str).context("no token")?;
    let mut connection = Connection::open(&address(hub.0.id())?, format!("Bearer {secret}")).await?;
    let causes = connection.ask("GET", "/api/v1/jobs/causes", Bytes::new()).await?;
    let causes: Value = serde_json::from_slice(&causes)?;
    let cause = causes.pointer("/causes/0/id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let deep = deep(&mut connection).await?;
    let place = |n: usize| u64::try_from(n).unwrap_or_default().wrapping_mul(104_729) % people.max(1);
    let plain = |name: String| {
        name.replace(['è', 'é', 'ê'], "e")
            .replace('ü', "u")
            .replace('ç', "c")
            .replace('ễ', "e")
            .replace('’', "%E2%80%99")
            .replace(' ', "+")
            .to_lowercase()
    };
    let called = |n: usize| plain(family(place(n)));
    let account = |n: usize| format!("u{}", place(n));
    let asked: Vec<Look<'_>> = vec![
        ("overview", OVERVIEW, Box::new(|_| "/".to_owned())),
        ("people", GOAL, Box::new(|_| "/identities".to_owned())),
        (
            "people by name, without accents",
            GOAL,
            Box::new(move |n| format!("/identities?text={}", called(n))),
        ),
        ("people by account", GOAL, Box::new(move |n| format!("/identities?text={}", account(n)))),
        ("people, one letter", GOAL, Box::new(|_| "/identities?text=e".to_owned())),
        ("people, nobody", GOAL, Box::new(|n| format!("/identities?text=nobody{n}"))),
        ("people by state", GOAL, Box::new(|_| "/identities?state=to_validate".to_owned())),
        ("people, last changed first", GOAL, Box::new(|_| "/identities?sort=-changed".to_owned())),
        ("people by name, API", GOAL, Box::new(move |n| format!("/api/v1/identities?text={}", called(n)))),
        (
            "people by account, API",
            GOAL,
            Box::new(move |n| format!("/api/v1/identities?text={}", account(n))),
        ),
        ("people, nobody, API", GOAL, Box::new(|n| format!("/api/v1/identities?text=nobody{n}"))),
        ("people, sorted, API", GOAL, Box::new(|_| "/api/v1/identities?sort=-changed&limit=100".to_owned())),
        ("anything by name", GOAL, Box::new(move |n| format!("/palette?q={}", called(n)))),
        ("jobs", GOAL, Box::new(|_| "/jobs".to_owned())),
        ("jobs, oldest first", GOAL, Box::new(|_| "/jobs?order=oldest".to_owned())),
        ("jobs, far behind", GOAL, Box::new(move |n| format!("/jobs?after={}", behind(deep, n)))),
        (
            "jobs, far behind, API",
            GOAL,
            Box::new(move |n| format!("/api/v1/jobs?before={}", behind(deep, n))),
        ),
        ("jobs by account", GOAL, Box::new(move |n| format!("/jobs?text={}", account(n)))),
        ("jobs by name", GOAL, Box::new(move |n| format!("/jobs?text={}", called(n)))),
        ("jobs by account, API", GOAL, Box::new(move |n| format!("/api/v1/jobs?text={}", account(n)))),
        ("jobs by name, API", GOAL, Box::new(move |n| format!("/api/v1/jobs?text={}", called(n)))),
        ("jobs, one letter, API", GOAL, Box::new(|_| "/api/v1/jobs?text=e".to_owned())),
        ("jobs, nobody", GOAL, Box::new(|n| format!("/jobs?text=nobody{n}"))),
        ("jobs, nobody, API", GOAL, Box::new(|n| format!("/api/v1/jobs?text=nobody{n}"))),
        ("jobs, a part of an id, API", GOAL, Box::new(|n| format!("/api/v1/jobs?text={:x}-{n:x}", 0xfade))),
        ("jobs of a person", GOAL, Box::new(move |n| format!("/jobs?subject={}", account(n)))),
        ("jobs of a person, API", GOAL, Box::new(move |n| format!("/api/v1/jobs?subject={}", account(n)))),
        ("jobs that failed", GOAL, Box::new(|_| "/jobs?state=failed".to_owned())),
        ("jobs that succeeded, API", GOAL, Box::new(|_| "/api/v1/jobs?state=succeeded".to_owned())),
        ("jobs on a backend", GOAL, Box::new(|_| "/jobs?backend=10dir".to_owned())),
        ("jobs on no backend, API", GOAL, Box::new(|_| "/api/v1/jobs?backend=none".to_owned())),
        ("jobs that failed on a backend", GOAL, Box::new(|_| "/jobs?failed_on=10dir".to_owned())),
        (
            "jobs of a minute, API",
            GOAL,
            Box::new(|_| "/api/v1/jobs?since=2020-01-01T00:00:00Z&until=2020-01-01T00:01:00Z".to_owned()),
        ),
        ("dead letters", GOAL, Box::new(|_| "/dead-letters".to_owned())),
        ("dead letters of a cause", GOAL, Box::new(move |_| format!("/dead-letters?cause={cause}"))),
        ("causes, API", GOAL, Box::new(|_| "/api/v1/jobs/causes".to_owned())),
        ("refusals by cause", GOAL, Box::new(|_| "/dead-letters?of=refusals".to_owned())),
    ];
    let mut far = 0;
    for (what, goal, path) in asked {
        let mut times = Vec::with_capacity(LOOKS);
        for n in 0..LOOKS {
            let begun = Instant::now();
            connection.ask("GET", &path(n), Bytes::new()).await?;
            times.push(begun.elapsed());
        }
        let (half, most) = (at(&mut times, 500), at(&mut times, 990));
        far += u32::from(most > goal);
        println!(
            "{what:32} p50 {half:7.1} ms  p99 {most:7.1} ms  (goal {goal:.0}){}",
            if most > goal { "  <-- above" } else { "" }
        );
    }
    println!("{far} above their goal");
    to_the_end(&mut connection, "nobody is called so", "nobody").await?;
    to_the_end(&mut connection, "jobs of one person", &account(1)).await
}

/// How long it takes until all jobs were looked at: a page says how far it came.
async fn to_the_end(connection: &mut Connection, what: &str, text: &str) -> Result<()> {
    let (begun, mut pages, mut found, mut before) = (Instant::now(), 0, 0, String::new());
    loop {
        let page = connection.ask("GET", &format!("/api/v1/jobs?text={text}{before}"), Bytes::new()).await?;
        let page: Value = serde_json::from_slice(&page)?;
        pages += 1;
        found += page.get("jobs").and_then(Value::as_array).map_or(0, Vec::len);
        match page.get("next").and_then(Value::as_u64) {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    let took = begun.elapsed().as_secs_f64() * 1e3;
    println!("{what:32} {found} jobs found in all of them: {took:.0} ms in {pages} answers");
    Ok(())
}

/// A place so many pages behind another.
fn behind(place: u64, pages: usize) -> u64 {
    place.saturating_sub(100 * u64::try_from(pages).unwrap_or_default())
}

/// A place in the middle of the journal.
async fn deep(connection: &mut Connection) -> Result<u64> {
    let page = connection.ask("GET", "/api/v1/jobs?limit=1", Bytes::new()).await?;
    let page: Value = serde_json::from_slice(&page)?;
    Ok(page.pointer("/jobs/0/seq").and_then(Value::as_u64).unwrap_or_default() / 2)
}
