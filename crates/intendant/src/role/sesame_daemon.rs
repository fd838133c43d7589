//! `intendant sesame-daemon`: the hub in the place of Sesame's daemon, told by that daemon's own variables.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use model::Secret;

use super::dotenv;
use sesame::SesameSource;

use crate::config::{Environment, Level, Loaded, Named, Origin, SecretSource, TimeLimit};
use crate::context::refuse_foreign;

/// The name of the source that the variables describe.
const SOURCE: &str = "sesame";
/// Where the package of the original has its folders.
const HOME: &str = "/var/lib/sesame-daemon";

/// What the variables say. What they do not say has the defaults of the original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SesameDaemon {
    uri: Option<Secret<String>>,
    user: Option<String>,
    password: Option<Secret<String>>,
    queue: Option<String>,
    backends: Option<PathBuf>,
    level: Option<Level>,
    shell: Option<PathBuf>,
}

impl SesameDaemon {
    /// From the environment, and from `.env` in the working folder, which counts less.
    pub fn read(environment: &Environment) -> Result<Self> {
        let file = Path::new(".env");
        let text = if file.is_file() {
            refuse_foreign(file)?;
            std::fs::read_to_string(file).context("reading .env")?
        } else {
            String::new()
        };
        Ok(SesameDaemon::told(environment, &dotenv::variables(&text)))
    }

    /// The same for commands beside a hub: only when there is one of these variables, and without complaint.
    pub fn if_told(environment: &Environment) -> Option<Self> {
        SesameDaemon::read(environment)
            .ok()
            .filter(|told| *told != SesameDaemon::told(&Environment::default(), &[]))
    }

    fn told(environment: &Environment, file: &[(String, String)]) -> Self {
        let of_file =
            |name: &str| file.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let text = |name: &str| {
            let said = environment.get(name).or_else(|| of_file(name));
            said.filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let path = |name: &str| text(name).map(PathBuf::from);
        SesameDaemon {
            uri: text("SESAME_REDIS_URI").map(Secret::new),
            user: text("SESAME_REDIS_USER"),
            password: text("SESAME_REDIS_PASSWORD").map(Secret::new),
            queue: text("SESAME_NAME_QUEUE"),
            backends: path("SESAME_BACKENDS_PATH").map(|path| std::path::absolute(&path).unwrap_or(path)),
            level: text("SESAME_LOG_LEVEL").map(|word| level(&word)),
            // "true" is the original's own default: the usual shell.
            shell: path("SESAME_BACKENDS_EXECUTOR_SHELL").filter(|path| path.is_absolute()),
        }
    }

    /// Lays it over what else is configured: these variables say it last.
    pub fn lay_over(&self, loaded: &mut Loaded) {
        let elsewhere = loaded.origin("backends.folder") != Origin::Default;
        loaded.style = scripts::Style::Original;
        if loaded.origin("backends.timeout") == Origin::Default {
            loaded.config.backends.timeout = TimeLimit(None);
        }
        for (key, variable) in self.said() {
            loaded.comes_from(key, Origin::Variable(variable.to_owned()));
        }
        let config = &mut loaded.config;
        if let Some(backends) = &self.backends {
            config.backends.folder.clone_from(backends);
        } else if !elsewhere {
            config.backends.folder = scripts::choose_folder(Path::new(HOME)).used;
        }
        config.log.level = self.level.unwrap_or(config.log.level);
        if let Some(shell) = &self.shell {
            config.backends.shell.clone_from(shell);
        }
        let mut queues: Named<SesameSource> = loaded.sections.get();
        let source = queues.0.entry(SOURCE.to_owned()).or_default();
        let secret = |secret: &Secret<String>| SecretSource::Value(secret.clone());
        source.redis = self.uri.as_ref().map(secret).or(source.redis.take());
        source.password = self.password.as_ref().map(secret).or(source.password.take());
        source.user = self.user.clone().or(source.user.take());
        if let Some(queue) = &self.queue {
            source.queue.clone_from(queue);
        }
        loaded.sections.put(queues);
    }
}

impl SesameDaemon {
    /// The keys that they say, each with its variable.
    fn said(&self) -> Vec<(String, &'static str)> {
        let source = |key: &str| format!("sesame.{SOURCE}.{key}");
        let all = [
            (self.uri.is_some(), source("redis"), "SESAME_REDIS_URI"),
            (self.user.is_some(), source("user"), "SESAME_REDIS_USER"),
            (self.password.is_some(), source("password"), "SESAME_REDIS_PASSWORD"),
            (self.queue.is_some(), source("queue"), "SESAME_NAME_QUEUE"),
            (self.backends.is_some(), "backends.folder".to_owned(), "SESAME_BACKENDS_PATH"),
            (self.level.is_some(), "log.level".to_owned(), "SESAME_LOG_LEVEL"),
            (self.shell.is_some(), "backends.shell".to_owned(), "SESAME_BACKENDS_EXECUTOR_SHELL"),
        ];
        all.into_iter().filter(|(said, ..)| *said).map(|(_, key, variable)| (key, variable)).collect()
    }
}

/// The original's levels, in any case; one that it does not know is `info` there too.
fn level(word: &str) -> Level {
    match word.to_ascii_lowercase().as_str() {
        "fatal" | "error" => Level::Error,
        "warn" => Level::Warn,
        "debug" => Level::Debug,
        "verbose" => Level::Trace,
        _ => Level::Info,
    }
}

#[cfg(test)]
mod tests;
