//! What `doctor` says of a queue.

use module::Finding;

use crate::{Settings, examine};

/// Looks at the Redis of one.
pub(super) async fn queue(source: &Settings) -> Finding {
    const NAME: &str = "queue";
    let place = format!("source {}: queue {} on Redis at {}", source.name, source.queue, source.address);
    match examine(source).await {
        Ok(redis) if redis.evicts() => Finding::warning(
            NAME,
            format!("{place} has maxmemory-policy {}: it may throw jobs away", redis.policy),
            "set maxmemory-policy to noeviction in its redis.conf",
        ),
        Ok(redis) => Finding::ok(NAME, format!("{place}, version {}", redis.version)),
        Err(error) => Finding::error(
            NAME,
            format!("source {}: {error}", source.name),
            "start Redis, or correct what is said of its address, password or certificate",
        ),
    }
}
