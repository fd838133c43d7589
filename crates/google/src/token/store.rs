//! Where grants are kept: a file in the form of older programs, by administrator, each a JSON text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use engine::clock::within;
use engine::port::BoxFuture;
use jiff::Timestamp;
use model::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

/// How long Redis may take.
const ANSWER: Duration = Duration::from_secs(10);

/// What is kept of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// To whom it was granted.
    pub client_id: String,
    /// The token of now.
    pub access_token: Secret<String>,
    /// What brings the next one.
    pub refresh_token: Secret<String>,
    /// What was granted.
    pub scope: Vec<String>,
    /// When the token of now ends, in milliseconds since 1970.
    pub expiration_time_millis: i64,
}

impl Stored {
    /// Whether it covers what is wanted.
    pub fn covers(&self, scope: &str) -> bool {
        self.scope.iter().any(|granted| granted == scope)
    }

    /// When the token of now ends.
    pub fn expires_at(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.expiration_time_millis).ok()
    }

    /// Reads it from its JSON text; `None` = it is none.
    pub fn read(text: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Text {
            client_id: String,
            #[serde(default)]
            access_token: String,
            refresh_token: String,
            #[serde(default)]
            scope: Value,
            #[serde(default)]
            expiration_time_millis: i64,
        }
        let text: Text = serde_json::from_str(text).ok()?;
        let scope = match text.scope {
            Value::String(scopes) => scopes.split_whitespace().map(str::to_owned).collect(),
            Value::Array(scopes) => {
                scopes.iter().filter_map(|scope| scope.as_str().map(str::to_owned)).collect()
            }
            _ => Vec::new(),
        };
        Some(Stored {
            client_id: text.client_id,
            access_token: Secret::new(text.access_token),
            refresh_token: Secret::new(text.refresh_token),
            scope,
            expiration_time_millis: text.expiration_time_millis,
        })
    }

    fn write(&self) -> String {
        json!({
            "client_id": self.client_id,
            "access_token": self.access_token.expose(),
            "refresh_token": self.refresh_token.expose(),
            "scope": self.scope,
            "expiration_time_millis": self.expiration_time_millis,
        })
        .to_string()
    }
}

/// Where grants are kept, by administrator. Errors are sentences.
pub trait Store: Send + Sync {
    /// What is kept for an administrator.
    fn get<'a>(&'a self, who: &'a str) -> BoxFuture<'a, Result<Option<Stored>, String>>;
    /// Keeps a grant in the place of what was kept before.
    fn put<'a>(&'a self, who: &'a str, stored: &'a Stored) -> BoxFuture<'a, Result<(), String>>;
    /// Where that is, for people.
    fn place(&self) -> String;
}

/// A file.
#[derive(Debug)]
pub struct TokenFile {
    path: PathBuf,
    /// One change at a time.
    turn: Mutex<()>,
}

impl TokenFile {
    /// The one at this path, which need not be there yet.
    pub fn new(path: PathBuf) -> Self {
        TokenFile { path, turn: Mutex::default() }
    }

    fn read(&self, who: &str) -> Result<Option<Stored>, String> {
        Ok(self.all()?.get(who).and_then(|text| Stored::read(text)))
    }

    fn write(&self, who: &str, stored: &Stored) -> Result<(), String> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = self.all()?;
        all.insert(who.to_owned(), stored.write());
        let mut text = "---\n".to_owned();
        for (who, stored) in &all {
            // A JSON text is one of YAML.
            let (who, stored) = (Value::from(who.as_str()), Value::from(stored.as_str()));
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{who}: {stored}");
        }
        self.replace(&text).map_err(|error| format!("{}: {error}", self.path.display()))
    }

    fn all(&self) -> Result<BTreeMap<String, String>, String> {
        let unreadable = |why: String| format!("{}: {why}", self.path.display());
        match fs::read_to_string(&self.path) {
            Ok(text) if text.trim().is_empty() || text.trim() == "---" => Ok(BTreeMap::new()),
            Ok(text) => serde_saphyr::from_str(&text)
                .map_err(|_| unreadable("it is no YAML of grants: move it away and sign in anew".to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(unreadable(error.to_string())),
        }
    }

    /// Whole or not at all, and for nobody else's eyes.
    fn replace(&self, text: &str) -> std::io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let beside = self.path.with_extension("new");
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)
    }
}

impl Store for TokenFile {
    fn get<'a>(&'a self, who: &'a str) -> BoxFuture<'a, Result<Option<Stored>, String>> {
        Box::pin(async { self.read(who) })
    }

    fn put<'a>(&'a self, who: &'a str, stored: &'a Stored) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { self.write(who, stored) })
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }
}

/// A Redis, with the keys of older programs.
pub struct TokenRedis(redis::Client);

impl TokenRedis {
    /// The one at this address, `redis://…`. An error says what is wrong with it, without the address.
    pub fn new(url: &str) -> Result<Self, String> {
        redis::Client::open(url).map(TokenRedis).map_err(|error| error.to_string())
    }

    async fn ask<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, String> {
        let asked = async {
            let mut connection = self.0.get_multiplexed_async_connection().await?;
            command.query_async(&mut connection).await
        };
        let answered = within(ANSWER, asked).await.map_err(|_| "Redis does not answer".to_owned())?;
        answered.map_err(|error: redis::RedisError| format!("Redis: {error}"))
    }
}

fn key(who: &str) -> String {
    format!("g-user-token:{who}")
}

impl Store for TokenRedis {
    fn get<'a>(&'a self, who: &'a str) -> BoxFuture<'a, Result<Option<Stored>, String>> {
        Box::pin(async move {
            let found: Option<String> = self.ask(redis::cmd("GET").arg(key(who))).await?;
            Ok(found.as_deref().and_then(Stored::read))
        })
    }

    fn put<'a>(&'a self, who: &'a str, stored: &'a Stored) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move { self.ask(redis::cmd("SET").arg(key(who)).arg(stored.write())).await })
    }

    fn place(&self) -> String {
        "Redis".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn stored(token: &str) -> Stored {
        Stored {
            client_id: "c".to_owned(),
            access_token: Secret::new(token.to_owned()),
            refresh_token: Secret::new("r".to_owned()),
            scope: vec![super::super::SCOPE.to_owned()],
            expiration_time_millis: 1_800_000_000_000,
        }
    }

    #[test]
    fn a_grant_is_kept_for_nobody_elses_eyes_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(folder.path().join("secrets/tokens.yaml"));
        assert_eq!(file.read("admin@x.org").unwrap(), None);
        file.write("admin@x.org", &stored("one")).unwrap();
        file.write("other: \"x\"@x.org", &stored("two")).unwrap();
        assert_eq!(file.read("admin@x.org").unwrap(), Some(stored("one")));
        assert_eq!(file.read("other: \"x\"@x.org").unwrap(), Some(stored("two")));
        assert_eq!(fs::metadata(&file.path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_an_older_program_has_kept_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.yaml");
        let text = r#"---
admin@x.org: '{"client_id":"c","access_token":"a","refresh_token":"r","scope":"https://www.googleapis.com/auth/admin.directory.user other","expiration_time_millis":1500000000000}'
"#;
        fs::write(&path, text).unwrap();
        let kept = TokenFile::new(path.clone()).read("admin@x.org").unwrap().unwrap();
        assert!(kept.covers(super::super::SCOPE) && kept.covers("other") && !kept.covers("more"));
        fs::write(&path, "no: [grants").unwrap();
        let why = TokenFile::new(path).read("admin@x.org").unwrap_err();
        assert!(why.contains("sign in anew"), "{why}");
    }
}
