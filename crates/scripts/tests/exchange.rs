//! How a script is started and what it is given.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;

use common::{ACTION, Folder, answer, call, run, run_entry};
use intendant_scripts::{Defaults, Severity, load};
use model::OutcomeKind;
use model::word::code;
use serde_json::{Value, json};

const DONE: &str = r#"echo '{"status": 0, "message": "done"}'"#;

/// A backend whose configuration calls a command line.
fn with_line(folder: &Folder, name: &str, line: &str) {
    let line = serde_json::to_string(line).unwrap();
    let own = name.rsplit('/').next().unwrap();
    let head = format!("_version: 1\nname: '{own}'\ndescription: 'd'\nactive: true\nactions:\n");
    folder.write(&format!("{name}/config.yml"), format!("{head}  {ACTION}:\n    script: {line}\n"));
}

#[test]
fn stdin_is_compact_json_in_order_to_the_last_byte() {
    let folder = Folder::new();
    folder.backend("10test", "", &format!("cat >../seen; {DONE}"));
    let text = r#"{"concernedTo":"66c2","payload":{"z":1,"a":{"é":"ü\n\"","list":[1,2.5,"",{}]}},"options":{"async":true}}"#;
    let body: Value = serde_json::from_str(text).unwrap();
    assert_eq!(run(&folder, body).kind, OutcomeKind::Done);
    assert_eq!(fs::read_to_string(folder.path().join("10test/seen")).unwrap(), text);
}

#[test]
fn a_large_document_goes_through_while_the_script_answers() {
    let folder = Folder::new();
    folder.backend("10test", "", r#"cat; echo; echo '{"status": 0}'"#);
    let body = json!({"payload": "x".repeat(700_000)});
    let outcome = run(&folder, body);
    assert_eq!(outcome.kind, OutcomeKind::Done);
}

/// Defect 1 of the original: it died of this.
#[test]
fn a_script_that_never_reads_is_none_the_worse_for_it() {
    let folder = Folder::new();
    folder.backend("10test", "", DONE);
    for size in [0, 10, 100_000, 1 << 20] {
        let outcome = run(&folder, json!({"payload": "x".repeat(size)}));
        assert_eq!((outcome.kind, outcome.message.as_deref()), (OutcomeKind::Done, Some("done")), "{size}");
    }
    folder.backend("10test", "", &format!("exec <&-; {DONE}"));
    assert_eq!(run(&folder, json!({"payload": "x".repeat(1 << 20)})).kind, OutcomeKind::Done);
}

#[test]
fn the_environment_is_clean_and_marked() {
    let folder = Folder::new();
    folder.backend(
        "10test",
        "    env: {TARGET: 'ldap://x', PORT: 389, TZ: 'Europe/Paris'}\n",
        &format!("tr '\\0' '\\n' </proc/self/environ >../seen; {DONE}"),
    );
    let loaded = folder.load();
    let call = call(json!({}));
    let mark = call.mark.clone();
    assert_eq!(run_entry(&loaded.entries[0], call, None).kind, OutcomeKind::Done);
    let seen = fs::read_to_string(folder.path().join("10test/seen")).unwrap();
    let seen: BTreeMap<&str, &str> = seen.lines().filter_map(|line| line.split_once('=')).collect();
    let known = ["PATH", "HOME", "LANG", "TZ", "USER", "LOGNAME", "PWD", "TARGET", "PORT"];
    for name in seen.keys() {
        assert!(
            known.contains(name) || name.starts_with("LC_") || name.starts_with("INTENDANT_"),
            "{name} leaked"
        );
    }
    assert_eq!((seen["TARGET"], seen["PORT"], seen["TZ"]), ("ldap://x", "389", "Europe/Paris"));
    assert_eq!(seen["INTENDANT_ACTION"], ACTION);
    assert_eq!(seen["INTENDANT_JOB_ID"], mark.job.to_string());
    assert_eq!(seen["INTENDANT_ATTEMPT"], "1");
    assert_eq!(seen["INTENDANT_RUN"], format!("{}/{}/0/1", mark.journal, mark.job));
    let ours: Vec<_> = seen.keys().filter(|name| name.starts_with("INTENDANT_")).collect();
    assert_eq!(ours.len(), 4, "{ours:?}");
}

#[test]
fn no_descriptor_of_the_hub_reaches_a_script() {
    let folder = Folder::new();
    let file = folder.write("open", "");
    let _open = fs::File::open(&file).unwrap();
    folder.backend("10test", "", &format!("ls -l /proc/self/fd >&2; {DONE}"));
    let log = answer(&folder).log.unwrap();
    assert!(log.contains(" -> pipe:"), "{log}");
    // Neither our file nor what watches the script itself (event and process descriptors, the runtime's own).
    for ours in [file.to_str().unwrap(), "anon_inode", "socket"] {
        assert!(!log.contains(ours), "{ours} in {log}");
    }
}

/// The layout that the real backends' installers make.
#[test]
fn installed_scripts_are_links_and_find_their_etc_and_lib() {
    let folder = Folder::new();
    let modules = folder.path().join("backends-modules/openldap");
    folder.script(
        "backends-modules/openldap/bin/upsert.sh",
        "#!/bin/sh\n. ../lib/utils.sh\nread -r line <../etc/config.conf\nanswer \"$line in $(basename \"$(dirname \"$PWD\")\")\"\n",
    );
    folder.write(
        "backends-modules/openldap/lib/utils.sh",
        "answer() { printf '{\"status\": 0, \"message\": \"%s\"}\\n' \"$1\"; }\n",
    );
    for name in ["01openldap", "02openldap"] {
        with_line(&folder, &format!("backends/{name}"), "upsert.sh --x 1");
        folder.write(&format!("backends/{name}/etc/config.conf"), format!("host={name}\n"));
        for part in ["bin/upsert.sh", "lib/utils.sh"] {
            let link = folder.path().join("backends").join(name).join(part);
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(modules.join(part), link).unwrap();
        }
    }
    let loaded = load(&folder.path().join("backends"), &Defaults::default());
    let messages: Vec<_> =
        loaded.entries.iter().map(|e| run_entry(e, call(json!({})), None).message.unwrap()).collect();
    assert_eq!(messages, ["host=01openldap in 01openldap", "host=02openldap in 02openldap"]);
    // A link out of the backends folder is worth a word to the administrator, and no more.
    assert!(loaded.problems.iter().all(|p| p.severity == Severity::Warning), "{:?}", loaded.problems);
    assert!(loaded.problems.iter().any(|p| p.what.contains("leads out")));
}

#[test]
fn a_command_line_has_arguments_pipes_and_quotes() {
    let folder = Folder::new();
    folder.script(
        "10test/bin/show.sh",
        "#!/bin/sh\nprintf '{\"status\": 0, \"message\": \"%s|%s|%s\"}' \"$1\" \"$2\" \"$3\"\n",
    );
    for (line, shown) in [
        ("show.sh --active 1", "--active|1|"),
        ("show.sh  a\tb   c ", "a|b|c"),
        ("show.sh 'a b' \"c  d\"", "a b|c  d|"),
        ("show.sh $INTENDANT_ACTION", "IDENTITY_UPDATE||"),
        ("show.sh x | cat", "x||"),
        ("show.sh x >/dev/null && bin=1 && ./show.sh y", "y||"),
        ("show.sh /etc/a ../b", "/etc/a|../b|"),
        ("./show.sh x", "x||"),
        ("../bin/show.sh x", "x||"),
    ] {
        with_line(&folder, "10test", line);
        assert_eq!(answer(&folder).message.as_deref(), Some(shown), "{line}");
    }
}

#[test]
fn a_folder_with_blanks_and_quotes_works() {
    let folder = Folder::new();
    for line in ["say it.sh", "'say it.sh' x", "plain.sh y", "plain.sh y | cat"] {
        let name = "my b'k \"$HOME\" `x`/10 test";
        with_line(&folder, name, line);
        for script in ["say it.sh", "plain.sh", "say"] {
            folder.script(&format!("{name}/bin/{script}"), format!("#!/bin/sh\n{DONE}\n"));
        }
        let loaded = load(&folder.path().join("my b'k \"$HOME\" `x`"), &Defaults::default());
        let outcome = run_entry(&loaded.entries[0], call(json!({})), None);
        assert_eq!(outcome.kind, OutcomeKind::Done, "{line}: {outcome:?}");
    }
}

#[test]
fn the_working_directory_is_bin_whatever_the_arguments_say() {
    let folder = Folder::new();
    folder.script(
        "10test/bin/sub/where.sh",
        "#!/bin/sh\nprintf '{\"status\": 0, \"message\": \"%s\"}' \"$(pwd)\"\n",
    );
    let bin = folder.path().join("10test/bin");
    for line in ["sub/where.sh", "sub/where.sh /a/b", "sub/where.sh | cat"] {
        with_line(&folder, "10test", line);
        assert_eq!(answer(&folder).message.as_deref(), bin.to_str(), "{line}");
    }
}

#[test]
fn a_script_without_a_first_line_is_run_by_the_shell() {
    let folder = Folder::new();
    with_line(&folder, "10test", "bare a");
    folder.script("10test/bin/bare", "printf '{\"status\": 0, \"message\": \"%s\"}' \"$1\"\n");
    assert_eq!(answer(&folder).message.as_deref(), Some("a"));
}

#[test]
fn an_interpreter_that_does_not_exist_is_named() {
    let folder = Folder::new();
    with_line(&folder, "10test", "run.py");
    folder.script("10test/bin/run.py", "#!/usr/bin/pyhton3 -u\n");
    let outcome = answer(&folder);
    assert_eq!(
        (outcome.kind, outcome.status, outcome.code),
        (OutcomeKind::Hard, 127, Some(code::BACKEND_BROKEN))
    );
    assert!(outcome.message.unwrap().contains("/usr/bin/pyhton3"));
    folder.script("10test/bin/run.py", "#!/bin/sh\r\nexit 0\r\n");
    let message = answer(&folder).message.unwrap();
    assert!(message.contains("as on Windows") && message.contains("sed -i"), "{message}");
}

#[test]
fn a_script_may_be_replaced_and_repaired_at_any_time() {
    let folder = Folder::new();
    folder.backend("10test", "", DONE);
    let loaded = folder.load();
    let message = || run_entry(&loaded.entries[0], call(json!({})), None).message.unwrap();
    assert_eq!(message(), "done");
    fs::remove_file(folder.path().join("10test/bin/run.sh")).unwrap();
    assert!(message().contains("does not exist"));
    // As a careful administrator replaces a file, also while it runs.
    let fresh = folder.script(
        "10test/bin/run.new",
        "#!/bin/sh\nmv run.sh run.old\necho '{\"status\": 0, \"message\": \"new\"}'\n",
    );
    fs::rename(fresh, folder.path().join("10test/bin/run.sh")).unwrap();
    assert_eq!(message(), "new");
}

#[test]
fn another_path_may_hold_the_scripts() {
    let folder = Folder::new();
    folder.backend("10test", "", DONE);
    let config = fs::read_to_string(folder.path().join("10test/config.yml")).unwrap();
    folder.write("10test/config.yml", format!("{config}path: '../.elsewhere'\n"));
    folder.script(
        ".elsewhere/bin/run.sh",
        "#!/bin/sh\nprintf '{\"status\": 0, \"message\": \"%s\"}' \"$PWD\"\n",
    );
    assert!(answer(&folder).message.unwrap().ends_with(".elsewhere/bin"));
}
