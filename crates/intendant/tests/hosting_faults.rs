//! Real backends that hang, die, or say nothing that can be understood, at each step of schools' lives; and the example's
//! process, killed in each step.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "the hub is a program of its own here")]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use support::{Serving, World, examples, executable};
use testkit::port::Port;
use testkit::wait;

const LONG: Duration = Duration::from_mins(3);

/// Does its work, or once what a file of the school and the action says.
const BACKEND: &str = r#"#!/usr/bin/env python3
import json, os, pathlib, signal, sys, time
asked = json.load(sys.stdin)
action = os.environ['INTENDANT_ACTION']
fault = pathlib.Path('FAULTS') / f"{asked['concernedTo']}-{action}"
if fault.exists():
    what = fault.read_text()
    fault.unlink()
    if what == 'hangs': time.sleep(600)
    if what == 'dies': os.kill(os.getpid(), signal.SIGKILL)
    if what == 'babbles': print('PROGRESS: {"done": "x", "of": -1}', file=sys.stderr); print('all is well' * 1000)
    sys.exit(0)
data = {'connection': {'host': 'here', 'port': 80}}
if action == 'HOSTING_DELETE':
    folder = pathlib.Path(asked['payload']['export_dir'])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'base.txt').write_text('notices')
    data = {'downloads': ['base.txt']}
print(json.dumps({'status': 0, 'data': data}))
"#;

const WORKS: [&str; 5] = ["CREATE", "MOUNT", "OPEN", "ALTER", "DELETE"];
/// What goes wrong at each step beside that it dies; what hangs is waited for, and once is enough.
const OTHERS: [&str; 5] = ["babbles", "hangs", "is silent", "babbles", "is silent"];

/// A school for each fault at each step.
fn schools() -> BTreeMap<String, (&'static str, &'static str)> {
    let letter = |n: usize| char::from(b"ABCDEFGHJKLMNPRSTUVWXYZ"[n % 23]);
    let all = WORKS.into_iter().zip(OTHERS).flat_map(|(work, other)| [(work, "dies"), (work, other)]);
    all.enumerate().map(|(n, what)| (format!("{n:07}{}", letter(n)), what)).collect()
}

/// Status and body of an answer.
fn ask(method: &str, url: &str, more: &[&str]) -> (u16, Value) {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--max-time", "60", "-X", method, "-w", "\n%{http_code}", url]).args(more);
    let said = String::from_utf8(curl.output().unwrap().stdout).unwrap();
    let (body, status) = said.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
}

struct Client {
    url: String,
    bearer: String,
    operator: String,
}

impl Client {
    fn of(world: &World, serving: &Serving) -> Self {
        let bearer = |name: &str, scope: &str| {
            let token = world.run(&["token", "make", name, "--scope", scope]).stdout;
            format!("Authorization: Bearer {}", token.trim())
        };
        let (bearer, operator) = (bearer("shop", "hosting:client"), bearer("operator", "operate"));
        Client { url: serving.url(), bearer, operator }
    }

    fn retry(&self, rne: &str) {
        let url = format!("{}/hosting/v1/establishments/{rne}/retry", self.url);
        let (status, said) = ask("POST", &url, &["-H", &self.operator]);
        assert_eq!(status, 200, "{rne}: {said}");
    }

    fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let more = ["-H", &self.bearer, "-H", "Content-Type: application/json", "-d", &body];
        let (status, said) = ask(method, &format!("{}/hosting/v1/establishments{path}", self.url), &more);
        assert!((200..300).contains(&status), "{method} {path}: {status} {said}");
        said
    }

    fn create(&self, rne: &str) {
        self.ask(
            "POST",
            "",
            Some(json!({"rne": rne, "griffe": "As it was", "code": "licence", "version": "CL"})),
        );
    }

    fn upload(&self, rne: &str) {
        let ticket = self.ask("POST", &format!("/{rne}/upload-tickets"), None);
        let (_, session) = ask("POST", ticket["url"].as_str().unwrap(), &["-H", "Accept: application/json"]);
        let session = format!("{}{}", self.url, session["session"].as_str().unwrap());
        let file = "--rim\r\nContent-Disposition: form-data; name=\"files\"; filename=\"base.txt\"\r\n\r\nGerminal;Zola\r\n--rim--\r\n";
        let kind = "Content-Type: multipart/form-data; boundary=rim";
        let program = "Accept: application/json";
        assert_eq!(ask("POST", &session, &["-H", kind, "-H", program, "--data-binary", file]).0, 204);
        assert_eq!(ask("POST", &format!("{session}/finish"), &["-H", program, "-d", ""]).0, 204);
    }

    /// All schools, once each is as it should be.
    fn until(&self, wanted: impl Fn(&str, &Value) -> bool) {
        let look = || self.ask("GET", "?limit=100", None)["establishments"].clone();
        let all = |rows: &Value| {
            rows.as_array().unwrap().iter().all(|row| wanted(row["rne"].as_str().unwrap(), row))
        };
        let seen = wait::until(LONG, || all(&look()).then_some(()));
        assert!(seen.is_some(), "{:#}", look());
    }
}

#[test]
fn at_each_step_a_backend_that_hangs_dies_or_babbles_leaves_an_error_from_which_a_retry_leads_on() {
    let world = World::new();
    world.configure("http: {address_rate: 1000000}\n");
    let home = world.path("backends/50odd");
    fs::create_dir_all(home.join("bin")).unwrap();
    fs::create_dir(world.path("faults")).unwrap();
    let actions = WORKS.map(|work| format!("  HOSTING_{work}:\n    script: main.py\n")).concat();
    let top = "_version: 1\nname: odd\ndescription: of a test\nactive: true\nconcurrency: 6\ntimeout: 10s\nretries: {max: 0}\nbreaker: off\n";
    fs::write(home.join("config.yml"), format!("{top}actions:\n{actions}")).unwrap();
    executable(&home.join("bin/main.py"), &BACKEND.replace("FAULTS", &world.text("faults")));
    let schools = schools();
    for (rne, (work, fault)) in &schools {
        fs::write(world.path("faults").join(format!("{rne}-HOSTING_{work}")), fault).unwrap();
    }
    let serving = world.serve();
    let client = Client::of(&world, &serving);
    let has = |rne: &str, works: &[&str]| works.contains(&schools[rne].0);
    let is = |row: &Value, state: &str, last: &str| {
        row["state"] == state && row["last_operation"]["state"] == last
    };
    let retry = |works: &[&str]| {
        for rne in schools.keys().filter(|rne| has(rne, works)) {
            client.retry(rne);
        }
    };

    for rne in schools.keys() {
        client.create(rne);
    }
    client.until(|rne, row| {
        if has(rne, &["CREATE"]) { is(row, "STARTERROR", "failed") } else { is(row, "BCDIDBWAIT", "done") }
    });
    retry(&["CREATE"]);
    client.until(|_, row| is(row, "BCDIDBWAIT", "done"));

    for rne in schools.keys() {
        client.upload(rne);
    }
    client.until(|rne, row| {
        if has(rne, &["MOUNT", "OPEN"]) {
            is(row, "BCDIUPLOADEDERROR", "failed")
        } else {
            is(row, "BCDIREADY", "done")
        }
    });
    retry(&["MOUNT", "OPEN"]);
    client.until(|_, row| is(row, "BCDIREADY", "done"));

    let change = || Some(json!({"griffe": "As it is"}));
    for rne in schools.keys() {
        client.ask("PUT", &format!("/{rne}"), change());
    }
    client.until(|rne, row| {
        if has(rne, &["ALTER"]) {
            is(row, "BCDIREADY", "failed") && row["griffe"] == "As it was"
        } else {
            is(row, "BCDIREADY", "done") && row["griffe"] == "As it is"
        }
    });

    for rne in schools.keys() {
        client.ask("DELETE", &format!("/{rne}"), None);
    }
    client.until(|rne, row| {
        if has(rne, &["DELETE"]) { is(row, "BCDIDELETE", "failed") } else { is(row, "BCDIDELETED", "done") }
    });
    retry(&["DELETE"]);
    client.until(|_, row| is(row, "BCDIDELETED", "done"));
    // All of them were told why, in words.
    let jobs = world.run(&["jobs", "list", "--state", "failed", "--limit", "100", "--json"]).json();
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), schools.len(), "{jobs}");
    assert!(
        jobs["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .all(|job| job["message"].as_str().is_some_and(|why| !why.is_empty()))
    );
    assert_eq!(serving.stop(), Some(0));
}

/// The processes of the example's backend of this world.
fn library(world: &World) -> Vec<Pid> {
    let home = world.path("backends/50library/bin").canonicalize().unwrap();
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let entry = entry.unwrap();
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        (fs::read_link(entry.path().join("cwd")).ok()? == home).then_some(Pid::from_raw(pid)?)
    });
    processes.collect()
}

#[test]
fn the_library_that_is_killed_in_each_step_does_it_again() {
    const RNE: &str = "0750655E";
    let (world, port) = (World::new(), Port::take().unwrap());
    world.configure("http: {address_rate: 1000000}\n");
    let (from, to) = (examples().join("backends/50library"), world.path("backends/50library"));
    assert!(Command::new("cp").arg("-a").arg(from).arg(&to).status().unwrap().success());
    let text = fs::read_to_string(to.join("config.yml")).unwrap().replace("8475", &port.number().to_string());
    let text = text.replace("env:\n", "env:\n  LIBRARY_SLOWLY: '2'\n").replace(
        "timeout: 2h\n",
        "timeout: 2h\nbreaker: off\nretries: {max: 50, initial: 100ms, max_delay: 1s}\n",
    );
    fs::write(to.join("config.yml"), text).unwrap();
    let serving = world.serve();
    let client = Client::of(&world, &serving);
    let path = format!("/{RNE}");
    let state = |wanted: &str| {
        client.until(|_, row| row["state"] == wanted);
    };
    // While this is under way its process is killed, once.
    let killed = |action: &str| {
        let running = wait::until(LONG, || {
            let jobs = world.run(&["jobs", "list", "--state", "running", "--json"]).json();
            let jobs = jobs["jobs"].as_array().unwrap();
            let job = jobs.iter().find(|job| job["action"] == action)?;
            Some(job["id"].as_str().unwrap().to_owned())
        });
        let job = running.unwrap_or_else(|| panic!("{action} never ran: {}", serving.log()));
        let killed =
            library(&world).into_iter().filter(|pid| kill_process(*pid, Signal::KILL).is_ok()).count();
        assert!(killed > 0, "{action}");
        job
    };
    let mut jobs = Vec::new();
    client.create(RNE);
    jobs.push(killed("HOSTING_CREATE"));
    state("BCDIDBWAIT");
    client.upload(RNE);
    jobs.push(killed("HOSTING_MOUNT"));
    jobs.push(killed("HOSTING_OPEN"));
    state("BCDIREADY");
    let view = client.ask("GET", &path, None);
    let site = view["connection"]["url"].as_str().unwrap().to_owned();
    let shown = |words: &str| {
        let page = || {
            let page = Command::new("curl").args(["-s", "--max-time", "10", &site]).output().unwrap();
            String::from_utf8_lossy(&page.stdout).contains(words).then_some(())
        };
        assert!(wait::until(LONG, page).is_some(), "{words} is not at {site}");
    };
    shown("Germinal");
    client.ask("PUT", &path, Some(json!({"griffe": "Lycée Zola"})));
    jobs.push(killed("HOSTING_ALTER"));
    client.until(|_, row| row["state"] == "BCDIREADY" && row["griffe"] == "Lycée Zola");
    shown("Lycée Zola");
    client.ask("DELETE", &path, None);
    jobs.push(killed("HOSTING_DELETE"));
    state("BCDIDELETED");
    let exported = world.path("exported");
    let got = world.run(&["hosting", "export", RNE, "--to", exported.to_str().unwrap()]);
    assert_eq!(got.code, 0, "{got:?}");
    assert_eq!(fs::read(exported.join("01-base.txt")).unwrap(), b"Germinal;Zola");
    // Each was done by one job, which was tried more than once.
    for job in jobs {
        let shown = world.run(&["jobs", "show", &job, "--json"]).json();
        assert_eq!(shown["job"]["state"], "succeeded", "{shown}");
        assert!(shown["steps"][0]["attempts"].as_u64().unwrap() > 1, "{shown}");
    }
    assert_eq!(serving.stop(), Some(0));
}
