//! No secret leaks: canaries go through every field that a backend can print back, and are
//! found nowhere afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::{Ran, World};

/// Every kind of character that an encoding treats in its own way.
const CANARIES: [&str; 3] = ["canary-Old/\\\"é1", "canary-New+?2~ü", "canary-user-3"];

/// Echoes what it reads and its environment on both streams: as they are, in base64, and the answer's message, data
/// and keys as well; fails as told by the first word of the file `mode`.
const PARROT: &str = r#"
input=$(cat)
for stream in 1 2; do
  {
    printf '%s\n' "$input"
    printf '%s' "$input" | base64
    printf 'x%s' "$input" | base64 -w0
    printf 'xx%s' "$input" | base64 -w0
    env
    echo "ERROR: it was $input"
  } >&$stream
done
old=$(printf '%s' "$input" | python3 -c 'import json,sys; p=json.load(sys.stdin)["payload"]; print(json.dumps([p["oldPassword"], p["newPassword"], p["userPassword"]]))')
printf '{"status": %s, "message": "tried %s", "data": {"values": %s}}\n' "$(cut -d' ' -f2 <"$MODE")" "$(printf '%s' "$old" | sed 's/["\\]/\\&/g')" "$old"
exit "$(cut -d' ' -f1 <"$MODE")"
"#;

/// The canaries as they are and in every encoding that a script may have given them.
fn needles() -> Vec<Vec<u8>> {
    let mut needles = Vec::new();
    for canary in CANARIES {
        let escaped = serde_json::to_string(canary).unwrap();
        let ascii: String = escaped
            .chars()
            .map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) })
            .collect();
        needles.push(canary.as_bytes().to_vec());
        needles.push(escaped.trim_matches('"').as_bytes().to_vec());
        needles.push(ascii.trim_matches('"').as_bytes().to_vec());
        for shift in 0..3 {
            needles.push(core_of_base64(canary, shift));
        }
    }
    needles
}

/// What of a canary's base64 does not depend on what stands around it, when `shift` bytes stand before it.
fn core_of_base64(canary: &str, shift: usize) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes = [&vec![0; shift][..], canary.as_bytes()].concat();
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |n| byte >> n & 1)).collect();
    let digit = |six: &[u8]| DIGITS[usize::from(six.iter().fold(0, |value, bit| value << 1 | bit))];
    let whole: Vec<u8> = bits.chunks_exact(6).map(digit).collect();
    whole[(shift * 8).div_ceil(6)..].to_vec()
}

#[track_caller]
fn clean(what: &str, content: &[u8]) {
    for needle in needles() {
        let found = content.windows(needle.len()).position(|window| window == needle);
        if let Some(at) = found {
            let around =
                String::from_utf8_lossy(&content[at.saturating_sub(60)..(at + 60).min(content.len())])
                    .into_owned();
            panic!("{what} holds {:?}: …{around}…", String::from_utf8_lossy(&needle));
        }
    }
}

#[track_caller]
fn clean_output(what: &str, ran: &Ran) {
    clean(what, ran.stdout.as_bytes());
    clean(what, ran.stderr.as_bytes());
}

fn clean_folder(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            clean_folder(&path);
        } else if let Ok(content) = fs::read(&path) {
            clean(&path.display().to_string(), &content);
        }
    }
}

/// Command line and environment of every process.
fn clean_processes() {
    for entry in fs::read_dir("/proc").unwrap() {
        let process = entry.unwrap().path();
        let named_by_number = process.file_name().is_some_and(|n| n.to_string_lossy().parse::<u32>().is_ok());
        for file in ["cmdline", "environ"].iter().filter(|_| named_by_number) {
            // A process may be gone by now.
            clean(
                &process.join(file).display().to_string(),
                &fs::read(process.join(file)).unwrap_or_default(),
            );
        }
    }
}

fn document(id: &str) -> String {
    let [old, new, user] = CANARIES;
    serde_json::json!({
        "action": "IDENTITY_PASSWORD_CHANGE", "id": id, "concernedTo": "66c22991bdc3c9a7563a9d4f",
        "payload": { "uid": "aabbas", "oldPassword": old, "newPassword": new, "userPassword": user }
    })
    .to_string()
}

#[test]
fn canaries_are_found_nowhere() {
    let world = World::new();
    world.configure("log:\n  level: trace\n");
    let mode = world.file("mode", "0 0");
    world.backend_with(
        "10parrot",
        "continue",
        &format!("env:\n  MODE: {mode}\nretries:\n  max: 1\n  initial: 1s"),
        PARROT,
    );
    let config = world.path("backends/10parrot/config.yml");
    let text =
        fs::read_to_string(&config).unwrap().replace("IDENTITY_PASSWORD_RESET", "IDENTITY_PASSWORD_CHANGE");
    fs::write(config, text).unwrap();
    let serving = world.serve();
    let mut jobs = Vec::new();
    // Success, a status that is an error, an exit code, a soft failure that is given up, no answer at all.
    for (n, how) in ["0 0", "0 7", "3 3", "75 0", "0 garbage"].into_iter().enumerate() {
        fs::write(&mode, how).unwrap();
        let waited = world.run_with(&["submit", "--wait", "--json", "-"], document(&format!("id-{n}")));
        clean_output(&format!("submit --wait after {how:?}"), &waited);
        let listed = world.run(&["jobs", "list", "--json"]);
        jobs.push(listed.json()["jobs"][0]["id"].as_str().unwrap().to_owned());
    }
    let reused = document("id-0").replace("aabbas", "another");
    let refused = world.run_with(&["submit", "-"], &reused);
    assert_ne!(refused.code, 0, "{refused:?}");
    clean_output("a refused request", &refused);
    let broken = document("id-9").replace("\"payload\"", "payload");
    let unreadable = world.run_with(&["submit", "-"], broken);
    assert_ne!(unreadable.code, 0);
    clean_output("an unreadable request", &unreadable);
    for args in [
        vec!["jobs", "list"],
        vec!["jobs", "export"],
        vec!["jobs", "refusals", "list"],
        vec!["backends", "list"],
        vec!["doctor"],
        vec!["backup", "backup.db"],
    ] {
        clean_output(&args.join(" "), &world.run(&args));
    }
    for job in &jobs {
        for args in
            [vec!["jobs", "show", job], vec!["jobs", "show", job, "--json"], vec!["jobs", "stdin", job]]
        {
            clean_output(&args.join(" "), &world.run(&args));
        }
    }
    clean_processes();
    assert!(world.path("backup.db").exists());
    clean("the log at trace", serving.log().as_bytes());
    assert_eq!(serving.stop(), Some(0));
    for folder in ["data", "backends"] {
        clean_folder(&world.path(folder));
    }
    clean("the backup", &fs::read(world.path("backup.db")).unwrap());
    // The script did see them: the test looks for the right thing.
    let seen =
        Command::new("sh").args(["-c", "printf '%s' \"$0\" | base64 -w0"]).arg(CANARIES[2]).output().unwrap();
    assert!(seen.stdout.starts_with(&core_of_base64(CANARIES[2], 0)));
}
