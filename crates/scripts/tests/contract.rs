//! One handler in each language, with the helper that lies in `examples/workers`, is run once for each job and is asked
//! again and again: what comes of it is the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{Folder, call, run_entry, workers};
use engine::port::{BackendEntry, Call};
use model::{Outcome, OutcomeKind};
use serde_json::{Value, json};

/// Only a test that fails waits so long.
const LONG: Duration = Duration::from_mins(1);

/// A language, its helper, and a handler: what it is asked stands in the document, and whatever it prints besides is none
/// of its answer.
const LANGUAGES: [(&str, &str, &str); 3] = [
    (
        "sh",
        "intendant.sh",
        r#"#!/bin/sh
handle() {
    document=$(cat)
    echo "INFO: $INTENDANT_ACTION" >&2
    echo "attempt $INTENDANT_ATTEMPT of $INTENDANT_JOB_ID" >&2
    progress '{"done": 1, "of": 2}'
    case "$document" in
    *'"ask":"echo"'*) printf '{"status": 0, "message": "m",\n "data": %s}\n' "$document" ;;
    *'"ask":"refuse"'*) echo '{"status": 4, "message": "no"}' ;;
    *'"ask":"later"'*) echo '{"status": 1, "message": "busy", "retry_after": 7}' ;;
    *'"ask":"notice"'*) echo '{"status": 0, "notices": [{"name": "n", "data": 1}]}' ;;
    *) echo broken >&2; return 1 ;;
    esac
}
. ./intendant.sh
"#,
    ),
    (
        "py",
        "intendant.py",
        r#"#!/usr/bin/env python3
import subprocess, sys
from intendant import run
def handle(request):
    print("INFO:", request["action"], file=sys.stderr)
    print("attempt", request["attempt"], "of", request["job"])
    sys.stdout.flush()
    subprocess.run(["cat"])
    request["progress"](done=1, of=2)
    ask = request["document"]["ask"]
    if ask == "echo":
        return {"message": "m", "data": request["document"]}
    if ask == "refuse":
        return {"status": 4, "message": "no"}
    if ask == "later":
        return {"status": 1, "message": "busy", "retry_after": 7}
    if ask == "notice":
        return {"notices": [{"name": "n", "data": 1}]}
    raise ValueError("broken")
run(handle)
"#,
    ),
    (
        "js",
        "intendant.js",
        r#"#!/usr/bin/env node
require("./intendant.js").run(async (request) => {
  console.error("INFO: " + request.action);
  console.log(`attempt ${request.attempt} of ${request.job}`);
  request.progress({ done: 1, of: 2 });
  switch (request.document.ask) {
    case "echo": return { message: "m", data: request.document };
    case "refuse": return { status: 4, message: "no" };
    case "later": return { status: 1, message: "busy", retry_after: 7 };
    case "notice": return { notices: [{ name: "n", data: 1 }] };
    default: throw new Error("broken");
  }
});
"#,
    ),
];

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/workers")
}

/// The handler twice: run once for each job, and kept.
fn both(folder: &Folder, (suffix, helper, handler): (&str, &str, &str)) -> Vec<BackendEntry> {
    for (name, mode) in [("10once", "script"), ("20kept", "worker")] {
        let script = format!("run.{suffix}");
        folder.backend(name, &format!("    mode: {mode}\n"), "");
        let config = folder.path().join(name).join("config.yml");
        let text = fs::read_to_string(&config).unwrap().replace("run.sh", &script);
        fs::write(config, text).unwrap();
        folder.script(&format!("{name}/bin/{script}"), handler);
        folder.write(&format!("{name}/bin/{helper}"), fs::read(examples().join(helper)).unwrap());
    }
    folder.load().entries
}

/// What a caller sees of it, and what is kept with the job.
fn seen(outcome: Outcome) -> Value {
    // Where in the helper an exception was caught depends on the way; that it was broken is said in both.
    let log = outcome.log.unwrap_or_default();
    let log: Vec<&str> =
        log.lines().filter(|line| line.starts_with("attempt") || line.contains("broken")).collect();
    // Whether it is called a script or a worker, where it says nothing itself.
    let message = outcome.message.map(|message| message.replace("the worker", "the script"));
    json!({"kind": outcome.kind, "status": outcome.status, "message": message, "data": outcome.data,
        "notices": outcome.notices, "after": outcome.retry_after, "log": log})
}

#[test]
fn a_handler_does_the_same_both_ways() {
    for language in LANGUAGES {
        let folder = Folder::new();
        let entries = both(&folder, language);
        for (ask, kind) in [
            ("echo", OutcomeKind::Done),
            ("refuse", OutcomeKind::Hard),
            ("later", OutcomeKind::Soft),
            ("notice", OutcomeKind::Done),
            ("break", OutcomeKind::Hard),
            ("echo", OutcomeKind::Done),
        ] {
            let text = "\u{2028} \"id\":\"x\",\"document\":{} é 'q' \\ \r\n\t";
            let call = call(json!({"ask": ask, "text": text, "list": [1, 2.5, null, true]}));
            let [once, kept] = [0, 1].map(|way| run_entry(&entries[way], call.clone(), None));
            assert_eq!(kept.kind, kind, "{}: {kept:?}", language.0);
            assert_eq!(seen(once), seen(kept), "{} {ask}", language.0);
        }
    }
}

#[test]
fn a_large_document_passes_through_every_helper() {
    for language in LANGUAGES {
        let folder = Folder::new();
        let document = json!({"ask": "echo", "text": "x".repeat(200_000)});
        for entry in both(&folder, language) {
            let outcome = run_entry(&entry, call(document.clone()), None);
            assert_eq!(outcome.data.unwrap()["data"], document, "{} {}", language.0, entry.name);
        }
    }
}

/// What really goes over the pipes, held against the schema that people are given.
#[test]
fn every_line_is_as_its_schema_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/worker.schema.json");
    let whole: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let fits = |kind: &str, line: &Value| {
        let mut schema = whole.clone();
        schema.as_object_mut().unwrap().remove("anyOf");
        schema["$ref"] = format!("#/$defs/{kind}").into();
        jsonschema::validator_for(&schema).unwrap().is_valid(line)
    };
    for language in LANGUAGES {
        let folder = Folder::new();
        let entries = both(&folder, language);
        // The worker's two streams pass through files that keep them.
        let bin = folder.path().join("20kept/bin");
        fs::rename(bin.join(format!("run.{}", language.0)), bin.join(format!("real.{}", language.0)))
            .unwrap();
        let through = format!("#!/bin/sh\ntee ../asked | ./real.{} | tee ../said\n", language.0);
        folder.script(&format!("20kept/bin/run.{}", language.0), through);
        let deadline = Some("2026-11-27T01:02:03Z".parse().unwrap());
        let kept = &entries[1];
        for ask in ["echo", "later", "notice"] {
            let mut asked = Call { deadline, ..call(json!({"ask": ask})) };
            asked.mark.journal = uuid::Uuid::nil();
            assert_ne!(run_entry(kept, asked, None).kind, OutcomeKind::Hard, "{}", language.0);
        }
        let lines = |name: &str| -> Vec<Value> {
            let text = fs::read_to_string(folder.path().join("20kept").join(name)).unwrap();
            let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            whole.map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        // What passes through is kept a moment after it has passed.
        let kept = || (lines("asked").len() >= 3 && lines("said").len() >= 7).then_some(());
        testkit::wait::until(LONG, kept);
        let (asked, said) = (lines("asked"), lines("said"));
        assert_eq!((asked.len(), said.len()), (3, 7), "{}: {said:?}", language.0);
        assert!(asked.iter().all(|line| fits("request", line)), "{asked:?}");
        let kinds: Vec<&str> = said
            .iter()
            .map(|line| {
                let kinds = ["ready", "progress", "answer", "request"].into_iter();
                let all: Vec<&str> = kinds.filter(|kind| fits(kind, line)).collect();
                assert_eq!(all.len(), 1, "{line} is {all:?}");
                all[0]
            })
            .collect();
        let each = ["progress", "answer"];
        assert_eq!(kinds, ["ready"].into_iter().chain(each).chain(each).chain(each).collect::<Vec<_>>());
        let _ = workers::READY;
    }
}
