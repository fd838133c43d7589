//! A school's databases, sent by a client that was not written here, while the hub is killed in the middle.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use support::{Serving, World, executable};
use testkit::port::Port;
use testkit::tus::Client;
use testkit::wait;

const LONG: Duration = Duration::from_mins(4);
const RNE: &str = "0750655E";
const CODE: &str = "licence-4711-0815";

/// Mounts what was sent if it is what its digest says, and says where it lay.
const BACKEND: &str = r"#!/usr/bin/env python3
import hashlib, json, os, sys
asked = json.load(sys.stdin)
action = os.environ['INTENDANT_ACTION']
if action == 'HOSTING_MOUNT':
    for file in asked['payload']['uploads']:
        with open(file['path'], 'rb') as content:
            digest = hashlib.sha256(content.read()).hexdigest()
        if digest != file['sha256']:
            print(json.dumps({'status': 1, 'message': 'other bytes'})); sys.exit(1)
    with open('MOUNTED', 'w') as mounted:
        json.dump(asked['payload']['uploads'], mounted)
connection = {'url': 'http://127.0.0.1/' + asked['concernedTo']}
print(json.dumps({'status': 0, 'data': {'connection': connection}}))
";

fn world() -> World {
    let world = World::new();
    let home = world.path("backends/50library");
    fs::create_dir_all(home.join("bin")).unwrap();
    let actions = ["CREATE", "MOUNT", "OPEN", "ALTER", "DELETE"];
    let actions = actions.map(|action| format!("  HOSTING_{action}:\n    script: main.py\n")).concat();
    let config =
        format!("_version: 1\nname: 50library\ndescription: of a test\nactive: true\nactions:\n{actions}");
    fs::write(home.join("config.yml"), config).unwrap();
    executable(&home.join("bin/main.py"), &BACKEND.replace("MOUNTED", &world.text("mounted")));
    world
}

/// What curl is answered, as JSON where it is some.
fn ask(method: &str, url: &str, bearer: Option<&str>, more: &[&str]) -> (u16, Value) {
    let mut curl = Command::new("curl");
    curl.args(["-s", "-X", method, "-w", "\n%{http_code}", "-H", "Accept: application/json"]);
    if let Some(key) = bearer {
        curl.args(["-H", &format!("Authorization: Bearer {key}")]);
    }
    let said = String::from_utf8(curl.args(more).arg(url).output().unwrap().stdout).unwrap();
    let (body, status) = said.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
}

fn serve(world: &World, port: &Port) -> Serving {
    let mut command = world.command(&["serve", "-v"]);
    command.env("INTENDANT_HTTP__LISTEN", format!("127.0.0.1:{}", port.number()));
    Serving::start(world, command)
}

/// Bytes that lie in the folder of uploads, but for documents.
fn written(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(about) if about.is_dir() => written(&entry.path()),
        Ok(about) if entry.path().extension().is_some_and(|kind| kind == "part") => about.len(),
        _ => 0,
    };
    entries.map(size).sum()
}

#[test]
fn what_a_school_sends_arrives_whole_though_the_hub_is_killed_and_no_secret_is_logged() {
    let (world, port) = (world(), Port::take().unwrap());
    let serving = serve(&world, &port);
    let token = world.run(&["token", "make", "shop", "--scope", "hosting:client"]).stdout.trim().to_owned();
    let base = format!("http://127.0.0.1:{}", port.number());
    let establishments = format!("{base}/hosting/v1/establishments");
    let school =
        json!({ "rne": RNE, "griffe": "Lycée Jean Moulin", "code": CODE, "version": "CL" }).to_string();
    let (status, made) =
        ask("POST", &establishments, Some(&token), &["-H", "Content-Type: application/json", "-d", &school]);
    assert_eq!(status, 200, "{made}");
    let key = made["key"].as_str().unwrap();
    let one = format!("{establishments}/{RNE}");
    let reaches = |state: &str| {
        let reached =
            wait::until(LONG, || (ask("GET", &one, Some(key), &[]).1["state"] == state).then_some(()));
        assert!(reached.is_some(), "{state}: {:?}", ask("GET", &one, Some(key), &[]));
    };
    reaches("BCDIDBWAIT");

    let (status, ticket) = ask("POST", &format!("{one}/upload-tickets"), Some(key), &[]);
    assert_eq!(status, 201, "{ticket}");
    let link = ticket["url"].as_str().unwrap();
    let path = link.find("/hosting/").and_then(|at| link.get(at..)).unwrap();
    let (status, session) = ask("POST", &format!("{base}{path}"), None, &[]);
    assert_eq!(status, 201, "{session}");
    let (files, finish) = (session["files"].as_str().unwrap(), session["finish"].as_str().unwrap());

    let mut content = b"Titre;Auteur\n".to_vec();
    content.extend((0..3_000_000_u32).flat_map(|n| format!("{n:08};Camus\n").into_bytes()));
    let sent = world.file("content", &content);
    let client = Client::Node.sends(&format!("{base}{files}"), Path::new(&sent), "Élèves.txt").unwrap();
    let client = { client }.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let uploads = world.path("data/hosting/uploads");
    let begun = wait::until(LONG, || (written(&uploads) > 6 << 20).then_some(()));
    assert!(begun.is_some(), "{}", serving.log());
    let mut log = serving.log();
    serving.kill();
    let serving = serve(&world, &port);
    let client = client.wait_with_output().unwrap();
    assert!(client.status.success(), "{}", String::from_utf8_lossy(&client.stderr));

    let (status, refused) = ask("POST", &format!("{base}{path}"), None, &[]);
    assert_eq!(
        (status, &refused["code"]),
        (404, &"gone".into()),
        "a ticket is used once, also across a crash"
    );
    let (status, done) = ask("POST", &format!("{base}{finish}"), None, &["-d", ""]);
    assert_eq!(status, 204, "{done}");
    reaches("BCDIREADY");
    let mounted: Value = serde_json::from_slice(&fs::read(world.path("mounted")).unwrap()).unwrap();
    assert_eq!((&mounted[0]["name"], &mounted[0]["main"]), (&"Élèves.txt".into(), &true.into()));
    assert_eq!(mounted[0]["size"], content.len());
    let there = fs::read(mounted[0]["path"].as_str().unwrap());
    // What nobody needs any more may be gone.
    assert!(there.ok().is_none_or(|there| there == content));

    log += &serving.log();
    let id = files.split('/').nth(5).unwrap();
    for secret in [key, &token, path.rsplit('/').next().unwrap(), id, CODE] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    assert_eq!(serving.stop(), Some(0));
}
