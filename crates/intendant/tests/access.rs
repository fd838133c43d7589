//! Over TCP, as programs and people on other machines see the hub: tokens, sign-in, TLS, the command from elsewhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::process::{Command, Stdio};

use serde_json::Value;
use support::World;

/// What `curl` got: status and the whole answer, head first.
fn curl(args: &[&str]) -> (u16, String) {
    let output = Command::new("curl").args(["-sS", "-i", "--max-time", "60"]).args(args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let status = said.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("{output:?}")), said)
}

fn make_token(world: &World, name: &str, scopes: &str) -> String {
    let made = world.run(&["token", "make", name, "--scope", scopes]);
    assert_eq!(made.code, 0, "{made:?}");
    made.stdout.trim().to_owned()
}

const DOCUMENT: &str = r#"{"action": "IDENTITY_UPDATE", "concernedTo": "1", "payload": {}}"#;
const JSON: &str = "Content-Type: application/json";

#[test]
fn a_token_works_until_it_is_revoked_and_stands_nowhere() {
    let world = World::new();
    world.backend("10ldap", "echo '{\"status\": 0, \"message\": \"fine\"}'");
    let serving = world.serve();
    let jobs = format!("{}/api/v1/jobs", serving.url());
    let token = make_token(&world, "crm", "submit");
    assert!(token.starts_with("itd_"), "{token}");
    let bearer = format!("Authorization: Bearer {token}");

    let (status, answer) = curl(&["-H", &bearer, "-H", JSON, "-d", DOCUMENT, &format!("{jobs}?wait=30")]);
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("succeeded") && answer.contains("fine"), "{answer}");
    let (status, _) = curl(&["-H", &bearer, &jobs]);
    assert_eq!(status, 403, "it may submit, not look at others' jobs");

    let secret = token.rsplit('_').next().unwrap();
    for text in [serving.log(), world.run(&["token", "list", "--json"]).stdout] {
        assert!(!text.contains(secret), "{text}");
    }
    for file in walk(&world.path("data")) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{}", file.display());
    }

    assert_eq!(world.run(&["token", "revoke", "crm"]).code, 0);
    let (status, answer) = curl(&["-H", &bearer, "-H", JSON, "-d", DOCUMENT, &jobs]);
    assert_eq!(status, 401, "{answer}");
    serving.stop();
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn tokens_and_accounts_outlast_a_crash() {
    let world = World::new();
    let serving = world.serve();
    let token = make_token(&world, "monitor", "read");
    serving.kill();
    let serving = world.serve();
    let (status, answer) =
        curl(&["-H", &format!("Authorization: Bearer {token}"), &format!("{}/metrics", serving.url())]);
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("intendant_build{version="), "{answer}");
    assert!(answer.trim_end().ends_with("# EOF"), "{answer}");
    serving.stop();
}

#[test]
fn the_command_talks_to_a_hub_over_tls() {
    let world = World::new();
    world.backend("10ldap", "echo '{\"status\": 0}'");
    let made = testkit::certificate::make(&world.path(".")).unwrap();
    let certificate = made.certificate.display().to_string();
    world.configure(&format!("http:\n  certificate: {}\n  key: {}\n", certificate, made.key.display()));
    let serving = world.serve();
    let url = serving.url().replace("127.0.0.1", "localhost");
    assert!(url.starts_with("https://"), "{url}");
    let token = make_token(&world, "laptop", "submit,operate");

    let elsewhere = |args: &[&str], stdin: &str| {
        let mut command = world.command(args);
        // As from another machine: no configuration that names the socket.
        command.env_remove("INTENDANT_CONFIG").current_dir("/").env("SSL_CERT_FILE", &certificate);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), stdin.as_bytes()).unwrap();
        support::Ran::from(child.wait_with_output().unwrap())
    };
    let signed_in = elsewhere(&["login", &url], &token);
    assert_eq!(signed_in.code, 0, "{signed_in:?}");
    let submitted = elsewhere(&["submit", "--wait", "--json", "-"], DOCUMENT);
    assert_eq!(submitted.code, 0, "{submitted:?}");
    let listed = elsewhere(&["jobs", "list", "--json"], "");
    let source = listed.json()["jobs"][0]["source"].clone();
    assert!(source.as_str().unwrap().starts_with("http/token:laptop/"), "{source}");
    assert_eq!(elsewhere(&["token", "list"], "").code, 1, "its scopes do not include this");
    let profile = walk(&world.path(".config")).remove(0);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(profile).unwrap().permissions());
    assert_eq!(mode & 0o077, 0);
    assert_eq!(elsewhere(&["logout"], "").code, 0);

    // A certificate that nobody vouches for is not believed.
    let mut stranger = world.command(&["--server", &url, "jobs", "list"]);
    let refused = stranger.env("INTENDANT_TOKEN", &token).env("SSL_CERT_FILE", "/dev/null").output().unwrap();
    assert!(!refused.status.success());
    let refused = support::Ran::from(refused);
    assert!(refused.stderr.contains("cannot be reached"), "{refused:?}");
    serving.stop();
}

#[test]
fn a_person_signs_in_with_a_link_once_and_then_with_a_password() {
    let world = World::new();
    let serving = world.serve();
    let link = world.run(&["token", "sign-in"]).stdout.trim().to_owned();
    assert!(link.starts_with(&serving.url()), "{link}");
    let form = "name=alice&password=correct+horse+battery&again=correct+horse+battery";
    let same = "Sec-Fetch-Site: same-origin";
    let (status, answer) = curl(&["-H", same, "-d", form, &link]);
    assert_eq!(status, 303, "{answer}");
    let cookie = cookie(&answer);
    assert!(answer.contains("HttpOnly") && answer.contains("SameSite=Strict"), "{answer}");
    let me = format!("{}/api/v1/me", serving.url());
    let (status, answer) = curl(&["-H", &format!("Cookie: {cookie}"), &me]);
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("account:alice") && answer.contains("admin"), "{answer}");

    let (status, answer) = curl(&["-H", same, "-d", form, &link]);
    assert_ne!(status, 303, "the link worked once: {answer}");
    let sign_in = format!("{}/sign-in", serving.url());
    let (status, answer) = curl(&["-H", same, "-d", "name=alice&password=wrong+horse+battery", &sign_in]);
    assert_ne!(status, 303, "{answer}");
    let (status, answer) = curl(&["-H", same, "-d", "name=alice&password=correct+horse+battery", &sign_in]);
    assert_eq!(status, 303, "{answer}");

    // A page of another site that makes the browser send this is refused, cookie or not.
    let (status, answer) = curl(&[
        "-H",
        "Sec-Fetch-Site: cross-site",
        "-d",
        "name=alice&password=correct+horse+battery",
        &sign_in,
    ]);
    assert_eq!(status, 403, "{answer}");
    let pause = format!("{}/api/v1/backends/reload", serving.url());
    let (status, answer) = curl(&["-X", "POST", "-H", &format!("Cookie: {cookie}"), &pause]);
    assert_eq!(status, 403, "a session without a word of where it comes from: {answer}");
    serving.stop();
}

fn cookie(answer: &str) -> String {
    let line = answer.lines().find(|line| line.to_lowercase().starts_with("set-cookie:")).unwrap();
    line.split(':').nth(1).unwrap().trim().split(';').next().unwrap().to_owned()
}

#[test]
fn a_webhook_is_told_what_happened() {
    let world = World::new();
    world.backend("10ldap", "echo '{\"status\": 1, \"message\": \"no such group\"}'; exit 1");
    let taker = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    world.configure(&format!(
        "webhooks:\n  crm:\n    url: http://{}/hook\n    secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
        taker.local_addr().unwrap()
    ));
    let serving = world.serve();
    world.submit(DOCUMENT);
    let (mut stream, _) = taker.accept().unwrap();
    let mut request = Vec::new();
    let mut piece = vec![0; 16 * 1024];
    let document: Value = loop {
        let length = std::io::Read::read(&mut stream, &mut piece).unwrap();
        request.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
        if let Ok(document) = serde_json::from_str(&body) {
            assert!(text.contains("webhook-signature: v1,"), "{text}");
            break document;
        }
        assert_ne!(length, 0, "{text}");
    };
    std::io::Write::write_all(&mut stream, b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").unwrap();
    assert_eq!(document["type"], "job.failed");
    assert_eq!(document["data"]["steps"][0]["message"], "no such group");
    serving.stop();
}
