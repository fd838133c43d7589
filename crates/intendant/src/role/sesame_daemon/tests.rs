use std::time::Duration;

use super::*;
use crate::assembly::Modules;
use crate::config::{Places, load};

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn laid_over(variables: &[(&str, &str)], file: &[(&str, &str)], configuration: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("intendant.yml");
    std::fs::write(&path, configuration).unwrap();
    let environment = environment(variables);
    let file: Vec<_> = file.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let mut loaded = load(
        Some(&path),
        &Places::new(environment.clone(), true),
        &Modules::new(crate::modules::all()).sections(),
    )
    .unwrap();
    SesameDaemon::told(&environment, &file).lay_over(&mut loaded);
    loaded
}

fn queue(loaded: &Loaded) -> SesameSource {
    loaded.sections.get::<Named<SesameSource>>().0["sesame"].clone()
}

#[test]
fn without_a_variable_everything_is_as_the_original_has_it() {
    let loaded = laid_over(&[], &[], "");
    let config = &loaded.config;
    let source = queue(&loaded);
    assert_eq!(
        (source.redis.as_ref(), source.queue.as_str(), source.prefix.as_str()),
        (None, "sesame", "bull")
    );
    assert_eq!(config.backends.folder, Path::new("/var/lib/sesame-daemon/backends"));
    assert_eq!((config.log.level, config.backends.shell.as_path()), (Level::Info, Path::new("/bin/sh")));
}

/// Folders run as they are: at any depth, without a limit, and with whatever they leave running.
#[test]
fn backends_have_the_habits_of_the_original() {
    let loaded = laid_over(&[], &[], "");
    assert_eq!((loaded.style, loaded.config.backends.timeout), (scripts::Style::Original, TimeLimit(None)));
    let limited = laid_over(&[], &[], "backends: {timeout: 5m}\n");
    assert_eq!(limited.config.backends.timeout, TimeLimit(Some(Duration::from_mins(5))));
    // Somebody may have wanted just the value that is the default elsewhere.
    let same = laid_over(&[], &[], "backends: {timeout: 1m}\n");
    assert_eq!(same.config.backends.timeout, TimeLimit(Some(Duration::from_mins(1))));
}

#[test]
fn the_variables_say_it_last_and_the_file_of_variables_before_them() {
    let variables = [
        ("SESAME_REDIS_URI", "redis://db:6379/3"),
        ("SESAME_REDIS_USER", "bob"),
        ("SESAME_REDIS_PASSWORD", "s3cret"),
        ("SESAME_NAME_QUEUE", "backend"),
        ("SESAME_BACKENDS_PATH", "/srv/backends"),
        ("SESAME_BACKENDS_EXECUTOR_SHELL", "/bin/bash"),
    ];
    let file = [("SESAME_NAME_QUEUE", "other"), ("SESAME_LOG_LEVEL", "verbose")];
    let loaded = laid_over(&variables, &file, "backends: {folder: /elsewhere}\nlog: {level: warn}\n");
    let config = &loaded.config;
    let source = queue(&loaded);
    assert_eq!((source.queue.as_str(), source.user.as_deref()), ("backend", Some("bob")));
    assert_eq!(source.redis, Some(SecretSource::Value(Secret::new("redis://db:6379/3".to_owned()))));
    assert_eq!(config.backends.folder, Path::new("/srv/backends"));
    assert_eq!((config.log.level, config.backends.shell.as_path()), (Level::Trace, Path::new("/bin/bash")));
    assert!(!format!("{loaded:?} {:?}", loaded.view()).contains("s3cret"));
    assert_eq!(loaded.origin("backends.folder").to_string(), "$SESAME_BACKENDS_PATH");
    assert_eq!(loaded.origin("sesame.sesame.queue").to_string(), "$SESAME_NAME_QUEUE");
}

#[test]
fn what_the_configuration_says_stays_where_no_variable_does() {
    let config = laid_over(&[], &[], "backends: {folder: /elsewhere}\nlog: {level: warn}\n").config;
    assert_eq!((config.backends.folder.as_path(), config.log.level), (Path::new("/elsewhere"), Level::Warn));
}

#[test]
fn levels_are_understood_in_any_case() {
    for (word, expected) in
        [("INFO", Level::Info), ("Debug", Level::Debug), ("FATAL", Level::Error), ("loud", Level::Info)]
    {
        assert_eq!(level(word), expected, "{word}");
    }
    for shell in ["true", "false"] {
        let told = SesameDaemon::told(&environment(&[("SESAME_BACKENDS_EXECUTOR_SHELL", shell)]), &[]);
        assert_eq!(told.shell, None);
    }
}
