//! A look at the Redis of a source, for those who ask whether everything is as it should be.

use redis::RedisResult;

use crate::connection::{open_calls, said};
use crate::error::Error;
use crate::settings::Settings;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// The server's version, as it says it.
    pub version: String,
    /// What it does when its memory is full. Anything but `noeviction` may cost jobs.
    pub policy: String,
}

impl Examined {
    /// Whether Redis may throw jobs away.
    pub fn evicts(&self) -> bool {
        self.policy != "noeviction"
    }
}

/// Connects, asks, and goes.
pub async fn examine(settings: &Settings) -> Result<Examined, Error> {
    let mut calls = open_calls(settings).await?;
    let info: RedisResult<String> = redis::cmd("INFO").query_async(&mut calls).await;
    let info = info.map_err(|error| said(&settings.address, &error))?;
    let known = |name: &str| field(&info, name).unwrap_or_else(|| "unknown".to_owned());
    Ok(Examined { version: known("redis_version"), policy: known("maxmemory_policy") })
}

/// Who the server is, whatever it is called: drawn by lot when it started.
pub(crate) async fn run_id(settings: &Settings) -> Option<String> {
    let mut calls = open_calls(settings).await.ok()?;
    let info: RedisResult<String> = redis::cmd("INFO").arg("server").query_async(&mut calls).await;
    field(&info.ok()?, "run_id")
}

fn field(info: &str, name: &str) -> Option<String> {
    let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(value.trim().to_owned())
}
