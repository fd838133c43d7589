//! Updates of accounts at Google, with doubles of Google and of the referential in a process of their own: the whole road
//! of a request with its commits, against a serial loop of the same calls, and against as many of them at once without a
//! hub, which is all that these doubles and this machine allow.
//!
//! `INTENDANT_BENCH_ACCOUNTS=100` tries it out with few accounts.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use engine::{Accepted, ActionTable, Clock, Hub, Limits, Setup, wiring};
use futures_util::future::try_join_all;
use journal::{Key, Options};
use model::{Effects, Request};
use module::config::{Environment, SectionKind, Sections};
use module::{Declaration, Ground, Module as _, Program, Running, Told};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use testgoogle::{Google, Gram, Order, SCOPE};

use crate::bed;

const ACTION: &str = "request.googleapps.user.update";
/// Accounts at once.
const TOGETHER: usize = 32;

pub(crate) fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let accounts = match std::env::var("INTENDANT_BENCH_ACCOUNTS") {
        Ok(text) => text.parse::<usize>().context("INTENDANT_BENCH_ACCOUNTS is no number")?.max(TOGETHER),
        Err(_) => 10_000,
    };
    runtime.block_on(async {
        measure(accounts, accounts / 10, Duration::ZERO).await?;
        measure((accounts / 5).max(TOGETHER), (accounts / 250).max(2), Duration::from_millis(100)).await
    })
}

/// Updates so many accounts through a hub, and so many others one after the other.
async fn measure(accounts: usize, serial: usize, latency: Duration) -> Result<()> {
    println!("{} ms until the double answers, {TOGETHER} accounts at once", latency.as_millis());
    let alone = Doubles::start(serial, latency)?;
    let started = Instant::now();
    let caller = Caller::new(&alone.told)?;
    for number in 0..serial {
        caller.update(number).await?;
    }
    let by_itself = rate(serial, started);
    println!("  a serial loop of the same calls: {by_itself:7.0} updates/s ({})", alone.end()?);
    let bare = Doubles::start(accounts, latency)?;
    let started = Instant::now();
    at_once(&Arc::new(Caller::new(&bare.told)?), accounts).await?;
    let most = rate(accounts, started);
    println!("  the same {TOGETHER} at once, no hub:    {most:7.0} updates/s ({})", bare.end()?);

    let folder = tempfile::tempdir()?;
    let doubles = Doubles::start(accounts, latency)?;
    let (hub, parts) = open(folder.path(), &doubles.told).await?;
    let (started, before) = (Instant::now(), processor_time());
    let update = |number: usize| json!({ "payload": { "gram_account_uuid": uuid(number) } });
    for begin in (0..accounts).step_by(500) {
        let some = (begin..accounts.min(begin + 500)).map(|number| {
            let request = Request::new("bench", ACTION, update(number));
            hub.accept(request, Effects::default())
        });
        for accepted in try_join_all(some).await? {
            ensure!(matches!(accepted, Accepted::New(_)), "not accepted");
        }
    }
    bed::drain(&hub).await?;
    let together = rate(accounts, started);
    let spent = (processor_time() - before) * 1e3 / count(accounts);
    let goal = if latency.is_zero() { ", goal 1000" } else { "" };
    println!("  the hub, every step fsynced:     {together:7.0} updates/s ({}{goal})", doubles.end()?);
    println!(
        "  {:.1} times the serial loop (goal 20; the limit here is {:.1}), {:.2} of the limit, {spent:.2} ms of processor time per update (goal 1)",
        together / by_itself,
        most / by_itself,
        together / most,
    );
    hub.stop(Duration::from_secs(10)).await;
    for part in parts {
        part.close().await;
    }
    Ok(())
}

/// Makes the calls of an update itself.
struct Caller {
    client: Client,
    told: Value,
}

impl Caller {
    fn new(told: &Value) -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Caller { client: Client::builder().build()?, told: told.clone() })
    }

    fn text(&self, name: &str) -> &str {
        self.told.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Reads the person, reads the account, writes the account: what an update asks.
    async fn update(&self, number: usize) -> Result<()> {
        let uuid = uuid(number);
        let person = format!("{}accounts/{uuid}.json?show_password_hash=true", self.text("gram"));
        let person = self.ask(Method::GET, person, None).await?;
        let part = |name: &str| person.get(name).cloned().unwrap_or_default();
        let id = part("gapps_id").as_str().unwrap_or_default().to_owned();
        let account = format!("{}admin/directory/v1/users/{id}", self.text("google"));
        self.ask(Method::GET, account.clone(), None).await?;
        let body = json!({
            "name": { "givenName": part("firstname"), "familyName": part("lastname") },
            "password": part("password"), "hashFunction": "SHA-1",
            "externalIds": [{ "type": "organization", "value": uuid }],
        });
        self.ask(Method::PUT, account, Some(body)).await?;
        Ok(())
    }

    async fn ask(&self, verb: Method, url: String, body: Option<Value>) -> Result<Value> {
        let request = self.client.request(verb, &url);
        let request = if url.starts_with(self.text("gram")) {
            request.basic_auth(self.text("user"), Some(self.text("password")))
        } else {
            request.bearer_auth(self.text("token"))
        };
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        };
        let answer = request.send().await?;
        ensure!(answer.status().is_success(), "{url}: {}", answer.status());
        Ok(serde_json::from_str(&answer.text().await?)?)
    }
}

/// As many at once as the hub has slots.
async fn at_once(caller: &Arc<Caller>, accounts: usize) -> Result<()> {
    let next = Arc::new(AtomicUsize::new(0));
    let tasks = (0..TOGETHER).map(|_| {
        let (caller, next) = (Arc::clone(caller), Arc::clone(&next));
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= accounts {
                    return Ok::<_, anyhow::Error>(());
                }
                caller.update(number).await?;
            }
        })
    });
    try_join_all(tasks).await?.into_iter().collect()
}

/// A hub with the module as the configuration says it.
async fn open(folder: &Path, doubles: &Value) -> Result<(Hub, Vec<Box<dyn Running>>)> {
    let text = |name: &str| doubles.get(name).cloned().unwrap_or_default();
    let section = json!({ "google": {
        "service_account": text("key"), "subject": text("admin"), "url": text("google"), "quota": "0",
        "concurrency": TOGETHER.to_string(),
        "gram": { "url": text("gram"), "user": text("user"), "password": text("password") },
    } });
    let module = google::Google::default();
    let about = module.about();
    let kinds: Vec<SectionKind> = about.sections;
    let clock = Clock::system();
    let told = Told {
        sections: Sections::read(&kinds, &section.to_string())?,
        given: BTreeSet::new(),
        environment: Environment::default(),
        clock: clock.clone(),
        program: Program { version: "0", description: "", license: "" },
        actions: Vec::new(),
        stands_in: false,
        durable: true,
        folder: None,
        socket: folder.join("hub.sock"),
        data: folder.to_owned(),
        backends: Vec::new(),
    };
    let offer = module.offer(&told)?;
    let mut said = Declaration::new();
    module.declare(&told, &mut said)?;
    let (observer, wires) = wiring();
    let journal = journal::open(Options::new(folder.join("data"), Key::from_bytes([1; 32])), observer)?;
    let limits = Limits { concurrency: TOGETHER, ..Limits::default() };
    let mut setup = Setup { limits, ..Setup::new(offer.catalogue(), ActionTable::new(about.actions)?) };
    let life = journal.life().clone();
    let parts = said.join(&Ground { journal: journal.id(), life: &life, clock: &clock }, &mut setup)?;
    let hub = Hub::start(journal, wires, clock, setup).await?;
    for part in &parts {
        part.start(&hub);
    }
    Ok((hub, parts))
}

/// Both doubles in a process of their own, whose processor time is not the hub's.
struct Doubles {
    child: Child,
    says: BufReader<ChildStdout>,
    _folder: tempfile::TempDir,
    told: Value,
}

impl Doubles {
    fn start(accounts: usize, latency: Duration) -> Result<Doubles> {
        let folder = tempfile::tempdir()?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(["google-doubles", &accounts.to_string(), &latency.as_millis().to_string()])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut says = BufReader::new(child.stdout.take().context("the doubles have no output")?);
        let mut line = String::new();
        says.read_line(&mut line)?;
        Ok(Doubles { child, says, _folder: folder, told: serde_json::from_str(&line)? })
    }

    /// Ends them; how often they were called.
    fn end(mut self) -> Result<String> {
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.says.read_to_string(&mut said)?;
        ensure!(self.child.wait()?.success(), "the doubles have failed: {said}");
        Ok(said.trim().to_owned())
    }
}

/// The process of the doubles: so many accounts, so many milliseconds before each answer.
pub(crate) fn doubles(accounts: &str, latency: &str, folder: &Path) -> Result<()> {
    let (accounts, latency): (usize, u64) = (accounts.parse()?, latency.parse()?);
    let (google, gram) = (Google::start(), Gram::start());
    for number in 0..accounts {
        let (uuid, address) = (uuid(number), format!("a{number}@gadz.org"));
        let id =
            google.add(json!({ "primaryEmail": address, "name": { "givenName": "?", "familyName": "?" } }));
        gram.add_person(&uuid, u64::try_from(number)?, "Ada", "Lovelace");
        gram.change(&uuid, json!({ "gapps_id": id }));
    }
    if latency > 0 {
        let slow = Order::on("*").always().slow(Duration::from_millis(latency));
        google.order(slow.clone());
        gram.order(slow);
    }
    let (user, password) = gram.client();
    let told = json!({
        "google": google.url(), "gram": gram.url(), "user": user, "password": password, "admin": google.admin(),
        "token": google.token(&[SCOPE]), "key": format!("file:{}", google.key_file(folder).display()),
    });
    println!("{told}");
    std::io::stdout().flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    let updates = google.desk().calls_of("users.update").len();
    if updates != accounts {
        bail!("{updates} accounts of {accounts} were written");
    }
    println!("{} calls", google.desk().calls().len() + gram.desk().calls().len());
    Ok(())
}

fn uuid(number: usize) -> String {
    format!("36a7e016-a300-4f52-85f4-{number:012x}")
}

fn rate(accounts: usize, started: Instant) -> f64 {
    count(accounts) / started.elapsed().as_secs_f64()
}

fn count(accounts: usize) -> f64 {
    f64::from(u32::try_from(accounts).unwrap_or(u32::MAX))
}

/// Seconds of this process, user and system, all threads.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}
