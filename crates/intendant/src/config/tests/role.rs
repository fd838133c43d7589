//! The settings of an older program in whose place the hub stands.

use std::path::Path;
use std::time::Duration;

use model::Secret;
use scripts::Backends;
use sesame::SesameSource;

use super::{Site, environment, kinds};
use crate::assembly::Modules;
use crate::config::{Level, Loaded, Named, Places, SecretSource, load};
use crate::role::Taken;
use module::config::TimeLimit;

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
