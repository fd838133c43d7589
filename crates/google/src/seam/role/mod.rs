//! `intendant google-directory-daemon`: the hub in the place of that daemon, told by its file and its variables.

mod file;
mod routes;

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use model::Secret;
use module::config::{Environment, refuse_foreign};
use module::exit::misuse;
use module::{Place, Role, Said, Settings};

use file::Values;

/// The role.
pub(super) const ROLE: Role = Role {
    name: "google-directory-daemon",
    about: "Be the hub in the place of the Google directory daemon: its config/config.yml and GDD_* variables are read",
    defaults: &[("log.level", "debug"), ("log.output", "stdout"), ("stop.grace", "20s")],
    has_folders: false,
    read,
};

/// The file, in the working folder.
const FILE: &str = "config/config.yml";
/// What its variables begin with.
const PREFIX: &str = "GDD_";
/// The variables that name the environment; the first that is there counts.
const ENVIRONMENTS: [&str; 3] = ["GDD_ENV", "GOOGLE_DIRECTORY_DAEMON_ENV", "RAKE_ENV"];
/// The variables that say the level, before the file does.
const LEVELS: [&str; 3] = ["GDD_LOGGER_LEVEL", "LOGGER_LEVEL", "logger_level"];

/// How a value of the original becomes one of ours.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Secret,
    Millis,
    Level,
}

/// Our keys, each with those of the original, of which the first that says something counts.
const KEYS: &[(&str, &[&str], Form)] = &[
    ("bus.gdd.application_id", &["application_id"], Form::Text),
    ("bus.gdd.host", &["rabbitmq_host"], Form::Text),
    ("bus.gdd.port", &["rabbitmq_port"], Form::Text),
    ("bus.gdd.vhost", &["rabbitmq_vhost"], Form::Text),
    ("bus.gdd.user", &["rabbitmq_user"], Form::Text),
    ("bus.gdd.password", &["rabbitmq_password"], Form::Secret),
    ("bus.gdd.deferred", &["rabbitmq_deferred_time"], Form::Millis),
    ("bus.gdd.max_attempts", &["rabbitmq_max_attempts"], Form::Text),
    (
        "bus.gdd.event_exchange",
        &["rabbitmq_event_exchange_name", "rabbitmq_exchange_name", "exchange_name"],
        Form::Text,
    ),
    ("bus.gdd.log_key", &["log_routing_key"], Form::Text),
    ("log.level", &["logger_level"], Form::Level),
    ("google.gram.url", &["gram_api_host"], Form::Text),
    ("google.gram.user", &["gram_api_user"], Form::Text),
    ("google.gram.password", &["gram_api_password"], Form::Secret),
    ("google.subject", &["admin_user_id"], Form::Text),
];

/// What the original knows and does not use either, or has no meaning here.
const UNUSED: &[&str] =
    &["application_name", "rabbitmq_queue_name", "message_handler_map", "authorizer", "gram_api_proxy"];
/// Variables that are read elsewhere.
const ELSEWHERE: &[&str] = &["env", "google_client_secret", "service_account_credentials", "redis_url"];

fn read(environment: &Environment) -> Result<Settings> {
    let name = ENVIRONMENTS.iter().find_map(|name| environment.get(name)).unwrap_or("development");
    let path = Path::new(FILE);
    let values = if path.is_file() {
        refuse_foreign(path)?;
        let text = module::document::text(path).map_err(|error| misuse(anyhow!("{FILE}: {error}")))?;
        file::read(&text, name).map_err(|why| misuse(anyhow!("{FILE}: {why}")))?
    } else {
        Values::new()
    };
    let exists = |file: &str| Path::new(file).is_file();
    Daemon { environment, values, exists: &exists }.settings().map_err(|why| misuse(anyhow!(why)))
}

/// What the original is told.
struct Daemon<'d> {
    environment: &'d Environment,
    values: Values,
    /// Whether there is such a file.
    exists: &'d dyn Fn(&str) -> bool,
}

impl Daemon<'_> {
    /// The same in our terms.
    fn settings(&self) -> Result<Settings, String> {
        let mut said = Vec::new();
        for (key, old, form) in KEYS {
            if let Some((text, place)) = old.iter().find_map(|old| self.value(old)) {
                let text = form.text(&text, &place)?;
                said.push(Said { key: (*key).to_owned(), place, text: Some(Secret::new(text)) });
            }
        }
        said.extend(self.credentials());
        Ok(Settings { said, named: routes::named(), remarks: self.remarks(), ..Settings::default() })
    }

    /// What the original would take for a key: its variable, also one that is empty, else its file. Nothing = not said.
    fn value(&self, key: &str) -> Option<(String, Place)> {
        let variables = match key {
            "logger_level" => LEVELS.map(str::to_owned).to_vec(),
            _ => vec![variable(key)],
        };
        let set =
            variables.into_iter().find_map(|name| Some((self.environment.set(&name)?.to_owned(), name)));
        let said = match (set, self.values.get(key)) {
            (Some((text, name)), _) => Some((text, Place::Variable(name))),
            (None, Some((Some(text), line))) => Some((text.clone(), Place::File(PathBuf::from(FILE), *line))),
            (None, _) => None,
        };
        said.filter(|(text, _)| !text.is_empty())
    }

    /// How Google lets us in: as the original, by a service account where there is one.
    fn credentials(&self) -> Vec<Said> {
        let service = self.credential("google.service_account", "service_account_credentials");
        if let Some(service) = service {
            return vec![service];
        }
        let Some(client) = self.credential("google.client_secret", "google_client_secret") else {
            return Vec::new();
        };
        let (key, place, text) = match self.redis() {
            Some((text, place)) => {
                let text = if let Place::Variable(name) = &place { format!("env:{name}") } else { text };
                ("google.redis", place, text)
            }
            None => ("google.tokens", client.place.clone(), absolute("secrets/tokens.yaml")),
        };
        let tokens = Said { key: key.to_owned(), place, text: Some(Secret::new(text)) };
        vec![client, tokens]
    }

    /// Where grants are kept beside other things of the platform.
    fn redis(&self) -> Option<(String, Place)> {
        let platform = self.environment.get("REDIS_URL");
        let platform = platform.map(|url| (url.to_owned(), Place::Variable("REDIS_URL".to_owned())));
        self.value("redis_url").or(platform)
    }

    /// A document that a variable holds, else a file.
    fn credential(&self, key: &str, old: &str) -> Option<Said> {
        let variable = variable(old);
        let file = format!("secrets/{}.json", old.trim_start_matches("google_"));
        let (place, text) = if self.environment.get(&variable).is_some() {
            (Place::Variable(variable.clone()), format!("env:{variable}"))
        } else if (self.exists)(&file) {
            (Place::File(PathBuf::from(&file), 1), format!("file:{}", absolute(&file)))
        } else {
            return None;
        };
        Some(Said { key: key.to_owned(), place, text: Some(Secret::new(text)) })
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        let known = |key: &str| KEYS.iter().any(|(_, old, _)| old.contains(&key));
        for key in UNUSED {
            if let Some((_, place)) = self.value(key) {
                remarks.push(format!("{key}, said in {}, has no meaning here", told(&place)));
            }
        }
        for name in self.environment.names(PREFIX) {
            let key = name.trim_start_matches(PREFIX).to_lowercase();
            if !known(&key) && !UNUSED.contains(&key.as_str()) && !ELSEWHERE.contains(&key.as_str()) {
                remarks.push(format!("there is no key {key}: the variable {name} says nothing"));
            }
        }
        for (key, (_, line)) in &self.values {
            if !known(key) && !UNUSED.contains(&key.as_str()) && key != "redis_url" {
                remarks.push(format!("{FILE}:{line}: there is no key {key}: it says nothing"));
            }
        }
        remarks
    }
}

impl Form {
    fn text(self, text: &str, place: &Place) -> Result<String, String> {
        match (self, place) {
            // The variable itself is named, so that whatever is in it is taken as it is.
            (Form::Secret, Place::Variable(name)) => Ok(format!("env:{name}")),
            (Form::Text | Form::Secret, _) => Ok(text.to_owned()),
            (Form::Millis, _) => match text.trim().parse::<u64>() {
                Ok(millis) => Ok(format!("{millis}ms")),
                Err(_) => Err(format!("{}: {text:?} is no whole number of milliseconds", told(place))),
            },
            (Form::Level, _) => level(text).map(str::to_owned).ok_or_else(|| {
                format!("{}: {text:?} is no level: write DEBUG, INFO, WARN, ERROR or FATAL", told(place))
            }),
        }
    }
}

/// The original's levels, in any case, as ours.
fn level(word: &str) -> Option<&'static str> {
    match word.trim().to_ascii_uppercase().as_str() {
        "DEBUG" => Some("debug"),
        "INFO" => Some("info"),
        "WARN" => Some("warn"),
        "ERROR" | "FATAL" => Some("error"),
        _ => None,
    }
}

fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase())
}

fn told(place: &Place) -> String {
    match place {
        Place::Variable(name) => format!("${name}"),
        Place::File(path, line) => format!("{}:{line}", path.display()),
    }
}

fn absolute(file: &str) -> String {
    let path = Path::new(file);
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

#[cfg(test)]
mod tests;
