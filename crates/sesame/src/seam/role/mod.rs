//! `intendant sesame-daemon`: the hub in the place of Sesame's daemon, told by that daemon's own variables.

mod dotenv;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use model::Secret;
use module::config::{Environment, Named, SecretSource, Sections, refuse_foreign};
use module::{Place, Role, Said, Settings, document};

use super::config::SesameSource;

/// The role.
pub(super) const ROLE: Role = Role {
    name: "sesame-daemon",
    about: "Be the hub in the place of Sesame's daemon: only its own variables are needed (`SESAME_REDIS_URI`, …)",
    defaults: &[("backends.timeout", "none")],
    has_folders: true,
    read,
};

/// The name of the source that the variables describe.
const SOURCE: &str = "sesame";

/// What the variables say. What they do not say has the defaults of the original.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Daemon {
    uri: Option<Secret<String>>,
    user: Option<String>,
    password: Option<Secret<String>>,
    queue: Option<String>,
    backends: Option<PathBuf>,
    level: Option<&'static str>,
    shell: Option<PathBuf>,
}

/// From the environment, and from `.env` in the working folder, which counts less.
fn read(environment: &Environment) -> Result<Settings> {
    let file = Path::new(".env");
    let text = if file.is_file() {
        refuse_foreign(file)?;
        document::text(file).context("reading .env")?
    } else {
        String::new()
    };
    Ok(Daemon::told(environment, &dotenv::variables(&text)).settings())
}

impl Daemon {
    fn told(environment: &Environment, file: &[(String, String)]) -> Self {
        let of_file =
            |name: &str| file.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let text = |name: &str| {
            let said = environment.get(name).or_else(|| of_file(name));
            said.filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let path = |name: &str| text(name).map(PathBuf::from);
        Daemon {
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

    /// The same in our terms.
    fn settings(self) -> Settings {
        let own = |there: bool, key: &str, variable: &str| {
            let place = || Place::Variable(variable.to_owned());
            there.then(|| Said { key: format!("sesame.{SOURCE}.{key}"), place: place(), text: None })
        };
        let hubs = |text: Option<String>, key: &str, variable: &str| {
            let place = Place::Variable(variable.to_owned());
            text.map(|text| Said { key: key.to_owned(), place, text: Some(Secret::new(text)) })
        };
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let said = [
            own(self.uri.is_some(), "redis", "SESAME_REDIS_URI"),
            own(self.user.is_some(), "user", "SESAME_REDIS_USER"),
            own(self.password.is_some(), "password", "SESAME_REDIS_PASSWORD"),
            own(self.queue.is_some(), "queue", "SESAME_NAME_QUEUE"),
            hubs(path(&self.backends), "backends.folder", "SESAME_BACKENDS_PATH"),
            hubs(self.level.map(str::to_owned), "log.level", "SESAME_LOG_LEVEL"),
            hubs(path(&self.shell), "backends.shell", "SESAME_BACKENDS_EXECUTOR_SHELL"),
        ];
        Settings {
            said: said.into_iter().flatten().collect(),
            put: Some(Arc::new(move |sections: &mut Sections| self.describe(sections))),
            ..Settings::default()
        }
    }

    /// Says of the queue what the variables say.
    fn describe(&self, sections: &mut Sections) {
        let mut queues: Named<SesameSource> = sections.get();
        let source = queues.0.entry(SOURCE.to_owned()).or_default();
        let secret = |secret: &Secret<String>| SecretSource::Value(secret.clone());
        source.redis = self.uri.as_ref().map(secret).or(source.redis.take());
        source.password = self.password.as_ref().map(secret).or(source.password.take());
        source.user = self.user.clone().or(source.user.take());
        if let Some(queue) = &self.queue {
            source.queue.clone_from(queue);
        }
        sections.put(queues);
    }
}

/// The original's levels, in any case, as ours; one that it does not know is `info` there too.
fn level(word: &str) -> &'static str {
    match word.to_ascii_lowercase().as_str() {
        "fatal" | "error" => "error",
        "warn" => "warn",
        "debug" => "debug",
        "verbose" => "trace",
        _ => "info",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(variables: &[(&str, &str)], file: &[(&str, &str)]) -> Settings {
        let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        Daemon::told(&owned(variables).into_iter().collect(), &owned(file)).settings()
    }

    fn text<'s>(settings: &'s Settings, key: &str) -> Option<&'s str> {
        settings.said.iter().find(|said| said.key == key)?.text.as_ref().map(|text| text.expose().as_str())
    }

    #[test]
    fn variables_count_more_than_the_file_of_variables() {
        let file = [("SESAME_NAME_QUEUE", "other"), ("SESAME_LOG_LEVEL", "verbose")];
        let settings = told(&[("SESAME_NAME_QUEUE", "backend")], &file);
        assert_eq!(text(&settings, "log.level"), Some("trace"));
        let mut sections = Sections::default();
        settings.put.as_ref().unwrap()(&mut sections);
        assert_eq!(sections.get::<Named<SesameSource>>().0[SOURCE].queue, "backend");
        let keys: Vec<&str> = settings.said.iter().map(|said| said.key.as_str()).collect();
        assert_eq!(keys, ["sesame.sesame.queue", "log.level"]);
    }

    #[test]
    fn levels_are_understood_in_any_case() {
        for (word, expected) in [("INFO", "info"), ("Debug", "debug"), ("FATAL", "error"), ("loud", "info")] {
            assert_eq!(level(word), expected, "{word}");
        }
    }

    #[test]
    fn the_usual_shell_is_no_setting() {
        for shell in ["true", "false"] {
            assert!(told(&[("SESAME_BACKENDS_EXECUTOR_SHELL", shell)], &[]).said.is_empty());
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let settings = told(&[("SESAME_REDIS_PASSWORD", "s3cret")], &[]);
        assert!(settings.said.len() == 1 && !format!("{settings:?}").contains("s3cret"));
    }
}
