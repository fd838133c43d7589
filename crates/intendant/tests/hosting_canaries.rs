//! A school's whole life with a backend that repeats all it hears: its key, licence codes, passwords, tickets and sessions are
//! found in no log, page, job, URL or file. And a session of the console counts for nothing where schools
//! come in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "the hub is a program of its own here")]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use http::page::Who;
use intendant::assembly::Modules;
use serde_json::{Value, json};
use support::{Serving, World, executable};
use testkit::wait;

const LONG: Duration = Duration::from_mins(3);
const RNE: &str = "0750655E";
const CODE: &str = "canary-licence-4711";
const OTHER_CODE: &str = "canary-licence-4712";
const PASSWORD: &str = "canary-password-1";

/// The console's own pages.
const CONSOLE: [&str; 9] = [
    "/",
    "/jobs",
    "/jobs/{id}",
    "/dead-letters",
    "/audit",
    "/backends",
    "/backends/50parrot",
    "/sources",
    "/failsafe",
];

/// Prints all it hears wherever it can, answers with it, and fails once in a removal.
const PARROT: &str = r"#!/usr/bin/env python3
import base64, json, os, pathlib, sys
heard = sys.stdin.read()
asked = json.loads(heard)
code = asked['payload']['establishment']['code']
for stream in (sys.stderr, sys.stdout):
    for line in (heard, base64.b64encode(heard.encode()).decode(), 'INFO: ' + heard, 'PROGRESS: ' + json.dumps({'message': code})):
        print(line, file=stream)
action = os.environ['INTENDANT_ACTION']
connection = {'url': 'http://127.0.0.1:1/', 'rows': [
    {'label': 'Password', 'value': 'canary-password-1', 'secret': True}, {'label': 'Seats', 'value': '12'}]}
data = {'connection': connection, 'heard': heard}
once = pathlib.Path('ONCE')
if action == 'HOSTING_DELETE' and not once.exists():
    once.touch()
    print(json.dumps({'status': 1, 'message': 'no room with ' + code})); sys.exit(1)
if action == 'HOSTING_DELETE':
    folder = pathlib.Path(asked['payload']['export_dir'])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'base.txt').write_text('notices')
    data['downloads'] = ['base.txt']
print(json.dumps({'status': 0, 'message': 'licensed with ' + code, 'data': data}))
";

fn world() -> World {
    let world = World::new();
    world.configure(
        "log:\n  level: trace\nhttp: {address_rate: 1000000}\nhosting:\n  sites: ['https://shop.example']\n",
    );
    let home = world.path("backends/50parrot");
    fs::create_dir_all(home.join("bin")).unwrap();
    let actions = ["CREATE", "MOUNT", "OPEN", "ALTER", "DELETE"];
    let actions = actions.map(|action| format!("  HOSTING_{action}:\n    script: main.py\n")).concat();
    let config =
        format!("_version: 1\nname: 50parrot\ndescription: of a test\nactive: true\nactions:\n{actions}");
    fs::write(home.join("config.yml"), config).unwrap();
    executable(&home.join("bin/main.py"), &PARROT.replace("ONCE", &world.text("once")));
    world
}

/// Status, head and body, as somebody gets them.
fn ask(method: &str, url: &str, more: &[&str]) -> (u16, String, String) {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "-i", "--max-time", "60", "-X", method, url]).args(more);
    let said = String::from_utf8(curl.output().unwrap().stdout).unwrap();
    let (head, body) = said.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{method} {url}: {said}"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_owned(), body.to_owned())
}

fn json_of((status, head, body): (u16, String, String)) -> Value {
    serde_json::from_str(&body).unwrap_or_else(|_| panic!("{status} {head} {body}"))
}

/// What must be nowhere, as it is and in base64.
#[derive(Default)]
struct Canaries(Vec<(&'static str, Vec<u8>)>);

impl Canaries {
    fn add(&mut self, what: &'static str, text: &str) {
        assert!(text.len() >= 16, "{what}: {text}");
        self.0.push((what, text.as_bytes().to_vec()));
    }

    #[track_caller]
    fn clean(&self, place: &str, content: &[u8]) {
        for (what, needle) in &self.0 {
            if let Some(at) = content.windows(needle.len()).position(|window| window == needle) {
                let around = &content[at.saturating_sub(80)..(at + 80).min(content.len())];
                panic!("{place} has a {what}: …{}…", String::from_utf8_lossy(around));
            }
        }
    }

    fn clean_folder(&self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.clean_folder(&path);
            } else if let Ok(content) = fs::read(&path) {
                self.clean(&path.display().to_string(), &content);
            }
        }
    }
}

struct Client<'w> {
    serving: &'w Serving,
    token: String,
}

impl Client<'_> {
    fn establishments(&self) -> String {
        format!("{}/hosting/v1/establishments", self.serving.url())
    }

    fn ask(&self, method: &str, path: &str, key: Option<&str>, body: Option<Value>) -> Value {
        let bearer = format!("Authorization: Bearer {}", key.unwrap_or(&self.token));
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let more = ["-H", &bearer, "-H", "Content-Type: application/json", "-d", &body];
        let (status, head, said) = ask(method, &format!("{}{path}", self.establishments()), &more);
        assert!((200..300).contains(&status), "{method} {path}: {head} {said}");
        json_of((status, head, said))
    }

    fn reaches(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/{RNE}");
        let seen = wait::until(LONG, || Some(self.ask("GET", &path, None, None)).filter(|view| wanted(view)));
        seen.unwrap_or_else(|| panic!("{}", self.ask("GET", &path, None, None)))
    }

    fn state(&self, state: &str) -> Value {
        self.reaches(|view| view["state"] == state)
    }
}

#[test]
fn what_a_school_keeps_to_itself_is_found_nowhere() {
    let world = world();
    let serving = world.serve();
    let mut canaries = Canaries::default();
    for (what, secret) in [("licence code", CODE), ("licence code", OTHER_CODE), ("password", PASSWORD)] {
        canaries.add(what, secret);
    }
    let token = world.run(&["token", "make", "shop", "--scope", "hosting:client"]).stdout.trim().to_owned();
    canaries.add("token", &token);
    let client = Client { serving: &serving, token };

    let school = json!({"rne": RNE, "griffe": "Lycée Moulin", "code": CODE, "version": "CL"});
    let made = client.ask("POST", "", None, Some(school));
    let first = made["key"].as_str().unwrap().to_owned();
    canaries.add("key", &first);
    client.state("BCDIDBWAIT");

    // Both ways in. What leads there is seen by whoever it was given to, and by nobody else.
    let path = format!("/{RNE}");
    let ticket = client.ask("POST", &format!("{path}/upload-tickets"), Some(&first), None);
    let link = ticket["url"].as_str().unwrap().to_owned();
    canaries.clean("a ticket", link.as_bytes());
    canaries.add("ticket", link.rsplit('/').next().unwrap());
    let session = json_of(ask("POST", &link, &["-H", "Accept: application/json"]));
    let session = session["session"].as_str().unwrap().to_owned();
    canaries.clean("a session", session.as_bytes());
    let form = format!("rne={RNE}&key={first}");
    let (status, head, _) = ask("POST", &format!("{}/hosting/v1/upload", serving.url()), &["-d", &form]);
    assert_eq!(status, 303, "{head}");
    canaries.clean("the answer to the form", head.as_bytes());
    assert!(head.to_lowercase().contains("referrer-policy: no-referrer"), "{head}");
    let place = format!("{}{session}", serving.url());
    let (status, head, page) = ask("GET", &place, &[]);
    assert_eq!(status, 200);
    canaries.clean("the page of a session", format!("{head}{page}").as_bytes());
    assert!(head.to_lowercase().contains("referrer-policy: no-referrer"), "{head}");
    canaries.add("session", session.rsplit('/').next().unwrap());

    let boundary = "Content-Type: multipart/form-data; boundary=rim";
    let file = "--rim\r\nContent-Disposition: form-data; name=\"files\"; filename=\"base.txt\"\r\n\r\nnotices\r\n--rim--\r\n";
    let (status, head, body) = ask("POST", &place, &["-H", boundary, "--data-binary", file]);
    assert_eq!(status, 303, "{head} {body}");
    assert_eq!(ask("POST", &format!("{place}/finish"), &["-H", "Accept: application/json", "-d", ""]).0, 204);
    let view = client.state("BCDIREADY");
    assert_eq!(view["connection"]["rows"][0]["value"], PASSWORD, "whoever has a key is told");
    assert!(!view.to_string().contains(CODE), "{view}");

    let second = client.ask("POST", &format!("{path}/key"), None, None)["key"].as_str().unwrap().to_owned();
    canaries.add("key", &second);
    client.ask("PUT", &path, Some(&second), Some(json!({"code": OTHER_CODE})));
    client.state("BCDIREADY");
    client.ask("DELETE", &path, Some(&second), None);
    let failed = client.reaches(|view| view["last_operation"]["state"] == "failed");
    assert!(failed["last_operation"]["message"].as_str().unwrap().starts_with("no room with "), "{failed}");
    canaries.clean("a school that could not be removed", failed.to_string().as_bytes());
    assert_eq!(world.run(&["hosting", "retry", RNE]).code, 0);
    let gone = client.state("BCDIDELETED");
    canaries.clean("a school that is gone", gone.to_string().as_bytes());

    // Whoever looks after the hub sees none of it, at the terminal and in the console.
    let jobs = world.run(&["jobs", "list", "--json"]).json();
    let jobs: Vec<&str> =
        jobs["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect();
    assert_eq!(jobs.len(), 6, "made, mounted, opened, changed, removed twice");
    let everywhere = [
        vec!["hosting", "show", RNE],
        vec!["hosting", "list"],
        vec!["jobs", "list"],
        vec!["jobs", "export"],
        vec!["jobs", "refusals", "list"],
        vec!["backends", "list"],
        vec!["doctor"],
    ];
    let each = jobs.iter().flat_map(|job| {
        [vec!["jobs", "show", job], vec!["jobs", "show", job, "--json"], vec!["jobs", "stdin", job]]
    });
    for args in everywhere.into_iter().chain(each) {
        let ran = world.run(&args);
        canaries.clean(&args.join(" "), format!("{}{}", ran.stdout, ran.stderr).as_bytes());
    }
    let cookie = sign_in(&world, &serving);
    let modules = Modules::new(intendant::modules::all()).pages().into_iter();
    let modules =
        modules.filter(|page| page.method == "get" && page.who != Who::Anybody).map(|page| page.path);
    let pages = CONSOLE.into_iter().chain(modules);
    let mut seen = 0;
    for page in pages {
        for id in jobs.iter().take(if page.contains("{id}") { jobs.len() } else { 1 }) {
            let url = format!("{}{}", serving.url(), page.replace("{id}", id).replace("{rne}", RNE));
            let (status, head, body) = ask("GET", &url, &["-H", "Accept: text/html", "-H", &cookie]);
            canaries.clean(&format!("the page {url}"), format!("{head}{body}").as_bytes());
            seen += usize::from(status == 200);
        }
    }
    assert!(seen >= jobs.len() + CONSOLE.len() - 1, "{seen} pages");

    // Nor does whoever reads the log at its finest, or what lies on the disk.
    canaries.clean("the log", serving.log().as_bytes());
    assert!(serving.log().contains("INFO"), "there is one");
    assert_eq!(serving.stop(), Some(0));
    canaries.clean_folder(&world.path("data"));
}

/// Signs an administrator in; the header with the cookie.
fn sign_in(world: &World, serving: &Serving) -> String {
    let token = world.run(&["token", "make", "admin", "--scope", "admin"]).stdout.trim().to_owned();
    let account = json!({"name": "admin", "role": "admin", "password": "a long password"}).to_string();
    let bearer = format!("Authorization: Bearer {token}");
    let more = ["-H", &bearer, "-H", "Content-Type: application/json", "-d", &account];
    assert_eq!(ask("POST", &format!("{}/api/v1/accounts", serving.url()), &more).0, 201);
    let more = ["-d", "name=admin&password=a+long+password", "-H", "Sec-Fetch-Site: same-origin"];
    let (status, head, _) = ask("POST", &format!("{}/sign-in", serving.url()), &more);
    assert_eq!(status, 303, "{head}");
    let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    format!("Cookie: {}", cookie.split(';').next().unwrap())
}

/// An administrator's browser that is led to these routes gets what a stranger's gets.
#[test]
fn a_session_of_the_console_counts_for_nothing_where_schools_come_in() {
    let world = world();
    let serving = world.serve();
    let client = Client {
        serving: &serving,
        token: world.run(&["token", "make", "shop", "--scope", "hosting:client"]).stdout.trim().to_owned(),
    };
    let school = json!({"rne": RNE, "griffe": "Lycée Moulin", "code": CODE, "version": "CL"});
    let key = client.ask("POST", "", None, Some(school))["key"].as_str().unwrap().to_owned();
    client.state("BCDIDBWAIT");
    let cookie = sign_in(&world, &serving);
    let ticket = client.ask("POST", &format!("/{RNE}/upload-tickets"), None, None);
    let link = ticket["url"].as_str().unwrap();
    let upload = format!("{}/hosting/v1/upload", serving.url());
    let nobody = format!("{upload}/sessions/{}", "0".repeat(64));
    let (wrong, right) = (format!("rne={RNE}&key={}", "0".repeat(64)), format!("rne={RNE}&key={key}"));
    let program = "Accept: application/json";
    let routes: Vec<(&str, String, Vec<&str>)> = vec![
        ("GET", nobody.clone(), vec![]),
        ("GET", format!("{nobody}/files"), vec![]),
        ("POST", format!("{nobody}/finish"), vec!["-d", ""]),
        ("POST", format!("{nobody}/files"), vec!["-H", "Tus-Resumable: 1.0.0", "-H", "Upload-Length: 5"]),
        ("POST", upload.clone(), vec!["-d", &wrong]),
        ("POST", format!("{upload}/tickets/AAAA"), vec!["-H", program]),
        ("GET", link.to_owned(), vec![]),
    ];
    let other_site = ["-H", "Sec-Fetch-Site: cross-site", "-H", "Origin: https://shop.example"];
    for (method, url, more) in &routes {
        for from in [&other_site[..0], &other_site[..]] {
            let stranger = ask(method, url, &[more, from].concat());
            let known = ask(method, url, &[more, from, &["-H", &cookie]].concat());
            assert_eq!(stranger.0, known.0, "{method} {url}: {stranger:?} {known:?}");
            assert_eq!(stranger.2, known.2, "{method} {url}");
            assert!(!known.1.to_lowercase().contains("set-cookie"), "{method} {url}: {}", known.1);
        }
    }
    // Who has the key comes in from a page of another site, whatever cookie the browser has.
    for cookie in [cookie.as_str(), "Cookie: nothing=1"] {
        let more = [&["-d", right.as_str(), "-H", cookie][..], &other_site[..]].concat();
        let (status, head, _) = ask("POST", &upload, &more);
        assert_eq!((status, head.contains("/hosting/v1/upload/sessions/")), (303, true), "{head}");
    }
    // Where a key is asked for, a session of the console is none.
    let url = format!("{}/{RNE}", client.establishments());
    for method in ["GET", "PUT", "DELETE"] {
        let (status, head, body) =
            ask(method, &url, &["-H", &cookie, "-H", "Content-Type: application/json", "-d", "{}"]);
        assert!(matches!(status, 401 | 403), "{method}: {head} {body}");
    }
    serving.stop();
}
