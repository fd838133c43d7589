//! Folders of the original run as they are, where the hub stands in its place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use common::{ACTION, Folder, call, chmod, run_entry};
use engine::port::Standing;
use intendant_scripts::{Defaults, Loaded, Severity, Style, kill_carriers};
use model::{Outcome, OutcomeKind, RunMark};
use serde_json::json;

const DONE: &str = r#"echo '{"status": 0, "message": "done"}'"#;

fn original() -> Defaults {
    Defaults { style: Style::Original, limit: None, ..Defaults::default() }
}

fn load(folder: &Folder) -> Loaded {
    folder.load_with(&original())
}

fn names(loaded: &Loaded) -> Vec<&str> {
    loaded.entries.iter().map(|entry| &*entry.name).collect()
}

/// Writes a backend into any folder, and its configuration into any file.
fn backend(folder: &Folder, place: &str, file: &str, name: &str) {
    folder.backend(place, "", DONE);
    let config = folder.path().join(place).join("config.yml");
    let text =
        fs::read_to_string(&config).unwrap().replace(&format!("name: '{place}'"), &format!("name: '{name}'"));
    fs::remove_file(config).unwrap();
    folder.write(&format!("{place}/{file}"), text);
}

fn outcome(folder: &Folder) -> (Outcome, RunMark) {
    let loaded = load(folder);
    let call = call(json!({"concernedTo": "1"}));
    let mark = call.mark.clone();
    let outcome = run_entry(&loaded.entries[0], call, None);
    drop(loaded);
    (outcome, mark)
}

#[test]
fn backends_lie_at_any_depth_and_run_in_the_order_of_their_paths() {
    let folder = Folder::new();
    for (place, name) in
        [("00", "b"), ("00-p", "a"), ("9z", "f"), ("10y", "d"), (".hidden", "0"), ("sub/deep/er", "h")]
    {
        backend(&folder, place, "config.yml", name);
    }
    backend(&folder, "10y/etc", "config.yml", "e");
    backend(&folder, "00/more", "myconfig.yml", "c");
    backend(&folder, "9z/x", "config.yaml", "no");
    backend(&folder, "9z/y", "config.yml.bak", "no");
    folder.write("config.yml", "_version: 1\nname: 'g'\ndescription: ''\nactive: true\n");
    let loaded = load(&folder);
    assert_eq!(names(&loaded), ["0", "a", "b", "c", "d", "e", "f", "g", "h"]);
    for entry in loaded.entries.iter().filter(|entry| &*entry.name != "g") {
        assert_eq!(run_entry(entry, call(json!({})), None).kind, OutcomeKind::Done, "{}", entry.name);
    }
}

#[test]
fn links_to_folders_are_passed_over_without_a_word_and_links_out_of_the_folder_are_nobodys_business() {
    let folder = Folder::new();
    let root = Folder::new();
    folder.backend("module", "", DONE);
    symlink(folder.path().join("module"), root.path().join("50linked")).unwrap();
    fs::create_dir_all(root.path().join("10real/bin")).unwrap();
    symlink(folder.path().join("module/config.yml"), root.path().join("10real/config.yml")).unwrap();
    symlink(folder.path().join("module/bin/run.sh"), root.path().join("10real/bin/run.sh")).unwrap();
    let loaded = load(&root);
    assert_eq!((names(&loaded), loaded.problems.as_slice()), (vec!["module"], &[][..]));
    assert_eq!(run_entry(&loaded.entries[0], call(json!({})), None).kind, OutcomeKind::Done);
}

#[test]
fn an_empty_description_is_one() {
    let folder = Folder::new();
    folder.backend("10test", "", DONE);
    let config = fs::read_to_string(folder.path().join("10test/config.yml")).unwrap();
    folder.write("10test/config.yml", config.replace("description: 'a test'", "description: ''"));
    let loaded = load(&folder);
    assert_eq!((loaded.problems.as_slice(), loaded.entries[0].standing), (&[][..], Standing::Active));
}

#[test]
fn a_configuration_without_a_version_or_a_name_is_passed_over_and_said() {
    let folder = Folder::new();
    for (place, taken) in [("10a", "_version: 1\n"), ("20b", "name: '20b'\n")] {
        folder.backend(place, "", DONE);
        let config = fs::read_to_string(folder.path().join(place).join("config.yml")).unwrap();
        folder.write(&format!("{place}/config.yml"), config.replace(taken, ""));
    }
    folder.write("30c/config.yml", "_version: 0\nname: 'c'\n");
    folder.backend("40d", "", DONE);
    let loaded = load(&folder);
    assert_eq!(names(&loaded), ["40d"]);
    let said: Vec<_> =
        loaded.problems.iter().map(|problem| (problem.severity, problem.what.as_str())).collect();
    let passed_over = |key| format!("it has no `{key}`, so it is no backend's and is passed over");
    let (version, name) = (passed_over("_version"), passed_over("name"));
    assert_eq!(
        said,
        [(Severity::Warning, version.as_str()), (Severity::Warning, &name), (Severity::Warning, &version)]
    );
}

#[test]
fn what_holds_the_output_is_waited_for_and_what_it_prints_counts() {
    let folder = Folder::new();
    folder.backend("10test", "", "(sleep 4; echo '{\"status\": 0, \"message\": \"late\"}') &\nexit 0");
    assert_eq!(outcome(&folder).0.message.as_deref(), Some("late"));
    // Elsewhere it has a moment, and no more.
    let loaded = folder.load();
    assert_ne!(run_entry(&loaded.entries[0], call(json!({})), None).kind, OutcomeKind::Done);
}

#[test]
fn what_was_left_with_its_output_closed_lives_on() {
    let folder = Folder::new();
    folder.backend("10test", "", &format!("sleep 1000 >/dev/null 2>&1 </dev/null &\n{DONE}"));
    let (outcome, mark) = outcome(&folder);
    assert_eq!(outcome.message.as_deref(), Some("done"));
    let ended = kill_carriers([&mark]);
    assert_eq!(ended.gone.len(), 1, "{ended:?}");
}

#[test]
fn a_backend_may_say_otherwise() {
    let folder = Folder::new();
    folder.backend("10test", "    background: ended\n", &format!("sleep 1000 &\n{DONE}"));
    let (outcome, mark) = outcome(&folder);
    assert_eq!((outcome.message.as_deref(), kill_carriers([&mark]).is_empty()), (Some("done"), true));
}

#[test]
fn there_is_no_limit_but_one_that_is_configured_which_ends_what_holds_the_output() {
    let folder = Folder::new();
    folder.backend("10test", "", DONE);
    assert_eq!(load(&folder).entries[0].actions[ACTION].limit, None);
    folder.backend("10test", "    timeout: 1s\n", &format!("sleep 1000 &\n{DONE}"));
    assert_eq!(load(&folder).entries[0].actions[ACTION].limit, Some(Duration::from_secs(1)));
    let (outcome, mark) = outcome(&folder);
    // The script itself had ended well: what it came to counts.
    assert_eq!((outcome.kind, outcome.message.as_deref()), (OutcomeKind::Done, Some("done")));
    assert!(kill_carriers([&mark]).is_empty());
}

#[test]
fn what_anyone_may_change_is_not_run_there_either() {
    let folder = Folder::new();
    folder.backend("sub/10test", "", DONE);
    chmod(&folder.path().join("sub"), 0o1777);
    let loaded = load(&folder);
    assert_eq!(loaded.entries[0].standing, Standing::Broken);
    assert!(loaded.entries[0].trouble.as_ref().unwrap().contains("chmod o-w"));
}
