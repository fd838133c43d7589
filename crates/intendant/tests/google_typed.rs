//! `intendant google …` as people type it, with a hub, doubles of Google and of the referential, and no broker.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use support::{Ran, World};
use testgoogle::{Google, Gram, Moment, Then};
use testkit::wait;

const LONG: Duration = Duration::from_mins(2);
const UUID: &str = "36a7e016-a300-4f52-85f4-6804dede6c6b";
const ADA: &str = "ada.lovelace@gadz.org";

struct Bed {
    google: Google,
    gram: Gram,
    world: World,
}

impl Bed {
    /// With Ada in the referential. `access` = how Google lets us in.
    fn new(access: impl FnOnce(&Google, &World) -> String) -> Self {
        let (google, gram, world) = (Google::start(), Gram::start(), World::new());
        gram.add_person(UUID, 12453, "Ada", "Lovelace");
        let (user, password) = gram.client();
        world.file("gram.password", password);
        world.configure(&format!(
            "google:\n{}  subject: {}\n  url: {}\n  settle: 2s\n  gram:\n    url: {}\n    user: {user:?}\n    \
             password: file:gram.password\n",
            access(&google, &world),
            google.admin(),
            google.url(),
            gram.url(),
        ));
        Bed { google, gram, world }
    }

    /// Let in by the key of a service account.
    fn with_key() -> Self {
        Bed::new(|google, world| {
            world.file("google.json", google.service_account().to_string());
            "  service_account: file:google.json\n".to_owned()
        })
    }

    /// Ada's account, made through the hub; its id.
    fn created(&self) -> String {
        let payload = json!({ "gram_account_uuid": UUID, "primary_email": ADA, "aliases": ["ada@gadz.org"] });
        let asked = json!({ "action": "request.googleapps.user.create", "payload": payload }).to_string();
        let ran = self.world.run_with(&["submit", "--wait", "-"], asked);
        assert_eq!(ran.code, 0, "{ran:?}");
        self.gram.gapps_id(UUID).unwrap()
    }

    fn jobs(&self) -> usize {
        self.world.run(&["jobs", "list", "--json"]).json()["jobs"].as_array().unwrap().len()
    }

    fn aliases(&self) -> Value {
        self.google.user(ADA).unwrap()["aliases"].clone()
    }
}

#[test]
fn what_changes_an_account_by_hand_asks_for_its_uuid_first() {
    let bed = Bed::with_key();
    let hub = bed.world.serve();
    let id = bed.created();
    let before = bed.jobs();
    for (line, wrong) in [
        (vec!["google", "unlink", UUID], "yes\n"),
        (vec!["google", "link", UUID, "123"], "\n"),
        (vec!["google", "aliases", UUID, "--set", "a@gadz.org"], "36a7e016\n"),
        (vec!["google", "unlink", UUID], ""),
    ] {
        let ran = bed.world.run_with(&line, wrong);
        ran.said(2, &["this is not the UUID", "nothing was done"]);
        assert!(ran.stdout.contains(UUID), "it says what it would do: {ran:?}");
    }
    assert_eq!((bed.jobs(), bed.gram.gapps_id(UUID)), (before, Some(id.clone())));

    let done = |ran: &Ran| assert_eq!(ran.code, 0, "{ran:?}");
    // In capitals it is the same one.
    let typed = format!("{}\n", UUID.to_uppercase());
    done(&bed.world.run_with(&["google", "aliases", UUID, "--set", "b@gadz.org,a@gadz.org"], &typed));
    assert_eq!(bed.aliases(), json!(["b@gadz.org", "a@gadz.org"]));
    done(&bed.world.run(&["google", "aliases", UUID, "--set", "", "--yes"]));
    assert!(bed.aliases().as_array().is_none_or(Vec::is_empty), "{}", bed.aliases());

    let dry = bed.world.run(&["google", "unlink", UUID, "--dry-run", "--json"]);
    done(&dry);
    assert_eq!(dry.json()["result"]["data"][0]["output"]["data"]["before"], json!(id), "{dry:?}");
    assert_eq!(bed.gram.gapps_id(UUID), Some(id.clone()));
    done(&bed.world.run_with(&["google", "unlink", UUID], &typed));
    assert_eq!(bed.gram.gapps_id(UUID), None);
    done(&bed.world.run(&["google", "link", UUID, &id, "--yes"]));
    assert_eq!(bed.gram.gapps_id(UUID), Some(id));

    // What cannot be carried out ends with 1, what is no request with 2.
    let nobody = bed.world.run(&["google", "link", UUID, "199999999999999999999", "--yes"]);
    assert_eq!(nobody.code, 1, "{nobody:?}");
    assert!(nobody.stdout.contains("does not exist"), "{nobody:?}");
    assert_eq!(bed.world.run(&["google", "link", UUID, "Ada", "--yes"]).code, 1);
    assert_eq!(bed.world.run(&["google", "aliases", UUID]).code, 2);

    let audit = bed.world.run(&["jobs", "list", "--json"]).json();
    assert!(audit.to_string().contains("google.unlink"), "{audit}");
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn whoever_may_only_read_changes_nothing() {
    let bed = Bed::with_key();
    let hub = bed.world.serve();
    let id = bed.created();
    let token = bed.world.run(&["token", "make", "reader", "--scope", "read"]).stdout;
    let url = hub.url();
    let before = bed.jobs();
    let as_reader = |line: &[&str]| {
        let mut command = bed.world.command(line);
        command.env("INTENDANT_SERVER", &url).env("INTENDANT_TOKEN", token.trim());
        Ran::from(command.output().unwrap())
    };
    for line in [
        &["google", "unlink", UUID, "--yes"][..],
        &["google", "link", UUID, "1", "--yes"],
        &["google", "aliases", UUID, "--set", "x@gadz.org", "--yes"],
        &["google", "diff"],
    ] {
        let ran = as_reader(line);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.stderr.contains("scope"), "it says what is missing: {ran:?}");
    }
    assert_eq!((bed.jobs(), bed.gram.gapps_id(UUID)), (before, Some(id)));
    assert_eq!(hub.stop(), Some(0));
}

/// A sign-in that waits for the address at which the browser ended, and the address for the browser.
fn signing_in(world: &World, more: &[&str]) -> (Child, String) {
    let line: Vec<_> = ["google", "login"].iter().chain(more).copied().collect();
    let mut child = world.command(&line).stdin(Stdio::piped()).spawn().unwrap();
    let mut shown = BufReader::new(child.stdout.as_mut().unwrap()).lines().map_while(Result::ok);
    let address = shown.find(|line| line.starts_with("http"));
    (child, address.expect("it ended without an address").trim().to_owned())
}

/// Where the page of consent sends the browser.
fn consent(url: &str) -> String {
    let asked = ["-sS", "-o", "/dev/null", "-w", "%{redirect_url}", url];
    let output = Command::new("curl").args(asked).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn pasted(mut child: Child, address: &str) -> Ran {
    // What it still shows goes on where its first lines were read.
    writeln!(child.stdin.take().unwrap(), "{address}").unwrap();
    let (mut stdout, mut stderr) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    Ran { code: child.wait().unwrap().code().unwrap(), stdout, stderr }
}

#[test]
fn an_administrator_signs_in_with_a_browser_on_another_machine() {
    let bed = Bed::new(|google, world| {
        world.file("client.json", google.client_secret().to_string());
        "  client_secret: file:client.json\n  tokens: tokens.yaml\n".to_owned()
    });
    let tokens = bed.world.path("tokens.yaml");
    // The address of another sign-in, one with nothing in it, and a person who says no.
    let (child, _) = signing_in(&bed.world, &["--paste"]);
    pasted(child, "http://127.0.0.1:1/?state=guessed&code=4").said(1, &["copy all of it"]);
    let (child, url) = signing_in(&bed.world, &["--paste"]);
    bed.google.deny_consent(true);
    pasted(child, &consent(&url)).said(1, &["access_denied"]);
    bed.google.deny_consent(false);
    assert!(!tokens.exists(), "nothing was granted");

    let (child, url) = signing_in(&bed.world, &["--paste"]);
    let ran = pasted(child, &consent(&url));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("Access is granted") && tokens.exists(), "{ran:?}");
    let kept = std::fs::read_to_string(&tokens).unwrap();
    let hub = bed.world.serve();
    bed.created();
    assert!(!hub.log().contains("refresh_token"));
    assert_eq!(hub.stop(), Some(0));
    assert!(kept.contains("refresh_token"), "in the form of the original");

    // With a browser on this one it ends by itself.
    let (mut child, url) = signing_in(&bed.world, &[]);
    let visited = Command::new("curl").args(["-sSL", &url]).output().unwrap();
    assert!(String::from_utf8_lossy(&visited.stdout).contains("Access is granted"), "{visited:?}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn without_an_installed_application_there_is_nothing_to_sign_in_to() {
    let bed = Bed::with_key();
    bed.world.run(&["google", "login"]).said(2, &["google.client_secret is missing"]);
}

/// Many people with accounts; the first one's is not registered, the second one's has another name.
fn crowd(bed: &Bed, people: u64) {
    for n in 0..people {
        let uuid = format!("00000000-0000-4000-8000-{n:012}");
        bed.gram.add_person(&uuid, 100_000 + n, "Grace", "Hopper");
        let given = if n == 1 { "Other" } else { "Grace" };
        let id = bed.google.add(json!({
            "primaryEmail": format!("p{n}@gadz.org"), "name": { "givenName": given, "familyName": "Hopper" },
            "externalIds": [
                { "type": "organization", "value": uuid },
                { "type": "custom", "customType": "id_soce", "value": (100_000 + n).to_string() },
            ],
        }));
        if n > 0 {
            bed.gram.change(&uuid, json!({ "gapps_id": id }));
        }
    }
}

#[test]
fn a_comparison_goes_on_after_a_kill_and_is_shown_as_table_and_document() {
    const PEOPLE: u64 = 560;
    let bed = Bed::with_key();
    crowd(&bed, PEOPLE);
    let hub = bed.world.serve();
    let pid = AtomicI32::new(i32::try_from(hub.pid()).unwrap());
    let killed = Arc::new(AtomicI32::new(0));
    let seen = Arc::clone(&killed);
    // It dies as it asks for Google's second page: the first one is kept by then.
    bed.google.desk().watch(move |call, moment| {
        let second = call.method == "users.list" && call.query.contains_key("pageToken");
        if !second || moment != Moment::Arrived {
            return Then::GoOn;
        }
        let Some(pid) = Pid::from_raw(pid.swap(0, Ordering::SeqCst)) else { return Then::GoOn };
        kill_process(pid, Signal::KILL).unwrap();
        seen.store(1, Ordering::SeqCst);
        Then::HangUp
    });
    let cut_off = bed.world.run(&["google", "diff"]);
    assert_eq!(cut_off.code, 1, "{cut_off:?}");
    assert!(cut_off.stderr.contains("google diff --job"), "it says how it goes on: {cut_off:?}");
    assert!(wait::until(LONG, || (killed.load(Ordering::SeqCst) == 1).then_some(())).is_some());
    hub.kill();
    bed.google.desk().unwatch();
    let job = cut_off.stderr.split("--job ").nth(1).unwrap();
    let job: String = job.chars().take_while(|c| c.is_ascii_hexdigit() || *c == '-').collect();
    let listed = || {
        let calls = bed.gram.desk().calls_of("accounts.list");
        calls.iter().filter(|call| call.query.contains_key("page")).count()
    };
    let pages = listed();

    let hub = bed.world.serve();
    let shown = bed.world.run(&["google", "diff", "--job", &job, "--json"]);
    assert_eq!(shown.code, 1, "something differs: {shown:?}");
    let document = shown.json();
    let count = |situation: &str| document["counts"][situation].as_u64().unwrap();
    assert_eq!((count("same"), count("moved"), count("differs")), (PEOPLE - 2, 1, 1), "{document}");
    // No page was read again.
    assert_eq!(listed(), pages);
    let first = bed.google.desk().calls_of("users.list");
    assert_eq!(first.iter().filter(|call| !call.query.contains_key("pageToken")).count(), 1);

    let table = bed.world.run(&["google", "diff", "--job", &job]);
    assert_eq!(table.code, 1, "{table:?}");
    for account in document["accounts"].as_array().unwrap() {
        let line = table.stdout.lines().find(|line| line.contains(account["google_id"].as_str().unwrap()));
        let line = line.unwrap_or_else(|| panic!("{account} is missing: {table:?}"));
        assert!(line.contains(account["situation"].as_str().unwrap()), "{line}");
        for field in account["fields"].as_array().into_iter().flatten() {
            assert!(line.contains(field["name"].as_str().unwrap()), "{line}");
            assert!(line.contains(field["theirs"].as_str().unwrap()), "{line}");
        }
    }
    assert!(table.stdout.contains("558 same, 1 differs, 1 moved"), "{table:?}");
    // Another one lists only what it was asked for.
    let moved = bed.world.run(&["google", "diff", "--situation", "moved", "--json"]).json();
    assert_eq!((moved["accounts"].as_array().unwrap().len(), &moved["counts"]), (1, &document["counts"]));
    assert_eq!(bed.world.run(&["google", "diff", "--situation", "gone"]).code, 2);
    assert_eq!(hub.stop(), Some(0));
}
