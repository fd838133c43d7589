//! The hubs on other machines that a user has signed in to: a file of their own, with a token for each.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use model::Secret;
use serde::{Deserialize, Serialize};

use crate::config::{Environment, Places};
use crate::exit::misuse;

/// The file.
#[derive(Clone, Debug)]
pub struct Profile {
    file: Option<PathBuf>,
}

/// What stands in it.
#[derive(Default, Serialize, Deserialize)]
struct Saved {
    /// The hub that commands talk to.
    server: Option<String>,
    /// Tokens, by URL.
    tokens: BTreeMap<String, String>,
}

impl Profile {
    /// The one of this user.
    pub(crate) fn at(places: &Places) -> Self {
        Profile { file: places.own().map(|folder| folder.join("servers.json")) }
    }

    /// The hub to talk to and the token for it; `None` = the one of this machine. What is named on the command line or
    /// in the environment goes before what was saved.
    pub(crate) fn hub(
        &self,
        named: Option<&str>,
        environment: &Environment,
    ) -> Result<Option<(String, Secret<String>)>> {
        let mut saved = self.read()?;
        let Some(url) = named.map(plain).or_else(|| saved.server.clone()) else { return Ok(None) };
        let given = environment.get("INTENDANT_TOKEN").map(str::to_owned);
        let token = given.or_else(|| saved.tokens.remove(&url)).ok_or_else(|| {
            misuse(anyhow::anyhow!(
                "there is no token for {url}: set INTENDANT_TOKEN, or run `intendant login {url}`"
            ))
        })?;
        Ok(Some((url, Secret::new(token))))
    }

    /// Saves a token; commands talk to this hub from now on.
    pub(crate) fn save(&self, url: &str, token: &str) -> Result<()> {
        let nowhere = || misuse(anyhow::anyhow!("HOME is not set: there is no place to save it"));
        let file = self.file.as_ref().ok_or_else(nowhere)?;
        let mut saved = self.read()?;
        saved.server = Some(plain(url));
        saved.tokens.insert(plain(url), token.to_owned());
        let folder = file.parent().unwrap_or(file);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| named("making the folder of", file))?;
        let draft = file.with_extension("draft");
        let write = || -> std::io::Result<()> {
            let mut options = OpenOptions::new();
            let mut written = options.write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
            written.write_all(&serde_json::to_vec_pretty(&saved)?)?;
            written.sync_all()?;
            fs::rename(&draft, file)
        };
        write().with_context(|| named("writing", file))
    }

    /// Forgets all of them; whether there was anything to forget.
    pub(crate) fn forget(&self) -> Result<bool> {
        let Some(file) = &self.file else { return Ok(false) };
        match fs::remove_file(file) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).with_context(|| named("removing", file)),
        }
    }

    fn read(&self) -> Result<Saved> {
        let Some(file) = &self.file else { return Ok(Saved::default()) };
        let text = match fs::read(file) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(Saved::default());
            }
            Err(error) => return Err(error).with_context(|| named("reading", file)),
        };
        serde_json::from_slice(&text).map_err(|_| {
            misuse(anyhow::anyhow!(
                "{} cannot be read: run `intendant logout`, and sign in anew",
                file.display()
            ))
        })
    }
}

fn plain(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

fn named(what: &str, file: &Path) -> String {
    format!("{what} {}", file.display())
}
