//! Which folders are backends, in which order, and what is said of the others.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use common::{ACTION, Folder, call, chmod, run_entry};
use engine::port::{BackendEntry, Standing};
use intendant_scripts::{Defaults, Loaded, Problem, Severity, check, choose_folder, load};
use model::word::code;
use model::{OnError, OutcomeKind};
use serde_json::json;

const HEAD: &str = "_version: 1\nname: 'n'\ndescription: 'd'\nactive: true\n";
const ACTIONS: &str = "actions:\n  IDENTITY_UPDATE:\n    script: 'run.sh'\n";

/// A folder with one backend, whose script answers well.
fn folder(config: &str) -> Folder {
    let folder = Folder::new();
    folder.write("10n/config.yml", config);
    folder.script("10n/bin/run.sh", "#!/bin/sh\ncat >/dev/null\necho '{\"status\": 0}'\n");
    folder
}

fn loaded(config: &str) -> (Folder, Loaded) {
    let folder = folder(config);
    let known = vec!["IDENTITY_UPDATE".to_owned(), "IDENTITY_CREATE".to_owned()];
    let loaded = folder.load_with(&Defaults { known, ..Defaults::default() });
    (folder, loaded)
}

fn only(loaded: &Loaded) -> &BackendEntry {
    assert_eq!(loaded.entries.len(), 1);
    &loaded.entries[0]
}

fn names(loaded: &Loaded) -> Vec<&str> {
    loaded.entries.iter().map(|entry| &*entry.name).collect()
}

/// The only problem about a file.
fn problem<'l>(loaded: &'l Loaded, file: &str) -> &'l Problem {
    let found: Vec<_> = loaded.problems.iter().filter(|p| p.file.ends_with(file)).collect();
    assert_eq!(found.len(), 1, "{:#?}", loaded.problems);
    found[0]
}

#[test]
fn the_seeds_own_configuration_loads_without_a_word() {
    let seed = "_version: 1\n\nname: 'dummy'\ndescription: 'Dummy backend for tests'\nactive: true\nactions:\n  \
                IDENTITY_PASSWORD_CHANGE:\n    script: \"run.sh\"\n    onError: 'stop'\n  IDENTITY_UPDATE:\n    script: 'run.sh'\n    onError: 'stop'\n  \
                PING_TARGET:\n    script: 'run.sh'\n    onError: 'continue'\n";
    let (_folder, loaded) = loaded(seed);
    assert_eq!(loaded.problems, []);
    let entry = only(&loaded);
    assert_eq!((&*entry.name, entry.standing, entry.trouble.as_deref()), ("dummy", Standing::Active, None));
    let on_error: Vec<_> =
        entry.actions.iter().map(|(name, mapping)| (name.as_str(), mapping.on_error)).collect();
    assert_eq!(
        on_error,
        [
            ("IDENTITY_PASSWORD_CHANGE", OnError::Stop),
            ("IDENTITY_UPDATE", OnError::Stop),
            ("PING_TARGET", OnError::Continue)
        ]
    );
    assert_eq!(entry.actions["PING_TARGET"].limit, Some(Duration::from_mins(1)));
    assert_eq!(loaded.backend("dummy").unwrap().description(), Some("Dummy backend for tests"));
    assert_eq!(loaded.backend("10n").unwrap().name(), "dummy");
}

#[test]
fn on_error_is_continue_where_nothing_is_said() {
    let (_folder, loaded) = loaded(&format!("{HEAD}{ACTIONS}"));
    assert_eq!(only(&loaded).actions[ACTION].on_error, OnError::Continue);
}

#[test]
fn order_is_that_of_the_bytes_of_folder_names() {
    let folder = Folder::new();
    for name in ["9z", "10y", "00-p", "00", "2x", "Bw", "az", "éa"] {
        folder.backend(name, "", "true");
    }
    assert_eq!(names(&folder.load()), ["00", "00-p", "10y", "2x", "9z", "Bw", "az", "éa"]);
}

#[test]
fn what_lies_elsewhere_is_reported_and_not_loaded() {
    let folder = Folder::new();
    let config = format!("{HEAD}{ACTIONS}");
    folder.backend("10good", "", "true");
    folder.write("10good/etc/config.yml", &config);
    folder.write("20nested/inner/config.yml", &config);
    folder.write("30misnamed/myconfig.yml", &config);
    folder.write("40yaml/config.yaml", &config);
    folder.write(".hidden/config.yml", &config);
    folder.write("config.yml", &config);
    folder.write("50empty/readme.txt", "");
    folder.write("notes.txt", "");
    fs::create_dir_all(folder.path().join("elsewhere")).unwrap();
    fs::write(folder.path().join("elsewhere/config.yml"), &config).unwrap();
    fs::rename(folder.path().join("elsewhere"), folder.path().join(".target")).unwrap();
    symlink(folder.path().join(".target"), folder.path().join("60linked")).unwrap();
    let loaded = folder.load();
    assert_eq!(names(&loaded), ["10good"]);
    let root = fs::canonicalize(folder.path()).unwrap();
    let mut reported: Vec<_> = loaded
        .problems
        .iter()
        .map(|p| p.file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned())
        .collect();
    reported.sort();
    assert_eq!(
        reported,
        [
            ".hidden",
            ".target",
            "10good/etc/config.yml",
            "20nested/inner/config.yml",
            "30misnamed/myconfig.yml",
            "40yaml/config.yaml",
            "50empty",
            "60linked",
            "config.yml"
        ]
    );
    assert!(loaded.problems.iter().all(|p| p.severity == Severity::Warning && !p.remedy.is_empty()));
}

#[test]
fn a_linked_configuration_file_is_read_where_the_link_is() {
    let folder = folder(&format!("{HEAD}{ACTIONS}"));
    let (config, aside) = (folder.path().join("10n/config.yml"), folder.path().join("10n/real.yml"));
    fs::rename(&config, &aside).unwrap();
    symlink(&aside, &config).unwrap();
    assert_eq!(names(&folder.load()), ["n"]);
    fs::remove_file(&aside).unwrap();
    let loaded = folder.load();
    assert_eq!(only(&loaded).standing, Standing::Broken);
    assert!(only(&loaded).trouble.as_ref().unwrap().contains("cannot be read"));
}

#[test]
fn a_missing_folder_is_no_catastrophe_and_said() {
    let folder = Folder::new();
    let loaded = load(&folder.path().join("none"), &Defaults::default());
    assert!(loaded.entries.is_empty());
    assert!(problem(&loaded, "none").what.contains("does not exist"));
    assert_eq!(Folder::new().load().problems, []);
}

/// Defect 14 of the original: one bad file stopped the daemon and all backends.
#[test]
fn a_bad_folder_never_stops_another() {
    let bad = [
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("just text\n", "not a map"),
        ("- a\n- b\n", "a list"),
        ("a: [1\nb: 2\n", "not valid YAML"),
        ("_version: 1\n_version: 2\n", "`_version` is given twice"),
        ("a: \"\\q\"\n", "not valid YAML"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
        ("actions: [IDENTITY_UPDATE]\n", "`_version` is missing"),
    ];
    for (config, expected) in bad {
        let folder = folder(config);
        folder.backend("20good", "", "echo '{\"status\": 0}'");
        let loaded = folder.load();
        assert_eq!(names(&loaded), ["10n", "20good"], "{config:?}");
        let broken = &loaded.entries[0];
        assert_eq!((broken.standing, broken.actions.len()), (Standing::Broken, 0), "{config:?}");
        let trouble = broken.trouble.as_ref().unwrap();
        assert!(trouble.contains(expected) && trouble.contains("10n/config.yml"), "{config:?}: {trouble}");
        assert_eq!(run_entry(&loaded.entries[1], call(json!({})), None).kind, OutcomeKind::Done);
    }
    let folder = folder("");
    folder.write("10n/config.yml", b"name: \xff\xfe\n");
    assert!(only(&folder.load()).trouble.as_ref().unwrap().contains("not UTF-8"));
}

#[test]
fn a_syntax_error_has_its_line() {
    let (_folder, loaded) = loaded(&format!("{HEAD}actions:\n  X: [1\n  Y: 2\n"));
    assert_eq!(problem(&loaded, "config.yml").line, Some(7));
}

/// A head that is wrong breaks the backend in the jobs that it maps, and in no others.
/// It may stand above all actions or in one; what is said of workers beside a script holds nothing up.
#[test]
fn workers_have_rules_of_their_own() {
    let head = "_version: 1\nname: 'n'\ndescription: 'd'\nactive: true\n";
    for (more, what) in [
        ("mode: worker\nworker: {ready: 1s, grace: 1s, jobs: 5, memory: 1GiB, age: 5m}\n", None),
        ("mode: worker\nworker: {job: 5}\n", Some("`worker.job` is no key")),
        ("worker: {jobs: 5}\n", Some("`worker` is said of what is no worker")),
        ("mode: worker\nbackground: allowed\n", Some("does not hold for a worker")),
    ] {
        let (_folder, loaded) = loaded(&format!("{head}{more}{ACTIONS}"));
        assert_eq!(only(&loaded).standing, Standing::Active, "{more}");
        let found: Vec<_> = loaded.problems.iter().filter(|one| one.file.ends_with("config.yml")).collect();
        assert!(found.iter().all(|one| one.severity == Severity::Warning), "{more}: {found:?}");
        assert_eq!(
            found.first().map(|one| one.what.contains(what.unwrap_or("?"))),
            what.map(|_| true),
            "{found:?}"
        );
    }
    for more in ["worker: 5\n", "mode: worker\nworker: {jobs: 0}\n", "mode: worker\nworker: {age: soon}\n"] {
        let (_folder, loaded) = loaded(&format!("{head}{more}{ACTIONS}"));
        assert_eq!(only(&loaded).standing, Standing::Broken, "{more}");
    }
}

#[test]
fn a_broken_head_leaves_the_map() {
    let cases = [
        ("name: 'n'\ndescription: 'd'\nactive: true\n", "`_version` is missing", None),
        ("_version: 0\nname: 'n'\ndescription: 'd'\nactive: true\n", "`_version` is missing", Some(1)),
        ("_version: 1\ndescription: 'd'\nactive: true\n", "`name` is missing", None),
        ("_version: 1\nname: 42\ndescription: 'd'\nactive: true\n", "`name` is the number 42", Some(2)),
        ("_version: 1\nname: ''\ndescription: 'd'\nactive: true\n", "`name` is an empty text", Some(2)),
        ("_version: 1\nname: 'n'\nactive: true\n", "`description` is missing", None),
        ("_version: 1\nname: 'n'\ndescription: 'd'\n", "`active` is missing", None),
        ("_version: 1\nname: 'n'\ndescription: 'd'\nactive: yes\n", "`active` is the text \"yes\"", Some(4)),
        (
            "_version: 1\nname: 'n'\ndescription: 'd'\nactive: 'true'\n",
            "`active` is the text \"true\"",
            Some(4),
        ),
        (
            "_version: 1\nname: 'n'\ndescription: 'd'\nactive: true\npath: 3\n",
            "`path` is the number 3",
            Some(5),
        ),
        (
            "_version: 1\nname: 'n'\ndescription: 'd'\nactive: true\nconcurrency: 0\n",
            "`concurrency` is the number 0",
            Some(5),
        ),
        (
            "_version: 1\nname: 'n'\ndescription: 'd'\nactive: true\ntimeout: soon\n",
            "`timeout` is the text \"soon\"",
            Some(5),
        ),
        (
            "_version: 1\nname: 'n'\ndescription: 'd'\nactive: true\nrun_as: www\n",
            "`run_as: www` is not supported yet",
            Some(5),
        ),
        (
            "_version: 1\nname: 'n'\ndescription: 'd'\nactive: true\nmode: other\n",
            "`mode` is the text \"other\"",
            Some(5),
        ),
    ];
    for (head, expected, line) in cases {
        let (_folder, loaded) = loaded(&format!("{head}{ACTIONS}"));
        let entry = only(&loaded);
        assert_eq!(entry.standing, Standing::Broken, "{head}");
        assert!(entry.actions.contains_key(ACTION), "{head}");
        let trouble = entry.trouble.as_ref().unwrap();
        assert!(trouble.contains(expected) && trouble.contains("10n/config.yml"), "{trouble}");
        let problem = problem(&loaded, "config.yml");
        assert_eq!((problem.line, problem.severity), (line, Severity::Error), "{problem}");
        let outcome = run_entry(entry, call(json!({})), None);
        assert_eq!((outcome.kind, outcome.code), (OutcomeKind::Hard, Some(code::BACKEND_BROKEN)));
        assert_eq!(outcome.message.as_ref(), Some(trouble));
    }
}

#[test]
fn odd_versions_are_none_of_our_business() {
    for version in ["2", "abc", "true", "{a: 1}", "1.5"] {
        let (_folder, loaded) =
            loaded(&format!("_version: {version}\nname: n\ndescription: d\nactive: true\n{ACTIONS}"));
        assert_eq!(loaded.problems, [], "{version}");
    }
}

/// One bad action breaks only itself.
#[test]
fn a_bad_action_breaks_only_itself() {
    let cases = [
        ("IDENTITY_DELETE:", "`IDENTITY_DELETE` is empty, not a map"),
        ("IDENTITY_DELETE: run.sh", "`IDENTITY_DELETE` is the text \"run.sh\", not a map"),
        ("IDENTITY_DELETE: {onError: stop}", "names no script"),
        ("IDENTITY_DELETE: {script: 12}", "`script` is the number 12"),
        ("IDENTITY_DELETE: {script: ''}", "`script` is an empty text"),
        ("IDENTITY_DELETE: {script: run.sh, onError: halt}", "`onError` is the text \"halt\""),
        ("IDENTITY_DELETE: {script: run.sh, timeout: -1}", "`timeout` is the number -1"),
        ("IDENTITY_DELETE: {script: run.sh, retries: 5}", "`retries` is the number 5"),
        ("IDENTITY_DELETE: {script: run.sh, retries: {on_exit: [0]}}", "`retries.on_exit` is the number 0"),
        ("IDENTITY_DELETE: {script: run.sh, env: {INTENDANT_X: a}}", "cannot be a variable"),
        ("IDENTITY_DELETE: {script: run.sh, env: {A: [1]}}", "`env.A` is a list"),
        ("IDENTITY_DELETE: {script: run.sh, background: yes}", "`background` is the text \"yes\""),
        ("IDENTITY_DELETE: {script: run.sh, limits: {output: lots}}", "`limits.output` is the text \"lots\""),
        ("IDENTITY_DELETE: {script: run.sh, run_as: www}", "not supported yet"),
    ];
    for (action, expected) in cases {
        let (_folder, loaded) = loaded(&format!("{HEAD}{ACTIONS}  {action}\n"));
        let entry = only(&loaded);
        assert_eq!((entry.standing, entry.trouble.as_ref()), (Standing::Active, None), "{action}");
        let problem = problem(&loaded, "config.yml");
        assert!(problem.what.contains(expected) && problem.line == Some(8), "{action}: {problem}");
        let mut broken = call(json!({}));
        assert_eq!(run_entry(entry, broken.clone(), None).kind, OutcomeKind::Done, "{action}");
        broken.action = "IDENTITY_DELETE".into();
        let outcome = run_entry(entry, broken, None);
        assert_eq!((outcome.kind, outcome.code), (OutcomeKind::Hard, Some(code::BACKEND_BROKEN)), "{action}");
        assert_eq!(outcome.message, Some(problem.to_string()));
    }
}

#[test]
fn only_an_explicit_false_sets_a_backend_aside() {
    let config = format!("{HEAD}{ACTIONS}").replace("active: true", "active: false");
    assert_eq!(only(&loaded(&config).1).standing, Standing::Inactive);
    let broken_too = config.replace("_version: 1\n", "");
    assert_eq!(only(&loaded(&broken_too).1).standing, Standing::Inactive);
    assert_eq!(only(&loaded("active: false\nactions: 3\n").1).standing, Standing::Inactive);
}

/// Defects 5 and 6 of the original.
#[test]
fn a_backend_without_actions_maps_none() {
    for config in [HEAD.to_owned(), format!("{HEAD}actions:\n"), format!("{HEAD}actions: {{}}\n")] {
        let (_folder, loaded) = loaded(&config);
        let entry = only(&loaded);
        assert_eq!((entry.standing, entry.actions.len()), (Standing::Active, 0), "{config}");
    }
    let (_folder, loaded) = loaded(HEAD);
    assert!(problem(&loaded, "config.yml").what.contains("maps no action"));
}

#[test]
fn what_the_hub_answers_itself_is_not_mapped() {
    let (_folder, loaded) = loaded(&format!("{HEAD}{ACTIONS}  LIST_BACKENDS:\n    script: run.sh\n"));
    assert_eq!(only(&loaded).actions.len(), 1);
    assert!(problem(&loaded, "config.yml").what.contains("LIST_BACKENDS"));
}

#[test]
fn our_own_keys_stand_at_the_top_or_inside_an_action() {
    let (_folder, loaded) = loaded(&format!(
        "{HEAD}timeout: 5m\nconcurrency: 3\nretries: {{max: 7, initial: 2s, max_delay: 1m}}\n\
         actions:\n  A: {{script: run.sh}}\n  B: {{script: run.sh, timeout: 30, retries: {{max: 0}}}}\n"
    ));
    let entry = only(&loaded);
    assert_eq!((&loaded.problems[..], entry.concurrency), (&[][..], Some(3)));
    let (a, b) = (entry.actions["A"], entry.actions["B"]);
    assert_eq!((a.limit, b.limit), (Some(Duration::from_mins(5)), Some(Duration::from_secs(30))));
    let (a, b) = (a.retry.unwrap(), b.retry.unwrap());
    assert_eq!((a.max, a.initial, a.max_delay), (7, Duration::from_secs(2), Duration::from_mins(1)));
    assert_eq!(b.max, 0);
}

#[test]
fn what_scripts_ask_over_http_is_declared() {
    let gram = "{name: GrAM, url: 'https://gram.example.org', why: reads members}";
    let ldap = "{name: LDAP, url: 'http://ldap.example.org', why: reads groups}";
    let (_folder, loaded) = loaded(&format!(
        "{HEAD}depends_on: [{gram}]\nactions:\n  A: {{script: run.sh}}\n  B: {{script: run.sh, depends_on: [{ldap}, {gram}]}}\n"
    ));
    assert_eq!(loaded.problems, []);
    let names = |declared: &[model::Dependency]| declared.iter().map(|d| d.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(loaded.backends[0].depends_on()), ["GrAM", "LDAP"]);
    assert_eq!(names(only(&loaded).backend.depends_on()), ["GrAM", "LDAP"]);
    assert_eq!(loaded.backends[0].depends_on()[0].url, "https://gram.example.org");
}

/// It only informs: a slip is said, and the backend works.
#[test]
fn a_wrong_declaration_of_a_dependency_breaks_nothing() {
    for (wrong, said) in [
        ("[ldap]", "an entry of `depends_on`"),
        ("gram", "`depends_on` is"),
        ("[{name: GrAM, url: 'https://gram'}]", "has no `why`"),
        ("[{name: GrAM, url: 'ldap://gram', why: x}]", "`depends_on.url` is"),
        ("[{name: GrAM, url: 'https://gram', why: x, whi: y}]", "has a key `whi`"),
    ] {
        let (_folder, loaded) = loaded(&format!("{HEAD}depends_on: {wrong}\n{ACTIONS}"));
        let problem = problem(&loaded, "config.yml");
        assert_eq!((problem.severity, problem.line), (Severity::Warning, Some(5)), "{wrong}");
        assert!(problem.what.contains(said), "{wrong}: {problem}");
        assert_eq!(only(&loaded).standing, Standing::Active);
        assert!(loaded.backends[0].depends_on().is_empty());
    }
}

#[test]
fn a_key_that_looks_like_one_of_ours_is_a_slip() {
    let cases = [
        ("timout: 30s\n", "timeout"),
        ("Active: true\n", "active"),
        ("actions_: {}\n", "actions"),
        ("concurency: 2\n", "concurrency"),
    ];
    for (key, meant) in cases {
        let (_folder, loaded) = loaded(&format!("{HEAD}{key}{ACTIONS}"));
        let problem = problem(&loaded, "config.yml");
        assert_eq!((problem.severity, problem.line), (Severity::Warning, Some(5)), "{key}");
        assert!(problem.remedy.contains(&format!("`{meant}`")), "{problem}");
    }
    let (_folder, loaded) = loaded(&format!(
        "{HEAD}{ACTIONS}    onerror: stop\n    scriptt: x\n  IDENTITY_UDPATE: {{script: run.sh}}\n"
    ));
    let meant: Vec<_> = loaded.problems.iter().map(|p| p.remedy.as_str()).collect();
    assert_eq!(
        meant,
        [
            "write `onError` if that is meant",
            "write `script` if that is meant",
            "write IDENTITY_UPDATE if that is meant"
        ]
    );
    let free = "owner: me\ncolour: blue\nx-note: {a: 1}\n";
    assert_eq!(loaded_problems(&format!("{HEAD}{free}{ACTIONS}  HOSTING_MOUNT: {{script: run.sh}}\n")), []);
}

fn loaded_problems(config: &str) -> Vec<Problem> {
    loaded(config).1.problems
}

#[test]
fn what_is_not_supported_yet_is_said() {
    let (_folder, loaded) = loaded(&format!("{HEAD}limits: {{memory: 1GiB}}\n{ACTIONS}"));
    let problem = problem(&loaded, "config.yml");
    assert!(problem.severity == Severity::Warning && problem.what.contains("not supported yet"), "{problem}");
    assert_eq!(only(&loaded).standing, Standing::Active);
}

/// An installer that is run twice makes two folders with one name; the original lets both run.
#[test]
fn folders_that_share_a_name_go_by_their_own() {
    let folder = Folder::new();
    for name in ["01openldap", "02openldap", "03other"] {
        folder.backend(name, "", "echo '{\"status\": 0}'");
    }
    for name in ["01openldap", "02openldap"] {
        let config = folder.path().join(name).join("config.yml");
        let text = fs::read_to_string(&config).unwrap().replace(&format!("name: '{name}'"), "name: openldap");
        fs::write(config, text).unwrap();
    }
    let loaded = folder.load();
    assert_eq!(names(&loaded), ["01openldap", "02openldap", "03other"]);
    assert_eq!(loaded.problems.len(), 2);
    assert!(loaded.problems.iter().all(|p| p.severity == Severity::Warning && p.what.contains("openldap")));
    for entry in &loaded.entries {
        assert_eq!(run_entry(entry, call(json!({})), None).kind, OutcomeKind::Done);
    }
}

/// Defect 15 of the original: no check of scripts. Each of these is found by `check`, refused by a run, and cured by
/// its remedy.
#[test]
fn a_script_that_cannot_be_run_is_named_with_its_remedy() {
    type Spoil = fn(&Folder);
    let cases: [(&str, i32, Spoil); 8] = [
        ("the script does not exist", 127, |f| fs::remove_file(f.path().join("10n/bin/run.sh")).unwrap()),
        ("the directory does not exist", 127, |f| fs::remove_dir_all(f.path().join("10n/bin")).unwrap()),
        ("it is not executable", 126, |f| chmod(&f.path().join("10n/bin/run.sh"), 0o644)),
        ("anyone on this machine may change it", 126, |f| chmod(&f.path().join("10n/bin/run.sh"), 0o757)),
        ("anyone on this machine may replace the files", 126, |f| chmod(&f.path().join("10n/bin"), 0o777)),
        ("it is not a file", 126, |f| {
            fs::remove_file(f.path().join("10n/bin/run.sh")).unwrap();
            fs::create_dir(f.path().join("10n/bin/run.sh")).unwrap();
        }),
        ("which does not exist", 127, |f| {
            fs::remove_file(f.path().join("10n/bin/run.sh")).unwrap();
            symlink("../gone", f.path().join("10n/bin/run.sh")).unwrap();
        }),
        ("anyone on this machine may replace the files", 126, |f| {
            let shared = f.path().join("10n/shared");
            fs::create_dir(&shared).unwrap();
            fs::rename(f.path().join("10n/bin/run.sh"), shared.join("run.sh")).unwrap();
            chmod(&shared, 0o777);
            symlink("../shared/run.sh", f.path().join("10n/bin/run.sh")).unwrap();
        }),
    ];
    for (expected, status, spoil) in cases {
        let folder = folder(&format!("{HEAD}{ACTIONS}"));
        let good = folder.load();
        assert_eq!(good.problems, []);
        spoil(&folder);
        let problems = check(folder.path());
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(
            problems[0].what.contains(expected) && problems[0].severity == Severity::Error,
            "{}",
            problems[0]
        );
        // Also when it was good when it was loaded: files are looked at before each attempt.
        let outcome = run_entry(only(&good), call(json!({})), None);
        assert_eq!(
            (outcome.kind, outcome.status, outcome.code),
            (OutcomeKind::Hard, status, Some(code::BACKEND_BROKEN))
        );
        assert_eq!(outcome.message, Some(problems[0].to_string()));
        assert_eq!(only(&folder.load()).standing, Standing::Active, "only the action is broken");
    }
}

/// A sticky bit keeps others from replacing what is there, and lets them add a backend, or a module that a script reads.
#[test]
fn a_sticky_folder_is_open_too() {
    for path in ["10n/bin", "10n", ""] {
        let folder = folder(&format!("{HEAD}{ACTIONS}"));
        let good = folder.load();
        assert_eq!(good.problems, []);
        chmod(&folder.path().join(path), 0o1777);
        let problems = check(folder.path());
        assert_eq!(problems.len(), 1, "{path}: {problems:#?}");
        assert!(problems[0].what.contains("anyone on this machine may replace"), "{}", problems[0]);
        let outcome = run_entry(only(&good), call(json!({})), None);
        assert_eq!(outcome.code, Some(code::BACKEND_BROKEN), "{path}");
    }
}

#[test]
fn a_configuration_that_anyone_may_write_is_not_followed() {
    for file in ["10n/config.yml", "10n", ""] {
        let folder = folder(&format!("{HEAD}{ACTIONS}"));
        chmod(&folder.path().join(file), 0o777);
        let loaded = folder.load();
        assert_eq!(only(&loaded).standing, Standing::Broken);
        assert!(problem(&loaded, file).remedy.contains("chmod o-w"));
        assert_eq!(run_entry(only(&loaded), call(json!({})), None).code, Some(code::BACKEND_BROKEN));
    }
}

/// Whoever owns a folder on the way can put another one in its place.
#[test]
fn a_parent_that_anyone_may_write_is_as_bad() {
    let outer = Folder::new();
    let inner = outer.path().join("a/b");
    fs::create_dir_all(inner.join("10n/bin")).unwrap();
    outer.write("a/b/10n/config.yml", format!("{HEAD}{ACTIONS}"));
    outer.script("a/b/10n/bin/run.sh", "#!/bin/sh\necho '{\"status\": 0}'\n");
    assert_eq!(check(&inner), []);
    chmod(&outer.path().join("a"), 0o1777);
    assert_eq!(check(&inner), [], "above the folder a sticky bit is enough");
    chmod(&outer.path().join("a"), 0o777);
    let loaded = load(&inner, &Defaults::default());
    assert_eq!(only(&loaded).standing, Standing::Broken);
    assert!(problem(&loaded, "a").remedy.contains("chmod o-w"));
}

/// What root runs belongs to root: else its owner is root.
#[test]
fn what_belongs_to_somebody_else_is_not_run_as_root() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not run: giving a file to another user needs root");
        return;
    }
    for path in ["10n/bin/run.sh", "10n/bin", "10n/config.yml", "10n", ""] {
        let folder = folder(&format!("{HEAD}{ACTIONS}"));
        let good = folder.load();
        let taken = folder.path().join(path);
        std::os::unix::fs::chown(&taken, Some(12345), None).unwrap();
        let problems = check(folder.path());
        assert_eq!((problems.len(), problems[0].severity), (1, Severity::Error), "{path}: {problems:?}");
        let said = problems[0].to_string();
        for part in [
            taken.to_str().unwrap().trim_end_matches('/'),
            "user 12345",
            "mode 0",
            "chown",
            "backends.owners",
        ] {
            assert!(said.contains(part), "{path}: {part} in {said}");
        }
        if path != "10n/config.yml" {
            let outcome = run_entry(only(&good), call(json!({})), None);
            assert_eq!(outcome.code, Some(code::BACKEND_BROKEN), "{path}");
        }
        let trusting = Defaults { owners: vec![12345], ..Defaults::default() };
        let loaded = load(folder.path(), &trusting);
        assert_eq!(loaded.problems, [], "{path}");
        assert_eq!(run_entry(only(&loaded), call(json!({})), None).kind, OutcomeKind::Done, "{path}");
    }
}

#[test]
fn a_link_to_what_somebody_else_owns_is_refused() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not run: giving a file to another user needs root");
        return;
    }
    let folder = folder(&format!("{HEAD}{ACTIONS}"));
    let script = folder.path().join("10n/bin/run.sh");
    std::os::unix::fs::chown(&script, Some(12345), None).unwrap();
    fs::rename(&script, folder.path().join("10n/real.sh")).unwrap();
    symlink("../real.sh", &script).unwrap();
    let problems = check(folder.path());
    assert_eq!((problems.len(), problems[0].severity), (1, Severity::Error), "{problems:?}");
    assert!(problems[0].what.contains("12345") && problems[0].remedy.contains("chown"));
}

#[test]
fn everything_is_said_at_once() {
    let folder = folder(
        "name: 3\ntimout: 5\nactions:\n  IDENTITY_UPDATE: {script: none.sh}\n  PING_TARGET: {script: none.sh}\n  X: {}\n",
    );
    folder.write("20empty/readme", "");
    folder.write("30syntax/config.yml", "a: [");
    let said: Vec<_> =
        check(folder.path()).iter().map(|p| (p.file.file_name().unwrap().to_owned(), p.line)).collect();
    let said: Vec<_> = said.iter().map(|(file, line)| (file.to_str().unwrap(), *line)).collect();
    // In the order of the files, and of the lines in each.
    assert_eq!(
        said,
        [
            ("none.sh", None),
            ("config.yml", None),
            ("config.yml", None),
            ("config.yml", None),
            ("config.yml", Some(1)),
            ("config.yml", Some(2)),
            ("config.yml", Some(6)),
            ("20empty", None),
            ("config.yml", Some(1)),
        ]
    );
}

#[test]
fn either_spelling_of_the_folder_is_found() {
    let folder = Folder::new();
    let home = folder.path();
    assert_eq!(choose_folder(home).used, home.join("backends"));
    fs::create_dir(home.join("backend")).unwrap();
    assert_eq!(choose_folder(home).used, home.join("backend"));
    fs::create_dir(home.join("backends")).unwrap();
    let both = choose_folder(home);
    assert_eq!((both.used, both.passed_over), (home.join("backends"), Some(home.join("backend"))));
}

#[test]
fn what_bounds_a_backend_stands_at_the_top() {
    let keys = "rate: {limit: 40/s, burst: 80}\nwindows: ['* 20-23 * * *', '* * * * sat']\ntime_zone: Europe/Paris\n\
                breaker: {failures: 3, pause: 30s}\ndry_run: true\n";
    let (_folder, loaded) = loaded(&format!("{HEAD}{keys}{ACTIONS}"));
    assert_eq!(loaded.problems, []);
    let (entry, bounds) = (only(&loaded), &only(&loaded).bounds);
    assert!(entry.dry_run);
    assert_eq!(bounds.rate, model::Rate::parse("40/s", Some(80)));
    assert_eq!(bounds.windows.as_ref().unwrap().to_string(), "* 20-23 * * *; * * * * sat (Europe/Paris)");
    assert_eq!(bounds.breaker.map(|rule| (rule.failures, rule.pause)), Some((3, Duration::from_secs(30))));
}

#[test]
fn a_slip_in_what_bounds_a_backend_is_told_and_it_is_not_used() {
    for (key, told) in [
        ("rate: 5\n", "`rate` is the number 5"),
        ("rate: {limit: 5/s, bursts: 9}\n", "`rate` is a map"),
        ("windows: at night\n", "no cron pattern"),
        ("windows: '* 2 * * *'\ntime_zone: Paris\n", "no time zone"),
        ("breaker: {fails: 3}\n", "`breaker` is"),
        ("dry_run: perhaps\n", "`dry_run` is"),
    ] {
        let (_folder, loaded) = loaded(&format!("{HEAD}{key}{ACTIONS}"));
        assert!(problem(&loaded, "config.yml").what.contains(told), "{:?}", loaded.problems);
        assert_eq!(only(&loaded).standing, Standing::Broken);
    }
    let (_folder, loaded) = loaded(&format!("{HEAD}actions:\n  A: {{script: run.sh, rate: 5/s}}\n"));
    let misplaced = problem(&loaded, "config.yml");
    assert!(
        misplaced.severity == Severity::Warning && misplaced.what.contains("whole backend"),
        "{misplaced}"
    );
}
