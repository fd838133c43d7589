use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Site, loaded, places};
use crate::config::{Format, Level, Origin, SecretSource, cold_keys, keys, load};

#[test]
fn the_environment_goes_before_the_file_and_the_file_before_the_default() {
    let site = Site::new("log:\n  level: warn\n  format: json\nconcurrency: 4\n");
    let loaded = site
        .load(&[
            ("INTENDANT_LOG__LEVEL", "debug"),
            ("INTENDANT_STOP__GRACE", "5"),
            ("INTENDANT_CONCURRENCY", "8"),
        ])
        .unwrap();
    assert_eq!(loaded.config.log.level, Level::Debug);
    assert_eq!(loaded.config.log.format, Format::Json);
    assert_eq!(loaded.config.stop.grace, Duration::from_secs(5));
    assert_eq!(loaded.config.concurrency.get(), 8);
    assert_eq!(loaded.origin("log.level"), Origin::Variable("INTENDANT_LOG__LEVEL".to_owned()));
    assert_eq!(loaded.origin("log.format"), Origin::File(site.path("intendant.yml"), 3));
    assert_eq!(loaded.origin("retention.jobs"), Origin::Default);
}

#[test]
fn on_a_platform_whose_disks_are_new_at_each_start_the_journal_does_not_last_unless_somebody_says_so() {
    let lasts = |text: &str, variables: &[(&str, &str)]| {
        let loaded = Site::new(text).load(variables).unwrap();
        (loaded.config.journal.durable, loaded.origin("journal.durable"))
    };
    let dyno = ("DYNO", "worker.1");
    assert_eq!(lasts("", &[]), (true, Origin::Default));
    assert_eq!(lasts("", &[dyno]), (false, Origin::Variable("DYNO".to_owned())));
    assert!(lasts("journal:\n  durable: true\n", &[dyno]).0);
    assert!(!lasts("journal:\n  durable: false\n", &[]).0);
    let variable = "INTENDANT_JOURNAL__DURABLE";
    assert_eq!(lasts("", &[dyno, (variable, "true")]), (true, Origin::Variable(variable.to_owned())));
}

#[test]
fn every_key_can_be_overridden() {
    for key in keys(&super::kinds()).into_iter().filter(|key| !key.name.contains("NAME")) {
        let variable = format!("INTENDANT_{}", key.name.replace('.', "__").to_uppercase());
        let text = match key.name.as_str() {
            "http.trusted_proxies" => "10.0.0.1, 192.0.2.0/24",
            "http.oidc.roles" => "hub-admins=admin, teachers=viewer",
            "http.oidc.default_role" => "viewer",
            "http.url" => "https://hub.example.org",
            _ if key.default.is_empty() => "/somewhere",
            _ => &key.default,
        };
        let loaded = Site::new("").load(&[(&variable, text)]).unwrap();
        assert_eq!(loaded.origin(&key.name), Origin::Variable(variable));
    }
}

#[test]
fn a_variable_that_is_not_understood_is_named() {
    let site = Site::new("");
    for (variable, text, message) in [
        ("INTENDANT_LOG__LEVEL", "loud", "\"loud\" is not understood here: write one of off, error"),
        ("INTENDANT_LOG__LEVLE", "info", "there is no key log.levle, did you mean INTENDANT_LOG__LEVEL?"),
        ("INTENDANT_CONCURENCY", "4", "there is no key concurency, did you mean INTENDANT_CONCURRENCY?"),
        ("INTENDANT_FOO__BAR", "4", "there is no key foo.bar: see the list in docs/en/configuration.md"),
        ("INTENDANT_ACTIONS__X__CLASS", "bulk", "actions are given in the file only"),
        ("INTENDANT_ACTIONS", "{}", "actions are given in the file only"),
        (
            "INTENDANT_SESAME__MAIN__REDIS",
            "redis://h",
            "it has names of its own, and is given in the file only",
        ),
        ("INTENDANT_LOG", "debug", "log is a section: name one of its keys, such as INTENDANT_LOG__LEVEL"),
    ] {
        let refusal = site.refusal(&[(variable, text)]);
        assert!(refusal.starts_with(&format!("environment variable {variable}: {message}")), "{refusal}");
    }
}

#[test]
fn what_is_not_meant_for_the_configuration_is_left_alone() {
    let others = [
        ("INTENDANT_ACTION", "IDENTITY_UPDATE"),
        ("INTENDANT_JOB_ID", "1"),
        ("INTENDANT_ATTEMPT", "1"),
        ("INTENDANT_RUN", "a/b/c"),
        ("INTENDANT_SOMETHING_OF_MINE", "x"),
        ("INTENDANT_LOG__LEVEL", ""),
        ("LOG__LEVEL", "loud"),
    ];
    assert_eq!(Site::new("").load(&others).unwrap().config.log.level, Level::Info);
}

#[test]
fn the_view_shows_every_key_with_its_origin_and_no_secret() {
    let site =
        Site::new("key: 000102030405060708090a0b0c0d0e0f\nstop: {grace: 90s}\nactions: {X: {class: bulk}}\n");
    let view = site.load(&[("INTENDANT_CONCURRENCY", "2")]).unwrap().view();
    let shown = |key: &str| {
        let shown = view.iter().find(|shown| shown.key == key).unwrap();
        let origin = shown.origin.to_string().replace(&format!("{}/", site.folder.path().display()), "");
        format!("{} {origin}", shown.value)
    };
    assert_eq!(shown("key"), "•••••• intendant.yml:1");
    assert_eq!(shown("stop.grace"), "90s intendant.yml:2");
    assert_eq!(shown("concurrency"), "2 $INTENDANT_CONCURRENCY");
    assert_eq!(shown("retention.jobs"), "90d default");
    assert_eq!(shown("socket"), "/run/intendant/intendant.sock default");
    assert_eq!(shown("actions.X.class"), "bulk intendant.yml:3");
    let keys = keys(&super::kinds());
    for key in keys.iter().filter(|key| !key.name.contains("NAME")) {
        assert!(view.iter().any(|shown| shown.key == key.name), "{}", key.name);
    }
    assert!(!format!("{view:?} {:?}", site.load(&[]).unwrap()).contains("0001020304"));
}

#[test]
fn relative_paths_start_from_the_files_folder() {
    let site = Site::new("data: {folder: data}\nbackends: {folder: /srv/backends}\nkey: file:../keys/one\n");
    let loaded = site.load(&[("INTENDANT_SOCKET", "here.sock")]).unwrap();
    let backends: scripts::Backends = loaded.sections.get();
    let config = loaded.config;
    assert_eq!(config.data.folder, site.path("data"));
    assert_eq!(backends.folder, Path::new("/srv/backends"));
    assert_eq!(config.key, SecretSource::File(site.path("../keys/one")));
    assert_eq!(config.socket, Path::new("here.sock"), "a variable's start from the working folder");
}

#[test]
fn the_named_file_goes_before_the_variable() {
    let (named, variable) = (Site::new("concurrency: 1\n"), Site::new("concurrency: 2\n"));
    let config = variable.path("intendant.yml").display().to_string();
    let places = places(&[("INTENDANT_CONFIG", &config)]);
    let loaded = load(Some(&named.path("intendant.yml")), &places, &super::kinds(), None).unwrap();
    assert_eq!((loaded.config.concurrency.get(), loaded.file), (1, Some(named.path("intendant.yml"))));
    let loaded = load(None, &places, &super::kinds(), None).unwrap();
    assert_eq!((loaded.config.concurrency.get(), loaded.file), (2, Some(PathBuf::from(config))));
}

#[test]
fn a_reload_says_what_needs_a_restart() {
    let old = loaded("socket: /run/a.sock\nlog: {level: info}\n");
    let new = loaded("socket: /run/b.sock\nlog: {level: debug, format: json}\nkey: env:KEY\n");
    let cold = cold_keys(&super::kinds());
    assert_eq!(old.needs_restart(&new, &cold), ["key", "socket", "log.format"]);
    assert!(new.needs_restart(&new, &cold).is_empty());
    let queue = loaded("sesame: {main: {queue: other}}\n");
    let changed = loaded("sesame: {main: }\n").needs_restart(&queue, &cold);
    assert!(
        changed.contains(&"sesame.NAME.queue".to_owned())
            && !changed.contains(&"sesame.NAME.hold".to_owned())
    );
    assert!(loaded("").needs_restart(&queue, &cold).contains(&"sesame.NAME.redis".to_owned()));
    let keys: Vec<_> = keys(&super::kinds()).into_iter().map(|key| key.name).collect();
    assert!(crate::config::NEED_RESTART.iter().all(|key| keys.iter().any(|k| k == key)));
}
