//! A school from nothing to an open library server and back, with the example's backend, by the commands and over TCP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "the hub is a program of its own here")]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use support::{World, examples};
use testkit::port::Port;

const SCHOOL: &str = "0750655E";
const SECRET: &str = "licence-code-4711";

/// The example's backend, copied beside the world's others, with a port of its own.
fn library(world: &World, port: u16) {
    let from = examples().join("backends/50library");
    let to = world.path("backends/50library");
    std::fs::create_dir_all(world.path("backends")).unwrap();
    let copied = Command::new("cp").arg("-a").arg(from).arg(&to).status().unwrap();
    assert!(copied.success());
    let config = to.join("config.yml");
    let text = std::fs::read_to_string(&config).unwrap().replace("8475", &port.to_string());
    std::fs::write(config, text).unwrap();
}

fn state(world: &World) -> Value {
    world.run(&["hosting", "show", SCHOOL, "--json"]).json()
}

fn until(world: &World, wanted: &str) -> Value {
    for _ in 0..600 {
        let view = state(world);
        if view["state"] == wanted {
            return view;
        }
        assert!(!view["state"].as_str().unwrap().ends_with("ERROR"), "{view}");
        std::thread::sleep(Duration::from_millis(200));
    }
    panic!("never {wanted}: {}", state(world));
}

fn curl(args: &[&str]) -> (u16, String) {
    let output = Command::new("curl")
        .args(["-sS", "--max-time", "60", "-w", "\n%{http_code}"])
        .args(args)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = said.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}

#[test]
fn a_school_from_nothing_to_an_open_server_and_back() {
    let world = World::new();
    let port = Port::take().unwrap();
    library(&world, port.number());
    let serving = world.serve();

    world
        .run_with(&["hosting", "create", "0750655F", "--griffe", "x", "--version", "CL"], "c\n")
        .said(1, &["errors"]);
    let made = world.run_with(
        &["hosting", "create", SCHOOL, "--griffe", "Lycée Moulin", "--version", "CL"],
        format!("{SECRET}\n"),
    );
    assert_eq!((made.code, made.stdout.trim().len()), (0, 64), "{made:?}");
    let key = made.stdout.trim().to_owned();
    until(&world, "BCDIDBWAIT");

    let main = world.file("main.txt", "Germinal;Zola\nLe Petit Prince;Saint-Exupéry\n");
    let other = world.file("more.txt", vec![b'a'; 9 << 20]);
    let uploaded = world.run(&["hosting", "upload", SCHOOL, &main, &other, "--keep"]);
    assert_eq!(uploaded.code, 0, "{uploaded:?}");
    world.run(&["hosting", "upload", SCHOOL, &main, &other]).said(0, &[]);
    let view = until(&world, "BCDIREADY");
    let password = view["connection"]["rows"][1]["value"].as_str().unwrap().to_owned();
    let site = view["connection"]["url"].as_str().unwrap().to_owned();
    assert!(
        !world.run(&["hosting", "show", SCHOOL]).stdout.contains(&password),
        "what is secret is shown where it is asked for"
    );

    // Its site answers, and its client asks it.
    assert!(curl(&[&site]).1.contains("Lycée Moulin"));
    let client = examples().join("backends/50library/client/library-client.py");
    let ask = |password: &str| {
        let mut client_of = Command::new("python3");
        client_of.arg(&client).args([&site, "petit"]);
        client_of.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = client_of.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{password}\n").as_bytes())
            .unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    };
    assert!(ask(&password).contains("Le Petit Prince"));
    assert!(!ask("wrong").contains("Prince"));

    // The school's own key opens it over TCP, and no other does.
    let url = format!("{}/hosting/v1/establishments/{SCHOOL}", serving.url());
    let bearer = format!("Authorization: Bearer {key}");
    let (status, body) = curl(&["-H", &bearer, &url]);
    assert!(status == 200 && body.contains("BCDIREADY") && body.contains(&password), "{body}");
    assert_eq!(
        curl(&["-H", "Authorization: Bearer nonsense", "-H", "Accept: text/html", &url]).0,
        401,
        "no page to sign in"
    );
    assert_eq!(
        curl(&[
            "-H",
            "Authorization: Bearer itd_0_0",
            "-X",
            "POST",
            "-H",
            "Content-Type: application/json",
            "-d",
            "{}",
            &url.replace(&format!("/{SCHOOL}"), "")
        ])
        .0,
        401
    );

    // Nothing secret is in the log, nor in what lies on disk in clear.
    for secret in [SECRET, password.as_str(), key.as_str()] {
        assert!(!serving.log().contains(secret), "{secret}");
    }

    // The hub is killed, and starts again: the sites of all schools answer without anybody asking for one.
    serving.kill();
    let serving = world.serve();
    let back = (0..300).any(|_| {
        std::thread::sleep(Duration::from_millis(200));
        Command::new("curl").args(["-sf", "--max-time", "10", &site]).output().unwrap().status.success()
    });
    assert!(back, "{}", serving.log());
    assert_eq!(state(&world)["state"], "BCDIREADY");

    // Changed, exported and removed; what is downloaded is what was uploaded.
    assert_eq!(world.run(&["hosting", "alter", SCHOOL, "--griffe", "Collège"]).code, 0);
    until(&world, "BCDIREADY");
    assert!(curl(&[&site]).1.contains("Collège"));
    assert_eq!(world.run(&["hosting", "delete", SCHOOL]).code, 0);
    until(&world, "BCDIDELETED");
    assert_eq!(curl(&[&site]).0, 404);
    let to = world.path("downloads");
    let got = world.run(&["hosting", "export", SCHOOL, "--to", to.to_str().unwrap()]);
    assert_eq!(got.code, 0, "{got:?}");
    assert_eq!(read(&to.join("01-main.txt")), read(Path::new(&main)));
    assert_eq!(read(&to.join("02-more.txt")), read(Path::new(&other)));
    let listed = world.run(&["hosting", "list", "--json"]).json();
    assert_eq!(listed["establishments"][0]["state"], "BCDIDELETED");
    serving.stop();
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
