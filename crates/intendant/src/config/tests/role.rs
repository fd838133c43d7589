//! The settings of an older program in whose place the hub stands.

use std::path::Path;
use std::time::Duration;

use model::Secret;
use scripts::Backends;
use serde_json::json;
use sesame::SesameSource;

use super::{Site, environment, kinds};
use crate::assembly::Modules;
use crate::config::{Error, Level, Loaded, Named, Places, SecretSource, load};
use crate::role::Taken;
use module::config::TimeLimit;
use module::{Place, Role, Said, Settings};

fn laid_over(variables: &[(&str, &str)], configuration: &str) -> Loaded {
    let site = Site::new(configuration);
    let environment = environment(variables);
    let roles = Modules::new(crate::modules::all()).roles();
    let role = roles.into_iter().find(|role| role.name == "sesame-daemon").unwrap();
    let role = Taken::read(role, &environment).unwrap();
    let path = site.path("intendant.yml");
    load(Some(&path), &Places::new(environment, true), &kinds(), Some(&role)).unwrap()
}

fn queue(loaded: &Loaded) -> SesameSource {
    loaded.sections.get::<Named<SesameSource>>().0["sesame"].clone()
}

fn backends(loaded: &Loaded) -> Backends {
    loaded.sections.get()
}

#[test]
fn without_a_variable_everything_is_as_the_original_has_it() {
    let loaded = laid_over(&[], "");
    let source = queue(&loaded);
    assert_eq!(
        (source.redis.as_ref(), source.queue.as_str(), source.prefix.as_str()),
        (None, "sesame", "bull")
    );
    assert_eq!(backends(&loaded).folder, Path::new("/var/lib/sesame-daemon/backends"));
    assert_eq!(backends(&loaded).shell, Path::new("/bin/sh"));
    assert_eq!(loaded.config.log.level, Level::Info);
}

/// Folders run as they are: at any depth, without a limit, and with whatever they leave running.
#[test]
fn backends_have_the_habits_of_the_original() {
    let loaded = laid_over(&[], "");
    assert_eq!((loaded.stands_in, backends(&loaded).timeout), (true, TimeLimit(None)));
    let limited = laid_over(&[], "backends: {timeout: 5m}\n");
    assert_eq!(backends(&limited).timeout, TimeLimit(Some(Duration::from_mins(5))));
    // Somebody may have wanted just the value that is the default elsewhere.
    let same = laid_over(&[], "backends: {timeout: 1m}\n");
    assert_eq!(backends(&same).timeout, TimeLimit(Some(Duration::from_mins(1))));
}

#[test]
fn the_variables_say_it_last() {
    let variables = [
        ("SESAME_REDIS_URI", "redis://db:6379/3"),
        ("SESAME_REDIS_USER", "bob"),
        ("SESAME_REDIS_PASSWORD", "s3cret"),
        ("SESAME_NAME_QUEUE", "backend"),
        ("SESAME_BACKENDS_PATH", "/srv/backends"),
        ("SESAME_BACKENDS_EXECUTOR_SHELL", "/bin/bash"),
        ("SESAME_LOG_LEVEL", "verbose"),
    ];
    let loaded = laid_over(&variables, "backends: {folder: /elsewhere}\nlog: {level: warn}\n");
    let source = queue(&loaded);
    assert_eq!((source.queue.as_str(), source.user.as_deref()), ("backend", Some("bob")));
    assert_eq!(source.redis, Some(SecretSource::Value(Secret::new("redis://db:6379/3".to_owned()))));
    assert_eq!(backends(&loaded).folder, Path::new("/srv/backends"));
    assert_eq!(backends(&loaded).shell, Path::new("/bin/bash"));
    assert_eq!(loaded.config.log.level, Level::Trace);
    assert!(!format!("{loaded:?} {:?}", loaded.view()).contains("s3cret"));
    assert_eq!(loaded.origin("backends.folder").to_string(), "$SESAME_BACKENDS_PATH");
    assert_eq!(loaded.origin("sesame.sesame.queue").to_string(), "$SESAME_NAME_QUEUE");
}

#[test]
fn what_the_configuration_says_stays_where_no_variable_does() {
    let loaded = laid_over(&[], "backends: {folder: /elsewhere}\nlog: {level: warn}\n");
    assert_eq!(
        (backends(&loaded).folder.as_path(), loaded.config.log.level),
        (Path::new("/elsewhere"), Level::Warn)
    );
}

fn named(port: &str, configuration: &str) -> Result<Loaded, Error> {
    let text = |text: &str| Some(Secret::new(text.to_owned()));
    let place = Place::Variable("OLD_PORT".to_owned());
    let settings = Settings {
        said: vec![Said { key: "bus.old.port".to_owned(), place, text: text(port) }],
        named: [("bus".to_owned(), json!({ "old": { "host": "its own", "port": 1, "vhost": "v" } }))]
            .into_iter()
            .collect(),
        ..Settings::default()
    };
    let role = Role {
        name: "older",
        about: "",
        defaults: &[],
        has_folders: false,
        read: |_| Ok(Settings::default()),
    };
    let site = Site::new(configuration);
    let places = Places::new(environment(&[]), true);
    load(Some(&site.path("intendant.yml")), &places, &kinds(), Some(&Taken { role, settings }))
}

/// What the program has by itself counts least, then the file, then what it was told.
#[test]
fn a_role_has_sections_with_names_of_their_own() {
    let loaded = named("5673", "bus: {old: {host: mq, port: 2}, other: {host: another}}\n").unwrap();
    let value = |key: &str| loaded.view().into_iter().find(|shown| shown.key == key).unwrap();
    let values =
        ["bus.old.host", "bus.old.port", "bus.old.vhost", "bus.other.host"].map(|key| value(key).value);
    assert_eq!(values, ["mq", "5673", "v", "another"]);
    let origins = ["bus.old.port", "bus.old.vhost"].map(|key| value(key).origin.to_string());
    assert_eq!(origins, ["$OLD_PORT", "default"]);
    assert!(value("bus.old.host").origin.to_string().ends_with("intendant.yml:1"));
}

#[test]
fn what_cannot_be_is_told_with_the_variable_that_says_it() {
    let error = named("many", "").unwrap_err().to_string();
    assert!(error.contains("OLD_PORT") && error.contains("many"), "{error}");
}

/// A hub is known to have the role by what holds there by default.
#[test]
fn what_a_role_has_by_default_is_no_default_of_ours() {
    let ours = Site::new("").load(&[]).unwrap().view();
    for role in Modules::new(crate::modules::all()).roles() {
        for (key, value) in role.defaults {
            assert!(ours.iter().any(|shown| shown.key == *key && shown.value != *value), "{key}");
        }
    }
}
