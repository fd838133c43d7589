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
    let field = |name: &str| {
        let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.unwrap_or("unknown").trim().to_owned()
    };
    Ok(Examined { version: field("redis_version"), policy: field("maxmemory_policy") })
}
