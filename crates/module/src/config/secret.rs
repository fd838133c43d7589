//! Secrets of the configuration: by value, or where they are.

use std::path::{Path, PathBuf};

use model::{MASK, Secret};

use super::environment::Environment;
use super::error::Error;
use super::value::Value;
use crate::document;

/// A secret, or where it is. By value it is never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// Itself.
    Value(Secret<String>),
    /// `file:PATH`: a file's content, without the line end at its end and a byte order mark at its beginning.
    File(PathBuf),
    /// `env:NAME`: an environment variable.
    Variable(String),
    /// `credential:NAME`: a file in `$CREDENTIALS_DIRECTORY`, put there by systemd's `LoadCredential=`.
    Credential(String),
}

impl SecretSource {
    /// Fetches the secret.
    pub fn fetch(&self, environment: &Environment) -> Result<Secret<String>, Error> {
        match self {
            SecretSource::Value(secret) => Ok(secret.clone()),
            SecretSource::File(path) => read(path),
            SecretSource::Variable(name) => match environment.get(name) {
                Some(text) => Ok(Secret::new(text.to_owned())),
                None => Err(Error::Secret {
                    place: self.show(),
                    why: format!(
                        "the environment has no variable {name}: set it, or say where the secret is"
                    ),
                }),
            },
            SecretSource::Credential(name) => match environment.get("CREDENTIALS_DIRECTORY") {
                Some(folder) => read(&Path::new(folder).join(name)),
                None => Err(Error::Secret {
                    place: self.show(),
                    why: format!(
                        "there is no $CREDENTIALS_DIRECTORY: give the unit LoadCredential={name}:PATH, or say file:PATH"
                    ),
                }),
            },
        }
    }
}

fn read(path: &Path) -> Result<Secret<String>, Error> {
    let text = document::text(path)
        .map_err(|error| Error::Secret { place: path.display().to_string(), why: error.to_string() })?;
    let text = Secret::new(text);
    Ok(Secret::new(text.expose().trim_end_matches(['\n', '\r']).to_owned()))
}

impl Value for SecretSource {
    fn parse(text: &str) -> Result<Self, String> {
        let named = |rest: &str| if rest.is_empty() { None } else { Some(rest.to_owned()) };
        let source = match text.split_once(':') {
            Some(("file", path)) => named(path).map(|path| SecretSource::File(PathBuf::from(path))),
            Some(("env", name)) => named(name).map(SecretSource::Variable),
            Some(("credential", name)) => named(name).map(SecretSource::Credential),
            _ => named(text).map(|text| SecretSource::Value(Secret::new(text))),
        };
        source.ok_or_else(|| {
            "a secret is missing here: write it, or file:PATH, env:NAME or credential:NAME".to_owned()
        })
    }

    fn show(&self) -> String {
        match self {
            SecretSource::Value(_) => MASK.to_owned(),
            SecretSource::File(path) if path.as_os_str().is_empty() => String::new(),
            SecretSource::File(path) => format!("file:{}", path.display()),
            SecretSource::Variable(name) => format!("env:{name}"),
            SecretSource::Credential(name) => format!("credential:{name}"),
        }
    }

    fn anchor(&mut self, folder: &Path) {
        if let SecretSource::File(path) = self {
            path.anchor(folder);
        }
    }
}
