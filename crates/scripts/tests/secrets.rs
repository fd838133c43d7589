//! No secret leaves the crate: whatever a script prints, and wherever its output is cut.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

use common::{Folder, call, run_entry, unstopped};
use engine::port::{Call, Reporter};
use model::mask::Mask;
use model::redact::take_secrets;
use model::{Outcome, OutcomeKind, Progress};
use serde_json::{Value, json};

const SECRET: &str = "Zq\"7é/canary-$ecret\\Kx9";

/// The call of a document whose `newPassword` is secret; the script still sees it.
fn secret_call(body: &Value) -> Call {
    let mut masked = body.clone();
    let secrets = take_secrets(&mut masked, &["/payload/newPassword".to_owned()]);
    assert!(!masked.to_string().contains("canary"));
    Call { mask: Arc::new(Mask::new(&secrets)), ..call(body.clone()) }
}

/// Pieces of the secret, in each way in which it may be written.
fn pieces() -> Vec<String> {
    let escaped = serde_json::to_string(SECRET).unwrap();
    let mut pieces = vec!["WnEiN8OpL2Nhbm".to_owned(), "canary".to_owned(), "ecret".to_owned()];
    for text in [SECRET, &escaped] {
        let letters: Vec<char> = text.chars().collect();
        pieces.extend(letters.windows(6).map(|window| window.iter().collect::<String>()));
    }
    pieces
}

fn assert_clean(outcome: &Outcome) {
    let stored = serde_json::to_string(outcome).unwrap();
    let texts = [
        Some(stored),
        outcome.message.clone(),
        outcome.log.clone(),
        outcome.data.as_ref().map(ToString::to_string),
    ];
    for text in texts.into_iter().flatten() {
        for piece in pieces() {
            assert!(!text.contains(&piece), "{piece:?} is in {text:.2000}");
        }
    }
}

/// What the log of this process received.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The log of this process, at the most talkative level.
fn log() -> &'static Lines {
    static LINES: OnceLock<Lines> = OnceLock::new();
    LINES.get_or_init(|| {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        lines
    })
}

fn logged() -> String {
    String::from_utf8(log().0.lock().unwrap().clone()).unwrap()
}

#[test]
fn what_a_script_echoes_is_masked_everywhere() {
    log();
    let body = json!({"concernedTo": "1", "payload": {"uid": "alain", "newPassword": SECRET}});
    let scripts = [
        "cat; exit 1",
        "cat >&2; exit 1",
        "in=$(cat); printf '%s\\n' \"ERROR: $in\" \"INFO: $in\" \"DEBUG: $in\" \"WARN: $in\" \"$in\" >&2; env >&2; exit 1",
        "in=$(cat); printf '{\"status\": 1, \"message\": %s, \"data\": %s, \"retry\": true}' \"$in\" \"$in\"",
        "base64; exit 1",
        "base64 -w0 >&2; exit 1",
        "in=$(cat); printf '%s' \"$in\" | python3 -c 'import sys,json; p=json.load(sys.stdin)[\"payload\"][\"newPassword\"]; \
         print(json.dumps({\"status\": 4, \"message\": \"bad password \" + p, p: p})); print(p, file=sys.stderr)'",
    ];
    for script in scripts {
        let folder = Folder::new();
        folder.backend("10test", "", script);
        let outcome = run_entry(&folder.load().entries[0], secret_call(&body), None);
        assert_ne!(outcome.kind, OutcomeKind::Done);
        assert_clean(&outcome);
    }
    let logged = logged();
    for level in ["ERROR", "INFO", "DEBUG", "WARN"] {
        assert!(logged.contains(level), "no {level} in {logged}");
    }
    for piece in pieces() {
        assert!(!logged.contains(&piece), "{piece:?} is in {logged}");
    }
}

/// In its answer, in text that is no answer, and when it is asked nothing any more.
#[test]
fn what_a_worker_echoes_is_masked_everywhere() {
    log();
    let body = json!({"concernedTo": "1", "payload": {"newPassword": SECRET}});
    let begin = "echo '{\"ready\":1}'; IFS= read -r line; rest=${line#*\\\"id\\\":}; id=${rest%%,*}; p=${line#*newPassword\\\":}; p=${p%\\}\\}\\}}";
    let late = "while [ ! -e ../late ]; do sleep 0.05; done; printf 'ERROR: late %s\n' \"$p\" >&2; touch ../said; read -r line";
    let scripts = [
        format!(
            "{begin}\nprintf '{{\"id\":%s,\"status\":1,\"message\":%s,\"data\":[%s]}}\n' \"$id\" \"$p\" \"$p\""
        ),
        format!("{begin}\nprintf '%s\n' \"$p\"; sleep 1000"),
        format!("{begin}\nprintf '%s\n' \"$p\" >&2; exit 1"),
        format!("{begin}\nprintf '{{\"id\":%s,\"status\":1}}\n' \"$id\"\n{late}"),
    ];
    for script in scripts {
        let folder = Folder::new();
        folder.backend("10test", "    mode: worker\n", &script);
        let loaded = folder.load();
        let outcome = run_entry(&loaded.entries[0], secret_call(&body), None);
        assert_ne!(outcome.kind, OutcomeKind::Done);
        assert_clean(&outcome);
        if script.contains("late") {
            folder.write("10test/late", "");
            let logged = || logged().contains("late ").then_some(());
            let told = testkit::wait::until(std::time::Duration::from_mins(1), logged);
            assert!(told.is_some(), "{}", self::logged());
        }
    }
    let logged = logged();
    for piece in pieces() {
        assert!(!logged.contains(&piece), "{piece:?} is in {logged}");
    }
}

#[test]
fn lines_with_a_level_become_records_with_their_context() {
    log();
    let folder = Folder::new();
    folder.backend(
        "10marked",
        "",
        "echo 'WARN: disk nearly full' >&2; echo 'just text' >&2; echo '{\"status\": 0}'",
    );
    let call = call(json!({}));
    let job = call.mark.job;
    let outcome = run_entry(&folder.load().entries[0], call, None);
    assert_eq!(outcome.log.as_deref(), Some("just text\n"));
    let logged = logged();
    let line = logged.lines().find(|line| line.contains("disk nearly full")).unwrap();
    for part in ["WARN", &job.to_string(), "10marked", "IDENTITY_UPDATE"] {
        assert!(line.contains(part), "no {part} in {line}");
    }
    assert!(!logged.contains("just text"));
}

/// The secret stands at every distance from the place where the output is cut.
#[test]
fn no_part_of_a_secret_survives_at_a_cut() {
    let body = json!({"payload": {"newPassword": SECRET}});
    for shift in 0..SECRET.len() {
        let folder = Folder::new();
        folder.write("10test/filler", "-".repeat(shift));
        folder.write("10test/secrets", format!("{SECRET}.").repeat(400));
        let script = "cat ../filler ../secrets; cat ../filler ../secrets >&2; exit 1";
        folder.backend("10test", "    limits: {output: 997}\n", script);
        let outcome = run_entry(&folder.load().entries[0], secret_call(&body), None);
        assert_clean(&outcome);
        assert!(outcome.log.unwrap().contains("bytes before this are not kept"));
    }
}

#[test]
fn the_status_is_read_before_the_answer_is_masked() {
    let folder = Folder::new();
    folder.backend("10test", "", r#"echo '{"status": 4, "message": "code 4711 is wrong"}'"#);
    let body = json!({"payload": {"newPassword": "4711"}});
    let outcome = run_entry(&folder.load().entries[0], secret_call(&body), None);
    assert_eq!(outcome.status, 4);
    assert!(!outcome.message.unwrap().contains("4711"));
}

#[test]
fn a_line_of_progress_is_told_while_the_script_runs_and_is_not_in_its_log() {
    let folder = Folder::new();
    let go = folder.path().join("go");
    let script = format!(
        "echo 'PROGRESS: {{\"done\": 3, \"of\": 4, \"status\": 1}}' >&2; echo 'just text' >&2; \
         while [ ! -e {} ]; do sleep 0.05; done; echo '{{\"status\": 0}}'",
        go.display()
    );
    folder.backend("10slow", "", &script);
    let entry = folder.load().entries.remove(0);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (_sender, mut control) = unstopped(None);
    let (progress, mut heard) = Reporter::new();
    control.progress = progress;
    let running = runtime.spawn(async move { entry.backend.run(call(json!({})), control).await });
    let said = runtime.block_on(heard.wait_for(Option::is_some)).unwrap().clone();
    assert_eq!(said, Some(Progress::of(3, 4)));
    std::fs::write(go, "").unwrap();
    let outcome = runtime.block_on(running).unwrap();
    assert_eq!((outcome.kind, outcome.log.as_deref()), (OutcomeKind::Done, Some("just text\n")));
}
